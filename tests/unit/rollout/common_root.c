// What prompts begin with alike is computed once and changes no bit of any tree,
// whatever room there is, and whoever comes, goes or is dropped.
#include "fixture.h"

#include "base/mem.h"
#include "rollout/pages.h"
#include "rollout/schedule.h"

enum { N = 8, HEAD = 37, PROMPT = 40 }; // two whole pages of the head
static const int32_t BRANCH[] = {2, 2};

// The first `head` tokens of all prompts are the same; each says so of `common`.
static void make_tasks(struct msg_task *tasks, int32_t head, int32_t common)
{
    for (size_t i = 0; i < N; i++) {
        tasks[i] = task_make(i, BRANCH, 2);
        tasks[i].max_new_tokens = 30;
        tasks[i].n_prompt = PROMPT;
        tasks[i].common = common;
        for (int32_t k = 0; k < PROMPT; k++) {
            uint64_t at = (uint64_t)k + (k < head ? 0 : 64 * (i + 1));
            tasks[i].prompt[k] = (int32_t)rng_below(rng_root(13, RNG_TEST), at, 15);
        }
    }
}

static void expect_trees(const struct tree *trees, const uint64_t *right)
{
    for (size_t i = 0; i < N; i++)
        assert_true(tree_hash(HASH_START, &trees[i]) == right[i]);
}

static void hash_alone(const struct world *w, int32_t head, uint64_t *right)
{
    struct msg_task tasks[N];
    struct tree trees[N] = {0};
    make_tasks(tasks, head, 0);
    expand_all(w, 64, ROOMY_PAGES, tasks, NULL, N, trees);
    for (size_t i = 0; i < N; i++)
        right[i] = tree_hash(HASH_START, &trees[i]);
    assert_true(right[0] != right[1]);
    trees_free(trees, N);
}

// Expands all tasks; how many of their prompts' tokens were computed.
static int32_t expand_counted(const struct world *w, int32_t rows, int32_t pages,
                              const struct msg_task *tasks, struct tree *trees)
{
    struct expander *e = expander_make(w, rows, pages);
    int32_t computed = 0;
    for (size_t i = 0; i < N; i++)
        assert_ok(expander_add(e, &tasks[i]));
    for (size_t i = 0; i < N; i++) {
        struct tree t = {0};
        uint64_t lease = next_tree(e, &t);
        trees[lease - 100] = t;
        computed += expander_taken_prefilled(e);
    }
    assert_int_equal(e->root.users, 0);
    assert_int_equal(e->free_pages + pages_of(e->root.n), e->pages);
    assert_int_equal(kv_cache_free_pages(e->cache), e->free_pages);
    expander_free(e);
    return computed;
}

static void test_same_trees(void **state)
{
    static const struct {
        int32_t common, shared; // told, and in the root
    } heads[] = {{0, 0}, {15, 0}, {16, 16}, {31, 16}, {32, 32}, {HEAD, 32}};
    static const int32_t rooms[][2] = {{64, ROOMY_PAGES}, {1, 40}, {5, 12}, {64, 9}};
    uint64_t right[N];
    hash_alone(*state, HEAD, right);
    for (size_t h = 0; h < sizeof heads / sizeof *heads; h++)
        for (size_t r = 0; r < sizeof rooms / sizeof *rooms; r++) {
            struct msg_task tasks[N];
            struct tree trees[N] = {0};
            make_tasks(tasks, HEAD, heads[h].common);
            int32_t computed =
                expand_counted(*state, rooms[r][0], rooms[r][1], tasks, trees);
            expect_trees(trees, right);
            assert_int_equal(computed, N * PROMPT - (N - 1) * heads[h].shared);
            trees_free(trees, N);
        }
}

// The parts of one prompt share all of it but what a page does not fill.
static void test_whole_prompt(void **state)
{
    uint64_t right[N];
    struct msg_task tasks[N];
    struct tree trees[N] = {0};
    for (int32_t length = 16; length <= 33; length++) {
        for (int32_t common = 0; common <= length; common += length) {
            make_tasks(tasks, PROMPT, common);
            for (size_t i = 0; i < N; i++)
                tasks[i].n_prompt = (size_t)length;
            int32_t computed = expand_counted(*state, 6, 30, tasks, trees);
            if (common == 0)
                for (size_t i = 0; i < N; i++)
                    right[i] = tree_hash(HASH_START, &trees[i]);
            expect_trees(trees, right);
            assert_int_equal(computed, N * length - (N - 1) * (common == 0    ? 0
                                                               : length == 33 ? 32
                                                               : length > 16  ? 16
                                                                              : 0));
            trees_free(trees, N);
        }
    }
}

