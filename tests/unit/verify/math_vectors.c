// Answer equality on the graders' own vectors and on the MATH test set.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/buf.h"
#include "base/file.h"
#include "verify/math.h"
#include "verify/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ANSWERS = 5000 };

static void read_data(struct buf *out, const char *path)
{
    if (!file_exists(path)) {
        print_message("no %s: skipped\n", path);
        skip();
    }
    if (file_read(out, path, 1 << 24) != OK)
        fail_msg("%s", status_message());
}

// This layer has no JSON.  Reads the string at *p, which stands on its opening quote,
// and moves behind the closing one; the files hold hardly a \u escape.
static void read_string(struct buf *out, const char **p)
{
    const char *c = *p + 1;
    buf_clear(out);
    for (; *c != '"'; c++) {
        if (*c != '\\') {
            buf_char(out, *c);
            continue;
        }
        c++;
        buf_char(out, (char)(*c == 'n'   ? '\n'
                             : *c == 't' ? '\t'
                             : *c == 'r' ? '\r'
                             : *c == 'u' ? '?'
                                         : *c));
        c += *c == 'u' ? 4 : 0;
    }
    *p = c + 1;
}

// The next key and value of a flat object: strings as they are, others as their text.
// Returns 0 behind the last.
static int next_field(const char **p, struct buf *key, struct buf *value)
{
    *p += strspn(*p, "{, ");
    if (**p != '"')
        return 0;
    read_string(key, p);
    *p += strspn(*p, ": ");
    if (**p == '"') {
        read_string(value, p);
        return 1;
    }
    size_t len = strcspn(*p, ",}");
    buf_clear(value);
    buf_append(value, *p, len);
    *p += len;
    return 1;
}

// To the next line; 0 at the end.
static int next_line(const char **p)
{
    *p = strchr(*p, '\n');
    *p = *p ? *p + 1 : "";
    return **p == '{';
}

struct row {
    struct buf id, pred, ref;
    int equal, text, convention, decimals;
};

static void read_row(struct row *row, const char **p)
{
    struct buf key = {0}, value = {0};
    row->equal = row->text = row->convention = 0;
    row->decimals = 6;
    while (next_field(p, &key, &value)) {
        const char *name = buf_cstr(&key);
        struct buf *field = strcmp(name, "id") == 0     ? &row->id
                            : strcmp(name, "pred") == 0 ? &row->pred
                            : strcmp(name, "ref") == 0  ? &row->ref
                                                        : NULL;
        if (field) {
            buf_clear(field);
            buf_append(field, value.data, value.len);
        }
        if (strcmp(name, "equal") == 0)
            row->equal = strcmp(buf_cstr(&value), "true") == 0;
        if (strcmp(name, "kind") == 0)
            row->text = strcmp(buf_cstr(&value), "text") == 0;
        if (strcmp(name, "convention") == 0)
            row->convention = 1;
        if (strcmp(name, "decimals") == 0)
            row->decimals = atoi(buf_cstr(&value));
    }
    buf_free(&key);
    buf_free(&value);
}

static int grade(const struct row *row)
{
    const char *pred = buf_cstr(&row->pred), *ref = buf_cstr(&row->ref);
    size_t pred_len = row->pred.len, ref_len = row->ref.len;
    if (row->text) {
        if (!math_extract_any(pred, pred_len, &pred, &pred_len))
            return 0;
        (void)math_extract(ref, ref_len, &ref, &ref_len);
    }
    return math_equal_rounded(pred, pred_len, ref, ref_len, row->decimals);
}

static void test_graders_vectors(void **state)
{
    (void)state;
    struct buf file = {0};
    read_data(&file, SHARED_DATA "/math_equal/math_equal.jsonl");
    struct row row = {0};
    int rows = 0, right = 0, false_equal = 0, by_convention = 0, conventions = 0;
    const char *p = buf_cstr(&file);
    do {
        read_row(&row, &p);
        int equal = grade(&row);
        if (row.convention) {
            conventions++;
            by_convention += equal == row.equal;
            continue;
        }
        rows++;
        right += equal == row.equal;
        false_equal += equal && !row.equal;
        if (equal != row.equal)
            print_message("%s: %d, not %d\n", buf_cstr(&row.id), equal, row.equal);
    } while (next_line(&p));
    print_message(
        "vectors: %d of %d (%.1f %%), %d false equal; by one grader's own rule "
        "%d of %d\n",
        right, rows, 100.0 * right / rows, false_equal, by_convention, conventions);
    assert_true(rows > 200);
    assert_int_equal(false_equal, 0);
    assert_true(right * 100 >= rows * 97);
    buf_free(&row.id);
    buf_free(&row.pred);
    buf_free(&row.ref);
    buf_free(&file);
}

