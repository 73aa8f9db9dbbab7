// A tiny random policy over a tiny alphabet, and tasks for it.
#ifndef TEST_ROLLOUT_FIXTURE_H
#define TEST_ROLLOUT_FIXTURE_H

// cmocka.h needs the standard headers before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
// clang-format on

#include "base/hash.h"
#include "rollout/expand.h"

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

enum { MAX_TASKS = 16, MAX_STEPS = 100000, ROOMY_PAGES = 4096 };

struct world {
    struct tokenizer *tokenizer;
    struct model model;
    struct tokens delimiters;
};

static inline void world_make(struct world *w)
{
    static const char text[] = "0123456789 #+=\nab";
    *w = (struct world){0};
    assert_ok(tokenizer_of_alphabet(&w->tokenizer, text, sizeof text - 1));
    assert_ok(tokenizer_find(w->tokenizer, "\n", &w->delimiters));
    struct model_config c = {
        .vocab = tokenizer_vocab(w->tokenizer),
        .dim = 24,
        .layers = 2,
        .heads = 2,
        .kv_heads = 1,
        .head_dim = 8,
        .ffn = 24,
        .max_positions = 160,
        .rms_epsilon = 1e-5F,
        .rope_theta = 10000,
        .eos = tokenizer_eos(w->tokenizer),
        .bos = -1,
    };
    assert_ok(model_new(&w->model, &c));
    model_randomize(&w->model, rng_root(3, RNG_TEST));
    (void)model_repack(&w->model);
    for (size_t i = 0; i < w->model.layout.total; i++) // far from uniform
        w->model.params[i] *= 3.0F;
    model_repack(&w->model);
}

static inline void world_free(struct world *w)
{
    model_free(&w->model);
    tokenizer_free(w->tokenizer);
    tokens_free(&w->delimiters);
}

static inline int make_world(void **state)
{
    static struct world w;
    world_make(&w);
    *state = &w;
    return 0;
}

static inline int free_world(void **state)
{
    world_free(*state);
    return 0;
}

static int32_t fixture_prompts[MAX_TASKS][40];

// Task i: a prompt of its own, all of its root's children.
static inline struct msg_task task_make(uint64_t i, const int32_t *branch,
                                        int32_t n_branch)
{
    struct msg_task t = {
        .lease = 100 + i,
        .step = 5,
        .prompt_id = 1000 + i,
        .policy_version = 7,
        .rng_key = rng_child(rng_root(11, RNG_TEST), i).k,
        .deadline_ms = 1000,
        .n_branch = n_branch,
        .child_count = branch[0],
        .max_new_tokens = 60,
        .temperature = 0.9F,
        .prompt = fixture_prompts[i],
        .n_prompt = 3 + (size_t)(i * 5) % 37,
        .answer = "7",
    };
    memcpy(t.branch, branch, (size_t)n_branch * sizeof *branch);
    for (size_t k = 0; k < t.n_prompt; k++)
        t.prompt[k] = (int32_t)rng_below(rng_root(12, RNG_TEST), i * 64 + k, 15);
    return t;
}

static inline struct expander *expander_make(const struct world *w, int32_t max_rows,
                                             int32_t kv_pages)
{
    struct expander_config c = {max_rows,          kv_pages, w->delimiters.ids,
                                w->delimiters.len, NULL,     0,
                                {.servers = 1},    NULL};
    struct expander *e = NULL;
    assert_ok(expander_new(&e, &c, &w->model, w->tokenizer));
    return e;
}

// Steps until a tree is there, and takes it.
static inline uint64_t next_tree(struct expander *e, struct tree *out)
{
    for (int i = 0; i < MAX_STEPS; i++) {
        uint64_t lease = 0;
        int got = 0, worked = 0;
        assert_ok(expander_take(e, &lease, out, &got));
        if (got)
            return lease;
        assert_ok(expander_step(e, &worked));
        if (!worked) {
            assert_ok(expander_take(e, &lease, out, &got));
            assert_true(got);
            return lease;
        }
    }
    fail_msg("no tree after %d steps", MAX_STEPS);
    return 0;
}

// Expands the tasks, added in the given order (NULL: as they stand); trees by task.
static inline void expand_all(const struct world *w, int32_t max_rows, int32_t kv_pages,
                              const struct msg_task *tasks, const size_t *order,
                              size_t n, struct tree *trees)
{
    struct expander *e = expander_make(w, max_rows, kv_pages);
    for (size_t i = 0; i < n; i++)
        assert_ok(expander_add(e, &tasks[order ? order[i] : i]));
    for (size_t i = 0; i < n; i++) {
        struct tree t = {0};
        uint64_t lease = next_tree(e, &t);
        size_t at = 0;
        while (at < n && tasks[at].lease != lease)
            at++;
        assert_true(at < n && trees[at].n_nodes == 0);
        trees[at] = t;
    }
    int worked = 1;
    assert_ok(expander_step(e, &worked));
    assert_int_equal(worked, 0);
    assert_int_equal(expander_open_tasks(e), 0);
    expander_free(e);
}

static inline void trees_free(struct tree *trees, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tree_free(&trees[i]);
        trees[i] = (struct tree){0};
    }
}

#endif
