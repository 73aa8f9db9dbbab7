// One message of every type, usual and extreme, for the tests of the encoding.
#ifndef TEST_PROTO_SAMPLES_H
#define TEST_PROTO_SAMPLES_H

#include "base/mem.h"
#include "proto/message.h"

#include <cmocka.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static uint64_t sample_held[] = {7, 1ull << 40, UINT64_MAX};
static int32_t sample_prompt[] = {5, 6, 300, INT32_MAX};
static const uint8_t sample_data[] = {0, 1, 2, 3, 250, 251, 252, 253, 254, 255};

// The prompt (2 tokens), a step with two leaves below it, and a leaf.
static struct tree_node sample_nodes[] = {
    {.parent = -1,
     .branching = 2,
     .token_count = 2,
     .end = NODE_BRANCHED,
     .keep = 1,
     .ratio = 1},
    {.parent = 0,
     .branching = 2,
     .depth = 1,
     .token_begin = 2,
     .token_count = 3,
     .end = NODE_BRANCHED,
     .keep = 1,
     .ratio = 1},
    {.parent = 1,
     .depth = 2,
     .token_begin = 5,
     .token_count = 1,
     .end = NODE_EOS,
     .reward = 1.0f,
     .keep = 1,
     .ratio = 1},
    {.parent = 1,
     .child_index = 1,
     .depth = 2,
     .token_begin = 6,
     .token_count = 2,
     .end = NODE_LENGTH},
    {.parent = 0,
     .child_index = 1,
     .depth = 1,
     .token_begin = 8,
     .token_count = 1,
     .end = NODE_CUT,
     .reward = 0.25f,
     .keep = 0.75f,
     .ratio = 1},
};
static int32_t sample_tokens[] = {4, 9, 1, 2, 3, 7, 8, 8, 0};
static float sample_log_probs[] = {0, 0, -0.5f, -1e-7f, -80.25f, -0.0f, -1, -2, -3};
static float sample_entropies[] = {0, 0, 1.5f, 1e-30f, 11.0f, 0, 2, 3, 4};

struct sample {
    const char *name; // and of its golden file
    struct message message;
};

static inline struct tree sample_tree(void)
{
    return (struct tree){
        .prompt_id = 17,
        .step = 3,
        .policy_version = 2,
        .control = 0.25f,
        .nodes = sample_nodes,
        .n_nodes = sizeof sample_nodes / sizeof *sample_nodes,
        .tokens = sample_tokens,
        .log_probs = sample_log_probs,
        .entropies = sample_entropies,
        .n_tokens = sizeof sample_tokens / sizeof *sample_tokens,
    };
}

static inline struct msg_task sample_task(void)
{
    return (struct msg_task){
        .lease = 41,
        .step = 3,
        .prompt_id = 17,
        .policy_version = 2,
        .rng_key = 0x0123456789abcdefull,
        .deadline_ms = 60000,
        .branch = {4, 2, 2},
        .n_branch = 3,
        .rule = {.depths = 3},
        .cutoff = {.cut = 0.25f, .control = 0.25f},
        .first_child = 2,
        .child_count = 2,
        .step_tokens = 32,
        .max_new_tokens = 256,
        .temperature = 0.7f,
        .prompt = sample_prompt,
        .n_prompt = 4,
        .common = 3,
        .answer = "-3/4",
        .prefill = "\xe2\x88\x9a ```python\n\\boxed{",
    };
}

static inline struct msg_task sample_task_extreme(void)
{
    struct msg_task t = {
        .lease = UINT64_MAX,
        .step = UINT64_MAX,
        .prompt_id = UINT64_MAX,
        .policy_version = UINT64_MAX,
        .rng_key = UINT64_MAX,
        .deadline_ms = (int64_t)1 << 40,
        .n_branch = PROTO_MAX_BRANCH_DEPTHS,
        .first_child = TREE_MAX_NODES - 1,
        .child_count = 1,
        .step_tokens = TREE_MAX_TOKENS,
        .max_new_tokens = TREE_MAX_TOKENS,
        .rule = {.rule = BRANCH_NEYMAN,
                 .depths = PROTO_MAX_BRANCH_DEPTHS,
                 .most = 9,
                 .rate = {1.5, 2},
                 .entropy = {0, 0.25},
                 .sharpness = 2,
                 .budget = 1000},
        .cutoff = {1, 1},
        .verifier = 2,
        .prompt = sample_prompt,
        .answer = "",
        .prefill = "",
    };
    for (int i = 0; i < PROTO_MAX_BRANCH_DEPTHS; i++)
        t.branch[i] = TREE_MAX_NODES;
    return t;
}

enum { N_SAMPLES = 14 };

