// A program that crashes, hangs, babbles or floods: the run ends by name or the one
// question counts 0, and never another.
#include "reward_test.h"

static struct reward_config zero(void)
{
    struct reward_config c = usual();
    c.zero_on_error = 1;
    return c;
}

// What the program does with a reply "bad"; others are answered with 0.5.
static const struct {
    const char *does, *words;
} faults[] = {
    {"os._exit(3)", "its program ended (exit status 3)"},
    {"os.kill(os.getpid(), 9)", "ended by signal 9"},
    {"raise ValueError('no such thing')", "ValueError: no such thing"},
    {"sys.exit('tired')", "tired"},
    {"os.close(1); time.sleep(1000)", "closed its output"},
    {"time.sleep(1000)", "no answer within "},
    {"None", " s: does it flush its output?"},
    {"print('debug')", "not an answer, it is no JSON"},
    {"print('debug')", "debug"},
    {"print('[1, 2]')", "it is no JSON object: [1, 2]"},
    {"print('0.5')", "no JSON object: 0.5"},
    {"print('{\"reward\": 0.5')", "no JSON: "},
    {"print(json.dumps({'id': q['id'], 'reward': float('nan')}))", "no JSON: "},
    {"print('{\"id\": %d, \"reward\": 1e999}' % q['id'])", "no JSON: "},
    {"answer(reward=1.5)", "not within 0 to 1: {\"id\": "},
    {"answer(reward=-0.001)", "\"reward\": -0.001}"},
    {"answer(reward='1')", "its reward is no number"},
    {"answer(reward=None)", "its reward is no number"},
    {"answer(reward=[1])", "its reward is no number"},
    {"answer(score=1)", "an answer without a reward"},
    {"answer(verdict='valid')", "an answer without a reward"},
    {"answer(reward=1, verdict='perhaps')", "none of valid, invalid, unknown"},
    {"out(id=q['id'] + 1000, reward=1)", "an answer to what was not asked"},
    {"out(id=-1, reward=1)", "its id is no question's"},
    {"out(id='7', reward=1)", "its id is no question's"},
    {"out(id=q['id'] + 0.5, reward=1)", "its id is no question's"},
    {"os.write(1, b'x' * 70000)", "a line of more than 65536 bytes: xxx"},
    {"os.write(1, b'\\xff\\xfe\\n')", "not an answer"},
    {"os.write(1, b'\\0\\n')", "not an answer"},
};
enum { FAULTS = sizeof faults / sizeof *faults };

static struct reward *faulty(const struct reward_config *c, size_t which)
{
    char body[256];
    struct reward_config short_time = *c;
    short_time.timeout_ms = 700;
    (void)snprintf(body, sizeof body,
                   "    if r == 'bad':\n        %s\n    else: answer(reward=0.5)",
                   faults[which].does);
    return begin(&short_time, "", body);
}

static void test_the_run_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAULTS; i++) {
        struct reward_config c = usual();
        struct reward_result got[MOST_REPLIES] = {{0}}, one = {0};
        int any = 0;
        struct reward *r = faulty(&c, i);
        ask(r, 0, "good");
        assert_ok(collect(r, got));
        ask(r, 1, "bad");
        enum status st = OK;
        for (int64_t until = clock_ms() + LONG_MS; st == OK && clock_ms() < until;)
            st = reward_poll(r, 100, &one, &any);
        if (st != ERR_INPUT || !strstr(status_message(), faults[i].words) ||
            strncmp(status_message(), "verifier: ", 10) != 0)
            fail_msg("%s: status %d: %s", faults[i].does, (int)st, status_message());
        assert_int_equal(one.ticket, 1);
        reward_stop(r);
    }
}

