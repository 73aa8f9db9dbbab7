// Random trees of tokens with queries, keys and values, and attention over them in
// double precision, each token by walking its own path.
#ifndef TENSOR_ATTENTION_CASE_H
#define TENSOR_ATTENTION_CASE_H

#include "tensor_test.h"

enum { MOST_SPANS = 400, MOST_TOKENS = 4000, MOST_PATH = 700 };

struct heads {
    int heads, kv_heads, head_dim;
};

// How large the trees are: nodes of 1..longest tokens, 1..children children; all below
// one root of `common` tokens, if there are any.
struct tree_size {
    int trees, depth, children, longest, common;
};

struct attention_case {
    struct heads h;
    struct attention_span spans[MOST_SPANS];
    int32_t before[MOST_TOKENS]; // the token before on the path, -1 at a root
    int32_t position[MOST_TOKENS];
    int n_spans, n_tokens, max_context;
    float *QKV;
    uint64_t seed, draws;
};

static inline int case_draw(struct attention_case *c, int below)
{
    return (int)rng_below(test_key(c->seed), c->draws++, (uint64_t)below);
}

static inline int32_t case_span(struct attention_case *c, int32_t parent, int count)
{
    const struct attention_span *up = parent < 0 ? NULL : &c->spans[parent];
    int32_t s = c->n_spans++;
    assert_true(c->n_spans <= MOST_SPANS && c->n_tokens + count <= MOST_TOKENS);
    c->spans[s] = (struct attention_span){.begin = c->n_tokens,
                                          .count = count,
                                          .parent = parent,
                                          .start = up ? up->start + up->count : 0};
    for (int i = 0; i < count; i++, c->n_tokens++) {
        int32_t last = up ? up->begin + up->count - 1 : -1;
        c->before[c->n_tokens] = i > 0 ? c->n_tokens - 1 : last;
        c->position[c->n_tokens] = c->spans[s].start + i;
    }
    if (c->spans[s].start + count > c->max_context)
        c->max_context = c->spans[s].start + count;
    return s;
}

// A node, sometimes cut into two spans, and the nodes below it.
static inline void case_grow(struct attention_case *c, int32_t parent, int depth,
                             const struct tree_size *size)
{
    int count = 1 + case_draw(c, size->longest), cut = case_draw(c, 2 * count);
    if (cut > 0 && cut < count) {
        parent = case_span(c, parent, cut);
        count -= cut;
    }
    parent = case_span(c, parent, count);
    int children = depth > 0 ? 1 + case_draw(c, size->children) : 0;
    for (int i = 0; i < children; i++)
        case_grow(c, parent, depth - 1, size);
}

static inline size_t case_width(const struct attention_case *c)
{
    return (size_t)(c->h.heads + 2 * c->h.kv_heads) * (size_t)c->h.head_dim;
}

static inline size_t case_out_width(const struct attention_case *c)
{
    return (size_t)c->h.heads * (size_t)c->h.head_dim;
}

static inline struct attention_case *case_new(struct heads h, struct tree_size size,
                                              uint64_t seed)
{
    struct attention_case *c = test_new(1, sizeof *c);
    c->h = h;
    c->seed = seed;
    int32_t root = size.common > 0 ? case_span(c, -1, size.common) : -1;
    for (int i = 0; i < size.trees; i++)
        case_grow(c, root, size.depth, &size);
    c->QKV = random_floats((size_t)c->n_tokens * case_width(c), seed + 1000);
    return c;
}

static inline void case_free(struct attention_case *c)
{
    mem_free(c->QKV);
    mem_free(c);
}

static inline struct attention_train case_train(const struct attention_case *c)
{
    return (struct attention_train){.spans = c->spans,
                                    .n_spans = c->n_spans,
                                    .heads = c->h.heads,
                                    .kv_heads = c->h.kv_heads,
                                    .head_dim = c->h.head_dim,
                                    .max_context = c->max_context};
}

static inline const float *case_query(const struct attention_case *c, int token,
                                      int head)
{
    return c->QKV + (size_t)token * case_width(c) + (size_t)(head * c->h.head_dim);
}

static inline const float *case_key(const struct attention_case *c, int token, int head)
{
    return case_query(c, token, c->h.heads + head / (c->h.heads / c->h.kv_heads));
}

static inline const float *case_value(const struct attention_case *c, int token,
                                      int head)
{
    return case_key(c, token, head) + c->h.kv_heads * c->h.head_dim;
}

static inline double dot(const float *a, const float *b, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

// The path's tokens, nearest first, with their weights; returns how many.
static inline int case_weights(const struct attention_case *c, int token, int head,
                               int32_t *path, double *p, double *lse)
{
    int n = 0;
    double max = -INFINITY, sum = 0.0;
    for (int32_t j = token; j >= 0; j = c->before[j], n++) {
        assert_true(n < MOST_PATH);
        path[n] = j;
        p[n] = dot(case_query(c, token, head), case_key(c, j, head), c->h.head_dim) /
               sqrt(c->h.head_dim);
        max = fmax(max, p[n]);
    }
    for (int j = 0; j < n; j++) {
        p[j] = exp(p[j] - max);
        sum += p[j];
    }
    for (int j = 0; j < n; j++)
        p[j] /= sum;
    *lse = max + log(sum);
    return n;
}

#endif
