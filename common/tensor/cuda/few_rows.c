#include "few_rows.h"

enum {
    BLOCKS = 132, // wanted; a constant, so that sums are the same on every GPU
    ROWS = 64,    // a usual batch
};

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

static struct few_cut cut_by(int warps, int N, int K)
{
    int tiles = ceil_div(N, warps * FEW_STRIP), all = ceil_div(K, FEW_CHUNK);
    int splits = BLOCKS / tiles;
    splits = splits < 1 ? 1 : splits > FEW_SPLITS ? FEW_SPLITS : splits;
    int chunks = ceil_div(all, splits);
    return (struct few_cut){warps, chunks, ceil_div(all, chunks)};
}

// Bytes that the busiest multiprocessor moves: weights and rows in, parts out.
static int64_t cost_of(const struct few_cut *c, int N)
{
    int outputs = c->warps * FEW_STRIP;
    int64_t blocks = (int64_t)ceil_div(N, outputs) * c->splits;
    int64_t each = (int64_t)c->chunks * (outputs + ROWS) * FEW_CHUNK * 2 +
                   (int64_t)outputs * ROWS * 4;
    return (blocks + BLOCKS - 1) / BLOCKS * each;
}

struct few_cut few_cut_of(int N, int K)
{
    struct few_cut best = cut_by(4, N, K);
    for (int warps = 3; warps >= 2; warps--) {
        struct few_cut c = cut_by(warps, N, K);
        if (cost_of(&c, N) < cost_of(&best, N))
            best = c;
    }
    return best;
}
