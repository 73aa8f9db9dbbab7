// The keys of the messages' maps, one name for encoder and decoder.  Private to proto.
#ifndef PROTO_KEYS_H
#define PROTO_KEYS_H

// Every message.
#define KEY_PROTOCOL    "v"
#define KEY_TYPE        "type"
#define KEY_INCARNATION "inc"
// HELLO
#define KEY_MODEL   "model"
#define KEY_THREADS "threads"
#define KEY_HOST    "host"
// LEASE
#define KEY_VERSION    "version" // also TASK, RESULT, WEIGHTS, GROUP
#define KEY_BYTES      "bytes"   // also WEIGHTS, GROUP
#define KEY_INCOMING   "incoming"
#define KEY_WANT       "want"
#define KEY_HELD       "held"
#define KEY_BUSY       "busy_s"
#define KEY_IDLE       "idle_s"
#define KEY_FLOPS      "flops"
#define KEY_GENERATED  "generated"
#define KEY_GENERATION "generation" // also GROUP
#define KEY_GROUP      "group"
// TASK, RESULT
#define KEY_LEASE       "lease"
#define KEY_STEP        "step"
#define KEY_PROMPT_ID   "prompt_id"
#define KEY_RNG         "rng"
#define KEY_DEADLINE    "deadline_ms"
#define KEY_BRANCH      "branch"
#define KEY_RULE        "rule"
#define KEY_RATES       "rates"
#define KEY_ENTROPY_OF  "entropy_means"
#define KEY_SHARPNESS   "sharpness"
#define KEY_MOST        "most_children"
#define KEY_BUDGET      "budget_tokens"
#define KEY_CUT         "cut"
#define KEY_CONTROL     "control" // also RESULT
#define KEY_FIRST       "first_child"
#define KEY_COUNT       "child_count"
#define KEY_STEP_TOKENS "step_tokens"
#define KEY_MAX_NEW     "max_new_tokens"
#define KEY_TEMPERATURE "temperature"
#define KEY_VERIFIER    "verifier"
#define KEY_PROMPT      "prompt"
#define KEY_COMMON      "common"
#define KEY_ANSWER      "answer"
#define KEY_PREFILL     "prefill"
// RESULT: one array a field of the nodes, one a field of the tokens
#define KEY_PREFILLED   "prefilled"
#define KEY_PARENT      "parent"
#define KEY_CHILD       "child"
#define KEY_BRANCHING   "branching"
#define KEY_TOKEN_COUNT "token_count"
#define KEY_END         "end"
#define KEY_REWARD      "reward"
#define KEY_KEEP        "keep"
#define KEY_TOKENS      "tokens"
#define KEY_LOG_PROBS   "log_probs"
#define KEY_ENTROPIES   "entropies"
// WEIGHTS
#define KEY_OFFSET "offset"
#define KEY_DATA   "data"
// GROUP
#define KEY_ORDER    "order"
#define KEY_WORKER   "worker"
#define KEY_ID       "id"
#define KEY_EXCLUDED "excluded"
// FAULT
#define KEY_TEXT "text"

#endif
