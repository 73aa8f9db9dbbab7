// One decoding step: the rows of a unit (some rows, one kv head) go through every
// segment together, so that shared keys are read once for all rows and query heads.
#include "attention_tiles.h"
#include "cut.h"

#include "base/par.h"
#include "tensor/ops.h"
#include "tensor/simd.h"

#include <string.h>

enum { UNIT_QUERIES = 48, FEWEST_QUERIES = 6, UNIT_SCORES = 1 << 17 };

struct decode {
    const struct attention_decode *a;
    float *O;
    const float *Q;
    size_t ldo, ldq, lds;
    int M, group, rows_a_unit, units_a_head;
    float *scratch;
    size_t thread_floats;
};

// What one thread works in; queries are the rows' heads of one kv head's group.
struct unit {
    float *q, *o, *s;      // (queries, head_dim), the same, (queries, lds)
    float *inv_sum;        // (queries)
    int32_t *first, *last; // (n_segments) rows that end below the segment
    int begin, end;        // rows
    int head;              // kv head
};

void kv_store(float *page_of_head0, size_t head_stride, int slot, const float *k,
              const float *v, int kv_heads, int head_dim)
{
    size_t width = (size_t)head_dim;
    for (int h = 0; h < kv_heads; h++, k += width, v += width) {
        float *page = page_of_head0 + (size_t)h * head_stride;
        for (int d = 0; d < head_dim; d++)
            page[d * KV_PAGE + slot] = k[d];
        memcpy(page + KV_PAGE * width + (size_t)slot * width, v, width * sizeof *v);
    }
}

// Few enough rows that their scores stay in cache, and that every thread has a unit.
static int choose_rows(const struct attention_decode *a, int M, size_t lds)
{
    int group = a->heads / a->kv_heads, queries = UNIT_QUERIES;
    if (lds > UNIT_SCORES / UNIT_QUERIES)
        queries = (int)(UNIT_SCORES / lds);
    if (queries < FEWEST_QUERIES)
        queries = FEWEST_QUERIES;
    int rows = queries > group ? queries / group : 1;
    int even = ceil_div(M, ceil_div(par_threads(), a->kv_heads));
    return min_int(rows, even < 1 ? 1 : even);
}

static struct decode plan(const struct attention_decode *a, int M)
{
    struct decode d = {.a = a, .M = M, .group = a->heads / a->kv_heads};
    d.lds = (size_t)ceil_div(a->max_context, VF_LANES) * VF_LANES + VF_LANES;
    d.rows_a_unit = choose_rows(a, M, d.lds);
    d.units_a_head = ceil_div(M, d.rows_a_unit);
    size_t queries = (size_t)d.rows_a_unit * (size_t)d.group;
    d.thread_floats = queries * (d.lds + 2 * (size_t)a->head_dim + 1) +
                      2 * (size_t)a->n_segments * sizeof(int32_t) / sizeof(float);
    d.thread_floats = (d.thread_floats + VF_LANES - 1) / VF_LANES * VF_LANES;
    return d;
}

size_t attention_decode_scratch(const struct attention_decode *a, int M)
{
    return plan(a, M).thread_floats * (size_t)par_threads();
}

static struct unit unit_of(const struct decode *d, int index, int thread)
{
    size_t queries = (size_t)d->rows_a_unit * (size_t)d->group;
    size_t width = (size_t)d->a->head_dim;
    struct unit u = {.head = index / d->units_a_head};
    u.begin = index % d->units_a_head * d->rows_a_unit;
    u.end = min_int(u.begin + d->rows_a_unit, d->M);
    u.s = d->scratch + (size_t)thread * d->thread_floats;
    u.q = u.s + queries * d->lds;
    u.o = u.q + queries * width;
    u.inv_sum = u.o + queries * width;
    u.first = (int32_t *)(void *)(u.inv_sum + queries);
    u.last = u.first + d->a->n_segments;
    return u;
}

// The unit's query of group member g of a row.
static size_t query_of(const struct decode *d, const struct unit *u, int row, int g)
{
    return (size_t)(row - u->begin) * (size_t)d->group + (size_t)g;
}