static inline void sample_workers(struct sample *s)
{
    s[0] = (struct sample){"hello", {.type = MSG_HELLO, .incarnation = 12345}};
    s[0].message.as.hello =
        (struct msg_hello){.model_hash = 0xfeedfacecafebeefull, .threads = 8};
    (void)strcpy(s[0].message.as.hello.host, "node-12.cluster");
    s[1] = (struct sample){"lease", {.type = MSG_LEASE, .incarnation = UINT64_MAX}};
    s[1].message.as.lease = (struct msg_lease){
        .weights_version = 2,
        .weights_bytes = 1 << 20,
        .weights_incoming = 3,
        .want = 4,
        .held = sample_held,
        .n_held = 3,
        .busy_s = 12.5,
        .idle_s = 0.1,
        .flops = 3.25e15,
        .generated_tokens = 123456,
        .generation = 3,
        .group = GROUP_BROADCASTING,
    };
    s[2] = (struct sample){"lease_first", {.type = MSG_LEASE}};
    s[2].message.as.lease = (struct msg_lease){.weights_version = UINT64_MAX,
                                               .weights_incoming = UINT64_MAX,
                                               .want = PROTO_MAX_LEASES,
                                               .held = sample_held,
                                               .generated_tokens = INT64_MAX,
                                               .generation = UINT32_MAX,
                                               .group = GROUP_BROKEN};
    s[3] = (struct sample){"result", {.type = MSG_RESULT, .incarnation = 12345}};
    s[3].message.as.result = (struct msg_result){41, 2, sample_tree()};
    s[4] = (struct sample){"fault", {.type = MSG_FAULT, .incarnation = 12345}};
    (void)strcpy(s[4].message.as.fault.text, "lease 41: no room for the cache");
    s[5] = (struct sample){"fault_longest", {.type = MSG_FAULT}};
    memset(s[5].message.as.fault.text, 'x', sizeof s[5].message.as.fault.text - 1);
}

static inline void sample_learner(struct sample *s)
{
    s[0] = (struct sample){"task", {.type = MSG_TASK, .incarnation = 99}};
    s[0].message.as.task = sample_task();
    s[1] =
        (struct sample){"task_extreme", {.type = MSG_TASK, .incarnation = UINT64_MAX}};
    s[1].message.as.task = sample_task_extreme();
    s[2] = (struct sample){"weights", {.type = MSG_WEIGHTS, .incarnation = 99}};
    s[2].message.as.weights =
        (struct msg_weights){2, 1 << 20, 4096, sample_data, sizeof sample_data};
    s[3] = (struct sample){"weights_empty", {.type = MSG_WEIGHTS, .incarnation = 99}};
    s[3].message.as.weights =
        (struct msg_weights){UINT64_MAX, UINT64_MAX, UINT64_MAX, sample_data, 0};
    s[4] = (struct sample){"stop", {.type = MSG_STOP, .incarnation = 99}};
}

static int32_t sample_excluded[] = {2, 5, INT32_MAX};

static inline void sample_group(struct sample *s)
{
    s[0] = (struct sample){"group_join", {.type = MSG_GROUP, .incarnation = 99}};
    s[0].message.as.group = (struct msg_group){.order = GROUP_JOIN,
                                               .worker = 12345,
                                               .generation = 1,
                                               .excluded = sample_excluded};
    for (int i = 0; i < PROTO_GROUP_ID_BYTES; i++)
        s[0].message.as.group.id[i] = (uint8_t)(255 - i);
    s[1] = (struct sample){"group_broadcast", {.type = MSG_GROUP, .incarnation = 99}};
    s[1].message.as.group = (struct msg_group){.order = GROUP_BROADCAST,
                                               .worker = UINT64_MAX,
                                               .generation = 2,
                                               .version = 7,
                                               .bytes = UINT64_MAX,
                                               .excluded = sample_excluded,
                                               .n_excluded = 1};
    s[2] = (struct sample){"group_shrink", {.type = MSG_GROUP, .incarnation = 99}};
    s[2].message.as.group = (struct msg_group){.order = GROUP_SHRINK,
                                               .generation = UINT32_MAX,
                                               .excluded = sample_excluded,
                                               .n_excluded = 3};
}

static inline void samples(struct sample s[N_SAMPLES])
{
    sample_workers(s);
    sample_learner(s + 6);
    sample_group(s + 11);
}

// The whole message: what message_encode writes, and the weights behind it.
static inline void sample_bytes(struct buf *out, const struct message *m)
{
    assert_ok(message_encode(out, m));
    if (m->type == MSG_WEIGHTS)
        buf_append(out, m->as.weights.data, m->as.weights.len);
    assert_ok(out->status);
}

struct bytes {
    const void *data;
    size_t len;
};
#define BYTES(text)                                                                    \
    {                                                                                  \
        text, sizeof text - 1                                                          \
    }

// Decodes a copy that ends where its allocation does, so that a sanitizer sees any read
// behind it.
static inline enum status decode_exact(struct message *out, const uint8_t *bytes,
                                       size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    enum status st = message_decode(out, copy, len);
    free(copy);
    return st;
}

#endif
