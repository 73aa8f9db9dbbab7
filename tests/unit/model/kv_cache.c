// The cache's bookkeeping: pages, references, bounds and what is refused.
#include "fixture.h"

#include "model/decode.h"

enum { PAGES = 8, ROWS = 8 };

struct decoding {
    struct model m;
    struct kv_cache *cache;
    struct decoder *decoder;
};

static int setup(void **state)
{
    struct decoding *d = calloc(1, sizeof *d);
    struct model_config c = tiny_config(0, 1);
    assert_non_null(d);
    tiny_model(&d->m, &c);
    assert_ok(kv_cache_new(&d->cache, &c, PAGES));
    assert_ok(decoder_new(&d->decoder, &d->m, ROWS));
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    struct decoding *d = *state;
    model_free(&d->m);
    kv_cache_free(d->cache);
    decoder_free(d->decoder);
    free(d);
    return 0;
}

static int32_t open_branch(struct decoding *d, int32_t parent)
{
    int32_t branch = -1;
    assert_ok(kv_branch_open(d->cache, parent, &branch));
    return branch;
}

static void feed(struct decoding *d, int32_t branch, int n)
{
    int32_t tokens[256] = {3, 1, 4, 1, 5};
    assert_ok(decode_prefill(d->decoder, &d->m, d->cache, branch, tokens, n));
}

static void pages_are_counted(void **state)
{
    struct decoding *d = *state;
    int32_t root = open_branch(d, -1);
    assert_int_equal(kv_cache_free_pages(d->cache), PAGES);
    feed(d, root, KV_PAGE);
    assert_int_equal(kv_cache_free_pages(d->cache), PAGES - 1);
    feed(d, root, 1);
    assert_int_equal(kv_cache_free_pages(d->cache), PAGES - 2);
    assert_int_equal(kv_branch_length(d->cache, root), KV_PAGE + 1);
    kv_branch_release(d->cache, root);
    assert_int_equal(kv_cache_free_pages(d->cache), PAGES);
}

static void a_prefix_lives_as_long_as_its_branches(void **state)
{
    struct decoding *d = *state;
    int32_t root = open_branch(d, -1);
    feed(d, root, 5);
    int32_t a = open_branch(d, root), b = open_branch(d, root);
    feed(d, a, 20);
    int32_t under_a = open_branch(d, a);
    feed(d, under_a, 1);
    assert_int_equal(kv_branch_length(d->cache, under_a), 26);
    assert_int_equal(kv_cache_free_pages(d->cache), PAGES - 4);
    kv_branch_release(d->cache, root);
    kv_branch_release(d->cache, a);
    assert_int_equal(kv_cache_free_pages(d->cache), PAGES - 4);
    kv_branch_release(d->cache, under_a);
    assert_int_equal(kv_cache_free_pages(d->cache), PAGES - 1);
    kv_branch_release(d->cache, b);
    assert_int_equal(kv_cache_free_pages(d->cache), PAGES);
}

static void out_of_pages_feeds_nothing(void **state)
{
    struct decoding *d = *state;
    int32_t tokens[256] = {0}, branches[2];
    branches[0] = open_branch(d, -1);
    branches[1] = open_branch(d, -1);
    assert_int_equal(decode_prefill(d->decoder, &d->m, d->cache, branches[0], tokens,
                                    PAGES * KV_PAGE + 1),
                     ERR_LIMIT);
    assert_int_equal(kv_branch_length(d->cache, branches[0]), 0);
    feed(d, branches[0], (PAGES - 1) * KV_PAGE);
    // One page is left, and two are wanted.
    assert_int_equal(decode_step(d->decoder, &d->m, d->cache, branches, tokens, 2),
                     ERR_LIMIT);
    assert_int_equal(kv_branch_length(d->cache, branches[0]), (PAGES - 1) * KV_PAGE);
    assert_int_equal(kv_branch_length(d->cache, branches[1]), 0);
    assert_ok(decode_step(d->decoder, &d->m, d->cache, branches, tokens, 1));
    assert_int_equal(kv_cache_free_pages(d->cache), 0);
    kv_branch_release(d->cache, branches[0]);
    kv_branch_release(d->cache, branches[1]);
}

static enum status step_one(struct decoding *d, int32_t branch, int32_t token)
{
    return decode_step(d->decoder, &d->m, d->cache, &branch, &token, 1);
}

