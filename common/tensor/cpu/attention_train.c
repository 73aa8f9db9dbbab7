#include "attention_train.h"

#include "attention_tiles.h"
#include "cut.h"
#include "tile.h"

#include "base/par.h"

static size_t whole_lines(size_t floats)
{
    return (floats + VF_LANES - 1) / VF_LANES * VF_LANES;
}

enum { LEAST_ROWS = 128 }; // of a unit below a root, whose keys it lays out for itself

// Groups of adjacent subtrees below the only root, of about as many rows each.
static void cut_below_root(struct train *t)
{
    const struct attention_span *spans = t->a->spans;
    int32_t n = t->a->n_spans, begin = 1;
    int below = spans[n - 1].begin + spans[n - 1].count - spans[0].count;
    int wanted = ceil_div(below, TRAIN_CUTS);
    wanted = wanted < LEAST_ROWS ? LEAST_ROWS : wanted;
    if (below < 2 * wanted)
        return;
    t->units[0] = (struct train_unit){0, 1, -1};
    for (int32_t s = 2; s < n; s++)
        if (spans[s].parent == 0 && spans[s].begin - spans[begin].begin >= wanted) {
            t->units[t->n_units++] = (struct train_unit){begin, s, 0};
            begin = s;
        }
    t->units[t->n_units++] = (struct train_unit){begin, n, 0};
}

static void list_units(struct train *t)
{
    for (int32_t s = 0; s < t->a->n_spans; s++)
        if (t->a->spans[s].parent < 0)
            t->units[t->n_units++] = (struct train_unit){s, 0, -1};
    for (int i = 0; i < t->n_units; i++)
        t->units[i].end = i + 1 < t->n_units ? t->units[i + 1].begin : t->a->n_spans;
    if (t->n_units == 1)
        cut_below_root(t);
}

static size_t unit_floats(const struct attention_train *a)
{
    size_t units = (size_t)a->n_spans + 1 + TRAIN_CUTS;
    return whole_lines(units * sizeof(struct train_unit) / sizeof(float));
}

static size_t partial_floats(const struct attention_train *a)
{
    return TRAIN_CUTS * (size_t)a->kv_heads * (size_t)a->max_context * 2 *
           (size_t)a->head_dim;
}

struct train train_plan(const struct attention_train *a, const float *QKV,
                        float *scratch, size_t floats)
{
    struct train t = {.a = a, .QKV = QKV, .group = a->heads / a->kv_heads};
    t.ld = (size_t)(a->heads + 2 * a->kv_heads) * (size_t)a->head_dim;
    t.blocks = train_blocks(a);
    t.units = (struct train_unit *)(void *)scratch;
    t.partial = scratch + unit_floats(a);
    t.threads = t.partial + whole_lines(partial_floats(a));
    t.thread_floats = whole_lines(floats);
    list_units(&t);
    return t;
}

size_t attention_train_scratch(const struct attention_train *a)
{
    size_t forward = attention_forward_floats(a),
           backward = attention_backward_floats(a);
    size_t floats = whole_lines(forward > backward ? forward : backward);
    return unit_floats(a) + whole_lines(partial_floats(a)) +
           (size_t)par_threads() * floats;
}

// ---- forward ----------------------------------------------------------------------
struct forward {
    struct train t;
    float *O, *lse;
};

// One thread's path, laid out as pages so that decoding's tiles read it.
struct path {
    float **pages; // (blocks)
    float *o;      // (TILE_ROWS, head_dim)
    float *s;      // (TILE_ROWS, lds)
    size_t lds;
};

static size_t path_lds(const struct attention_train *a)
{
    return (size_t)train_blocks(a) * KV_PAGE + VF_LANES;
}

static size_t pointer_floats(const struct attention_train *a)
{
    return whole_lines((size_t)train_blocks(a) * sizeof(float *) / sizeof(float));
}

size_t attention_forward_floats(const struct attention_train *a)
{
    size_t pages = (size_t)train_blocks(a) * kv_page_floats(a->head_dim);
    return pointer_floats(a) + pages + TILE_ROWS * (path_lds(a) + (size_t)a->head_dim);
}

static struct path path_of(const struct train *t, int thread)
{
    struct path p = {.lds = path_lds(t->a)};
    float *memory = t->threads + (size_t)thread * t->thread_floats;
    p.pages = (float **)(void *)memory;
    memory += pointer_floats(t->a);
    for (int i = 0; i < t->blocks; i++, memory += kv_page_floats(t->a->head_dim))
        p.pages[i] = memory;
    p.s = memory;
    p.o = p.s + TILE_ROWS * p.lds;
    return p;
}

static void enter(const struct train *t, const struct path *p,
                  const struct attention_span *span, int kv_head)
{
    for (int i = 0; i < span->count; i++) {
        int position = span->start + i, token = span->begin + i;
        kv_store(p->pages[position / KV_PAGE], 0, position % KV_PAGE,
                 train_key(t, token, kv_head), train_value(t, token, kv_head), 1,
                 t->a->head_dim);
    }
}

// Tokens [token, token + rows) of a span, the first at `position`.  A later token's key
// gets weight 0 in the rows before it.
static void forward_tile(const struct forward *f, const struct path *p, int head,
                         int token, int rows, int position)
{
    const struct train *t = &f->t;
    int width = position + rows, hd = t->a->head_dim;
    float inv_sum[TILE_ROWS], scale = attention_scale(hd);
    struct kv_stretch kv = {p->pages, 0, width, hd};
    attention_scores(p->s, p->lds, train_query(t, token, head), t->ld, rows, &kv);
    for (int i = 0; i < rows; i++) {
        float *lse = f->lse + (size_t)(token + i) * (size_t)t->a->heads + head;
        inv_sum[i] = attention_softmax(p->s + (size_t)i * p->lds, position + i + 1,
                                       width, scale, lse);
    }
    attention_values(p->o, (size_t)hd, p->s, p->lds, rows, &kv, 0);
    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)(token + i) * (size_t)t->a->heads + (size_t)head;
        attention_output(f->O + at * (size_t)hd, p->o + (size_t)i * (size_t)hd,
                         inv_sum[i], hd);
    }
}

static void forward_task(void *context, int index, int thread)
{
    const struct forward *f = context;
    const struct train *t = &f->t;
    const struct train_unit *u = &t->units[index / t->a->heads];
    int head = index % t->a->heads;
    struct path p = path_of(t, thread);
    if (u->above >= 0)
        enter(t, &p, &t->a->spans[u->above], head / t->group);
    for (int32_t s = u->begin; s < u->end; s++) {
        const struct attention_span *span = &t->a->spans[s];
        enter(t, &p, span, head / t->group);
        for (int i = 0, rows; i < span->count; i += rows) {
            rows = tile_next_rows(span->count - i);
            forward_tile(f, &p, head, span->begin + i, rows, span->start + i);
        }
    }
}

void attention_forward(float *O, float *lse, const float *QKV,
                       const struct attention_train *a, float *scratch)
{
    struct forward f = {train_plan(a, QKV, scratch, attention_forward_floats(a)), O,
                        lse};
    par_for(f.t.n_units * a->heads, forward_task, &f);
}
