// Attention of a decode step over pages on the device: the last tokens of all leaves of
// a packed tree must get what training gives those rows; the plain kind bit for bit.
#include "attention_device.h"

enum { PAGE_TOKENS = 16, MOST_ROWS = 200 };

struct paged {
    struct cascade_segment segments[MOST_SPANS];
    int32_t leaf[MOST_ROWS], token[MOST_ROWS];
    int n_rows, n_pages;
    int32_t *pages; // shuffled
    float *cache;   // (slots, 2 kv_width)
    float *Q;       // (rows, out width)
};

static struct paged *page_out(const struct attention_case *c)
{
    struct paged *p = test_new(1, sizeof *p);
    size_t kv = (size_t)(2 * c->h.kv_heads * c->h.head_dim), out = case_out_width(c);
    for (int s = 0; s < c->n_spans; s++) {
        p->segments[s] =
            (struct cascade_segment){p->n_pages, c->spans[s].count, c->spans[s].parent};
        p->n_pages += (c->spans[s].count + PAGE_TOKENS - 1) / PAGE_TOKENS;
    }
    p->pages = test_new((size_t)p->n_pages, sizeof *p->pages);
    shuffle(p->pages, p->n_pages, 77);
    p->cache = new_floats((size_t)(p->n_pages * PAGE_TOKENS) * kv);
    p->Q = new_floats(MOST_ROWS * out);
    for (int s = 0; s < c->n_spans; s++) {
        const struct attention_span *span = &c->spans[s];
        int is_leaf = 1;
        for (int t = s + 1; t < c->n_spans; t++)
            is_leaf &= c->spans[t].parent != s;
        for (int i = 0; i < span->count; i++) {
            int32_t page = p->pages[p->segments[s].page + i / PAGE_TOKENS];
            memcpy(p->cache + (size_t)(page * PAGE_TOKENS + i % PAGE_TOKENS) * kv,
                   case_key(c, span->begin + i, 0), kv * sizeof(float));
        }
        if (!is_leaf)
            continue;
        int row = p->n_rows++;
        p->leaf[row] = s;
        p->token[row] = span->begin + span->count - 1;
        memcpy(p->Q + (size_t)row * out, case_query(c, p->token[row], 0),
               out * sizeof(float));
    }
    return p;
}

static void paged_free(struct paged *p)
{
    mem_free(p->pages);
    mem_free(p->cache);
    mem_free(p->Q);
    mem_free(p);
}

// What the rows of the leaves get in training.
static float *wanted(const struct attention_case *c, const struct paged *p)
{
    size_t out = case_out_width(c);
    struct attention_train a = case_train(c);
    float *scratch = new_floats(attention_train_scratch(&a)),
          *want = new_floats(MOST_ROWS * out);
    float *O = new_floats((size_t)c->n_tokens * out);
    float *lse = new_floats((size_t)(c->n_tokens * c->h.heads));
    attention_forward(O, lse, c->QKV, &a, scratch);
    for (int row = 0; row < p->n_rows; row++)
        memcpy(want + (size_t)row * out, O + (size_t)p->token[row] * out,
               out * sizeof *want);
    mem_free(scratch);
    mem_free(O);
    mem_free(lse);
    return want;
}

static struct gpu_kv cache_on_device(const struct attention_case *c,
                                     const struct paged *p, enum gpu_type type)
{
    size_t kv = (size_t)(2 * c->h.kv_heads * c->h.head_dim);
    void *cache = device_array(type, p->cache, (size_t)(p->n_pages * PAGE_TOKENS) * kv);
    return (struct gpu_kv){cache, (char *)cache + kv / 2 * gpu_type_bytes(type), kv};
}

