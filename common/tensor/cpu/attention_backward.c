// The gradient of attention over packed trees.  With P = exp(s - lse), D = dO . O:
//
//     dV = P^T dO    dS = scale * P o (dO V^T - D)    dQ = dS K    dK = dS^T Q
//
// Depth-first: a span's keys gather gradients from all spans below it, at their places
// on the thread's path; leaving the span they are complete.
#include "attention_tiles.h"
#include "attention_train.h"
#include "cut.h"
#include "tile.h"

#include "base/par.h"

#include <string.h>

enum { ROWS = 48, KEYS = 128 }; // a block of scores at a time: it stays in cache

struct backward {
    struct train t;
    float *dQKV;
    const float *dO, *O, *lse;
};

// One thread's path and its gradients, by position.
struct path {
    float *kt, *vt; // (blocks) of (head_dim, KV_PAGE)
    float *k;       // (positions, head_dim)
    float *dk, *dv; // (positions, head_dim); 0 at all positions not on the path
    float *P, *dS;  // (ROWS, KEYS)
    int kv_head;
};

static size_t path_floats(const struct attention_train *a)
{
    return (size_t)train_blocks(a) * KV_PAGE * (size_t)a->head_dim;
}

size_t attention_backward_floats(const struct attention_train *a)
{
    return 5 * path_floats(a) + (size_t)(2 * ROWS * KEYS);
}

static struct path path_of(const struct train *t, int thread, int kv_head)
{
    size_t floats = path_floats(t->a);
    float *memory = t->threads + (size_t)thread * t->thread_floats;
    struct path p = {.kt = memory, .kv_head = kv_head};
    p.vt = p.kt + floats;
    p.k = p.vt + floats;
    p.dk = p.k + floats;
    p.dv = p.dk + floats;
    p.P = p.dv + floats;
    p.dS = p.P + (size_t)(ROWS * KEYS);
    memset(p.dk, 0, 2 * floats * sizeof *p.dk);
    return p;
}

static void enter(const struct train *t, const struct path *p,
                  const struct attention_span *span)
{
    int hd = t->a->head_dim;
    for (int i = 0; i < span->count; i++) {
        int position = span->start + i;
        const float *k = train_key(t, span->begin + i, p->kv_head);
        const float *v = train_value(t, span->begin + i, p->kv_head);
        size_t at =
            (size_t)(position / KV_PAGE * hd) * KV_PAGE + (size_t)(position % KV_PAGE);
        for (int d = 0; d < hd; d++, at += KV_PAGE) {
            p->kt[at] = k[d];
            p->vt[at] = v[d];
        }
        memcpy(p->k + (size_t)position * (size_t)hd, k, (size_t)hd * sizeof *k);
    }
}

// Rows of one head against a block of the path's keys.
struct block {
    const struct backward *b;
    const struct path *p;
    const float *D;        // (rows) dO . O
    int head, token, rows; // tokens [token, token + rows)
    int position;          // of the first row
    int key, keys;         // positions [key, key + keys), key a multiple of KEYS
};

static const float *output_row(const struct backward *b, const float *O, int token,
                               int head)
{
    size_t at = (size_t)token * (size_t)b->t.a->heads + (size_t)head;
    return O + at * (size_t)b->t.a->head_dim;
}

static size_t output_stride(const struct backward *b)
{
    return (size_t)b->t.a->heads * (size_t)b->t.a->head_dim;
}

// to (rows, KEYS) = x (rows, head_dim) times the block's transposed keys or values.
static void block_dots(const struct block *k, float *to, const float *x, size_t ldx,
                       const float *transposed)
{
    size_t block = KV_PAGE * (size_t)k->b->t.a->head_dim;
    struct tile t = {.ldc = KEYS,
                     .x_row = ldx,
                     .x_k = 1,
                     .w_step = KV_PAGE,
                     .K = k->b->t.a->head_dim};
    for (int j = 0; j < k->keys; j += TILE_COLUMNS) {
        const float *w[TILE_VECS];
        t.w = w;
        t.vecs = min_int(ceil_div(k->keys - j, VF_LANES), TILE_VECS);
        for (int v = 0; v < t.vecs; v++)
            w[v] = transposed + block * (size_t)((k->key + j) / KV_PAGE + v);
        for (int i = 0; i < k->rows; i += t.rows) {
            t.rows = tile_next_rows(k->rows - i);
            t.c = to + (size_t)(i * KEYS + j);
            t.x = x + (size_t)i * ldx;
            tile_product(&t);
        }
    }
}

