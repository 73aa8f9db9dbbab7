// Rows of etreerpo grade: which fields are read, and as what.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "launch/grade_row.h"

#include "data/cell.h"

#include <string.h>

static enum status read_text(struct grade_row *out, const char *text,
                             const enum verifier *chosen)
{
    json_t *row = NULL;
    size_t at = 0;
    assert_int_equal(cell_read(&row, text, strlen(text), &at), OK);
    enum status st = grade_row_read(out, row, chosen);
    json_decref(row);
    return st;
}

static void expect(const char *text, enum verifier verifier, const char *gold,
                   const char *reply)
{
    struct grade_row r = {0};
    if (read_text(&r, text, NULL) != OK)
        fail_msg("%s: %s", text, status_message());
    assert_int_equal(r.verifier, verifier);
    assert_string_equal(buf_cstr(&r.gold), gold);
    assert_string_equal(buf_cstr(&r.reply), reply);
    grade_row_free(&r);
}

static void test_fields(void **state)
{
    (void)state;
    expect("{\"gold\": \"5\", \"reply\": \"a\"}", VERIFIER_MATH, "5", "a");
    expect("{\"answer\": 5, \"response\": \"a\"}", VERIFIER_MATH, "5", "a");
    expect("{\"reference\": 0.1, \"completion\": \"a\"}", VERIFIER_MATH, "0.1", "a");
    expect("{\"gold\": \"5\", \"pred\": 6, \"verifier\": \"last-number\"}",
           VERIFIER_LAST_NUMBER, "5", "6");
    expect("{\"prompt\": \"p\", \"answer\": \"5\", \"reply\": \"a\"}", VERIFIER_MATH,
           "5", "a");
    expect("{\"question\": \"q\", \"answer\": \"5\", \"reply\": \"a\"}", VERIFIER_MATH,
           "5", "a");
}

static void test_problems(void **state)
{
    (void)state;
    expect("{\"question\": \"q\", \"answer\": \"2+3\\n#### 5\", \"reply\": \"a\"}",
           VERIFIER_NUMBER, "5", "a");
    expect("{\"problem\": \"q\", \"solution\": \"so \\\\boxed{5}\", \"reply\": \"a\"}",
           VERIFIER_MATH, "5", "a");
    expect(
        "{\"question\": \"q\", \"numbers\": [2, 3], \"target\": 5, \"reply\": \"a\"}",
        VERIFIER_COUNTDOWN, "5: 2 3", "a");
}

static void test_choice_of_the_command_line(void **state)
{
    struct grade_row r = {0};
    const enum verifier number = VERIFIER_NUMBER;
    (void)state;
    assert_int_equal(
        read_text(&r, "{\"gold\": \"5\", \"reply\": \"a\", \"verifier\": \"math\"}",
                  &number),
        OK);
    assert_int_equal(r.verifier, VERIFIER_NUMBER);
    grade_row_free(&r);
}

static void test_refused(void **state)
{
    static const char *const ROWS[] = {
        "{\"gold\": \"5\"}",
        "{\"reply\": \"5\"}",
        "{\"gold\": [5], \"reply\": \"5\"}",
        "{\"gold\": \"5\\u0000\", \"reply\": \"5\"}",
        "{\"gold\": \"5\", \"reply\": \"5\", \"verifier\": \"code\"}",
        "{\"gold\": \"5\", \"reply\": \"5\", \"verifier\": 5}",
        "{\"problem\": \"q\", \"reply\": \"5\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct grade_row r = {0};
        if (read_text(&r, ROWS[i], NULL) != ERR_INPUT)
            fail_msg("%s", ROWS[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_choice_of_the_command_line),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
