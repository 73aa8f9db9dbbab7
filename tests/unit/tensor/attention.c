// Attention forward: packed trees against double precision, and decoding against packed
// trees bit for bit, however the paths are cut, ordered and batched.
#include "attention_case.h"

static const struct heads shapes[] = {
    {4, 4, 8}, {4, 2, 16}, {6, 1, 24}, {2, 2, 32}, {7, 1, 64}, {3, 3, 80}, {1, 1, 2},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };
static const struct tree_size sizes[] = {
    {1, 0, 0, 1, 0},     {3, 3, 3, 12, 0},  {1, 4, 2, 40, 0},
    {2, 1, 4, 150, 0},   {9, 1, 3, 60, 37}, // cut below the root, in groups
    {20, 0, 0, 90, 130},
};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

// ---- packed trees -----------------------------------------------------------------
static void train_forward(const struct attention_case *c, float *O, float *lse)
{
    struct attention_train a = case_train(c);
    float *scratch = new_floats(attention_train_scratch(&a));
    memset(scratch, 0xff, attention_train_scratch(&a) * sizeof *scratch); // NaN
    attention_forward(O, lse, c->QKV, &a, scratch);
    mem_free(scratch);
}

static void check_row(const struct attention_case *c, const float *O, float lse,
                      int token, int head)
{
    int32_t path[MOST_PATH];
    double p[MOST_PATH], want_lse = 0.0;
    int n = case_weights(c, token, head, path, p, &want_lse);
    assert_near((double)lse, want_lse, 2e-6 * (1.0 + fabs(want_lse)));
    for (int d = 0; d < c->h.head_dim; d++) {
        double want = 0.0;
        for (int j = 0; j < n; j++)
            want += p[j] * (double)case_value(c, path[j], head)[d];
        assert_near((double)O[d], want, 4e-6);
    }
}

static void check_forward(struct heads h, struct tree_size size, uint64_t seed)
{
    struct attention_case *c = case_new(h, size, seed);
    size_t rows = (size_t)c->n_tokens, heads = (size_t)h.heads;
    float *O = new_floats(rows * case_out_width(c)), *lse = new_floats(rows * heads);
    train_forward(c, O, lse);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < heads; k++)
            check_row(c, O + (i * heads + k) * (size_t)h.head_dim, lse[i * heads + k],
                      (int)i, (int)k);
    mem_free(O);
    mem_free(lse);
    case_free(c);
}

static void forward_body(void)
{
    for (int i = 0; i < N_SHAPES; i++)
        for (int k = 0; k < N_SIZES; k++)
            check_forward(shapes[i], sizes[k], (uint64_t)(10 * i + k));
}

static void packed_trees_are_right(void **state)
{
    (void)state;
    on_threads(forward_body);
}

// ---- decoding ---------------------------------------------------------------------
// Every token's keys and values in pages, and a segment in which its own path ends.
struct decoding {
    struct attention_case *c;
    struct kv_segment *segments;
    int32_t *leaf; // (n_tokens)
    float **pages; // (n_pages) of the spans, one after another
    float *arena;
    int n_segments, n_pages;
    size_t head_stride;
};

static int span_pages(const struct attention_span *s)
{
    return (s->count + KV_PAGE - 1) / KV_PAGE;
}

// Pages lie in random order in an arena of NaN.
static void store_span(struct decoding *d, const struct attention_span *s)
{
    struct heads h = d->c->h;
    for (int i = 0; i < s->count; i++)
        kv_store(d->pages[d->n_pages + i / KV_PAGE], d->head_stride, i % KV_PAGE,
                 case_query(d->c, s->begin + i, h.heads),
                 case_query(d->c, s->begin + i, h.heads + h.kv_heads), h.kv_heads,
                 h.head_dim);
}

static int32_t add_segment(struct decoding *d, int first_page, int count,
                           int32_t parent, int32_t start)
{
    d->segments[d->n_segments] =
        (struct kv_segment){d->pages + first_page, count, parent, start};
    return d->n_segments++;
}

// The token's path ends in a segment of its own, behind a random number of whole pages.
static void cut_token(struct decoding *d, const struct attention_span *s, int own,
                      int32_t above)
{
    int before = KV_PAGE * case_draw(d->c, own / KV_PAGE + 1);
    if (before > 0)
        above = add_segment(d, d->n_pages, before, above, s->start);
    d->leaf[s->begin + own] = add_segment(d, d->n_pages + before / KV_PAGE,
                                          own + 1 - before, above, s->start + before);
}