// P and dS of one row from its dot products, 0 at keys behind the row.
static void block_row(const struct block *k, int row)
{
    const struct backward *b = k->b;
    float *P = k->p->P + (size_t)(row * KEYS), *d_s = k->p->dS + (size_t)(row * KEYS);
    float scale = attention_scale(b->t.a->head_dim);
    float lse =
        b->lse[(size_t)(k->token + row) * (size_t)b->t.a->heads + (size_t)k->head];
    int seen = min_int(k->position + row + 1 - k->key, k->keys), j = 0;
    for (; j < seen; j += VF_LANES) {
        vf s = vf_mul(vf_load_part(P + j, seen - j, -INFINITY), vf_set1(scale));
        vf p = vf_exp(vf_sub(s, vf_set1(lse)));
        vf dp = vf_sub(vf_load_part(d_s + j, seen - j, 0.0F), vf_set1(k->D[row]));
        vf_store(P + j, p);
        vf_store(d_s + j, vf_mul(vf_mul(p, vf_set1(scale)), dp));
    }
    for (; j < k->keys; j += VF_LANES) {
        vf_store(P + j, vf_zero());
        vf_store(d_s + j, vf_zero());
    }
}

static void block_products(const struct block *k)
{
    const struct backward *b = k->b;
    int hd = b->t.a->head_dim;
    size_t width = (size_t)hd, at = (size_t)k->key * width;
    const float *q = train_query(&b->t, k->token, k->head);
    struct product dq = {.c = b->dQKV + (q - b->t.QKV),
                         .ldc = b->t.ld,
                         .x = k->p->dS,
                         .x_row = KEYS,
                         .x_k = 1,
                         .w = k->p->k + at,
                         .ldw = width,
                         .rows = k->rows,
                         .columns = hd,
                         .K = k->keys,
                         .carry = k->key > 0};
    product(&dq);
    struct product dk = {.c = k->p->dk + at,
                         .ldc = width,
                         .x = k->p->dS,
                         .x_row = 1,
                         .x_k = KEYS,
                         .w = q,
                         .ldw = b->t.ld,
                         .rows = k->keys,
                         .columns = hd,
                         .K = k->rows,
                         .carry = 1};
    product(&dk);
    struct product dv = dk;
    dv.c = k->p->dv + at;
    dv.x = k->p->P;
    dv.w = output_row(b, b->dO, k->token, k->head);
    dv.ldw = output_stride(b);
    product(&dv);
}

static float row_dot(const float *x, const float *y, int n)
{
    vf sum = vf_zero();
    for (int j = 0; j < n; j += VF_LANES)
        sum = vf_fma(vf_load_part(x + j, n - j, 0.0F), vf_load_part(y + j, n - j, 0.0F),
                     sum);
    return vf_sum(sum);
}

static void backward_rows(const struct backward *b, const struct path *p, int head,
                          int token, int rows, int position)
{
    float D[ROWS];
    const float *d_out = output_row(b, b->dO, token, head);
    const float *O = output_row(b, b->O, token, head);
    size_t stride = output_stride(b);
    for (int i = 0; i < rows; i++)
        D[i] = row_dot(d_out + (size_t)i * stride, O + (size_t)i * stride,
                       b->t.a->head_dim);
    struct block k = {b, p, D, head, token, rows, position, 0, 0};
    for (int end = position + rows; k.key < end; k.key += KEYS) {
        k.keys = min_int(end - k.key, KEYS);
        block_dots(&k, p->P, train_query(&b->t, token, head), b->t.ld, p->kt);
        block_dots(&k, p->dS, d_out, stride, p->vt);
        for (int i = 0; i < rows; i++)
            block_row(&k, i);
        block_products(&k);
    }
}

