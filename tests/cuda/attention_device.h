// An attention_case on the device: paths, ends and lists of tiles.
#ifndef CUDA_ATTENTION_DEVICE_H
#define CUDA_ATTENTION_DEVICE_H

#include "device_test.h"

#include "tensor/cuda/attention.h"

#include "../unit/tensor/attention_case.h"

struct device_case {
    struct gpu_heads heads;
    void *QKV;
    struct gpu_paths paths;
    struct gpu_kv kv; // within QKV
    int32_t *ends;    // on the device
    struct gpu_tiles rows, keys;
    struct gpu_shares shares; // of the keys' tiles
    int M;
};

// The path of every span as a list of stretches.
static inline struct gpu_paths device_paths(const struct attention_case *c)
{
    struct gpu_stretch *stretches = test_new((size_t)c->n_spans, sizeof *stretches);
    int32_t *list = test_new((size_t)c->n_spans * 64, sizeof *list), n = 0;
    int32_t *first = test_new((size_t)c->n_spans + 1, sizeof *first);
    int32_t *path = test_new((size_t)c->n_tokens, sizeof *path);
    int32_t *length = test_new((size_t)c->n_tokens, sizeof *length);
    for (int s = 0; s < c->n_spans; s++) {
        const struct attention_span *span = &c->spans[s];
        int32_t up[64], depth = 0;
        stretches[s] = (struct gpu_stretch){span->start, span->count, span->begin};
        first[s] = n;
        for (int32_t t = s; t >= 0; t = c->spans[t].parent)
            up[depth++] = t;
        while (depth > 0)
            list[n++] = up[--depth];
        for (int i = 0; i < span->count; i++) {
            path[span->begin + i] = s;
            length[span->begin + i] = span->start + i + 1;
        }
    }
    first[c->n_spans] = n;
    struct gpu_paths p = {
        .stretches = device_bytes(stretches, (size_t)c->n_spans * sizeof *stretches),
        .list = device_bytes(list, (size_t)n * sizeof *list),
        .first = device_bytes(first, ((size_t)c->n_spans + 1) * sizeof *first),
        .path = device_bytes(path, (size_t)c->n_tokens * sizeof *path),
        .length = device_bytes(length, (size_t)c->n_tokens * sizeof *length),
    };
    mem_free(stretches);
    mem_free(list);
    mem_free(first);
    mem_free(path);
    mem_free(length);
    return p;
}

static inline struct gpu_tiles device_tiles(const int32_t *ends, int M, int shift,
                                            int n_keys, int transposed)
{
    int n = tiles_count(transposed ? n_keys : M);
    int32_t *first = test_new((size_t)n + 1, sizeof *first);
    int32_t *items = test_new(tiles_most(M, n_keys), sizeof *items);
    size_t used = tiles_list(first, items, ends, M, shift, n_keys, transposed);
    struct gpu_tiles t = {device_bytes(first, ((size_t)n + 1) * sizeof *first),
                          device_bytes(items, (used + 1) * sizeof *items), n};
    mem_free(first);
    mem_free(items);
    return t;
}

// Of the keys' tiles, cut into about `wanted` pieces.
static inline struct gpu_shares device_shares(const int32_t *ends, int M,
                                              const struct gpu_heads *h, int wanted)
{
    int n = tiles_count(M);
    int32_t *first = test_new((size_t)n + 1, sizeof *first);
    int32_t *items = test_new(tiles_most(M, M), sizeof *items);
    int32_t *part_first = test_new((size_t)n + 1, sizeof *part_first);
    struct tile_share *list =
        test_new((size_t)tiles_shares_most(M, wanted), sizeof *list);
    (void)tiles_list(first, items, ends, M, 0, M, 1);
    int shares = tiles_share(list, part_first, first, n, wanted);
    struct gpu_shares s = {
        .list = device_bytes(list, (size_t)shares * sizeof *list),
        .part_first = device_bytes(part_first, ((size_t)n + 1) * sizeof *part_first),
        .n = shares,
        .parts =
            device_new(((size_t)part_first[n] * gpu_attention_part_floats(h) + 1) * 4),
    };
    mem_free(first);
    mem_free(items);
    mem_free(part_first);
    mem_free(list);
    return s;
}

static inline struct device_case device_case_new(struct attention_case *c,
                                                 enum gpu_type type)
{
    size_t width = case_width(c), n = (size_t)c->n_tokens;
    int32_t *ends = test_new(n, sizeof *ends);
    tiles_ends(ends, c->spans, c->n_spans, c->n_tokens);
    struct device_case d = {
        .heads = {c->h.heads, c->h.kv_heads, c->h.head_dim},
        .QKV = device_array(type, c->QKV, n * width),
        .paths = device_paths(c),
        .ends = device_bytes(ends, n * sizeof *ends),
        .rows = device_tiles(ends, c->n_tokens, 0, c->n_tokens, 0),
        .keys = device_tiles(ends, c->n_tokens, 0, c->n_tokens, 1),
        .M = c->n_tokens,
    };
    d.shares = device_shares(ends, d.M, &d.heads, c->seed % 2 ? 64 : 1);
    size_t k = (size_t)(c->h.heads * c->h.head_dim) * gpu_type_bytes(type);
    size_t v = k + (size_t)(c->h.kv_heads * c->h.head_dim) * gpu_type_bytes(type);
    d.kv = (struct gpu_kv){(char *)d.QKV + k, (char *)d.QKV + v, width};
    mem_free(ends);
    return d;
}

#endif
