// Workers that make trees up: the same tree for the same task, at once or after a
// while.
#ifndef TEST_DISPATCH_FIXTURE_H
#define TEST_DISPATCH_FIXTURE_H

// cmocka.h needs the standard headers before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
// clang-format on

#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learner/dispatch.h"

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

enum {
    VOCAB = 50,
    MODEL_HASH = 4242,
    WEIGHT_BYTES = 1000,
    MAX_HELD = 4,
    LEASE_MS = 5000,
    SILENCE_MS = 1600,
    START_MS = 3000,
    HEARTBEAT_MS = 100,
};
#define NONE ((uint64_t)-1)

static inline struct dispatch_config fixture_config(int ranks)
{
    return (struct dispatch_config){
        .ranks = ranks,
        .incarnation = 9,
        .model_hash = MODEL_HASH,
        .vocab = VOCAB,
        .lease_ms = LEASE_MS,
        .silence_ms = SILENCE_MS,
        .start_ms = START_MS,
        .slice_bytes = 300,
        .slices_ahead = 2,
    };
}

static int32_t fixture_prompt[] = {1, 2, 3};

static inline struct msg_task fixture_task(uint64_t i, uint64_t version)
{
    return (struct msg_task){
        .step = 6,
        .prompt_id = 40 + i,
        .policy_version = version,
        .rng_key = i * 1000003,
        .branch = {4, 2},
        .n_branch = 2,
        .max_new_tokens = 20,
        .temperature = 1,
        .prompt = fixture_prompt,
        .n_prompt = 3,
        .answer = "1",
    };
}

static inline struct blob *fixture_weights(uint64_t version)
{
    struct blob *b = NULL;
    assert_ok(blob_new(&b, WEIGHT_BYTES));
    for (size_t i = 0; i < b->len; i++)
        b->data[i] = (uint8_t)rng_u64(rng_child(rng_root(1, RNG_TEST), version), i);
    return b;
}

static inline void fixture_add(struct tree *t, const struct msg_task *task,
                               int32_t parent, int32_t child, struct rng_key key)
{
    int32_t tokens[8], depth = t->nodes[parent].depth + 1, index = -1;
    float log_probs[8], entropies[8];
    int32_t n = 1 + (int32_t)rng_below(key, 0, 7);
    for (int32_t i = 0; i < n; i++) {
        tokens[i] = (int32_t)rng_below(key, 10 + (uint64_t)i, VOCAB);
        log_probs[i] = -(float)rng_uniform(key, 20 + (uint64_t)i);
        entropies[i] = (float)rng_uniform(key, 30 + (uint64_t)i);
    }
    int branches = depth < task->n_branch && rng_below(key, 1, 3) > 0;
    assert_ok(tree_add(t, parent, child, branches ? NODE_BRANCHED : NODE_EOS, tokens,
                       log_probs, entropies, (size_t)n, &index));
    t->nodes[index].branching = branches ? task->branch[depth] : 0;
    t->nodes[index].reward = branches ? 0.0F : (float)rng_below(key, 2, 2);
    for (int32_t c = 0; branches && c < task->branch[depth]; c++)
        fixture_add(t, task, index, c, rng_child(key, (uint64_t)c));
}

// What every worker answers to this task.
static inline void fixture_tree(struct tree *t, const struct msg_task *task)
{
    struct rng_key key = {task->rng_key};
    *t = (struct tree){0};
    assert_ok(tree_init(t, task->prompt_id, task->prompt, task->n_prompt));
    t->step = task->step;
    t->policy_version = task->policy_version;
    t->nodes[0].end = NODE_BRANCHED;
    t->nodes[0].branching = task->branch[0];
    for (int32_t c = 0; c < task->child_count; c++) {
        int32_t child = task->first_child + c;
        fixture_add(t, task, 0, child, rng_child(key, (uint64_t)child));
    }
    assert_ok(tree_canonical(t));
}

static inline uint64_t fixture_tree_hash(const struct msg_task *task)
{
    struct msg_task whole = *task;
    struct tree t;
    whole.first_child = 0;
    whole.child_count = task->branch[0];
    fixture_tree(&t, &whole);
    uint64_t hash = tree_hash(HASH_START, &t);
    tree_free(&t);
    return hash;
}

struct puppet { // a worker
    int rank;
    uint64_t incarnation, model_hash;
    int32_t capacity; // tasks it holds at most
    int64_t work_ms;  // from receipt to result
    int heard, stopped, refused;
    int64_t next_beat_ms;
    int changed;
    uint64_t version, incoming, bytes;
    uint8_t weights[WEIGHT_BYTES];
    struct {
        struct message m; // TASK
        int64_t ready_ms;
    } held[MAX_HELD];
    int32_t n_held;
    int tasks_heard; // TASK messages
};