// The fields `a` and `b` (may be NULL) of an object.
static void read_two(const char **p, const char *a, struct buf *a_out, const char *b,
                     struct buf *b_out)
{
    struct buf key = {0}, value = {0};
    while (next_field(p, &key, &value)) {
        struct buf *out = strcmp(buf_cstr(&key), a) == 0        ? a_out
                          : b && strcmp(buf_cstr(&key), b) == 0 ? b_out
                                                                : NULL;
        if (!out)
            continue;
        buf_clear(out);
        buf_append(out, value.data, value.len);
    }
    buf_free(&key);
    buf_free(&value);
}

// "= answer" equals the answer where it is read, not compared as text.
static int is_read(const char *answer, size_t len)
{
    struct buf text = {0};
    buf_str(&text, "= \\, ");
    buf_append(&text, answer, len);
    int equal = math_equal(answer, len, buf_cstr(&text), text.len);
    buf_free(&text);
    return equal;
}

static void test_math_solutions(void **state)
{
    (void)state;
    struct buf file = {0}, solution = {0};
    read_data(&file, SHARED_DATA "/math/test.jsonl");
    int solutions = 0, right = 0, read = 0;
    const char *p = buf_cstr(&file);
    do {
        read_two(&p, "solution", &solution, NULL, NULL);
        const char *text = buf_cstr(&solution), *answer;
        size_t len;
        solutions++;
        if (!math_extract(text, solution.len, &answer, &len)) {
            print_message("no answer in: %s\n", text);
            continue;
        }
        struct buf copy = {0};
        buf_append(&copy, answer, len);
        right +=
            verify_answer(VERIFIER_MATH, text, solution.len, buf_cstr(&copy)) == 1.0f;
        if (is_read(answer, len))
            read++;
        else
            print_message("not read: %s\n", buf_cstr(&copy));
        buf_free(&copy);
    } while (next_line(&p));
    print_message("MATH solutions: %d of %d, %d of their answers read\n", right,
                  solutions, read);
    assert_int_equal(solutions, 5000);
    assert_int_equal(right, solutions);
    assert_int_equal(read, solutions);
    buf_free(&solution);
    buf_free(&file);
}

static void test_math500_answers(void **state)
{
    (void)state;
    struct buf file = {0}, solution = {0}, answer = {0};
    read_data(&file, SHARED_DATA "/math/math500.jsonl");
    int rows = 0, right = 0;
    const char *p = buf_cstr(&file);
    do {
        read_two(&p, "solution", &solution, "answer", &answer);
        rows++;
        right += verify_answer(VERIFIER_MATH, buf_cstr(&solution), solution.len,
                               buf_cstr(&answer)) == 1.0f;
    } while (next_line(&p));
    print_message("MATH-500: %d of %d\n", right, rows);
    assert_int_equal(rows, 500);
    assert_int_equal(right, rows);
    buf_free(&solution);
    buf_free(&answer);
    buf_free(&file);
}

// Whole numbers are equal exactly where they are the same number.
static void test_different_integers(void **state)
{
    (void)state;
    struct buf file = {0}, answer = {0};
    read_data(&file, SHARED_DATA "/math/math500.jsonl");
    long numbers[MAX_ANSWERS];
    int count = 0;
    const char *p = buf_cstr(&file);
    do {
        read_two(&p, "answer", &answer, NULL, NULL);
        char *end;
        long number = strtol(buf_cstr(&answer), &end, 10);
        if (*end == '\0' && answer.len > 0)
            numbers[count++] = number;
    } while (next_line(&p) && count < MAX_ANSWERS);
    assert_true(count > 200);
    for (int i = 0; i < count; i++)
        for (int j = i % 7; j < count; j += 7) {
            char a[32], b[32];
            (void)snprintf(a, sizeof a, "%ld", numbers[i]);
            (void)snprintf(b, sizeof b, "\\frac{%ld}{2}", numbers[j]);
            assert_int_equal(math_equal(a, strlen(a), b, strlen(b)),
                             2 * numbers[i] == numbers[j]);
        }
    buf_free(&answer);
    buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graders_vectors),
        cmocka_unit_test(test_math_solutions),
        cmocka_unit_test(test_math500_answers),
        cmocka_unit_test(test_different_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
