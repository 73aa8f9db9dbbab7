// The longest prompt and path of a data set, found among the longest texts and among
// all. cmocka.h needs the standard headers before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
// clang-format on
#include "launch/longest.h"

#include "base/mem.h"

#include <stdio.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

enum { PROBLEMS = 200, LONG_ONE = 137 };

static void add(struct job *job, int words, const char *solution)
{
    struct problem p = {.verifier = VERIFIER_NUMBER};
    char question[4096] = "";
    for (int i = 0; i < words; i++)
        (void)snprintf(question + strlen(question), 16, " %d", i % 10);
    assert_ok(mem_strdup(&p.question, question));
    assert_ok(mem_strdup(&p.solution, solution));
    assert_ok(mem_strdup(&p.answer, "1"));
    assert_ok(dataset_add(&job->train, &p));
}

static void job_make(struct job *job, int max_positions)
{
    char new_tokens[] = "rollout.max_new_tokens=30", *set[] = {new_tokens};
    *job = (struct job){0};
    job->model.config.max_positions = max_positions;
    assert_ok(settings_load(&job->settings, NULL, 1, set));
    assert_ok(tokenizer_load(&job->tokenizer, TEST_DATA "/text/families/smollm2"));
    assert_ok(prompts_open(&job->prompts, &job->settings, job->tokenizer,
                           TEST_DATA "/text/families/smollm2"));
    for (int i = 0; i < PROBLEMS; i++)
        add(job, i == LONG_ONE ? 90 : 3 + i % 50, i == 5 ? "" : "so #### 1");
}

static size_t encoded(const struct job *job, int row)
{
    struct tokens ids = {0};
    assert_ok(prompts_ask(&job->prompts, &job->train.problems[row], &ids));
    size_t n = ids.len;
    tokens_free(&ids);
    return n;
}

static void the_longest_is_found(void **state)
{
    (void)state;
    struct job job;
    struct longest some = {0}, all = {0};
    job_make(&job, 4096);
    assert_ok(longest_find(&job, &job.train, LONGEST_GENERATED, &some));
    assert_ok(longest_find(&job, &job.train, LONGEST_EXACT, &all));
    assert_int_equal(some.prompt, encoded(&job, LONG_ONE));
    assert_int_equal(some.path, some.prompt + 30);
    assert_memory_equal(&some, &all, sizeof all);
    job_free(&job);
}

static void positions_bound_it(void **state)
{
    (void)state;
    struct job job;
    struct longest l = {0};
    job_make(&job, 64);
    assert_ok(longest_find(&job, &job.train, LONGEST_GENERATED, &l));
    assert_int_equal(l.prompt, 64);
    assert_int_equal(l.path, 64);
    job_free(&job);
}

// With the solution and its end; one that is missing is named by its row.
static void imitation_counts_solutions(void **state)
{
    (void)state;
    struct job job;
    struct longest l = {0};
    struct tokens tell = {0};
    job_make(&job, 4096);
    assert_ok(prompts_tell(&job.prompts, &job.train.problems[LONG_ONE], &tell));
    assert_ok(longest_find(&job, &job.train, LONGEST_IMITATED, &l));
    assert_int_equal(l.path, encoded(&job, LONG_ONE) + tell.len + 1);
    assert_int_equal(
        longest_find(&job, &job.train, LONGEST_IMITATED | LONGEST_EXACT, &l),
        ERR_INPUT);
    assert_non_null(strstr(status_message(), "problem 5"));
    tokens_free(&tell);
    job_free(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_is_found),
        cmocka_unit_test(positions_bound_it),
        cmocka_unit_test(imitation_counts_solutions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
