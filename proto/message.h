// The messages between the learner (rank 0) and its workers: msgpack maps, each with a
// protocol version, a type and the sender's incarnation.  Token and float arrays travel
// as `bin` (little-endian), never one object per number.
//
//   worker -> learner   HELLO    I exist, this is my model's shape
//                       LEASE    a heartbeat: what I hold, what I want, my weights
//                       RESULT   a finished task's tree
//                       FAULT    I cannot go on, and why
//   learner -> worker   TASK     a lease: expand this (part of a) tree by this time
//                       WEIGHTS  a slice of the flat parameter buffer of a version
//                       GROUP    what to do in the weights' broadcast group
//                       STOP     leave
//
// Decoders scan all counts against the bytes that are there before they allocate or
// multiply, and give ERR_PROTOCOL otherwise.  A decoded message owns its memory.
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include "base/buf.h"
#include "base/status.h"
#include "tree/branching.h"
#include "tree/cutoff.h"
#include "tree/tree.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_VERSION = 6,
    PROTO_MAX_BRANCH_DEPTHS = 16,
    PROTO_MAX_LEASES = 4096,
    PROTO_MAX_RANKS = 1 << 16,
    PROTO_GROUP_ID_BYTES = 128,
};

enum message_type {
    MSG_HELLO = 1,
    MSG_LEASE,
    MSG_TASK,
    MSG_RESULT,
    MSG_WEIGHTS,
    MSG_STOP,
    MSG_FAULT,
    MSG_GROUP,
};

// Where a worker stands in the broadcast group (comm/nccl_group.h).
enum group_state {
    GROUP_NONE, // it has none, or was never told to join
    GROUP_JOINING,
    GROUP_READY,
    GROUP_BROADCASTING,
    GROUP_SHRINKING,
    GROUP_BROKEN, // of a failure, or excluded
    GROUP_STATES,
};

struct msg_hello {
    uint64_t
        model_hash; // of config, tokenizer and verifier: a worker of another is refused
    int32_t threads;
    char host[64];
};

struct msg_lease {
    uint64_t weights_version;  // complete in the worker; (uint64_t)-1: none yet
    uint64_t weights_bytes;    // received so far of the version in transfer
    uint64_t weights_incoming; // that version; (uint64_t)-1: none
    int32_t want;              // more tasks it would take
    uint64_t *held;            // lease ids it works on
    size_t n_held;
    double busy_s, idle_s; // since its start
    double flops;          // done since its start
    int64_t generated_tokens;
    uint32_t generation; // of the group: the last order obeyed; 0: none
    enum group_state group;
};

// What to expand.  The random key is the learner's choice of (seed, purpose, step,
// prompt); children add their index, so a part or a repeat draws the same numbers.
struct msg_task {
    uint64_t lease;
    uint64_t step, prompt_id, policy_version;
    uint64_t rng_key;
    int64_t deadline_ms; // allowed from receipt, not a clock time
    // Children per depth.  Where the rule adapts: the root's, and below it the most.
    int32_t branch[PROTO_MAX_BRANCH_DEPTHS];
    int32_t n_branch;
    struct branching rule; // its depths are n_branch
    struct cutoff_rule cutoff;
    int32_t first_child, child_count; // the part of the root's children to expand
    int32_t step_tokens;    // a step ends after so many tokens (0: only at a delimiter)
    int32_t max_new_tokens; // on any path
    float temperature;      // 0: greedy
    int32_t verifier;       // enum verifier of verify/verify.h
    int32_t *prompt;
    size_t n_prompt;
    int32_t common; // leading tokens of the prompt that other tasks' begin with too
    char *answer;   // for the verifier: the right one, a program's tests, or a row
    char *prefill;  // how the reply begins in the prompt: graded before what is sampled
};

struct msg_result {
    uint64_t lease;
    int32_t prefilled; // tokens of the prompt that were computed for this task
    struct tree tree;  // canonical; a part where the task was one
};

struct msg_weights {
    uint64_t version, total_bytes, offset;
    const uint8_t *data; // borrowed from the message's bytes
    size_t len;
};

enum group_order {
    GROUP_JOIN = 1,  // `id`
    GROUP_BROADCAST, // `version` and `bytes`, within `generation`
    GROUP_SHRINK,
    GROUP_ORDERS,
};

struct msg_group {
    enum group_order order;
    uint64_t worker;     // incarnation of whom it is meant for
    uint32_t generation; // from 1; a join and a shrink begin the one they name
    uint64_t version, bytes;
    uint8_t id[PROTO_GROUP_ID_BYTES];
    int32_t *excluded; // ranks that are not of the generation, of all that ever were
    size_t n_excluded;
};

struct msg_fault {
    char text[512]; // one line
};

struct message {
    enum message_type type;
    uint64_t incarnation; // of the sender: a restarted rank's old messages are dropped
    union {
        struct msg_hello hello;
        struct msg_lease lease;
        struct msg_task task;
        struct msg_result result;
        struct msg_weights weights;
        struct msg_fault fault;
        struct msg_group group;
    } as;
};

// Appends the encoded message to `out`.  MSG_WEIGHTS is encoded up to and without its
// data, which the caller sends right behind (it is the map's last value), so that the
// flat buffer is never copied.  ERR_NOMEM; ERR_LIMIT: a slice beyond 4 GiB.
CHECKED enum status message_encode(struct buf *out, const struct message *m);

// ERR_PROTOCOL, ERR_NOMEM; nothing to free on failure.
CHECKED enum status message_decode(struct message *out, const uint8_t *bytes,
                                   size_t len);
void message_free(struct message *m);

// What a task owns: copied (`out` is a task's whole copy) and freed.  ERR_NOMEM: there
// is nothing to free.
CHECKED enum status msg_task_copy(struct msg_task *out, const struct msg_task *task);
void msg_task_clear(struct msg_task *task);

const char *message_name(enum message_type type);

#endif