static void gather_queries(const struct decode *d, const struct unit *u)
{
    size_t width = (size_t)d->group * (size_t)d->a->head_dim;
    for (int i = u->begin; i < u->end; i++)
        memcpy(u->q + (size_t)(i - u->begin) * width,
               d->Q + (size_t)i * d->ldq + (size_t)u->head * width,
               width * sizeof *u->q);
}

static int joins(const struct decode *d, const struct unit *u, int begin, int row)
{
    for (int32_t s = d->a->leaf[row]; s >= 0; s = d->a->segments[s].parent)
        if (u->first[s] >= begin && u->last[s] != row - 1)
            return 0;
    return 1;
}

// Finds the rows from `begin` on in which each segment's rows are adjacent, and where
// they are; depth-first order makes that all rows of the unit.
static int mark_rows(const struct decode *d, const struct unit *u, int begin)
{
    int row = begin;
    for (; row < u->end && joins(d, u, begin, row); row++)
        for (int32_t s = d->a->leaf[row]; s >= 0; s = d->a->segments[s].parent) {
            if (u->first[s] < begin)
                u->first[s] = row;
            u->last[s] = row;
        }
    return row;
}

// Calls for scores (values == 0) or weighted values, segment by segment from the root.
static void each_segment(const struct decode *d, const struct unit *u, int begin,
                         int values)
{
    size_t width = (size_t)d->a->head_dim;
    for (int32_t s = 0; s < d->a->n_segments; s++) {
        if (u->first[s] < begin)
            continue;
        const struct kv_segment *segment = &d->a->segments[s];
        struct kv_stretch kv = {segment->pages, d->a->head_stride * (size_t)u->head,
                                segment->count, d->a->head_dim};
        size_t query = query_of(d, u, u->first[s], 0);
        int queries = (u->last[s] - u->first[s] + 1) * d->group;
        float *scores = u->s + query * d->lds + segment->start;
        if (values)
            attention_values(u->o + query * width, width, scores, d->lds, queries, &kv,
                             1);
        else
            attention_scores(scores, d->lds, u->q + query * width, width, queries, &kv);
    }
}

static void softmax_rows(const struct decode *d, const struct unit *u, int begin,
                         int end)
{
    float scale = attention_scale(d->a->head_dim);
    for (int i = begin; i < end; i++) {
        const struct kv_segment *leaf = &d->a->segments[d->a->leaf[i]];
        for (int g = 0; g < d->group; g++) {
            size_t query = query_of(d, u, i, g);
            u->inv_sum[query] = attention_softmax(
                u->s + query * d->lds, leaf->start + leaf->count, 0, scale, NULL);
        }
    }
}

static void write_outputs(const struct decode *d, const struct unit *u)
{
    size_t width = (size_t)d->a->head_dim;
    for (int i = u->begin; i < u->end; i++)
        for (int g = 0; g < d->group; g++) {
            size_t query = query_of(d, u, i, g);
            size_t head = (size_t)u->head * (size_t)d->group + (size_t)g;
            attention_output(d->O + (size_t)i * d->ldo + head * width,
                             u->o + query * width, u->inv_sum[query], d->a->head_dim);
        }
}

static void decode_task(void *context, int index, int thread)
{
    const struct decode *d = context;
    struct unit u = unit_of(d, index, thread);
    size_t queries = (size_t)(u.end - u.begin) * (size_t)d->group;
    for (int32_t s = 0; s < d->a->n_segments; s++)
        u.first[s] = -1;
    memset(u.o, 0, queries * (size_t)d->a->head_dim * sizeof *u.o);
    gather_queries(d, &u);
    for (int begin = u.begin, end; begin < u.end; begin = end) {
        end = mark_rows(d, &u, begin);
        each_segment(d, &u, begin, 0);
        softmax_rows(d, &u, begin, end);
        each_segment(d, &u, begin, 1);
    }
    write_outputs(d, &u);
}

void attention_decode(float *O, int ldo, const float *Q, int ldq,
                      const struct attention_decode *a, int M, float *scratch)
{
    if (M < 1)
        return;
    struct decode d = plan(a, M);
    d.O = O;
    d.Q = Q;
    d.ldo = (size_t)ldo;
    d.ldq = (size_t)ldq;
    d.scratch = scratch;
    par_for(a->kv_heads * d.units_a_head, decode_task, &d);
}
