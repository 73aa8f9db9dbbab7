// Every allocation may fail: then the call says so, leaks nothing (the sanitizers look)
// and leaves its output as it was.
#include "folder.h"

#include "base/mem.h"
#include "model/decode.h"

enum { MOST = 200 };

// Fails the 1st, 2nd, ... allocation of `call` until it succeeds; returns how many.
#define failures_of(call)                                                              \
    __extension__({                                                                    \
        long n_ = 1;                                                                   \
        for (;; n_++) {                                                                \
            mem_fail_nth(n_);                                                          \
            enum status st_ = (call);                                                  \
            mem_fail_nth(0);                                                           \
            if (st_ == OK)                                                             \
                break;                                                                 \
            assert_int_equal(st_, ERR_NOMEM);                                          \
            assert_true(n_ < MOST);                                                    \
        }                                                                              \
        n_ - 1;                                                                        \
    })

static void constructors_survive(void **state)
{
    (void)state;
    struct model_config c = tiny_config(1, 0);
    struct model m = {0};
    struct activations *a = NULL;
    struct kv_cache *cache = NULL;
    struct decoder *d = NULL;
    assert_int_equal(failures_of(model_new(&m, &c)), 6);
    assert_int_equal(failures_of(activations_new(&a, &m)), 2);
    assert_int_equal(failures_of(kv_cache_new(&cache, &c, 4)), 4);
    assert_int_equal(failures_of(decoder_new(&d, &m, 4)), 14);
    model_free(&m);
    activations_free(a);
    kv_cache_free(cache);
    decoder_free(d);
}

static void training_survives(void **state)
{
    (void)state;
    struct model_config c = tiny_config(1, 0);
    struct model m;
    struct token_tree t;
    struct activations *a = NULL;
    static float log_prob[PACK_TOKENS];
    tiny_model(&m, &c);
    random_tree(&t, 1, c.vocab);
    struct test_pack *p = pack_tree(&t);
    assert_ok(activations_new(&a, &m));
    assert_int_equal(failures_of(model_forward(&m, a, &p->pack, 1, log_prob, NULL)), 1);
    activations_free(a);
    free(p);
    model_free(&m);
}

// A call that fails has fed nothing: the same call then gives what it always gives.
static void decoding_survives(void **state)
{
    (void)state;
    struct model_config c = tiny_config(0, 1);
    struct model m;
    struct kv_cache *cache = NULL;
    struct decoder *d = NULL;
    int32_t prompt[20] = {5, 6, 7}, token = 9, root = -1, child = -1;
    float logits[64], want[64];
    tiny_model(&m, &c);
    for (int round = 0; round < 2; round++) {
        assert_ok(kv_cache_new(&cache, &c, 16));
        assert_ok(decoder_new(&d, &m, 4));
        if (round == 0) {
            assert_ok(kv_branch_open(cache, -1, &root));
            assert_ok(decode_prefill(d, &m, cache, root, prompt, 20));
            assert_ok(kv_branch_open(cache, root, &child));
            assert_ok(decode_step(d, &m, cache, &child, &token, 1));
            assert_ok(decode_logits(d, &m, cache, child, want));
        } else {
            assert_true(failures_of(kv_branch_open(cache, -1, &root)) > 0);
            assert_true(failures_of(decode_prefill(d, &m, cache, root, prompt, 20)) >
                        0);
            assert_true(failures_of(kv_branch_open(cache, root, &child)) >= 0);
            assert_true(failures_of(decode_step(d, &m, cache, &child, &token, 1)) > 0);
            assert_ok(decode_logits(d, &m, cache, child, logits));
            assert_int_equal(kv_branch_length(cache, child), 21);
            assert_int_equal(kv_cache_free_pages(cache), 13);
            assert_memory_equal(logits, want, sizeof(float) * (size_t)c.vocab);
        }
        kv_cache_free(cache);
        decoder_free(d);
    }
    model_free(&m);
}

static void files_survive(void **state)
{
    (void)state;
    struct model_config c = tiny_config(0, 1);
    struct folder f;
    struct model m, back = {0};
    folder_new(&f);
    tiny_model(&m, &c);
    assert_true(failures_of(model_save(&m, f.path)) > 0);
    assert_true(failures_of(model_load(&back, f.path)) > 6);
    assert_memory_equal(m.params, back.params, model_param_count(&m) * sizeof(float));
    model_free(&back);
    model_free(&m);
    folder_free(&f);
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    struct model m = {0};
    model_free(NULL);
    model_free(&m);
    activations_free(NULL);
    kv_cache_free(NULL);
    decoder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constructors_survive),    cmocka_unit_test(training_survives),
        cmocka_unit_test(decoding_survives),       cmocka_unit_test(files_survive),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
