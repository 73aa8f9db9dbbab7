// The verifiers on GSM8K itself: references, annotations, and graded model solutions.
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
#include "base/mem.h"
#include "verify/annotation.h"
#include "verify/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER SHARED_DATA "/gsm8k"

static void read_data(struct buf *out, const char *name)
{
    char path[512];
    if (!file_exists(FOLDER)) {
        print_message("no GSM8K in %s: skipped\n", FOLDER);
        skip();
    }
    (void)snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    if (file_read(out, path, 1 << 24) != OK)
        fail_msg("%s", status_message());
}

// This layer has no JSON; the files are ASCII with few escapes.  Reads the string at
// *p, which stands on its opening quote, and moves behind the closing one.
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
        buf_char(out, *c == 'n' ? '\n' : *c == 'u' ? '?' : *c);
        if (*c == 'u')
            c += 4;
    }
    *p = c + 1;
}

// The next string value of `key` in a line.
static void next_value(struct buf *out, const char **p, const char *key)
{
    const char *at = strstr(*p, key);
    assert_non_null(at);
    *p = strchr(at + strlen(key), '"');
    read_string(out, p);
}

// Cuts the next line off; NULL at the end.
static const char *next_line(char **rest)
{
    return **rest ? strsep(rest, "\n") : NULL;
}

struct totals {
    int solutions, accepted, annotations, wrong, unreadable, steps, right;
};

static void judge_reference(struct totals *t, const char *text, size_t len)
{
    const char *answer = NULL;
    size_t answer_len = 0;
    char reference[64] = {0};
    struct annotations found;
    struct step_score score;
    assert_true(verify_extract(text, len, &answer, &answer_len));
    memcpy(reference, answer, answer_len);
    annotations_scan(text, len, &found);
    verify_steps(text, len, text, &score);
    t->solutions++;
    t->accepted += verify_answer(VERIFIER_NUMBER, text, len, reference) == 1.0f;
    t->annotations += found.right + found.wrong + found.unreadable;
    t->wrong += found.wrong;
    t->unreadable += found.unreadable;
    t->steps += score.steps;
    t->right += score.right;
}

static void judge_file(struct totals *t, const char *name)
{
    struct buf text = {0}, solution = {0};
    read_data(&text, name);
    char *rest = (char *)text.data;
    for (const char *p; (p = next_line(&rest)) != NULL;) {
        next_value(&solution, &p, "\"answer\": ");
        judge_reference(t, buf_cstr(&solution), solution.len);
    }
    buf_free(&text);
    buf_free(&solution);
}

static void test_references(void **state)
{
    struct totals t = {0};
    (void)state;
    judge_file(&t, "train.jsonl");
    judge_file(&t, "test.jsonl");
    assert_int_equal(t.solutions, 7473 + 1319);
    assert_int_equal(t.accepted, t.solutions);
    assert_int_equal(t.annotations, 27998);
    assert_int_equal(t.wrong, 0);
    assert_int_equal(t.unreadable, 0);
    // A line is right against itself unless it has no number at all: 261 of them.
    assert_int_equal(t.steps, 31539);
    assert_int_equal(t.right, 31278);
}

// Model solutions end in "A: N" where the data set has "#### N": `out` has the latter.
static void rewrite_end(struct buf *out, const struct buf *solution)
{
    const char *text = buf_cstr(solution), *last = strrchr(text, '\n');
    last = last ? last + 1 : text;
    buf_clear(out);
    buf_append(out, text, (size_t)(last - text));
    if (strncmp(last, "A:", 2) == 0) {
        buf_str(out, "####");
        last += 2;
    }
    buf_str(out, last);
}

static int accepts(const struct buf *solution, const struct buf *truth)
{
    char reference[64] = {0};
    const char *answer = NULL;
    size_t len = 0;
    assert_true(verify_extract(buf_cstr(truth), truth->len, &answer, &len));
    memcpy(reference, answer, len);
    return verify_answer(VERIFIER_NUMBER, buf_cstr(solution), solution->len,
                         reference) == 1.0f;
}

// Graded solutions, and what the partial verifier says of them.
struct graded {
    int n, agree, right, right_cut, wrong_cut;
};

static void judge_solution(struct graded *g, const struct buf *solution,
                           const struct buf *truth, int is_correct)
{
    int cut = verify_partial(buf_cstr(solution), solution->len) == VERDICT_INVALID;
    g->n++;
    g->agree += accepts(solution, truth) == is_correct;
    g->right += is_correct;
    g->right_cut += cut && is_correct;
    g->wrong_cut += cut && !is_correct;
}

static void test_model_solutions(void **state)
{
    struct buf text = {0}, raw = {0}, truth = {0}, solution = {0};
    struct graded g = {0};
    (void)state;
    read_data(&text, "example_model_solutions.jsonl");
    char *rest = (char *)text.data;
    for (const char *p; (p = next_line(&rest)) != NULL;) {
        next_value(&raw, &p, "\"ground_truth\": ");
        rewrite_end(&truth, &raw);
        for (int k = 0; k < 4; k++) {
            int is_correct = strstr(p, "\"is_correct\": ")[14] == 't';
            next_value(&raw, &p, "\"solution\": ");
            rewrite_end(&solution, &raw);
            judge_solution(&g, &solution, &truth, is_correct);
        }
    }
    assert_int_equal(g.n, 5276);
    assert_int_equal(g.agree, 5276);
    print_message("invalid: %d of %d wrong solutions, %d of %d right ones\n",
                  g.wrong_cut, g.n - g.right, g.right_cut, g.right);
    assert_true(20 * g.right_cut < g.right && g.wrong_cut > g.right_cut);
    buf_free(&text);
    buf_free(&raw);
    buf_free(&truth);
    buf_free(&solution);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_model_solutions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