static void cascade(struct heads h, struct tree_size size, uint64_t seed, int units)
{
    struct attention_case *c = case_new(h, size, seed);
    struct gpu_heads heads = {h.heads, h.kv_heads, h.head_dim};
    struct device_case d = device_case_new(c, GPU_BF16); // rounds QKV
    struct paged *p = page_out(c);
    float *want = wanted(c, p);
    size_t out = case_out_width(c);
    enum { ROOM = 20000 };
    struct cascade_plan plan = {test_new(ROOM, sizeof(struct cascade_item)),
                                test_new(MOST_ROWS + 1, 4),
                                test_new(ROOM, 4),
                                test_new(MOST_SPANS, 4),
                                test_new(MOST_SPANS, 4),
                                0,
                                0,
                                0};
    const struct cascade_limits limits = {ROOM, ROOM, TILE / (h.heads / h.kv_heads),
                                          units};
    assert_ok(
        cascade_build(&plan, &limits, p->segments, c->n_spans, p->leaf, p->n_rows));
    int32_t n_items = plan.n_items;
    const struct cascade_view view = {
        device_bytes(&n_items, sizeof n_items),
        device_bytes(plan.items, (size_t)n_items * sizeof *plan.items),
        device_bytes(plan.part_first, ((size_t)p->n_rows + 1) * 4),
        device_bytes(plan.parts, (size_t)plan.n_parts * 4),
        device_bytes(p->pages, (size_t)p->n_pages * 4),
    };
    struct gpu_kv kv = cache_on_device(c, p, GPU_BF16);
    void *Q = device_array(GPU_BF16, p->Q, (size_t)p->n_rows * out);
    void *O = device_new(MOST_ROWS * out * 2);
    float *scratch =
        device_new(cascade_scratch_floats(plan.n_parts, h.heads, h.head_dim) * 4);
    gpu_attention_cascade(device, O, Q, out, &kv, &view, &(struct few_ahead){O, 500},
                          scratch, &heads, p->n_rows);
    assert_device(GPU_BF16, "decode attention", O, want, (size_t)p->n_rows * out);
    (void)d;
    mem_free(plan.items);
    mem_free(plan.part_first);
    mem_free(plan.parts);
    mem_free(plan.low);
    mem_free(plan.high);
    mem_free(want);
    paged_free(p);
    case_free(c);
}

static void cascade_agrees(void **state)
{
    const struct heads shapes[] = {{2, 1, 64},  {4, 2, 80},  {6, 1, 96},
                                   {14, 2, 64}, {2, 2, 128}, {4, 1, 64}};
    const struct tree_size sizes[] = {
        {3, 3, 4, 30, 0},  {1, 2, 3, 150, 0}, {1, 0, 1, 40, 0},
        {2, 1, 30, 20, 0}, {1, 3, 2, 20, 0},  {1, 1, 3, 300, 0}, // items of many tiles
        {9, 1, 3, 20, 48},                                       // below a common root
    };
    for (int i = 0; i < 7; i++) {
        cascade(shapes[i % 6], sizes[i], (uint64_t)(40 + i), i == 1 ? 1000 : 1);
        (void)device_clear(state);
    }
}

