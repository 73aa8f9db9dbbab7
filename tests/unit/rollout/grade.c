// Leaves are graded by their verifier, programs by the judge while sampling goes on.
#include "rollout/grade.h"

#include "fixture.h"

#include "base/clock.h"
#include "verify/verify.h"

static const char alphabet[] = "0123456789 #+=\nabdefprintu():_\\{}x*";

static struct tokenizer *make_tokenizer(void)
{
    struct tokenizer *t = NULL;
    assert_ok(tokenizer_of_alphabet(&t, alphabet, sizeof alphabet - 1));
    return t;
}

// A task whose two root children spell the texts and end.
static struct task_state *task_of(const struct tokenizer *t, int32_t verifier,
                                  char *answer, const char *const texts[2])
{
    uint8_t ends[256] = {0};
    ends[tokenizer_eos(t)] = TOKEN_ENDS_TEXT;
    const struct task_bounds bounds = {tokenizer_vocab(t), 400, 400};
    const int32_t branch[] = {2};
    struct msg_task spec = task_make(0, branch, 1);
    struct task_state *task = NULL;
    spec.verifier = verifier;
    spec.answer = answer;
    spec.max_new_tokens = 300;
    assert_ok(task_new(&task, &spec, &bounds));
    assert_ok(task_start(task, 0));
    for (int i = 0; i < 2; i++) {
        struct tokens ids = {0};
        int32_t child = 0;
        assert_ok(task_open_child(task, 0, &child));
        assert_ok(tokenizer_encode(t, texts[i], strlen(texts[i]), &ids));
        assert_ok(tokens_push(&ids, tokenizer_eos(t)));
        for (size_t k = 0; k < ids.len; k++)
            assert_ok(task_push_token(
                task, child, (struct drawn_token){ids.ids[k], -1.0F, 1.0F}, ends));
        assert_int_equal(task->nodes[child].end, NODE_EOS);
        tokens_free(&ids);
    }
    return task;
}

static struct grader *grader_make(const struct tokenizer *t)
{
    const struct judge_config judge = {
        .servers = 2, .timeout_ms = 20000, .memory_mb = 512};
    struct grader *g = NULL;
    assert_ok(grader_new(&g, &judge, t));
    return g;
}

static void test_number(void **state)
{
    const char *const texts[] = {"1+1=2\n#### 2", "#### 3"};
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    struct task_state *task = task_of(t, VERIFIER_NUMBER, (char *)"2", texts);
    (void)state;
    assert_ok(grader_accept(g, VERIFIER_NUMBER));
    assert_ok(grader_leaf(g, task, 1));
    assert_ok(grader_leaf(g, task, 2));
    assert_int_equal(task->ungraded, 0);
    assert_true(task->nodes[1].reward == 1.0F && task->nodes[2].reward == 0.0F);
    task_free(task);
    grader_free(g);
    tokenizer_free(t);
}

static void test_unknown(void **state)
{
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    (void)state;
    assert_int_equal(grader_accept(g, VERIFIERS), ERR_INPUT);
    assert_int_equal(grader_accept(g, -1), ERR_INPUT);
    grader_free(g);
    tokenizer_free(t);
}

static char tests_of_double[] =
    "{\"form\": \"asserts\", \"prefix\": \"\", \"entry\": \"\", \"preamble\": \"\", "
    "\"setup\": \"\", \"tests\": \"assert dub(2) == 4\\nassert dub(3) == 6\\n\"}";
static const char *const programs[] = {"def dub(x):\n    return x+x\n",
                                       "def dub(x):\n    return 4\n"};

// Starts the judge; where user namespaces are off there is none to test.
static void accept_programs(struct grader *g)
{
    enum status st = grader_accept(g, VERIFIER_CODE);
    if (st == ERR_INPUT) {
        print_message("%s: skipped\n", status_message());
        skip();
    }
    assert_int_equal(st, OK);
}

static void test_program(void **state)
{
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    struct task_state *task = task_of(t, VERIFIER_CODE, tests_of_double, programs);
    int64_t until = clock_ms() + 60000;
    (void)state;
    accept_programs(g);
    assert_ok(grader_leaf(g, task, 1));
    assert_ok(grader_leaf(g, task, 2));
    assert_int_equal(task->ungraded, 2);
    assert_int_equal(grader_pending(g), 2);
    while (task->ungraded > 0 && clock_ms() < until) {
        int stored = 0;
        assert_ok(grader_poll(g, 100, &task, 1, &stored));
    }
    assert_int_equal(task->ungraded, 0);
    assert_true(task->nodes[1].reward == 1.0F && task->nodes[2].reward == 0.0F);
    task_free(task);
    grader_free(g);
    tokenizer_free(t);
}

// A step of a program is judged later: until then its node waits, and then is cut.
static void test_program_step(void **state)
{
    static char tests[] =
        "{\"form\": \"asserts\", \"prefix\": \"def dub(x):\\n\", \"entry\": \"dub\", "
        "\"preamble\": \"\", \"setup\": \"\", \"tests\": \"assert dub(2) == 4\\nassert "
        "dub(3) == 6\\n\"}";
    static const char *const texts[] = {"    return x+x\n", "    return 4\n"};
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    struct task_state *task = task_of(t, VERIFIER_CODE, tests, texts);
    int64_t until = clock_ms() + 60000;
    (void)state;
    accept_programs(g);
    task->spec.cutoff = (struct cutoff_rule){1.0F, 0.0F};
    for (int32_t i = 1; i <= 2; i++) {
        task->nodes[i].end = NODE_BRANCHED;
        assert_ok(grader_step(g, task, i));
        assert_int_equal(task->nodes[i].ungraded, 1);
    }
    while (task->ungraded > 0 && clock_ms() < until) {
        int stored = 0;
        assert_ok(grader_poll(g, 100, &task, 1, &stored));
    }
    assert_int_equal(task->ungraded, 0);
    assert_int_equal(task->nodes[1].end, NODE_BRANCHED);
    assert_true(task->nodes[1].keep == 1.0F);
    assert_int_equal(task->nodes[2].end, NODE_CUT);
    assert_true(task->nodes[2].keep == 0.0F);
    task_free(task);
    grader_free(g);
    tokenizer_free(t);
}

// A dropped task's verdicts reach nobody, and the next task's do.
static void test_drop(void **state)
{
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    struct task_state *task = task_of(t, VERIFIER_CODE, tests_of_double, programs);
    (void)state;
    accept_programs(g);
    assert_ok(grader_leaf(g, task, 1));
    grader_drop(g, task);
    assert_int_equal(grader_pending(g), 0);
    task_free(task);
    grader_free(g);
    tokenizer_free(t);
}

static void test_bad_tests(void **state)
{
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    struct task_state *task = task_of(t, VERIFIER_CODE, (char *)"nonsense", programs);
    (void)state;
    accept_programs(g);
    assert_int_equal(grader_leaf(g, task, 1), ERR_INPUT);
    assert_non_null(strstr(status_message(), "prompt 1000"));
    task_free(task);
    grader_free(g);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number),  cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_program), cmocka_unit_test(test_program_step),
        cmocka_unit_test(test_drop),    cmocka_unit_test(test_bad_tests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
