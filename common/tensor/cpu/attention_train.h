// What attention over packed trees shares forward and backward: how the work and the
// scratch memory are cut.  A unit is one tree; where a pack is one tree (its prompts
// have a common root), that is cut below its root, so that many threads find work.  The
// cut is a function of the spans alone.  Each thread has one path.
#ifndef TENSOR_CPU_ATTENTION_TRAIN_H
#define TENSOR_CPU_ATTENTION_TRAIN_H

#include "tensor/ops.h"

struct train_unit {
    int32_t begin, end; // spans
    int32_t above;      // the root that they hang below and that is no part; -1: none
};

enum {
    TRAIN_CUTS = 8, // of a tree below its root, at most
};

struct train {
    const struct attention_train *a;
    const float *QKV;
    size_t ld;  // floats a token's row of QKV has
    int group;  // query heads a kv head has
    int blocks; // of KV_PAGE positions a path may have
    struct train_unit *units;
    int n_units;
    // Of a tree that is cut: what each of its units adds to the gradients of the root's
    // keys and values, (units below, kv_heads, 2, root's tokens, head_dim).
    float *partial;
    float *threads; // thread t's memory is t * thread_floats further
    size_t thread_floats;
};

// Cuts `scratch` (attention_train_scratch floats), `floats` a thread; fills in the
// units.
struct train train_plan(const struct attention_train *a, const float *QKV,
                        float *scratch, size_t floats);

// Floats a thread needs, forward and backward.
size_t attention_forward_floats(const struct attention_train *a);
size_t attention_backward_floats(const struct attention_train *a);

static inline int train_blocks(const struct attention_train *a)
{
    return (a->max_context + KV_PAGE - 1) / KV_PAGE;
}

static inline const float *train_query(const struct train *t, int token, int head)
{
    return t->QKV + (size_t)token * t->ld + (size_t)head * (size_t)t->a->head_dim;
}

static inline const float *train_key(const struct train *t, int token, int kv_head)
{
    return train_query(t, token, t->a->heads + kv_head);
}

static inline const float *train_value(const struct train *t, int token, int kv_head)
{
    return train_query(t, token, t->a->heads + t->a->kv_heads + kv_head);
}

#endif
