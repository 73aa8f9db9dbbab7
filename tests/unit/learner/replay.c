// The replay store: what is found, what leaves.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "learner/replay.h"

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static void add(struct replay *r, uint64_t prompt, const int32_t *prefix, size_t n,
                uint64_t version)
{
    const int32_t token = (int32_t)version;
    const float zero = 0.0F;
    struct tree t = {0};
    int32_t leaf;
    assert_ok(tree_init(&t, prompt, prefix, n));
    t.policy_version = version;
    t.nodes[0].branching = 1;
    assert_ok(tree_add(&t, 0, 0, NODE_EOS, &token, &zero, &zero, 1, &leaf));
    assert_ok(replay_add(r, &t));
    assert_null(t.nodes);
}

static uint64_t versions(const struct replay *r, uint64_t prompt, const int32_t *prefix,
                         size_t n)
{
    uint64_t found = 0;
    size_t at = 0;
    for (const struct tree *t; (t = replay_find(r, prompt, prefix, n, &at));)
        found = found * 10 + t->policy_version;
    return found;
}

static void test_find(void **state)
{
    const int32_t a[] = {1, 2}, b[] = {1, 3}, longer[] = {1, 2, 4};
    struct replay r = {0};
    (void)state;
    add(&r, 7, a, 2, 1);
    add(&r, 7, b, 2, 2);
    add(&r, 8, a, 2, 3);
    add(&r, 7, longer, 3, 4);
    add(&r, 7, a, 2, 5);
    assert_int_equal(versions(&r, 7, a, 2), 51); // newest first
    assert_int_equal(versions(&r, 7, b, 2), 2);
    assert_int_equal(versions(&r, 8, a, 2), 3);
    assert_int_equal(versions(&r, 7, longer, 3), 4);
    assert_int_equal(versions(&r, 9, a, 2), 0);
    replay_free(&r);
    assert_int_equal(versions(&r, 7, a, 2), 0);
}

static void test_evict(void **state)
{
    const int32_t a[] = {1, 2};
    struct replay r = {0};
    (void)state;
    for (uint64_t version = 1; version <= 6; version++)
        add(&r, 7, a, 2, version);
    size_t one = r.bytes / 6;
    replay_evict(&r, 3, (size_t)-1);
    assert_int_equal(versions(&r, 7, a, 2), 6543);
    replay_evict(&r, 0, 2 * one);
    assert_int_equal(versions(&r, 7, a, 2), 65);
    assert_int_equal(r.bytes, 2 * one);
    replay_evict(&r, 0, one - 1);
    assert_int_equal(r.n, 0);
    assert_int_equal(r.bytes, 0);
    replay_evict(&r, 9, 0);
    add(&r, 7, a, 2, 9);
    assert_int_equal(versions(&r, 7, a, 2), 9);
    replay_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find),
                                       cmocka_unit_test(test_evict)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