// Whoever stands beside it: with the bad one at every place among others.
static void test_one_counts_zero(void **state)
{
    enum { REPLIES = 40 };
    (void)state;
    for (size_t i = 0; i < FAULTS; i++) {
        struct reward_config c = zero();
        struct reward_result got[MOST_REPLIES] = {{0}};
        c.children = 1 + (int)(i % 2);
        size_t bad = (i * 7) % REPLIES;
        struct reward *r = faulty(&c, i);
        for (size_t k = 0; k < REPLIES; k++)
            ask(r, k, k == bad ? "bad" : "good");
        enum status st = collect(r, got);
        if (st != OK)
            fail_msg("%s: %s", faults[i].does, status_message());
        for (size_t k = 0; k < REPLIES; k++)
            if (got[k].reward != (k == bad ? 0.0F : 0.5F))
                fail_msg("%s at %zu: reply %zu has %g", faults[i].does, bad, k,
                         (double)got[k].reward);
        assert_int_equal(reward_errors(r), 1);
        reward_stop(r);
    }
}

// A part of a reply that fails stays possible.
static void test_parts_that_fail(void **state)
{
    struct reward_config c = zero();
    struct reward_result got[MOST_REPLIES] = {{0}};
    (void)state;
    struct reward *r = begin(
        &c, "", "    answer(reward=0.5) if w or r == 'bad' else answer(verdict=r)");
    ask(r, 0, "first");
    assert_ok(reward_submit(r, 1, "{}", "bad", 3, 0));
    assert_ok(reward_submit(r, 2, "{}", "invalid", 7, 0));
    got[1].verdict = VERDICT_VALID;
    assert_ok(collect(r, got));
    assert_int_equal(got[1].verdict, VERDICT_UNKNOWN);
    assert_int_equal(got[2].verdict, VERDICT_INVALID);
    assert_int_equal(reward_errors(r), 1);
    reward_stop(r);
}

static enum status until_it_ends(const struct reward_config *c)
{
    struct reward_result got[MOST_REPLIES] = {{0}};
    struct reward *r = NULL;
    TRY(reward_start(&r, c));
    for (uint64_t i = 0; i < 200; i++)
        ask(r, i, "x");
    enum status st = collect(r, got);
    reward_stop(r);
    return st;
}

// A program that cannot work ends the run in either mode.
static void test_it_never_works(void **state)
{
    static const struct {
        const char *command, *words;
    } cases[] = {
        {"[\"nowhere-to-be-found\"]", "nowhere-to-be-found: not found"},
        {"[\"/nowhere/program\"]", "/nowhere/program: not found"},
        {"[\"python3\", \"/nowhere/reward.py\"]", "No such file"},
        {"[\"/usr/bin/python3\", \"-c\", \"import nowhere\"]",
         "No module named 'nowhere'"},
        {"[\"/usr/bin/python3\", \"-c\", \"def (\"]", "SyntaxError"},
        {"[\"true\"]", "its program ended (exit status 0)"},
        {"[\"sh\", \"-c\", \"echo Loading\"]",
         "without being asked (its standard output is for answers): Loading"},
        {"[\"yes\"]", "y"},
        {"[]", "verifier.command: no program is named"},
        {"[\"\"]", "no program is named"},
        {"[[1]]", "words must be texts"},
        {"[null]", "words must be texts"},
        {"{}", "no program is named"},
        {"", "no program is named"},
    };
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct reward_config c = i % 2 ? zero() : usual();
        c.command = cases[i / 2].command;
        assert_int_equal(until_it_ends(&c), ERR_INPUT);
        // A banner is noticed as one or as an end, by which comes first.
        if (!strstr(status_message(), cases[i / 2].words) &&
            !strstr(status_message(), "not an answer"))
            fail_msg("%s: %s", c.command, status_message());
    }
}

