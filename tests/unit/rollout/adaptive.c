// Branching that adapts: bounds, the hard budget, and the same tree on any batch size.
#include "fixture.h"

enum { TASKS = 6 };

static struct msg_task adaptive_task(uint64_t i, enum branch_rule rule, int64_t budget)
{
    const int32_t branch[] = {3, 5, 5};
    struct msg_task t = task_make(i, branch, 3);
    t.step_tokens = 6;
    t.max_new_tokens = 40;
    t.rule = (struct branching){.rule = rule,
                                .depths = 3,
                                .most = 5,
                                .rate = {3, 1.6, 2.4},
                                .entropy = {0, 1.0, 1.5},
                                .sharpness = 2.0,
                                .budget = budget};
    return t;
}

static void check_children(const struct msg_task *task, const struct tree *t)
{
    for (size_t i = 1; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        if (n->end == NODE_BRANCHED)
            assert_in_range(n->branching, 1, task->rule.most);
    }
    if (task->rule.budget > 0)
        assert_true((int64_t)(t->n_tokens - task->n_prompt) <= task->rule.budget);
}

static void check_rule(const struct world *w, enum branch_rule rule, int64_t budget)
{
    struct msg_task tasks[TASKS];
    struct tree wide[TASKS] = {{0}}, narrow[TASKS] = {{0}};
    for (uint64_t i = 0; i < TASKS; i++)
        tasks[i] = adaptive_task(i, rule, budget);
    expand_all(w, 64, ROOMY_PAGES, tasks, NULL, TASKS, wide);
    expand_all(w, 3, ROOMY_PAGES, tasks, NULL, TASKS, narrow);
    for (size_t i = 0; i < TASKS; i++) {
        assert_ok(tree_check(&wide[i], w->model.config.vocab));
        check_children(&tasks[i], &wide[i]);
        assert_true(tree_hash(HASH_START, &wide[i]) ==
                    tree_hash(HASH_START, &narrow[i]));
    }
    trees_free(wide, TASKS);
    trees_free(narrow, TASKS);
}

static void test_rules(void **state)
{
    for (int rule = 0; rule < BRANCH_RULES; rule++)
        check_rule(*state, (enum branch_rule)rule, rule == BRANCH_FIXED ? 300 : 0);
}

static void test_budgets(void **state)
{
    static const int64_t budgets[] = {3, 40, 130, 700};
    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++)
        for (int rule = 0; rule < BRANCH_RULES; rule++)
            check_rule(*state, (enum branch_rule)rule, budgets[i]);
}

static double mean_entropy(const struct tree *t, const struct tree_node *n)
{
    double sum = 0.0;
    for (int32_t j = 0; j < n->token_count; j++)
        sum += (double)t->entropies[n->token_begin + j];
    return sum / n->token_count;
}

// Over the nodes of depth 1 that branched: their mean entropy, or their mean children
// above and below `split`.
static void scan(const struct world *w, double split, double *mean, double children[2])
{
    double n[2] = {0}, sum[2] = {0}, entropy = 0.0;
    for (uint64_t i = 0; i < TASKS; i++) {
        struct msg_task task = adaptive_task(i, BRANCH_ENTROPY, 0);
        struct tree t = {0};
        task.rule.entropy[1] = split;
        expand_all(w, 64, ROOMY_PAGES, &task, NULL, 1, &t);
        for (size_t k = 1; k < t.n_nodes; k++) {
            const struct tree_node *node = &t.nodes[k];
            if (node->end != NODE_BRANCHED || node->depth != 1)
                continue;
            int high = mean_entropy(&t, node) > split;
            entropy += mean_entropy(&t, node);
            n[high] += 1;
            sum[high] += node->branching;
        }
        tree_free(&t);
    }
    *mean = entropy / (n[0] + n[1]);
    for (int i = 0; i < 2; i++)
        children[i] = n[i] > 0 ? sum[i] / n[i] : 0.0;
}

// More children where the step was uncertain: depth 1 is the same under any split.
static void test_entropy_decides(void **state)
{
    double mean = 0.0, children[2];
    scan(*state, 1.0, &mean, children);
    scan(*state, mean, &mean, children);
    assert_true(children[0] > 0.0 && children[1] > children[0]);
}

static void test_bad_rules(void **state)
{
    const struct world *w = *state;
    struct expander *e = expander_make(w, 4, ROOMY_PAGES);
    struct msg_task task = adaptive_task(0, BRANCH_ENTROPY, 0);
    task.rule.depths = 2;
    assert_int_equal(expander_add(e, &task), ERR_INPUT);
    task = adaptive_task(0, BRANCH_NEYMAN, 0);
    task.rule.most = 0;
    assert_int_equal(expander_add(e, &task), ERR_INPUT);
    task = adaptive_task(0, BRANCH_FIXED, 2); // two tokens for three children
    assert_int_equal(expander_add(e, &task), ERR_INPUT);
    expander_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_entropy_decides),
        cmocka_unit_test(test_bad_rules),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