// The span's own rows, then its keys' gradients, now complete; their places become 0.
static void leave(const struct backward *b, const struct path *p,
                  const struct attention_span *span)
{
    const struct train *t = &b->t;
    for (int g = 0; g < t->group; g++)
        for (int i = 0; i < span->count; i += ROWS)
            backward_rows(b, p, p->kv_head * t->group + g, span->begin + i,
                          min_int(span->count - i, ROWS), span->start + i);
    size_t width = (size_t)t->a->head_dim, bytes = width * sizeof(float);
    for (int i = 0; i < span->count; i++) {
        size_t at = (size_t)(span->start + i) * width;
        const float *k = train_key(t, span->begin + i, p->kv_head);
        const float *v = train_value(t, span->begin + i, p->kv_head);
        memcpy(b->dQKV + (k - t->QKV), p->dk + at, bytes);
        memcpy(b->dQKV + (v - t->QKV), p->dv + at, bytes);
        memset(p->dk + at, 0, bytes);
        memset(p->dv + at, 0, bytes);
    }
}

// Where a unit below a cut root keeps what it adds to the root's keys and values.
static float *partial_of(const struct train *t, int unit, int kv_head)
{
    size_t tokens = (size_t)t->a->spans[0].count, width = (size_t)t->a->head_dim;
    size_t at = (size_t)(unit - 1) * (size_t)t->a->kv_heads + (size_t)kv_head;
    return t->partial + at * tokens * 2 * width;
}

static void keep_partial(const struct train *t, const struct path *p, int unit)
{
    size_t floats = (size_t)t->a->spans[0].count * (size_t)t->a->head_dim;
    float *to = partial_of(t, unit, p->kv_head);
    memcpy(to, p->dk, floats * sizeof *to);
    memcpy(to + floats, p->dv, floats * sizeof *to);
}

static void backward_task(void *context, int index, int thread)
{
    const struct backward *b = context;
    const struct attention_span *spans = b->t.a->spans;
    int unit = index / b->t.a->kv_heads;
    const struct train_unit *u = &b->t.units[unit];
    struct path p = path_of(&b->t, thread, index % b->t.a->kv_heads);
    int32_t open = u->above; // the deepest span entered and not left
    if (u->above >= 0)
        enter(&b->t, &p, &spans[u->above]);
    for (int32_t s = u->begin; s < u->end; s++) {
        for (; open >= 0 && open != spans[s].parent; open = spans[open].parent)
            leave(b, &p, &spans[open]);
        enter(&b->t, &p, &spans[s]);
        open = s;
    }
    for (; open != u->above; open = spans[open].parent)
        leave(b, &p, &spans[open]);
    if (u->above >= 0)
        keep_partial(&b->t, &p, unit);
}

static void add_rows(float *to, const float *from, int n)
{
    for (int j = 0; j < n; j += VF_LANES)
        vf_store_part(to + j,
                      vf_add(vf_load_part(to + j, n - j, 0.0F),
                             vf_load_part(from + j, n - j, 0.0F)),
                      n - j);
}

// One token of a cut root: its own rows' part and then the units', in order.
static void gather_task(void *context, int token, int thread)
{
    (void)thread;
    const struct backward *b = context;
    const struct train *t = &b->t;
    int hd = t->a->head_dim;
    size_t at = (size_t)token * (size_t)hd,
           values = (size_t)t->a->spans[0].count * (size_t)hd;
    for (int head = 0; head < t->a->kv_heads; head++) {
        float *dk = b->dQKV + (train_key(t, token, head) - t->QKV);
        float *dv = b->dQKV + (train_value(t, token, head) - t->QKV);
        for (int unit = 1; unit < t->n_units; unit++) {
            const float *from = partial_of(t, unit, head) + at;
            add_rows(dk, from, hd);
            add_rows(dv, from + values, hd);
        }
    }
}

void attention_backward(float *dQKV, const float *dO, const float *O, const float *lse,
                        const float *QKV, const struct attention_train *a,
                        float *scratch)
{
    struct backward b = {train_plan(a, QKV, scratch, attention_backward_floats(a)),
                         dQKV, dO, O, lse};
    par_for(b.t.n_units * a->kv_heads, backward_task, &b);
    if (b.t.n_units > 1 && b.t.units[1].above >= 0)
        par_for(a->spans[0].count, gather_task, &b);
}