static struct decoding decoding_new(struct attention_case *c)
{
    struct decoding d = {.c = c, .head_stride = kv_page_floats(c->h.head_dim) + 16};
    int pages = 0, order[MOST_TOKENS];
    int32_t whole[MOST_SPANS];
    for (int s = 0; s < c->n_spans; s++)
        pages += span_pages(&c->spans[s]);
    size_t page = d.head_stride * (size_t)c->h.kv_heads;
    d.arena = new_floats((size_t)pages * page);
    memset(d.arena, 0xff, (size_t)pages * page * sizeof *d.arena);
    d.pages = test_new((size_t)pages, sizeof *d.pages);
    d.segments = test_new((size_t)(c->n_spans + 2 * c->n_tokens), sizeof *d.segments);
    d.leaf = test_new((size_t)c->n_tokens, sizeof *d.leaf);
    shuffle(order, pages, c->seed);
    for (int i = 0; i < pages; i++)
        d.pages[i] = d.arena + (size_t)order[i] * page;
    for (int s = 0; s < c->n_spans; s++) {
        const struct attention_span *span = &c->spans[s];
        int32_t above = span->parent < 0 ? -1 : whole[span->parent];
        store_span(&d, span);
        for (int i = 0; i < span->count; i++)
            cut_token(&d, span, i, above);
        whole[s] = add_segment(&d, d.n_pages, span->count, above, span->start);
        if (case_draw(c, 2))
            d.leaf[span->begin + span->count - 1] = whole[s];
        d.n_pages += span_pages(span);
    }
    return d;
}

static void decoding_free(struct decoding *d)
{
    mem_free(d->segments);
    mem_free(d->leaf);
    mem_free(d->pages);
    mem_free(d->arena);
}

// Decodes the tokens order[0..rows) in one call, and holds them to `want`.
static void check_batch(const struct decoding *d, const int *order, int rows,
                        const float *want)
{
    const struct attention_case *c = d->c;
    size_t width = case_out_width(c), ldq = case_width(c), ldo = width + 3;
    float *Q = new_floats((size_t)rows * ldq), *O = new_floats((size_t)rows * ldo);
    int32_t *leaf = test_new((size_t)rows, sizeof *leaf);
    struct attention_decode a = {.segments = d->segments,
                                 .n_segments = d->n_segments,
                                 .leaf = leaf,
                                 .head_stride = d->head_stride,
                                 .heads = c->h.heads,
                                 .kv_heads = c->h.kv_heads,
                                 .head_dim = c->h.head_dim,
                                 .max_context = c->max_context};
    for (int i = 0; i < rows; i++) {
        leaf[i] = d->leaf[order[i]];
        memcpy(Q + (size_t)i * ldq, case_query(c, order[i], 0), ldq * sizeof *Q);
    }
    size_t floats = attention_decode_scratch(&a, rows);
    float *scratch = new_floats(floats);
    memset(scratch, 0xff, floats * sizeof *scratch);
    attention_decode(O, (int)ldo, Q, (int)ldq, &a, rows, scratch);
    for (int i = 0; i < rows; i++)
        assert_same_bits(O + (size_t)i * ldo, want + (size_t)order[i] * width, width);
    mem_free(Q);
    mem_free(O);
    mem_free(leaf);
    mem_free(scratch);
}

// All at once, then in batches of at most `most` in depth-first or random order.
static void check_batches(const struct decoding *d, const float *want, int most,
                          int random)
{
    int order[MOST_TOKENS], n = d->c->n_tokens;
    for (int i = 0; i < n; i++)
        order[i] = i;
    if (random)
        shuffle(order, n, d->c->seed + 1);
    for (int i = 0, rows; i < n; i += rows) {
        rows = 1 + case_draw(d->c, most);
        rows = rows < n - i ? rows : n - i;
        check_batch(d, order + i, rows, want);
    }
}

static void check_decode(struct heads h, struct tree_size size, uint64_t seed)
{
    struct attention_case *c = case_new(h, size, seed);
    size_t rows = (size_t)c->n_tokens;
    float *want = new_floats(rows * case_out_width(c));
    float *lse = new_floats(rows * (size_t)h.heads);
    struct decoding d = decoding_new(c);
    int all[MOST_TOKENS];
    train_forward(c, want, lse);
    for (int i = 0; i < c->n_tokens; i++)
        all[i] = i;
    check_batch(&d, all, c->n_tokens, want);
    check_batches(&d, want, 5, 0);
    check_batches(&d, want, 40, 0);
    check_batches(&d, want, 40, 1);
    decoding_free(&d);
    mem_free(want);
    mem_free(lse);
    case_free(c);
}

static void decode_body(void)
{
    for (int i = 0; i < N_SHAPES; i++)
        for (int k = 0; k < N_SIZES; k++)
            check_decode(shapes[i], sizes[k], (uint64_t)(500 + 10 * i + k));
}

static void decoding_has_the_bits_of_packed_trees(void **state)
{
    (void)state;
    on_threads(decode_body);
}

static void bits_are_the_same_everywhere(void **state)
{
    (void)state;
    struct attention_case *c = case_new(shapes[2], sizes[2], 77);
    size_t rows = (size_t)c->n_tokens, width = case_out_width(c);
    float *O = new_floats(rows * width), *lse = new_floats(rows * (size_t)c->h.heads);
    train_forward(c, O, lse);
    assert_int_equal(hash_floats(O, rows * width), UINT64_C(0xc133175f42bb56ab));
    assert_int_equal(hash_floats(lse, rows * (size_t)c->h.heads),
                     UINT64_C(0x99bcc30f5687a2eb));
    mem_free(O);
    mem_free(lse);
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_trees_are_right),
        cmocka_unit_test(decoding_has_the_bits_of_packed_trees),
        cmocka_unit_test(bits_are_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
