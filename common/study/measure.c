#include "measure.h"

#include "base/mem.h"
#include "base/par.h"

#include <math.h>

enum { BLOCK_TREES = 500, MAX_TREES = 1 << 30 };

struct run {
    const struct sampling *sampling;
    struct rng_key key;
    struct means *means;
    double *squares; // (blocks, n)
    double *numbers; // (blocks, n), of the tree at hand
    enum status *status;
};

void means_free(struct means *m)
{
    mem_free(m->mean);
    mem_free(m->error);
    mem_free(m->sums);
    *m = (struct means){0};
}

static int64_t block_trees(const struct means *m, int32_t block)
{
    int64_t left = m->trees - (int64_t)block * BLOCK_TREES;
    return left < BLOCK_TREES ? left : BLOCK_TREES;
}

static enum status sample_one(const struct run *r, int32_t block, int64_t tree,
                              struct tree *scratch)
{
    size_t n = (size_t)r->means->n, at = (size_t)block * n;
    double *numbers = r->numbers + at;
    for (size_t i = 0; i < n; i++)
        numbers[i] = 0.0;
    TRY(r->sampling->sample(
        r->sampling->context,
        rng_child(r->key, (uint64_t)block * BLOCK_TREES + (uint64_t)tree), scratch,
        numbers));
    for (size_t i = 0; i < n; i++) {
        r->means->sums[at + i] += numbers[i];
        r->squares[at + i] += numbers[i] * numbers[i];
    }
    return OK;
}

static void run_block(void *context, int block, int thread)
{
    const struct run *r = context;
    struct tree scratch = {0};
    enum status st = OK;
    (void)thread;
    for (int64_t i = 0; st == OK && i < block_trees(r->means, block); i++)
        st = sample_one(r, block, i, &scratch);
    r->status[block] = st;
    tree_free(&scratch);
}

static enum status add_blocks(const struct run *r)
{
    struct means *m = r->means;
    double trees = (double)m->trees;
    for (int32_t b = 0; b < m->blocks; b++)
        if (r->status[b] != OK)
            return status_fail(r->status[b], "trees of block %d: %s", b,
                               status_name(r->status[b]));
    for (int32_t i = 0; i < m->n; i++) {
        double sum = 0.0, squares = 0.0;
        for (int32_t b = 0; b < m->blocks; b++) {
            sum += m->sums[(size_t)b * (size_t)m->n + (size_t)i];
            squares += r->squares[(size_t)b * (size_t)m->n + (size_t)i];
        }
        m->mean[i] = sum / trees;
        double spread = fmax(0.0, squares / trees - m->mean[i] * m->mean[i]);
        m->error[i] = sqrt(spread / (trees - 1.0));
    }
    return OK;
}

enum status measure(struct means *out, const struct sampling *s, int64_t trees,
                    struct rng_key key)
{
    struct means m = {.n = s->n, .trees = trees};
    struct run r = {.sampling = s, .key = key, .means = &m};
    enum status st;
    if (trees < 2 || trees > MAX_TREES)
        return status_fail(ERR_INPUT, "trees: %ld is not in 2..%d", (long)trees,
                           MAX_TREES);
    m.blocks = (int32_t)((trees + BLOCK_TREES - 1) / BLOCK_TREES);
    size_t n = (size_t)m.n, all = 0;
    TRY_OUT(mem_mul(&all, n, (size_t)m.blocks));
    TRY_OUT(mem_new(&m.mean, n, sizeof *m.mean));
    TRY_OUT(mem_new(&m.error, n, sizeof *m.error));
    TRY_OUT(mem_new(&m.sums, all, sizeof *m.sums));
    TRY_OUT(mem_new(&r.squares, all, sizeof *r.squares));
    TRY_OUT(mem_new(&r.numbers, all, sizeof *r.numbers));
    TRY_OUT(mem_new(&r.status, (size_t)m.blocks, sizeof *r.status));
    par_for(m.blocks, run_block, &r);
    TRY_OUT(add_blocks(&r));
    *out = m;
    m = (struct means){0};
out:
    means_free(&m);
    mem_free(r.squares);
    mem_free(r.numbers);
    mem_free(r.status);
    return st;
}
