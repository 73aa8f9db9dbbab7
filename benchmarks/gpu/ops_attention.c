// Attention: packed rows forward and backward, decoding over a shared prefix.
#include "ops.h"

#include "learner/pack.h"
#include "model/shape.h"
#include "tensor/cuda/attention.h"

#include <stdio.h>

struct packed {
    struct gpu_heads heads;
    int M;
    double scores; // visible pairs
    void *QKV, *O, *dO, *dQKV;
    float *lse, *delta;
    int32_t *ends;
    struct gpu_kv kv; // within QKV
    struct gpu_tiles rows, keys;
    struct gpu_shares shares; // of the keys
    struct gpu_paths paths; // of one path alone
};

static void flash(struct machine *m, void *context)
{
    const struct packed *p = context;
    const struct gpu_flash f = {.Q = p->QKV,
                                .ldq = p->kv.stride,
                                .kv = p->kv,
                                .ends = p->ends,
                                .n_keys = p->M,
                                .tiles = p->rows};
    gpu_attention_flash(m->gpu, p->O, p->lse, &f, &p->heads, p->M);
}
static struct gpu_attention_grad gradient_of(const struct packed *p)
{
    return (struct gpu_attention_grad){p->dQKV, p->dO,    p->O,   p->lse,
                                       p->QKV,  p->delta, p->ends};
}
static void flash_backward(struct machine *m, void *context)
{
    const struct packed *p = context;
    const struct gpu_attention_grad a = gradient_of(p);
    gpu_attention_flash_backward(m->gpu, &a, &p->rows, &p->keys, &p->shares,
                                 &p->heads, p->M);
}
static void plain(struct machine *m, void *context)
{
    const struct packed *p = context;
    gpu_attention_plain(m->gpu, GPU_BF16, p->O, p->lse, p->QKV, p->kv.stride, &p->kv,
                        &p->paths, &p->heads, p->M);
}
static void plain_backward(struct machine *m, void *context)
{
    const struct packed *p = context;
    const struct gpu_attention_grad a = gradient_of(p);
    gpu_attention_plain_backward(m->gpu, GPU_BF16, &a, &p->paths, &p->heads, p->M);
}

static struct gpu_shares shares_of(struct machine *m, const struct packed *p,
                                   const int32_t *first, int n)
{
    int wanted = gpu_attention_shares(&p->heads);
    struct tile_share *list = NULL;
    int32_t *part_first = NULL;
    size_t most = (size_t)tiles_shares_most(p->M, wanted);
    size_t parts = (size_t)tiles_parts_most(p->M, wanted);
    MUST(mem_new(&list, most, sizeof *list));
    MUST(mem_new(&part_first, (size_t)n + 1, sizeof *part_first));
    struct gpu_shares s = {.n = tiles_share(list, part_first, first, n, wanted)};
    s.list = (const struct tile_share *)machine_ints(
        m, &list[0].tile, most * sizeof *list / sizeof(int32_t));
    s.part_first = machine_ints(m, part_first, (size_t)n + 1);
    s.parts = machine_new(m, parts * gpu_attention_part_floats(&p->heads) * sizeof(float));
    mem_free(list);
    mem_free(part_first);
    return s;
}

// With the lists of the keys also their shares.
static struct gpu_tiles tiles_of(struct machine *m, struct packed *p, const int32_t *ends,
                                 int transposed)
{
    int M = p->M;
    int n = tiles_count(M);
    int32_t *first = NULL, *items = NULL;
    MUST(mem_new(&first, (size_t)n + 1, sizeof *first));
    MUST(mem_new(&items, tiles_most(M, M), sizeof *items));
    size_t used = tiles_list(first, items, ends, M, 0, M, transposed);
    if (transposed)
        p->shares = shares_of(m, p, first, n);
    struct gpu_tiles t = {machine_ints(m, first, (size_t)n + 1),
                          machine_ints(m, items, used + 1), n};
    mem_free(first);
    mem_free(items);
    return t;
}