static void wrong_calls_are_refused(void **state)
{
    struct decoding *d = *state;
    int32_t twice[2], tokens[16] = {0}, other = -7;
    int32_t root = open_branch(d, -1);
    feed(d, root, 3);
    int32_t child = open_branch(d, root);
    assert_int_equal(step_one(d, root, 0), ERR_INTERNAL);
    assert_int_equal(step_one(d, 99, 0), ERR_INTERNAL);
    assert_int_equal(step_one(d, child, d->m.config.vocab), ERR_INPUT);
    assert_int_equal(step_one(d, child, -1), ERR_INPUT);
    twice[0] = twice[1] = child;
    assert_int_equal(decode_step(d->decoder, &d->m, d->cache, twice, tokens, 2),
                     ERR_INTERNAL);
    assert_int_equal(decode_prefill(d->decoder, &d->m, d->cache, child, tokens, 0),
                     ERR_INPUT);
    assert_int_equal(kv_branch_open(d->cache, 99, &other), ERR_INTERNAL);
    assert_int_equal(other, -7);
    assert_int_equal(kv_branch_length(d->cache, child), 3);
    kv_branch_release(d->cache, root);
    kv_branch_release(d->cache, child);
    assert_int_equal(step_one(d, child, 0), ERR_INTERNAL);
    assert_int_equal(kv_cache_free_pages(d->cache), PAGES);
}

static void positions_are_bounded(void **state)
{
    struct decoding *d = *state;
    int32_t tokens[40] = {0};
    int32_t branch = open_branch(d, -1);
    int32_t most = d->m.config.max_positions;
    d->m.config.max_positions = 32;
    assert_int_equal(decode_prefill(d->decoder, &d->m, d->cache, branch, tokens, 33),
                     ERR_LIMIT);
    feed(d, branch, 32);
    assert_int_equal(step_one(d, branch, 0), ERR_LIMIT);
    d->m.config.max_positions = most;
    kv_branch_release(d->cache, branch);
}

static void order_is_depth_first(void **state)
{
    struct decoding *d = *state;
    int32_t root = open_branch(d, -1), other = open_branch(d, -1);
    int32_t a = open_branch(d, root), b = open_branch(d, root);
    int32_t b1 = open_branch(d, b), a1 = open_branch(d, a), a2 = open_branch(d, a);
    const int32_t branches[] = {a2, b1, other, a1, root, b};
    const int32_t want[] = {4, 3, 0, 5, 1, 2};
    int32_t order[6];
    kv_branch_order(d->cache, branches, order, 6);
    assert_memory_equal(order, want, sizeof want);
    const int32_t all[] = {root, other, a, b, b1, a1, a2};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        kv_branch_release(d->cache, all[i]);
}

// Prefill costs what the same tokens cost one by one, a token's cost is the formula's,
// and whoever draws pays for the logits.
static void flops_are_counted(void **state)
{
    struct decoding *d = *state;
    const struct model_config *c = &d->m.config;
    double matrices =
        2.0 * c->dim * ((c->heads * 2 + c->kv_heads * 2) * c->head_dim + 3 * c->ffn);
    double before = decoder_flops(d->decoder);
    int32_t root = open_branch(d, -1);
    feed(d, root, 2);
    double keys = 1 + 2;
    double want = c->layers * (2 * matrices + 4.0 * c->heads * c->head_dim * keys);
    assert_true(decoder_flops(d->decoder) - before == want);
    before = decoder_flops(d->decoder);
    assert_ok(step_one(d, root, 0));
    want = c->layers * (matrices + 4.0 * c->heads * c->head_dim * 3);
    assert_true(decoder_flops(d->decoder) - before == want);
    before = decoder_flops(d->decoder);
    struct decode_draw draw = {.branch = root, .temperature = 1.0f, .u = 0.5};
    assert_ok(decode_draw(d->decoder, &d->m, d->cache, &draw, 1));
    assert_true(decoder_flops(d->decoder) - before == 2.0 * c->dim * c->vocab);
    kv_branch_release(d->cache, root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_prefix_lives_as_long_as_its_branches, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(out_of_pages_feeds_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_calls_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(positions_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(order_is_depth_first, setup, teardown),
        cmocka_unit_test_setup_teardown(flops_are_counted, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