// From pages and from packed rows: the same bits, in both types.
static void plain_is_the_same(void **state)
{
    const struct heads h = {4, 2, 40};
    for (int t = 0; t < 2; t++) {
        enum gpu_type type = both_types[t];
        struct attention_case *c = case_new(h, (struct tree_size){3, 3, 3, 50, 0}, 60);
        struct gpu_heads heads = {h.heads, h.kv_heads, h.head_dim};
        struct device_case d = device_case_new(c, type);
        struct paged *p = page_out(c);
        size_t out = case_out_width(c);
        struct gpu_paths paths = d.paths;
        struct gpu_stretch *stretches = test_new((size_t)c->n_spans, sizeof *stretches);
        int32_t length[MOST_ROWS];
        for (int s = 0; s < c->n_spans; s++)
            stretches[s] = (struct gpu_stretch){c->spans[s].start, c->spans[s].count,
                                                p->segments[s].page};
        for (int row = 0; row < p->n_rows; row++)
            length[row] = c->position[p->token[row]] + 1;
        paths.stretches =
            device_bytes(stretches, (size_t)c->n_spans * sizeof *stretches);
        paths.path = device_bytes(p->leaf, sizeof p->leaf);
        paths.length = device_bytes(length, sizeof length);
        paths.pages = device_bytes(p->pages, (size_t)p->n_pages * 4);
        struct gpu_kv kv = cache_on_device(c, p, type);
        void *Q = device_array(type, p->Q, (size_t)p->n_rows * out);
        void *O = device_new((size_t)d.M * out * 4),
             *trained = device_new((size_t)d.M * out * 4);
        gpu_attention_plain(device, type, O, NULL, Q, out, &kv, &paths, &heads,
                            p->n_rows);
        gpu_attention_plain(device, type, trained, NULL, d.QKV, d.kv.stride, &d.kv,
                            &d.paths, &heads, d.M);
        float *got = host_array(type, O, (size_t)p->n_rows * out);
        float *want = host_array(type, trained, (size_t)d.M * out);
        for (int row = 0; row < p->n_rows; row++)
            assert_same_bits(got + (size_t)row * out,
                             want + (size_t)p->token[row] * out, out);
        mem_free(got);
        mem_free(want);
        mem_free(stretches);
        paged_free(p);
        case_free(c);
        (void)device_clear(state);
    }
}

static void plans_that_do_not_fit(void **state)
{
    (void)state;
    struct cascade_item items[4];
    int32_t first[4], parts[4], low[3], high[3];
    struct cascade_plan plan = {items, first, parts, low, high, 0, 0, 0};
    const struct cascade_segment segments[3] = {{0, 200, -1}, {13, 5, 0}, {14, 1, 0}};
    const struct cascade_limits small = {4, 3, 64, 1}, fits = {4, 6, 64, 1};
    int32_t rows[2] = {1, 2};
    assert_int_equal(cascade_build(&plan, &small, segments, 3, rows, 2), ERR_LIMIT);
    assert_non_null(strstr(status_message(), "rollout.max_rows"));
    assert_ok(cascade_build(&plan, &fits, segments, 3, rows, 2));
    assert_int_equal(plan.n_items, 3);
    assert_int_equal(plan.n_parts, 4);
}

// A long prefix above many branches of several segments each: enough items and none
// much longer than the others.
static void plans_are_even(void **state)
{
    (void)state;
    enum { ROWS = 64, DEEP = 4, OWN = 256, PREFIX = 2048, ROOM = 4000 };
    struct cascade_segment segments[1 + ROWS * DEEP] = {{0, PREFIX, -1}};
    int32_t leaf[ROWS], low[1 + ROWS * DEEP], high[1 + ROWS * DEEP], first[ROWS + 1];
    struct cascade_plan plan = {test_new(ROOM, sizeof(struct cascade_item)),
                                first,
                                test_new(ROOM, 4),
                                low,
                                high,
                                0,
                                0,
                                0};
    const struct cascade_limits limits = {ROOM, ROOM, 10, 133};
    int n = 1, keys = 0, longest = 0;
    for (int row = 0; row < ROWS; row++)
        for (int i = 0; i < DEEP; i++, n++) {
            segments[n] = (struct cascade_segment){PREFIX / 16 + n * OWN / 16, OWN,
                                                   i == 0 ? 0 : n - 1};
            leaf[row] = n;
        }
    assert_ok(cascade_build(&plan, &limits, segments, n, leaf, ROWS));
    for (int i = 0; i < plan.n_items; i++) {
        keys += plan.items[i].keys;
        longest = plan.items[i].keys > longest ? plan.items[i].keys : longest;
    }
    assert_true(plan.n_items >= limits.units_wanted);
    assert_true(2 * longest <= 3 * keys / limits.units_wanted);
    mem_free(plan.items);
    mem_free(plan.parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_that_do_not_fit),
        cmocka_unit_test(plans_are_even),
        cmocka_unit_test_teardown(cascade_agrees, device_clear),
        cmocka_unit_test_teardown(plain_is_the_same, device_clear),
    };
    return cmocka_run_group_tests(tests, device_setup, device_teardown);
}
