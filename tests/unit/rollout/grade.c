// Leaves are graded by their verifier, programs by the judge while sampling goes on.
#include "rollout/grade.h"

#include "fixture.h"

#include "base/clock.h"
#include "verify/verify.h"

static const char alphabet[] = "0123456789 #+=\nabdefprintu():_\\{}x*>`";

static struct tokenizer *make_tokenizer(void)
{
    struct tokenizer *t = NULL;
    assert_ok(tokenizer_of_alphabet(&t, alphabet, sizeof alphabet - 1));
    return t;
}

// A task whose two root children spell the texts and end.
static struct task_state *task_of(const struct tokenizer *t, int32_t verifier,
                                  char *answer, const char *prefill,
                                  const char *const texts[2])
{
    uint8_t ends[256] = {0};
    ends[tokenizer_eos(t)] = TOKEN_ENDS_TEXT;
    const struct task_bounds bounds = {tokenizer_vocab(t), 400, 400};
    const int32_t branch[] = {2};
    struct msg_task spec = task_make(0, branch, 1);
    struct task_state *task = NULL;
    spec.verifier = verifier;
    spec.answer = answer;
    spec.prefill = (char *)prefill;
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
    assert_ok(grader_new(&g, &judge, NULL, t));
    return g;
}

static void test_number(void **state)
{
    const char *const texts[] = {"1+1=2\n#### 2", "#### 3"};
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    struct task_state *task = task_of(t, VERIFIER_NUMBER, (char *)"2", "", texts);
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

// What is graded is the prefill and what was generated behind it.
static const struct {
    enum verifier verifier;
    const char *answer, *prefill;
    const char *const texts[2];
    float rewards[2];
} prefilled[] = {
    {VERIFIER_NUMBER, "4", "x\n#### ", {"4", "5"}, {1, 0}},
    {VERIFIER_NUMBER, "42", "#### 4", {"2", "4"}, {1, 0}},
    {VERIFIER_NUMBER, "4", "#### 4\n", {"#### 4", "#### 5"}, {1, 0}},
    {VERIFIER_NUMBER, "4", "##", {"## 4", "# 4"}, {1, 0}},
    {VERIFIER_NUMBER, "4", "x", {"#### 4", "4"}, {1, 0}},
    {VERIFIER_MATH, "4", "so \\boxed{", {"4}", "5}"}, {1, 0}},
    {VERIFIER_MATH, "12", "\\boxed{1", {"2}", "1}"}, {1, 0}},
    {VERIFIER_MATH, "\\frac12", "$\\boxed{\\frac{1", {"}{2}}", "}{3}}"}, {1, 0}},
    {VERIFIER_MATH, "4", "\\box", {"ed{4}", "ed{5}"}, {1, 0}},
    {VERIFIER_COUNTDOWN, "7: 1 2 5", "#### 5", {"+2*1", "+1*1"}, {1, 0}},
    {VERIFIER_COUNTDOWN, "7: 1 2 5", "1+5=6\n#### ", {"5+2*1", "5+1"}, {1, 0}},
};

static void test_prefill(void **state)
{
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    (void)state;
    for (size_t i = 0; i < sizeof prefilled / sizeof *prefilled; i++) {
        struct task_state *task =
            task_of(t, prefilled[i].verifier, (char *)prefilled[i].answer,
                    prefilled[i].prefill, prefilled[i].texts);
        for (int k = 0; k < 2; k++) {
            assert_ok(grader_leaf(g, task, 1 + k));
            if (task->nodes[1 + k].reward != prefilled[i].rewards[k])
                fail_msg("case %zu: '%s%s': %g", i, prefilled[i].prefill,
                         prefilled[i].texts[k], (double)task->nodes[1 + k].reward);
        }
        task_free(task);
    }
    grader_free(g);
    tokenizer_free(t);
}

// The partial verifiers see it, too.
static void test_prefill_of_steps(void **state)
{
    static const struct {
        enum verifier verifier;
        const char *answer, *prefill;
        const char *const texts[2]; // still possible, and not any more
    } steps[] = {
        {VERIFIER_NUMBER, "4", "1+1=", {"2\n", "3\n"}},
        {VERIFIER_NUMBER, "4", "so <<1+1=", {"2>>2", "3>>3"}},
        {VERIFIER_NUMBER, "4", "so <<2*", {"3=6>>\n", "3=5>>\n"}},
        {VERIFIER_MATH, "4", "1+1", {"=2\n", "=3\n"}},
        {VERIFIER_COUNTDOWN, "7: 1 2 5", "<<1+5=", {"6>>\n", "7>>\n"}},
    };
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct task_state *task = task_of(t, steps[i].verifier, (char *)steps[i].answer,
                                          steps[i].prefill, steps[i].texts);
        task->spec.cutoff = (struct cutoff_rule){1.0F, 0.0F};
        for (int32_t k = 1; k <= 2; k++) {
            task->nodes[k].end = NODE_BRANCHED;
            assert_ok(grader_step(g, task, k));
            if (task->nodes[k].end != (k == 2 ? NODE_CUT : NODE_BRANCHED))
                fail_msg("case %zu: step %d", i, (int)k);
        }
        task_free(task);
    }
    grader_free(g);
    tokenizer_free(t);
}

static void await_verdicts(struct grader *g, struct task_state *task)
{
    int64_t until = clock_ms() + 60000;
    while (task->ungraded > 0 && clock_ms() < until) {
        int stored = 0;
        assert_ok(grader_poll(g, 100, &task, 1, &stored));
    }
    assert_int_equal(task->ungraded, 0);
}

