// A tiny model, some of its trees and a trainer, for the trainer tests.
#ifndef TEST_TRAINER_BENCH_H
#define TEST_TRAINER_BENCH_H

#include "base/par.h"
#include "learner/pack.h"
#include "learner/trainer_state.h"

#include <math.h>

#include "../model/fixture.h"
#include "../tree/tree_test.h"

enum { BATCH = 3 };
static const float temperature = 0.8F;

static inline struct trainer_config config_of(const char *method)
{
    struct trainer_config c = {
        .lr = 1e-2F,
        .beta1 = 0.9F,
        .beta2 = 0.999F,
        .epsilon = 1e-8F,
        .clip_low = 0.2F,
        .clip_high = 0.28F,
        .temperature = temperature,
        .pack_tokens = 100,
    };
    assert_ok(credit_by_name(&c.credit, method));
    return c;
}

// A model, some trees that it has sampled (as far as log-probs go), and a trainer.
struct bench {
    struct model model;
    struct tree tree[BATCH], *trees[BATCH];
    struct trainer *trainer;
    struct batch_stats stats;
};

static inline void forward(const struct model *m, const struct pack *p, float *log_prob)
{
    struct activations *a = NULL;
    assert_ok(activations_new(&a, m));
    assert_ok(model_forward(m, a, p, 1.0F / temperature, log_prob, NULL));
    activations_free(a);
}

// Writes the model's own log-probs into the trees, as a rollout does.
static inline void behave(struct bench *b)
{
    struct pack p;
    struct pack_origin *origins;
    float *log_prob = NULL;
    assert_ok(pack_trees(&p, &origins, b->trees, BATCH, 0));
    assert_ok(mem_new(&log_prob, (size_t)p.n_outputs, sizeof *log_prob));
    forward(&b->model, &p, log_prob);
    for (int32_t j = 0; j < p.n_outputs; j++)
        b->tree[origins[j].tree].log_probs[origins[j].token] = log_prob[j];
    mem_free(log_prob);
    mem_free(origins);
    pack_free(&p);
}

static inline void bench_open(struct bench *b, const struct trainer_config *c,
                              uint64_t seed)
{
    struct model_config shape = tiny_config(1, 1);
    *b = (struct bench){0};
    tiny_model(&b->model, &shape);
    for (uint64_t i = 0; i < BATCH; i++) {
        sample_tree(&b->tree[i], &sample_shapes[(seed + i) % N_SHAPES], 7 * seed + i);
        b->trees[i] = &b->tree[i];
    }
    behave(b);
    assert_ok(trainer_new(&b->trainer, c, &b->model));
    assert_ok(trainer_begin(b->trainer));
}

static inline void bench_close(struct bench *b)
{
    trainer_free(b->trainer);
    model_free(&b->model);
    for (int i = 0; i < BATCH; i++)
        tree_free(&b->tree[i]);
}

static inline void accumulate(struct bench *b)
{
    assert_ok(trainer_accumulate(b->trainer, b->trees, BATCH, &b->stats));
}

// The caller frees it: mem_free.
static inline float *gradient_of(const struct bench *b)
{
    float *grad = NULL;
    assert_ok(mem_new(&grad, b->model.layout.total, sizeof *grad));
    assert_ok(training_gradient(b->trainer->training, grad));
    return grad;
}

static inline void train(struct bench *b)
{
    accumulate(b);
    assert_ok(trainer_update(b->trainer, &b->stats, NULL));
}

static inline void silence(struct bench *b)
{
    for (int i = 0; i < BATCH; i++)
        for (size_t n = 0; n < b->tree[i].n_nodes; n++)
            b->tree[i].nodes[n].reward = 0.0F;
}

static inline int same(const struct bench *a, const struct bench *b, size_t at,
                       size_t n)
{
    return memcmp(a->model.params + at, b->model.params + at,
                  n * sizeof *a->model.params) == 0;
}

#endif
