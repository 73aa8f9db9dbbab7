// Tasks that can never be done are refused with a reason; weights that give no numbers
// are named; a failed allocation is a status.
#include "fixture.h"

#include "base/mem.h"

#include <math.h>

static void expect_refused(struct expander *e, const struct msg_task *task,
                           const char *reason)
{
    assert_int_equal(expander_add(e, task), ERR_INPUT);
    if (!strstr(status_message(), reason))
        fail_msg("\"%s\" is not in \"%s\"", reason, status_message());
    assert_int_equal(expander_open_tasks(e), 0);
}

static void test_refused(void **state)
{
    static const int32_t branch[] = {2, 2};
    const struct msg_task good = task_make(0, branch, 2);
    struct expander *e = expander_make(*state, 4, ROOMY_PAGES);
    struct msg_task bad = good;
    bad.n_prompt = 0;
    expect_refused(e, &bad, "empty");
    bad = good;
    int32_t token = 1 << 20;
    bad.prompt = &token;
    bad.n_prompt = 1;
    expect_refused(e, &bad, "token 0");
    bad = good;
    bad.n_branch = 0;
    expect_refused(e, &bad, "0 depths");
    bad = good;
    bad.branch[1] = 0;
    expect_refused(e, &bad, "depth 1");
    bad = good;
    bad.branch[0] = bad.branch[1] = TREE_MAX_NODES / 2;
    expect_refused(e, &bad, "nodes");
    bad = good;
    bad.first_child = 1;
    expect_refused(e, &bad, "children 1 to 2 of 2");
    bad = good;
    bad.temperature = NAN;
    expect_refused(e, &bad, "temperature");
    bad = good;
    bad.temperature = -1;
    expect_refused(e, &bad, "temperature");
    bad = good;
    bad.max_new_tokens = 0;
    expect_refused(e, &bad, "max_new_tokens");
    expander_free(e);
}

static void test_too_long(void **state)
{
    static const int32_t branch[] = {2};
    const struct world *w = *state;
    struct msg_task task = task_make(0, branch, 1);
    int32_t prompt[200] = {0};
    struct expander *e = expander_make(w, 4, 5);
    task.prompt = prompt;
    task.n_prompt = (size_t)w->model.config.max_positions;
    expect_refused(e, &task, "leaves no room in 160 positions");
    task.n_prompt = 17;
    task.max_new_tokens = 49; // 2 pages and 4 pages
    expect_refused(e, &task, "6 key/value pages: there are 5");
    task.max_new_tokens = 48;
    struct tree t = {0};
    assert_ok(expander_add(e, &task));
    assert_int_equal(next_tree(e, &t), task.lease);
    tree_free(&t);
    expander_free(e);
}

static void test_weights_not_finite(void **state)
{
    (void)state;
    struct world w;
    static const int32_t branch[] = {2};
    int worked = 0;
    world_make(&w);
    struct msg_task task = task_make(0, branch, 1);
    w.model.params[w.model.layout.final_norm] = NAN;
    model_repack(&w.model);
    struct expander *e = expander_make(&w, 4, ROOMY_PAGES);
    assert_ok(expander_add(e, &task));
    assert_int_equal(expander_step(e, &worked), ERR_INPUT);
    assert_non_null(strstr(status_message(), "not finite"));
    expander_free(e);
    world_free(&w);
}

static enum status expand_once(const struct world *w, const struct msg_task *task)
{
    struct expander_config c = {4,   64, w->delimiters.ids, w->delimiters.len, NULL, 0,
                                {0}, NULL};
    struct expander *e = NULL;
    struct tree t = {0};
    uint64_t lease = 0;
    int got = 0, worked = 1;
    enum status st;
    TRY_OUT(expander_new(&e, &c, &w->model, w->tokenizer));
    TRY_OUT(expander_add(e, task));
    while (worked)
        TRY_OUT(expander_step(e, &worked));
    TRY_OUT(expander_take(e, &lease, &t, &got));
    assert_true(got);
out:
    tree_free(&t);
    expander_free(e);
    return st;
}

static void test_no_memory(void **state)
{
    static const int32_t branch[] = {2, 2};
    const struct msg_task task = task_make(0, branch, 2);
    int failures = 0;
    for (long n = 1;; n++) {
        mem_fail_nth(n);
        enum status st = expand_once(*state, &task);
        mem_fail_nth(0);
        if (st == OK)
            break;
        assert_int_equal(st, ERR_NOMEM);
        failures++;
    }
    assert_true(failures > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_weights_not_finite),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