// Rewards and verdicts of a program of the user's, which sees the prefill, too.
static void test_user_program(void **state)
{
    static const char command[] =
        "[\"/usr/bin/python3\", \"-c\", \"import sys, json\\n"
        "for line in sys.stdin:\\n"
        " q = json.loads(line)\\n"
        " share = q['reply'].count('a') / len(q['reply'])\\n"
        " v = 'valid' if share >= q['problem']['least'] else 'invalid'\\n"
        " a = {'reward': share} if q['whole'] else {'verdict': v}\\n"
        " print(json.dumps({'id': q['id'], **a}))\"]";
    const struct reward_config reward = {.command = command,
                                         .children = 1,
                                         .timeout_ms = 20000,
                                         .start_ms = 20000,
                                         .bare = 1};
    const struct judge_config judge = {.servers = 1};
    static const char *const texts[] = {"aab", "bbb"};
    struct tokenizer *t = make_tokenizer();
    struct grader *g = NULL;
    (void)state;
    assert_ok(grader_new(&g, &judge, &reward, t));
    assert_ok(grader_accept(g, VERIFIER_PROGRAM));
    for (int step = 0; step < 2; step++) {
        struct task_state *task =
            task_of(t, VERIFIER_PROGRAM, (char *)"{\"least\": 0.5}", "a", texts);
        task->spec.cutoff = (struct cutoff_rule){1.0F, 0.0F};
        for (int32_t i = 1; i <= 2; i++) {
            task->nodes[i].end = step ? NODE_BRANCHED : NODE_EOS;
            assert_ok(step ? grader_step(g, task, i) : grader_leaf(g, task, i));
        }
        assert_int_equal(task->ungraded, 2);
        assert_int_equal(grader_pending(g), 2);
        await_verdicts(g, task);
        if (step) {
            assert_int_equal(task->nodes[1].end, NODE_BRANCHED);
            assert_int_equal(task->nodes[2].end, NODE_CUT);
        } else {
            assert_true(task->nodes[1].reward == 0.75F);
            assert_true(task->nodes[2].reward == 0.25F);
        }
        assert_ok(grader_leaf(g, task, 1));
        grader_drop(g, task);
        assert_int_equal(grader_pending(g), 0);
        task_free(task);
    }
    grader_free(g);
    tokenizer_free(t);
}

// Without one there is nothing to grade by; and its failures name the prompt.
static void test_user_program_fails(void **state)
{
    const struct reward_config reward = {.command = "[\"false\"]",
                                         .children = 1,
                                         .timeout_ms = 20000,
                                         .start_ms = 20000,
                                         .bare = 1};
    const struct judge_config judge = {.servers = 1};
    static const char *const texts[] = {"aab", "bbb"};
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    (void)state;
    assert_int_equal(grader_accept(g, VERIFIER_PROGRAM), ERR_INPUT);
    assert_non_null(strstr(status_message(), "verifier.command"));
    grader_free(g);
    assert_ok(grader_new(&g, &judge, &reward, t));
    struct task_state *task = task_of(t, VERIFIER_PROGRAM, (char *)"{}", "", texts);
    assert_ok(grader_leaf(g, task, 1));
    enum status st = OK;
    for (int64_t until = clock_ms() + 60000; st == OK && clock_ms() < until;) {
        int stored = 0;
        st = grader_poll(g, 100, &task, 1, &stored);
    }
    assert_int_equal(st, ERR_INPUT);
    assert_string_equal(status_message(),
                        "prompt 1000: verifier: its program ended (exit status 1)");
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
    struct task_state *task = task_of(t, VERIFIER_CODE, tests_of_double, "", programs);
    (void)state;
    accept_programs(g);
    assert_ok(grader_leaf(g, task, 1));
    assert_ok(grader_leaf(g, task, 2));
    assert_int_equal(task->ungraded, 2);
    assert_int_equal(grader_pending(g), 2);
    await_verdicts(g, task);
    assert_true(task->nodes[1].reward == 1.0F && task->nodes[2].reward == 0.0F);
    task_free(task);
    grader_free(g);
    tokenizer_free(t);
}

// A reply whose code block begins in the prompt, whole and as a step.
static void test_prefilled_program(void **state)
{
    static const char *const bodies[] = {"    return x+x\n```", "    return 4\n```"};
    struct tokenizer *t = make_tokenizer();
    struct grader *g = grader_make(t);
    struct task_state *task =
        task_of(t, VERIFIER_CODE, tests_of_double, "```python\ndef dub(x):\n", bodies);
    (void)state;
    accept_programs(g);
    assert_ok(grader_leaf(g, task, 1));
    assert_ok(grader_leaf(g, task, 2));
    await_verdicts(g, task);
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
    struct task_state *task = task_of(t, VERIFIER_CODE, tests, "", texts);
    (void)state;
    accept_programs(g);
    task->spec.cutoff = (struct cutoff_rule){1.0F, 0.0F};
    for (int32_t i = 1; i <= 2; i++) {
        task->nodes[i].end = NODE_BRANCHED;
        assert_ok(grader_step(g, task, i));
        assert_int_equal(task->nodes[i].ungraded, 1);
    }
    await_verdicts(g, task);
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
    struct task_state *task = task_of(t, VERIFIER_CODE, tests_of_double, "", programs);
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
    struct task_state *task =
        task_of(t, VERIFIER_CODE, (char *)"nonsense", "", programs);
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
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_prefill),
        cmocka_unit_test(test_prefill_of_steps),
        cmocka_unit_test(test_prefilled_program),
        cmocka_unit_test(test_user_program),
        cmocka_unit_test(test_user_program_fails),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_program),
        cmocka_unit_test(test_program_step),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_bad_tests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