// A program that stops to work after its first answers does as well.
static void test_too_many_in_a_row(void **state)
{
    struct reward_config c = zero();
    struct reward_result got[MOST_REPLIES] = {{0}};
    (void)state;
    struct reward *r = begin(&c, "", "    answer(reward=0.5 if r == 'good' else 2)");
    for (uint64_t i = 0; i < 49; i++)
        ask(r, i, i ? "bad" : "good");
    ask(r, 49, "good"); // which ends the row
    for (uint64_t i = 50; i < 150; i++)
        ask(r, i, "bad");
    assert_int_equal(collect(r, got), ERR_INPUT);
    expect_message("50 questions in a row fail");
    assert_int_equal(reward_errors(r), 48 + 50);
    assert_true(got[49].reward == 0.5F);
    reward_stop(r);
}

// A process that ends after each answer is slow, and no error.
static void test_one_answer_each(void **state)
{
    struct reward_config c = usual();
    struct reward_result got[MOST_REPLIES] = {{0}};
    (void)state;
    struct reward *r = begin(&c, "", "    answer(reward=0.25); sys.exit()");
    for (uint64_t i = 0; i < 5; i++)
        ask(r, i, "x");
    assert_ok(collect(r, got));
    for (int i = 0; i < 5; i++)
        assert_true(got[i].reward == 0.25F);
    reward_stop(r);
}

// The time of the start is not that of the first question.
static void test_slow_start(void **state)
{
    struct reward_config c = usual();
    struct reward_result got[MOST_REPLIES] = {{0}};
    (void)state;
    c.timeout_ms = 300;
    struct reward *r = begin(&c, "time.sleep(1)", "    answer(reward=1)");
    ask(r, 0, "x");
    assert_ok(collect(r, got));
    reward_stop(r);
    c.start_ms = 100;
    r = begin(&c, "time.sleep(1000)", "    answer(reward=1)");
    ask(r, 0, "x");
    assert_int_equal(collect(r, got), ERR_INPUT);
    expect_message("no answer within 0.4 s");
    reward_stop(r);
}

// Its standard error neither stalls it nor grows without bound.
static void test_floods(void **state)
{
    static const char *const bodies[] = {
        "    sys.stderr.write('flood\\n' * 200000); answer(reward=0.5)",
        "    sys.stderr.write('x' * 2000000); answer(reward=0.5)",
        "    sys.stderr.close(); answer(reward=0.5)",
        "    os.write(2, bytes(range(256)) * 300); answer(reward=0.5)",
        "    print('\\n' * 200000); answer(reward=0.5)",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct reward_config c = usual();
        struct reward_result got[MOST_REPLIES] = {{0}};
        struct reward *r = begin(&c, "", bodies[i]);
        for (uint64_t k = 0; k < 3; k++)
            ask(r, k, "x");
        assert_ok(collect(r, got));
        for (int k = 0; k < 3; k++)
            assert_true(got[k].reward == 0.5F);
        reward_stop(r);
    }
}

// Time in which the owner was elsewhere is not held against the program in full.
static void test_a_busy_owner(void **state)
{
    struct reward_config c = usual();
    struct reward_result got[MOST_REPLIES] = {{0}}, one;
    int any = 0;
    (void)state;
    c.timeout_ms = 400;
    c.start_ms = 0;
    struct reward *r =
        begin(&c, "", "    sys.stderr.write('y\\n' * 100000); answer(reward=0.5)");
    ask(r, 0, "x");
    for (int64_t until = clock_ms() + 200; clock_ms() < until;)
        assert_ok(reward_poll(r, 0, &one, &any));
    ask(r, 1, "x");
    clock_sleep_us(1500000); // it waits for its standard error to be read
    assert_ok(collect(r, got));
    assert_true(got[1].reward == 0.5F);
    reward_stop(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_run_ends),
        cmocka_unit_test(test_one_counts_zero),
        cmocka_unit_test(test_parts_that_fail),
        cmocka_unit_test(test_it_never_works),
        cmocka_unit_test(test_too_many_in_a_row),
        cmocka_unit_test(test_one_answer_each),
        cmocka_unit_test(test_slow_start),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_a_busy_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
