// What the sandbox lets the program do: read all, write and reach nothing.
#include "reward_test.h"

#include <stdlib.h>
#include <unistd.h>

// `expression` in Python, true within the sandbox.
static const char *const rules[] = {
    "open('/etc/passwd').read() != ''",
    "refused(lambda: open('/etc/written', 'w'))",
    "refused(lambda: open(os.getcwd() + '/written', 'w'))",
    "refused(lambda: os.remove('/etc/passwd'))",
    "refused(lambda: socket.create_connection(('1.1.1.1', 53), 2))",
    "refused(lambda: socket.create_connection(('127.0.0.1', 22), 2))",
    "tempfile.TemporaryFile().write(b'x') == 1",
    "not any('OMPI_' in k for k in os.environ)",
    "os.environ.get('MARK') == 'seen'",
    "len([p for p in os.listdir('/proc') if p.isdigit()]) < 8",
    "refused(lambda: bytearray(3 << 30))", // beyond the limit on memory
    "refused(lambda: os.setuid(12345))",
    "not os.listdir('/run')",
};

static const char helpers[] = "import tempfile\n"
                              "def refused(f):\n"
                              "    try: f()\n"
                              "    except (OSError, MemoryError): return True\n";

static void test_rules(void **state)
{
    (void)state;
    (void)setenv("MARK", "seen", 1);
    (void)setenv("OMPI_TEST_MARK", "1", 1);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct reward_config c = usual();
        struct reward_result got[MOST_REPLIES] = {{0}};
        char body[256];
        c.bare = 0;
        c.memory_mb = 2048;
        (void)snprintf(body, sizeof body, "    answer(reward=bool(%s))", rules[i]);
        struct reward *r = begin(&c, helpers, body);
        ask(r, 0, "");
        enum status st = collect(r, got);
        if (st != OK || got[0].reward != 1.0F)
            fail_msg("%s: %s", rules[i], st == OK ? "false" : status_message());
        reward_stop(r);
    }
    assert_int_not_equal(access("/etc/written", F_OK), 0);
}

// A script in a folder of /tmp sees that folder, but not its neighbours there; a lone
// one is seen alone.
static void test_scripts_in_tmp(void **state)
{
    static const char script[] =
        "import sys, json, os\n"
        "here = os.path.dirname(os.path.abspath(__file__))\n"
        "for line in sys.stdin:\n"
        "    q = json.loads(line)\n"
        "    beside = os.path.exists(here + '/beside')\n"
        "    far = os.path.exists(q['reply'])\n"
        "    print(json.dumps({'reward': 0.5 * beside + 0.25 * (not far)}))\n";
    char folder[] = "/tmp/etreerpo-reward-XXXXXX", other[] = "/tmp/etreerpo-far-XXXXXX";
    char path[64], beside[64], command[160];
    (void)state;
    assert_non_null(mkdtemp(folder));
    int far = mkstemp(other);
    assert_true(far >= 0);
    (void)snprintf(path, sizeof path, "%s/r.py", folder);
    (void)snprintf(beside, sizeof beside, "%s/beside", folder);
    FILE *files[] = {fopen(path, "w"), fopen(beside, "w")};
    assert_true(files[0] && files[1] && fputs(script, files[0]) >= 0);
    (void)fclose(files[0]);
    (void)fclose(files[1]);
    struct reward_config c = usual();
    struct reward_result got[MOST_REPLIES] = {{0}};
    struct reward *r = NULL;
    c.bare = 0;
    (void)snprintf(command, sizeof command, "[\"/usr/bin/python3\", \"%s\"]", path);
    c.command = command;
    enum status st = reward_start(&r, &c);
    if (st == OK) {
        ask(r, 0, other);
        st = collect(r, got);
    }
    reward_stop(r);
    int closed = unlink(path) | unlink(beside) | unlink(other) | rmdir(folder);
    if (st == ERR_INPUT && strstr(status_message(), "no sandbox"))
        skip();
    assert_ok(st);
    assert_int_equal(closed, 0);
    assert_true(got[0].reward == 0.75F);
    (void)close(far);
}

static void test_no_sandbox(void **state)
{
    struct reward_config c = usual();
    struct reward *r = NULL;
    (void)state;
    c.command = "[\"true\"]";
    c.bare = 0;
    c.bwrap = "/bin/false";
    assert_int_equal(reward_start(&r, &c), ERR_INPUT);
    expect_message("verifier: no sandbox here (verifier.sandbox=none does without)");
    c.bwrap = "/nowhere/bwrap";
    assert_int_equal(reward_start(&r, &c), ERR_INPUT);
    expect_message("No such file");
    c.bare = 1;
    assert_ok(reward_start(&r, &c));
    reward_stop(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_scripts_in_tmp),
        cmocka_unit_test(test_no_sandbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