static inline struct puppet puppet_make(int rank, uint64_t incarnation)
{
    return (struct puppet){
        .rank = rank,
        .incarnation = incarnation,
        .model_hash = MODEL_HASH,
        .capacity = 2,
        .work_ms = 150,
        .version = NONE,
        .incoming = NONE,
    };
}

static inline void puppet_free(struct puppet *p)
{
    for (int32_t i = 0; i < p->n_held; i++)
        message_free(&p->held[i].m);
    p->n_held = 0;
}

static inline void puppet_say(struct puppet *p, struct message *m, struct outbox *out)
{
    struct buf bytes = {0};
    m->incarnation = p->incarnation;
    assert_ok(message_encode(&bytes, m));
    assert_ok(outbox_push(out, 0, &bytes, NULL, 0, 0));
}

static inline void puppet_hello(struct puppet *p, struct outbox *out)
{
    struct message m = {.type = MSG_HELLO};
    m.as.hello.model_hash = p->model_hash;
    m.as.hello.threads = 1;
    strcpy(m.as.hello.host, "test");
    puppet_say(p, &m, out);
}

static inline void puppet_lease(struct puppet *p, struct outbox *out)
{
    uint64_t held[MAX_HELD];
    struct message m = {.type = MSG_LEASE};
    for (int32_t i = 0; i < p->n_held; i++)
        held[i] = p->held[i].m.as.task.lease;
    m.as.lease = (struct msg_lease){
        .weights_version = p->version,
        .weights_bytes = p->bytes,
        .weights_incoming = p->incoming,
        .want = p->capacity - p->n_held,
        .held = held,
        .n_held = (size_t)p->n_held,
    };
    puppet_say(p, &m, out);
}

static inline void puppet_result(struct puppet *p, const struct msg_task *task,
                                 struct outbox *out)
{
    struct message m = {.type = MSG_RESULT};
    m.as.result.lease = task->lease;
    fixture_tree(&m.as.result.tree, task);
    puppet_say(p, &m, out);
    tree_free(&m.as.result.tree);
}

static inline void puppet_slice(struct puppet *p, const struct msg_weights *w)
{
    assert_int_equal(w->total_bytes, WEIGHT_BYTES);
    if (w->len == 0 || (p->version != NONE && w->version <= p->version))
        return;
    if (p->incoming == NONE || w->version > p->incoming) {
        p->incoming = w->version;
        p->bytes = 0;
    }
    if (w->version != p->incoming || w->offset != p->bytes)
        return;
    memcpy(p->weights + w->offset, w->data, w->len);
    p->bytes += w->len;
    p->changed = 1;
    if (p->bytes == WEIGHT_BYTES) {
        p->version = p->incoming;
        p->incoming = NONE;
        p->bytes = 0;
    }
}

// Takes the task over.
static inline void puppet_task(struct puppet *p, struct message *m, int64_t now_ms)
{
    p->tasks_heard++;
    for (int32_t i = 0; i < p->n_held; i++)
        if (p->held[i].m.as.task.lease == m->as.task.lease)
            return;
    if (p->n_held == MAX_HELD)
        return;
    p->held[p->n_held].m = *m;
    p->held[p->n_held++].ready_ms = now_ms + p->work_ms;
    *m = (struct message){.type = MSG_STOP};
}

static inline void puppet_receive(struct puppet *p, const uint8_t *bytes, size_t len,
                                  int64_t now_ms)
{
    struct message m = {0};
    if (message_decode(&m, bytes, len) != OK || m.incarnation != 9)
        return; // the network may corrupt it
    p->heard = 1;
    if (m.type == MSG_TASK)
        puppet_task(p, &m, now_ms);
    else if (m.type == MSG_WEIGHTS)
        puppet_slice(p, &m.as.weights);
    else if (m.type == MSG_FAULT)
        p->refused = 1;
    else if (m.type == MSG_STOP)
        p->stopped = 1;
    message_free(&m);
}

static inline void puppet_tick(struct puppet *p, int64_t now_ms, struct outbox *out)
{
    for (int32_t i = 0; i < p->n_held; i++) {
        struct msg_task *task = &p->held[i].m.as.task;
        if (now_ms < p->held[i].ready_ms || task->policy_version != p->version)
            continue;
        puppet_result(p, task, out);
        message_free(&p->held[i].m);
        p->held[i--] = p->held[--p->n_held];
        p->changed = 1;
    }
    if (now_ms < p->next_beat_ms && !p->changed)
        return;
    if (!p->heard)
        puppet_hello(p, out);
    puppet_lease(p, out);
    p->next_beat_ms = now_ms + HEARTBEAT_MS;
    p->changed = 0;
}

#endif
