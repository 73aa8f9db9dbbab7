#include "launch/settings.h"

#include "learner/regrow.h"

#define KEY(section, field, type, initial, min, max, choices, unit, doc)               \
    {                                                                                  \
#section "." #field, type, offsetof(struct settings, section.field), initial,  \
            min, max, choices, unit, doc                                               \
    }
#define INT(section, field, initial, min, max, unit, doc)                              \
    KEY(section, field, CONFIG_INT, initial, min, max, "", unit, doc)
#define FLOAT(section, field, initial, min, max, unit, doc)                            \
    KEY(section, field, CONFIG_FLOAT, initial, min, max, "", unit, doc)
#define STRING(section, field, initial, doc)                                           \
    KEY(section, field, CONFIG_STRING, initial, 0, 0, "", "", doc)
#define CHOICE(section, field, initial, choices, doc)                                  \
    KEY(section, field, CONFIG_CHOICE, initial, 0, 0, choices, "", doc)

// A choice of no section.
#define TOP(field, initial, choices, doc)                                              \
    {                                                                                  \
#field, CONFIG_CHOICE, offsetof(struct settings, field), initial, 0, 0,        \
            choices, "", doc                                                           \
    }

// clang-format off
static const struct config_key keys[] = {
    TOP(device, "cpu", "cpu|cuda", "where policies compute; cuda: one NVIDIA GPU for each rank (section gpu)"),
    TOP(deterministic, "false", "false|true", "of a GPU: a row's result never depends on its batch, rollout equals learner bit for bit; slower (the CPU always does)"),

    STRING(run, dir, "runs/run", "folder of the run: config, metrics, archive, checkpoints, model"),
    INT(run, seed, "1", 0, 9e15, "", "of every random number"),
    INT(run, threads, "0", 0, 1024, "threads", "per process; 0 shares the host's cores out"),
    INT(run, checkpoint_every, "10", 1, 1e9, "steps", "a checkpoint and a sealed archive segment"),
    INT(run, keep_checkpoints, "2", 1, 1e6, "checkpoints", "older ones are removed"),
    INT(run, archive_trees, "1", 0, 1, "", "1 stores every tree, 0 only the metrics"),

    STRING(model, path, "", "Hugging Face folder of the policy; empty: fresh parameters"),
    INT(model, dim, "96", 8, 65536, "", "hidden size of a fresh policy"),
    INT(model, layers, "3", 1, 512, "", "of a fresh policy"),
    INT(model, heads, "3", 1, 512, "", "of a fresh policy"),
    INT(model, kv_heads, "3", 1, 512, "", "of a fresh policy; divides heads"),
    INT(model, ffn, "256", 8, 262144, "", "inner size of a fresh policy's SwiGLU"),
    INT(model, max_positions, "512", 16, 1048576, "tokens", "longest path of a fresh policy"),

    STRING(data, train, "", "training problems: GSM8K, MATH, HumanEval, MBPP or APPS as published; file[a:b] takes rows"),
    STRING(data, test, "", "held-out problems, likewise"),
    STRING(data, tokenizer, "", "folder of the tokenizer; empty: model.path"),
    INT(data, train_limit, "0", 0, 1e9, "problems", "use only the first; 0: all"),

    CHOICE(data, verifier, "default", "default|number|last-number|math|program", "of number problems: what follows ####, the last number of the reply, or a final answer of any form; program: rewards of any data by verifier.command"),

    KEY(data, fields, CONFIG_MAP, "{}", 0, 0, "", "",
        "where a row has its question, answer and solution: {question: problem, answer: meta.final}"),
    CHOICE(data, bad_rows, "refuse", "refuse|skip", "rows that cannot be read; skip: left out, counted, the first one named"),

    KEY(verifier, command, CONFIG_LIST, "[]", 0, 0, "", "",
        "the program of data.verifier program and its arguments: [python3, reward.py]"),
    INT(verifier, children, "1", 1, 256, "processes", "of it for each worker"),
    FLOAT(verifier, timeout_s, "30", 0.05, 1e5, "s", "for an answer"),
    FLOAT(verifier, start_s, "120", 0, 1e5, "s", "more than that for the first answer of a process"),
    INT(verifier, memory_mb, "4096", 0, 1e7, "MiB", "of a process's address space; 0: no limit"),
    CHOICE(verifier, on_error, "end", "end|zero", "a reply without an answer ends the run, or counts 0"),
    CHOICE(verifier, sandbox, "bubblewrap", "bubblewrap|none", "bubblewrap: no network, all files read-only; none: as the user"),

    STRING(prompt, template, "auto", "chat template; auto: the checkpoint's own, if it has one; none; the name of one of its several; a file's path"),
    KEY(prompt, template_kwargs, CONFIG_MAP, "{}", 0, 0, "", "", "what the template sees besides: {enable_thinking: false}"),
    STRING(prompt, date, "", "YYYY-MM-DD, the day that the template sees; empty: the day the run was made"),
    STRING(prompt, system, "", "system prompt; empty: the template's own"),
    STRING(prompt, instruction, "", "added after every question"),
    STRING(prompt, examples, "", "problems with solutions shown before every question; file[a:b] takes rows"),
    STRING(prompt, prefill, "", "how the policy's reply begins"),
    CHOICE(prompt, common_root, "true", "true|false", "what all prompts begin with alike (template, system prompt, examples) is computed once, by workers and in training; false: for each prompt"),

    INT(judge, servers, "0", 0, 256, "", "programs run at once by each worker; 0: as many as its threads"),
    FLOAT(judge, timeout_s, "6", 0.1, 600, "s", "of one program with all its tests"),
    INT(judge, memory_mb, "512", 64, 65536, "MiB", "of one program"),
    CHOICE(judge, sandbox, "bubblewrap", "bubblewrap|weak", "weak: where user namespaces are off, rlimits and seccomp alone"),

    INT(sft, steps, "2000", 1, 1e9, "updates", "at most"),
    INT(sft, batch, "16", 1, 65536, "solutions", "per update"),
    FLOAT(sft, lr, "2e-3", 0, 1, "", "learning rate after the warm-up"),
    INT(sft, warmup, "50", 0, 1e9, "updates", "linear"),
    FLOAT(sft, beta2, "0.98", 0, 0.99999, "", "of AdamW"),
    FLOAT(sft, weight_decay, "0.01", 0, 10, "", "of AdamW, matrices only"),
    INT(sft, eval_every, "50", 0, 1e9, "updates", "sampled Pass@1 on the test set; 0: never"),
    INT(sft, eval_problems, "256", 1, 1e9, "problems", "for that"),
    FLOAT(sft, stop_at, "1.0", 0, 1, "", "stop when that Pass@1 is reached"),
    INT(sft, max_seconds, "3600", 1, 1e9, "s", "stop after so long"),

    KEY(rollout, branch, CONFIG_INTS, "[4, 2]", 1, 1024, "", "children",
        "branching per depth; [8] is a flat group of 8 chains"),
    CHOICE(rollout, schedule, "fixed", "fixed|entropy|variance|neyman", "how many children a node gets: branch, or more where the step was uncertain, or by the variance that each depth has shown, for the same tokens"),
    INT(rollout, most_children, "16", 1, 1024, "children", "of one node, where the schedule adapts"),
    INT(rollout, budget_tokens, "0", 0, 1e9, "tokens", "generated for one prompt, a hard bound; 0: none"),
    FLOAT(rollout, sharpness, "1.0", 0, 16, "", "entropy schedule: exponent of a step's entropy over its depth's mean"),
    STRING(rollout, delimiter, "\n", "text whose tokens end a step; empty: only step_tokens"),
    INT(rollout, step_tokens, "0", 0, 1e6, "tokens", "a step's longest; 0: no bound"),
    INT(rollout, max_new_tokens, "256", 1, 1e6, "tokens", "generated on one path"),
    FLOAT(rollout, temperature, "1.0", 0, 100, "", "of sampling; sample takes 0 as the likeliest token, train needs 0.01 or more"),
    INT(rollout, parts, "1", 1, 1024, "tasks", "a prompt's tree is cut into, by the root's children"),
    INT(rollout, max_rows, "256", 1, 65536, "branches", "decoded at once by a worker"),
    INT(rollout, kv_mb, "256", 0, 1e6, "MiB", "of keys and values, per worker; 0: what is free of a GPU"),
    INT(rollout, prefetch, "16", 1, 4096, "tasks", "a worker holds at once"),

    CHOICE(cutoff, mode, "off", "off|zero|roulette", "what a step that a partial verifier calls invalid is worth: it ends with reward 0, or goes on sometimes and counts more (unbiased)"),
    FLOAT(cutoff, keep, "0.2", 0.01, 0.999, "", "share of such steps that go on all the same and show how often the verifier errs"),
    FLOAT(cutoff, most_false, "0.05", 0, 1, "", "cutoff ends for good where more of those come right"),
    INT(cutoff, least_probes, "50", 1, 1e9, "steps", "seen before that"),

    CHOICE(reuse, weights, "off", "off|none|is|truncated|snis", "subtrees of earlier steps stand beside fresh ones, weighted by the policies' ratio (is: unbiased)"),
    INT(reuse, visits, "1", 1, 16, "steps", "in a row in which a prompt stands; divides train.prompts"),
    INT(reuse, again, "0", 0, REUSE_MAX_AGE, "steps", "after its own in which a tree is trained once more"),
    INT(reuse, children, "8", 1, 1024, "children", "that one node takes from the store at most"),
    INT(reuse, depth, "0", 0, 15, "", "of the nodes that take children; 0: the prompt"),
    INT(reuse, max_age, "4", 1, REUSE_MAX_AGE, "updates", "since a subtree was sampled"),
    FLOAT(reuse, most, "2", 1, 1e6, "", "truncated: largest weight of a step"),
    FLOAT(reuse, min_ess, "0.3", 0, 1, "", "effective sample size, of 1, below which subtrees of an age are left out"),
    INT(reuse, max_mb, "256", 1, 1e6, "MiB", "of the store; the oldest subtrees leave"),

    INT(train, steps, "100", 1, 1e9, "steps", "of the run"),
    FLOAT(train, stop_tokens, "0", 0, 1e18, "tokens", "the run ends with the step that has generated so many; 0: train.steps alone"),
    FLOAT(train, stop_flops, "0", 0, 1e30, "FLOP", "likewise of the learner's operations"),
    INT(train, prompts, "32", 1, 1e6, "prompts", "per step"),
    FLOAT(train, lr, "1e-5", 0, 1, "", "learning rate after the warm-up"),
    INT(train, warmup, "5", 0, 1e9, "steps", "linear"),
    FLOAT(train, beta1, "0.9", 0, 0.99999, "", "of AdamW"),
    FLOAT(train, beta2, "0.98", 0, 0.99999, "", "of AdamW"),
    FLOAT(train, epsilon, "1e-8", 1e-12, 1, "", "of AdamW"),
    FLOAT(train, weight_decay, "0", 0, 10, "", "of AdamW, matrices only"),
    CHOICE(train, credit, "etreerpo", "etreerpo|treerpo|grpo|rloo", "estimator of the advantages"),
    CHOICE(train, baseline, "siblings", "siblings|tree", "what a step's value is held against: its siblings, or these and what is above them, by precision (etreerpo)"),
    CHOICE(train, norm, "default", "default|none|std|bernoulli", "what divides an advantage"),
    CHOICE(train, weight, "default", "default|exact|sqrt|none", "a node's weight in the loss"),
    CHOICE(train, loss_norm, "token", "token|prompt", "what divides the loss: weighted tokens or prompts"),
    FLOAT(train, clip_low, "0.2", 0, 1, "", "ratio clipped below 1 - this"),
    FLOAT(train, clip_high, "0.2", 0, 100, "", "ratio clipped above 1 + this"),
    FLOAT(train, kl_coef, "0", 0, 100, "", "of the KL to the starting policy; 0: none kept"),
    FLOAT(train, max_grad_norm, "1.0", 0, 1e9, "", "global-norm clip; 0: none"),
    INT(train, pack_tokens, "4096", 16, 1e8, "tokens", "forward and backward at once; a larger tree is trained in parts"),

    INT(eval, problems, "256", 0, 1e9, "problems", "of data.test; 0: all"),
    INT(eval, samples, "4", 1, 1024, "", "per problem"),
    FLOAT(eval, temperature, "1.0", 0, 100, "", "of sampling; 0: the likeliest token"),
    INT(eval, chunk, "64", 1, 1e6, "problems", "in flight at once"),

    CHOICE(gpu, type, "bf16", "bf16|f32", "of weights and activations; sums, master weights and the optimizer are float32"),
    CHOICE(gpu, recompute, "none", "none|ffn|layer", "what a backward pass makes again instead of keeping: nothing, the feed-forward rows, all of a layer"),
    CHOICE(gpu, optimizer, "device", "device|host", "where master weights and moments lie; host: pinned memory, copied beside the update"),
    CHOICE(gpu, weights, "auto", "auto|nccl|mpi", "how new weights travel; auto: NCCL where every rank has a GPU of its own, else host-staged MPI"),
    INT(gpu, ordinal, "-1", -1, 1023, "", "of the GPUs that the driver shows; -1: by the rank's place on its host"),
    FLOAT(gpu, memory_share, "0.9", 0.05, 0.98, "", "of the free memory that rollout.kv_mb 0 fills"),
    FLOAT(gpu, deadline_s, "120", 1, 1e6, "s", "of any wait for a GPU"),

    FLOAT(comm, lease_s, "300", 0.1, 1e6, "s", "a task's deadline"),
    FLOAT(comm, silence_s, "120", 0.1, 1e6, "s", "a peer unheard for so long is given up"),
    FLOAT(comm, start_s, "120", 0.1, 1e6, "s", "for the first worker to come"),
    FLOAT(comm, heartbeat_s, "0.5", 0.01, 1e4, "s", "between a worker's reports"),
    FLOAT(comm, send_s, "120", 0.1, 1e6, "s", "for one message to leave"),
    INT(comm, slice_mb, "32", 1, 1024, "MiB", "of one WEIGHTS message"),
};
// clang-format on

static const struct config_schema schema = {keys, sizeof keys / sizeof *keys};

enum status settings_load(struct settings *out, const char *path, int argc, char **argv)
{
    struct settings s = {0};
    enum status st;
    TRY_OUT(config_defaults(&schema, &s));
    if (path)
        TRY_OUT(config_load(&schema, &s, path));
    for (int i = 0; i < argc; i++)
        TRY_OUT(config_set(&schema, &s, argv[i]));
    *out = s;
    s = (struct settings){0};
out:
    settings_free(&s);
    return st;
}

void settings_free(struct settings *s)
{
    config_free(&schema, s);
}

enum status settings_print(const struct settings *s, struct buf *out)
{
    return config_print(&schema, s, out);
}

enum status settings_describe(struct buf *out)
{
    return config_describe(&schema, out);
}
