// A model on a GPU against the CPU: what the tests of training and of decoding share.
#ifndef CUDA_MODEL_PAIR_H
#define CUDA_MODEL_PAIR_H

#include "base/mem.h"
#include "model/device.h"

#include <math.h>

#include "../unit/model/fixture.h"

enum { ROWS = 20, PAGES = 96, TOKENS = 480 };

static inline struct model_config small_config(enum family family, int32_t head_dim)
{
    struct model_config c = family_config(family, family == FAMILY_QWEN2);
    c.head_dim = head_dim;
    c.max_positions = 160;
    return c;
}

static inline struct device_setup setup_of(const struct model_config *c,
                                           enum device_type type, int deterministic)
{
    return (struct device_setup){
        .type = type,
        .deterministic = deterministic,
        .deadline_ms = 60000,
        .config = *c,
        .limits = {.train_tokens = TOKENS,
                   .train_outputs = TOKENS,
                   .reference = 1,
                   .decode_rows = ROWS,
                   .prefill_rows = 40,
                   .kv_pages = PAGES},
    };
}

static inline float rounded(float f)
{
    uint32_t u;
    memcpy(&u, &f, 4);
    u = (u + 0x7fffu + (u >> 16 & 1)) & 0xffff0000u;
    memcpy(&f, &u, 4);
    return f;
}

// Two copies of one policy: `here` computes on the CPU, `there` on the device, as
// learner.  In bf16 the weights are rounded first, so that both begin alike.
struct pair {
    struct model here, there, rollout;
    struct accelerator a;
};

static inline void pair_open(struct pair *p, const struct device_setup *s)
{
    *p = (struct pair){.a = {.ops = etreerpo_device()}};
    struct model *models[] = {&p->here, &p->there, &p->rollout};
    for (int i = 0; i < 3; i++) {
        tiny_model(models[i], &s->config);
        for (size_t k = 0; s->type == DEVICE_BF16 && k < models[i]->layout.total; k++)
            models[i]->params[k] = rounded(models[i]->params[k]);
    }
    assert_ok(model_repack(&p->here));
    assert_ok(p->a.ops->open(&p->a.device, s));
    assert_ok(model_use(&p->there, &p->a, DEVICE_LEARNER));
    assert_ok(model_use(&p->rollout, &p->a, DEVICE_ROLLOUT));
}

static inline void pair_close(struct pair *p)
{
    p->a.ops->close(p->a.device);
    model_free(&p->here);
    model_free(&p->there);
    model_free(&p->rollout);
}

#endif
