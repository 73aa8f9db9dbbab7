// FNV-1a against its published values (Fowler, Noll, Vo: test vectors of the 64-bit
// variant, draft-eastlake-fnv).
#include "base/hash.h"

#include "base_test.h"

static uint64_t of(const char *text)
{
    return hash_bytes(HASH_START, text, strlen(text));
}

static void known_answers(void **state)
{
    (void)state;
    assert_true(of("") == 0xcbf29ce484222325U);
    assert_true(of("a") == 0xaf63dc4c8601ec8cU);
    assert_true(of("b") == 0xaf63df4c8601f1a5U);
    assert_true(of("foobar") == 0x85944171f73967e8U);
}

static void pieces_chain(void **state)
{
    (void)state;
    assert_true(hash_bytes(of("foo"), "bar", 3) == of("foobar"));
    assert_true(hash_bytes(of("foo"), NULL, 0) == of("foo"));
}

static void bytes_are_unsigned_and_counted(void **state)
{
    (void)state;
    const char high[] = {(char)0xff, 0};
    assert_true(hash_bytes(HASH_START, high, 1) != hash_bytes(HASH_START, high, 2));
    assert_true(hash_bytes(HASH_START, high, 1) ==
                (HASH_START ^ 0xffU) * 0x100000001b3U);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(pieces_chain),
        cmocka_unit_test(bytes_are_unsigned_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
