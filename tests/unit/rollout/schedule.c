// A tree depends on its task alone: not on rows, pages, order, company or parts.
#include "fixture.h"

static const int32_t SHAPES[][4] = {{1}, {4}, {2, 3}, {4, 1, 2}, {2, 2, 2, 2}, {3, 2}};
static const int32_t DEPTHS[] = {1, 1, 2, 3, 4, 2};
enum { N = sizeof DEPTHS / sizeof DEPTHS[0] };

static void make_tasks(struct msg_task *tasks)
{
    for (size_t i = 0; i < N; i++)
        tasks[i] = task_make(i, SHAPES[i], DEPTHS[i]);
    tasks[4].step_tokens = 5;
    tasks[5].temperature = 0;
}

static void hash_trees(const struct tree *trees, uint64_t *hashes)
{
    for (size_t i = 0; i < N; i++)
        hashes[i] = tree_hash(HASH_START, &trees[i]);
}

static void expand_hashes(const struct world *w, int32_t rows, int32_t pages,
                          const size_t *order, uint64_t *hashes)
{
    struct msg_task tasks[N];
    struct tree trees[N] = {0};
    make_tasks(tasks);
    expand_all(w, rows, pages, tasks, order, N, trees);
    hash_trees(trees, hashes);
    trees_free(trees, N);
}

static void test_rows_pages_order(void **state)
{
    static const size_t backwards[N] = {5, 4, 3, 2, 1, 0},
                        mixed[N] = {3, 0, 5, 1, 4, 2};
    static const struct {
        int32_t rows, pages;
        const size_t *order;
    } ways[] = {
        {1, ROOMY_PAGES, NULL}, {3, ROOMY_PAGES, backwards},
        {64, 10, NULL},         {64, 10, mixed},
        {64, 17, backwards},    {3, 12, mixed},
        {1, 10, backwards},     {7, 30, NULL},
    };
    uint64_t right[N], other[N];
    expand_hashes(*state, 64, ROOMY_PAGES, NULL, right);
    for (size_t i = 1; i < N; i++)
        assert_true(right[i] != right[0]);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        expand_hashes(*state, ways[i].rows, ways[i].pages, ways[i].order, other);
        assert_memory_equal(right, other, sizeof right);
    }
}

// Tasks that come one by one while others are under way.
static void test_late_arrivals(void **state)
{
    uint64_t right[N];
    struct msg_task tasks[N];
    struct tree trees[N] = {0};
    size_t added = 0, taken = 0;
    expand_hashes(*state, 64, ROOMY_PAGES, NULL, right);
    make_tasks(tasks);
    struct expander *e = expander_make(*state, 5, 24);
    for (int step = 0; taken < N && step < MAX_STEPS; step++) {
        int got = 0, worked = 0;
        uint64_t lease = 0;
        if (step % 7 == 0 && added < N)
            assert_ok(expander_add(e, &tasks[added++]));
        assert_ok(expander_step(e, &worked));
        struct tree t = {0};
        assert_ok(expander_take(e, &lease, &t, &got));
        if (got) {
            trees[lease - 100] = t;
            taken++;
        }
    }
    assert_int_equal(taken, N);
    for (size_t i = 0; i < N; i++)
        assert_true(tree_hash(HASH_START, &trees[i]) == right[i]);
    trees_free(trees, N);
    expander_free(e);
}

// The parts of a prompt, computed apart and joined, are the whole.
static void test_parts(void **state)
{
    static const int32_t branch[] = {5, 2};
    struct msg_task whole = task_make(2, branch, 2), parts[3];
    struct tree tree = {0}, pieces[3] = {0}, joined = {0};
    static const int32_t first[] = {0, 2, 3}, count[] = {2, 1, 2};
    expand_all(*state, 8, 200, &whole, NULL, 1, &tree);
    for (size_t i = 0; i < 3; i++) {
        parts[i] = whole;
        parts[i].lease = i;
        parts[i].first_child = first[i];
        parts[i].child_count = count[i];
        expand_all(*state, 2, 20, &parts[i], NULL, 1, &pieces[i]);
    }
    assert_ok(tree_join(&joined, pieces, 3));
    assert_true(tree_hash(HASH_START, &joined) == tree_hash(HASH_START, &tree));
    assert_true(tree_hash(HASH_START, &pieces[0]) != tree_hash(HASH_START, &tree));
    tree_free(&tree);
    tree_free(&joined);
    trees_free(pieces, 3);
}

// A task that is dropped half-way leaves nothing behind: the others get its pages.
static void test_cancel(void **state)
{
    uint64_t right[N];
    struct msg_task tasks[N];
    expand_hashes(*state, 64, ROOMY_PAGES, NULL, right);
    make_tasks(tasks);
    struct expander *e = expander_make(*state, 6, 14);
    for (int round = 0; round < 8; round++) {
        int worked = 0;
        assert_ok(expander_add(e, &tasks[3]));
        assert_ok(expander_add(e, &tasks[4]));
        for (int step = 0; step < 5 + 3 * round; step++)
            assert_ok(expander_step(e, &worked));
        expander_cancel(e, tasks[4].lease);
        expander_cancel(e, tasks[3].lease);
        expander_cancel(e, 999); // nobody's
        assert_int_equal(expander_open_tasks(e), 0);
    }
    struct tree t = {0};
    assert_ok(expander_add(e, &tasks[3]));
    assert_int_equal(next_tree(e, &t), tasks[3].lease);
    assert_true(tree_hash(HASH_START, &t) == right[3]);
    tree_free(&t);
    expander_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_pages_order),
        cmocka_unit_test(test_late_arrivals),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_cancel),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