// Two groups of prompts in turn, with room for one root and one path: a root that
// nobody uses makes way.
static void test_other_heads(void **state)
{
    static const int32_t groups[][2] = {{HEAD, HEAD}, {0, 0}, {20, 20}};
    for (size_t g = 0; g < 3; g++)
        for (size_t k = 0; k < 3; k++) {
            struct msg_task tasks[N];
            struct tree trees[N] = {0};
            uint64_t right[N];
            make_tasks(tasks, HEAD, 0);
            for (size_t i = 0; i < N; i++) { // every other one begins otherwise
                tasks[i].prompt[0] += i % 2 ? 1 : 0;
                tasks[i].common = groups[i % 2 ? g : k][1];
            }
            expand_all(*state, 64, ROOMY_PAGES, tasks, NULL, N, trees);
            for (size_t i = 0; i < N; i++)
                right[i] = tree_hash(HASH_START, &trees[i]);
            trees_free(trees, N);
            (void)expand_counted(*state, 4, 8, tasks, trees);
            expect_trees(trees, right);
            trees_free(trees, N);
        }
}

// A task that says less, or more, than the root that is there.
static void test_root_stays(void **state)
{
    struct msg_task tasks[N];
    uint64_t right[N];
    struct expander *e = expander_make(*state, 8, 64);
    hash_alone(*state, HEAD, right);
    make_tasks(tasks, HEAD, 0);
    static const int32_t common[N] = {32, 16, 20, 0, 37, 33, 32, 5};
    for (size_t i = 0; i < N; i++) {
        struct tree t = {0};
        tasks[i].common = common[i];
        assert_ok(expander_add(e, &tasks[i]));
        assert_int_equal(next_tree(e, &t), tasks[i].lease);
        assert_true(tree_hash(HASH_START, &t) == right[i]);
        assert_int_equal(expander_taken_prefilled(e), i == 0 ? PROMPT : PROMPT - 32);
        tree_free(&t);
    }
    expander_free(e);
}

// Tasks that are dropped half-way leave the root to the others and nothing else behind.
static void test_cancel(void **state)
{
    struct msg_task tasks[N];
    uint64_t right[N];
    struct expander *e = expander_make(*state, 5, 11);
    hash_alone(*state, HEAD, right);
    make_tasks(tasks, HEAD, HEAD);
    for (int round = 0; round < 10; round++) {
        int worked = 0;
        for (size_t i = 0; i < 3; i++)
            assert_ok(expander_add(e, &tasks[i]));
        for (int step = 0; step < 2 * round; step++)
            assert_ok(expander_step(e, &worked));
        for (size_t i = 0; i < 3; i++)
            expander_cancel(e, tasks[i].lease);
        assert_int_equal(e->root.users, 0);
        assert_int_equal(e->free_pages + pages_of(e->root.n), e->pages);
    }
    struct tree t = {0};
    assert_ok(expander_add(e, &tasks[3]));
    assert_int_equal(next_tree(e, &t), tasks[3].lease);
    assert_true(tree_hash(HASH_START, &t) == right[3]);
    assert_int_equal(expander_taken_prefilled(e), PROMPT - 32);
    tree_free(&t);
    expander_free(e);
}

// With other weights the root is made anew.
static void test_weights_change(void **state)
{
    struct world w;
    struct msg_task tasks[N];
    uint64_t old[N], now[N];
    (void)state;
    world_make(&w);
    hash_alone(&w, HEAD, old);
    make_tasks(tasks, HEAD, HEAD);
    struct expander *e = expander_make(&w, 5, 40);
    for (size_t i = 0; i < 2; i++) {
        struct tree t = {0};
        assert_ok(expander_add(e, &tasks[i]));
        assert_int_equal(next_tree(e, &t), tasks[i].lease);
        if (i == 0) {
            assert_true(tree_hash(HASH_START, &t) == old[0]);
            expander_weights_changed(e);
            for (size_t k = 0; k < w.model.layout.total; k++)
                w.model.params[k] *= 0.5F;
            model_repack(&w.model);
            hash_alone(&w, HEAD, now);
            assert_true(now[1] != old[1]);
        } else {
            assert_true(tree_hash(HASH_START, &t) == now[1]);
            assert_int_equal(expander_taken_prefilled(e), PROMPT);
        }
        tree_free(&t);
    }
    expander_free(e);
    world_free(&w);
}

static enum status expand_two(const struct world *w, const struct msg_task *tasks)
{
    struct expander_config c = {4,   64, w->delimiters.ids, w->delimiters.len, NULL, 0,
                                {0}, NULL};
    struct expander *e = NULL;
    int worked = 1;
    enum status st;
    TRY_OUT(expander_new(&e, &c, &w->model, w->tokenizer));
    TRY_OUT(expander_add(e, &tasks[0]));
    TRY_OUT(expander_add(e, &tasks[1]));
    while (worked)
        TRY_OUT(expander_step(e, &worked));
out:
    expander_free(e);
    return st;
}

static void test_no_memory(void **state)
{
    struct msg_task tasks[N];
    enum status st = ERR_NOMEM;
    long n = 0;
    make_tasks(tasks, HEAD, HEAD);
    while (st != OK) {
        mem_fail_nth(++n);
        st = expand_two(*state, tasks);
        mem_fail_nth(0);
        assert_true(st == OK || st == ERR_NOMEM);
    }
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_trees),  cmocka_unit_test(test_whole_prompt),
        cmocka_unit_test(test_other_heads), cmocka_unit_test(test_root_stays),
        cmocka_unit_test(test_cancel),      cmocka_unit_test(test_weights_change),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
