// A program's answers become rewards and verdicts, whatever their order and number.
#include "reward_test.h"

static void expect_rewards(const struct reward_config *c, const char *head,
                           const char *body, const char *const *replies,
                           const float *rewards, size_t n)
{
    struct reward_result got[MOST_REPLIES] = {{0}};
    struct reward *r = begin(c, head, body);
    for (size_t i = 0; i < n; i++)
        ask(r, i, replies[i]);
    assert_int_equal(reward_pending(r), n);
    assert_ok(collect(r, got));
    for (size_t i = 0; i < n; i++)
        if (got[i].reward != rewards[i])
            fail_msg("'%s': %g, not %g", replies[i], (double)got[i].reward,
                     (double)rewards[i]);
    assert_int_equal(reward_errors(r), 0);
    reward_stop(r);
}

static const char *const fractions[] = {"0", "1", "0.5", "0.1", "1e-3", "0.75"};
static const float values[] = {0, 1, 0.5F, 0.1F, 1e-3F, 0.75F};
enum { N = 6 };

// Each way to answer; the reward is what the reply says.
static void test_ways_to_answer(void **state)
{
    static const char *const bodies[][2] = {
        {"", "    answer(reward=float(r))"},
        {"", "    out(reward=float(r))"}, // without an id, in order
        {"", "    answer(reward=float(r), why='because', extra=[1, {'a': None}])"},
        {"", "    print('  ', json.dumps({'reward': float(r), 'id': q['id']}), '\\r')\n"
             "    print()"}, // spaces, a CR, blank lines, no flush
        {"seen = []", "    seen.append((q['id'], float(r)))\n"
                      "    if len(seen) == 6:\n"
                      "        for i, v in reversed(seen): out(id=i, reward=v)"},
        {"import threading", "    threading.Timer(0.1 * (1 - float(r)), answer, [], "
                             "{'reward': float(r)}).start()"},
        {"", "    os.write(1, json.dumps({'id': q['id']}).encode()[:-1])\n"
             "    time.sleep(0.02)\n"
             "    os.write(1, (', \"reward\": %s}' % r).encode() + b'\\n')"},
    };
    (void)state;
    struct reward_config c = usual();
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        expect_rewards(&c, bodies[i][0], bodies[i][1], fractions, values, N);
}

static void test_booleans_and_integers(void **state)
{
    static const char *const replies[] = {"5", "6", "five"};
    static const float rewards[] = {1, 0, 0};
    (void)state;
    struct reward_config c = usual();
    expect_rewards(&c, "", "    answer(reward=r == p['gold'])", replies, rewards, 3);
    expect_rewards(&c, "", "    answer(reward=int(r == p['gold']))", replies, rewards,
                   3);
}

// Several processes share the work, and every one gets some.
static void test_several_processes(void **state)
{
    struct reward_config c = usual();
    struct reward_result got[MOST_REPLIES] = {{0}};
    double sum = 0.0;
    (void)state;
    c.children = 3;
    struct reward *r = begin(&c, "import random; me = random.SystemRandom().random()",
                             "    time.sleep(0.01)\n    answer(reward=me)");
    for (uint64_t i = 0; i < 60; i++)
        ask(r, i, "");
    assert_ok(collect(r, got));
    float seen[3] = {-1, -1, -1};
    int n = 0;
    for (int i = 0; i < 60; i++) {
        int known = 0;
        for (int k = 0; k < n; k++)
            known |= seen[k] == got[i].reward;
        if (!known && n < 3)
            seen[n++] = got[i].reward;
        sum += (double)got[i].reward;
    }
    assert_int_equal(n, 3);
    assert_true(sum > 0.0);
    reward_stop(r);
}

