// What the tasks of a step say that their prompts have in common.
#include "learner/plan.h"

#include "base/mem.h"

#include <cmocka.h>
#include <string.h>

// Prompts of tokens below 10, as text; the position picks one.
static const char *const *texts;

static enum status fill(void *context, uint64_t position, struct msg_task *task)
{
    const char *text = texts[position];
    (void)context;
    task->n_prompt = strlen(text);
    TRY(mem_new(&task->prompt, task->n_prompt, sizeof *task->prompt));
    for (size_t i = 0; i < task->n_prompt; i++)
        task->prompt[i] = text[i] - '0';
    return mem_strdup(&task->answer, "");
}

static const int32_t LIKE[] = {1, 2, 3, 4};

static int32_t common_of(const char *const *prompts, size_t n, int on, size_t n_like)
{
    const struct plan plan = {.prompts = {NULL, fill},
                              .branch = {2},
                              .n_branch = 1,
                              .max_new_tokens = 4,
                              .temperature = 1.0F,
                              .common_root = on,
                              .like = LIKE,
                              .n_like = n_like};
    struct msg_task *tasks = NULL;
    texts = prompts;
    if (plan_tasks(&plan, 3, 0, n, 1, &tasks) != OK)
        fail_msg("%s", status_message());
    int32_t common = tasks[0].common;
    for (size_t i = 1; i < n; i++)
        assert_int_equal(tasks[i].common, common);
    plan_free(tasks, n);
    return common;
}

static void test_common(void **state)
{
    static const struct {
        const char *prompts[3];
        size_t n, n_like;
        int32_t common;
    } cases[] = {
        {{"12345", "12378", "123"}, 3, 0, 3},
        {{"12345", "12345", "12345"}, 3, 0, 5},
        {{"123", "12345", "123456"}, 3, 0, 3},
        {{"7", "12", "12"}, 3, 0, 0},
        {{"12345"}, 1, 0, 5},
        {{"12345", "12346"}, 2, 0, 4},
        {{"12345"}, 1, 4, 4},
        {{"12345", "12346"}, 2, 3, 3},
        {{"12945", "12946"}, 2, 4, 2},
        {{"9", "9"}, 2, 4, 0},
        {{"12", "12"}, 2, 4, 2},
        {{"123", "124"}, 2, 4, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t got = common_of(cases[i].prompts, cases[i].n, 1, cases[i].n_like);
        if (got != cases[i].common)
            fail_msg("case %zu: %d, not %d", i, got, cases[i].common);
        assert_int_equal(common_of(cases[i].prompts, cases[i].n, 0, cases[i].n_like),
                         0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_common)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