// Every row on the path 0, 1, 2, ...
static void place_path(struct machine *m, struct packed *p)
{
    const int32_t stretch[3] = {0, p->M, 0}, zero = 0, first[2] = {0, 1};
    int32_t *numbers = NULL;
    MUST(mem_new(&numbers, 2 * (size_t)p->M, sizeof *numbers));
    for (int i = 0; i < p->M; i++)
        numbers[p->M + i] = i + 1;
    p->paths = (struct gpu_paths){
        .stretches = machine_ints(m, stretch, 3),
        .list = machine_ints(m, &zero, 1),
        .first = machine_ints(m, first, 2),
        .path = machine_ints(m, numbers, (size_t)p->M),
        .length = machine_ints(m, numbers + p->M, (size_t)p->M),
    };
    mem_free(numbers);
}

static void place(struct machine *m, struct packed *p, const struct model_config *c,
                  const struct pack *pack)
{
    size_t M = (size_t)pack->n_tokens, width = (size_t)qkv_width(c);
    size_t out = (size_t)q_width(c), units = M * (size_t)c->heads;
    int32_t *ends = NULL;
    *p = (struct packed){.heads = {c->heads, c->kv_heads, c->head_dim},
                         .M = pack->n_tokens};
    MUST(mem_new(&ends, M, sizeof *ends));
    tiles_ends(ends, pack->spans, pack->n_spans, pack->n_tokens);
    for (size_t i = 0; i < M; i++)
        p->scores += pack->positions[i] + 1;
    p->QKV = machine_random(m, GPU_BF16, M * width);
    p->dQKV = machine_new(m, M * width * 2);
    p->O = machine_random(m, GPU_BF16, M * out);
    p->dO = machine_random(m, GPU_BF16, M * out);
    p->lse = machine_random(m, GPU_F32, units);
    p->delta = machine_new(m, units * sizeof(float));
    p->ends = machine_ints(m, ends, M);
    char *k = (char *)p->QKV + out * 2;
    p->kv = (struct gpu_kv){k, k + (size_t)kv_width(c) * 2, width};
    p->rows = tiles_of(m, p, ends, 0);
    p->keys = tiles_of(m, p, ends, 1);
    mem_free(ends);
}

// 2 products forward, 5 backward.
static void report(struct machine *m, const struct packed *p, const char *what,
                   double products, machine_work *work)
{
    double flops = 2.0 * products * p->heads.heads * p->heads.head_dim * p->scores;
    char line[64];
    (void)snprintf(line, sizeof line, "%s, %d rows", what, p->M);
    union { // a machine_work takes what it likes
        const struct packed *in;
        void *out;
    } context = {p};
    ops_report(m, line, 0, flops, work, context.out);
}

static void on_tree(struct machine *m, const struct model_config *c, const char *name,
                    int b, int step)
{
    struct tree tree = {0}, *list[] = {&tree};
    struct pack pack = {0};
    struct pack_origin *origins = NULL;
    struct packed p;
    char line[48];
    if (b == 1)
        bench_chain_then_tree(&tree, 0, 1, 1, step, c->vocab);
    else
        bench_chain_then_tree(&tree, 0, b, 3, step, c->vocab);
    MUST(pack_trees(&pack, &origins, list, 1, 0));
    place(m, &p, c, &pack);
    if (gpu_attention_is_fast(GPU_BF16, &p.heads)) {
        (void)snprintf(line, sizeof line, "attention %s", name);
        report(m, &p, line, 2, flash);
        (void)snprintf(line, sizeof line, "attention backward %s", name);
        report(m, &p, line, 5, flash_backward);
    }
    if (b == 1) {
        place_path(m, &p);
        report(m, &p, "plain attention", 2, plain);
        report(m, &p, "plain attention backward", 5, plain_backward);
    }
    machine_clear(m);
    mem_free(origins);
    pack_free(&pack);
    tree_free(&tree);
}

void ops_attention(struct machine *m, const struct model_config *c)
{
    on_tree(m, c, "path", 1, m->small ? 40 : 2048);
    on_tree(m, c, "b 4 depth 3", 4, m->small ? 5 : 192);
}