// Text of any kind, and a megabyte of it, arrives as it was written.
static void test_texts_arrive(void **state)
{
    static const struct {
        const char *reply, *python; // what it must be
    } texts[] = {
        {"", "''"},
        {"a\"b\\c\nd\te\x01\x7f/", "'a\"b\\\\c\\nd\\te\\x01\\x7f/'"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "'\\u00e9\\u20ac\\U0001f600'"},
        {"\xff", "'\\ufffd'"},
        {"a\xc3", "'a\\ufffd'"},
        {"\xe2\x82z", "'\\ufffd\\ufffdz'"},
        {"\xed\xa0\x80", "'\\ufffd\\ufffd\\ufffd'"}, // half of a pair
        {"\xc0\xaf", "'\\ufffd\\ufffd'"},            // longer than need be
        {"\xf4\x90\x80\x80", "'\\ufffd' * 4"},       // beyond the last one
        {"\xe2\x80\xa8", "'\\u2028'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char body[128];
        const float one = 1;
        struct reward_config c = usual();
        (void)snprintf(body, sizeof body, "    answer(reward=(r == %s) * 1.0)",
                       texts[i].python);
        expect_rewards(&c, "", body, &texts[i].reply, &one, 1);
    }
}

static void test_long_texts(void **state)
{
    enum { LEN = 1 << 20, TEXTS = 40 };
    struct reward_config c = usual();
    struct reward_result got[MOST_REPLIES] = {{0}};
    char *text = NULL;
    (void)state;
    assert_ok(mem_new(&text, LEN, 1));
    memset(text, 'x', LEN);
    struct reward *r = begin(&c, "", "    answer(reward=len(r) / (1 << 20))");
    for (uint64_t i = 0; i < TEXTS; i++)
        assert_ok(reward_submit(r, i, "{}", text, i * (LEN / TEXTS), 1));
    assert_ok(collect(r, got));
    for (size_t i = 0; i < TEXTS; i++)
        assert_true(got[i].reward == (float)(i * (LEN / TEXTS)) / (float)LEN);
    mem_free(text);
    reward_stop(r);
}

// The problem comes as it is, its fields and the spelling of its numbers.
static void test_problem_arrives(void **state)
{
    static const char problem[] =
        "{\"q\":\"\\u00e9\",\"n\":123456789012345678901234567890,\"x\":0.10,"
        "\"list\":[1,null,true]}";
    struct reward_config c = usual();
    struct reward_result got[MOST_REPLIES] = {{0}};
    (void)state;
    struct reward *r =
        begin(&c, "",
              "    answer(reward=p == {'q': '\\u00e9', 'n': "
              "123456789012345678901234567890, 'x': 0.1, 'list': [1, None, True]})");
    assert_ok(reward_submit(r, 0, problem, "r", 1, 1));
    assert_ok(collect(r, got));
    assert_true(got[0].reward == 1.0F);
    reward_stop(r);
}

static void test_parts(void **state)
{
    static const struct {
        const char *reply;
        enum verdict verdict;
    } parts[] = {{"valid", VERDICT_VALID},
                 {"invalid", VERDICT_INVALID},
                 {"unknown", VERDICT_UNKNOWN},
                 {"invalid", VERDICT_INVALID},
                 {"valid", VERDICT_VALID}};
    struct reward_config c = usual();
    struct reward_result got[MOST_REPLIES] = {{0}};
    (void)state;
    struct reward *r =
        begin(&c, "", "    answer(reward=0.5) if w else answer(verdict=r)");
    for (size_t i = 0; i < 5; i++)
        assert_ok(reward_submit(r, i, "{}", parts[i].reply, strlen(parts[i].reply), 0));
    ask(r, 5, "whole");
    assert_ok(collect(r, got));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(got[i].verdict, parts[i].verdict);
    assert_true(got[5].reward == 0.5F);
    reward_stop(r);
}

// A dropped question's answer reaches nobody, wherever the question was.
static void test_cancel(void **state)
{
    struct reward_config c = usual();
    struct reward_result got[MOST_REPLIES] = {{0}};
    (void)state;
    struct reward *r = begin(&c, "", "    time.sleep(0.001)\n    answer(reward=0.5)");
    for (uint64_t i = 0; i < 100; i++)
        ask(r, i % 2, "");
    while (reward_pending(r) > 90) {
        struct reward_result one = {0};
        int got_one = 0;
        assert_ok(reward_poll(r, 10, &one, &got_one));
    }
    reward_cancel(r, 0);
    assert_in_range(reward_pending(r), 1, 50);
    got[0].reward = 7;
    assert_ok(collect(r, got));
    assert_true(got[0].reward == 7.0F && got[1].reward == 0.5F);
    ask(r, 2, "");
    assert_ok(collect(r, got));
    assert_true(got[2].reward == 0.5F);
    reward_stop(r);
}

// Nothing waits: neither the start nor a question nor a look.
static void test_nothing_blocks(void **state)
{
    struct reward_config c = usual();
    struct reward_result one;
    int got = 1;
    (void)state;
    int64_t began = clock_ms();
    struct reward *r = begin(&c, "time.sleep(5)", "    answer(reward=1)");
    for (uint64_t i = 0; i < 100; i++)
        ask(r, i, "reply");
    assert_ok(reward_poll(r, 0, &one, &got));
    assert_int_equal(got, 0);
    reward_stop(r);
    assert_true(clock_ms() - began < 4000);
}

static void test_no_memory(void **state)
{
    struct reward_config c = usual();
    (void)state;
    struct reward *r = begin(&c, "", "    answer(reward=1)");
    for (long n = 1;; n++) {
        mem_fail_nth(n);
        enum status st = reward_submit(r, 0, "{}", "reply", 5, 1);
        mem_fail_nth(0);
        if (st == OK)
            break;
        assert_int_equal(st, ERR_NOMEM);
    }
    assert_int_equal(reward_pending(r), 1);
    reward_stop(r);
    c.command = "[\"true\"]";
    for (long n = 1;; n++) {
        mem_fail_nth(n);
        enum status st = reward_start(&r, &c);
        mem_fail_nth(0);
        if (st == OK)
            break;
        assert_int_equal(st, ERR_NOMEM);
    }
    reward_stop(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_to_answer),
        cmocka_unit_test(test_booleans_and_integers),
        cmocka_unit_test(test_several_processes),
        cmocka_unit_test(test_texts_arrive),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_problem_arrives),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_nothing_blocks),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
