// Generated problems: every step and every answer is right and within its range.
#include "algebra_test.h"

static long apply(long a, char op, long b)
{
    if (op == '/')
        assert_int_equal(a % b, 0);
    return op == '+' ? a + b : op == '-' ? a - b : op == '*' ? a * b : a / b;
}

// "4+6=<<4+6=10>>10" at `line`.  Returns the result; *from is the first number.
static long check_calculation(const char *line, const struct algebra_config *c,
                              long *from)
{
    long a, b, a2, b2, result, result2;
    char op, op2;
    int n = sscanf(line, "%ld%c%ld=<<%ld%c%ld=%ld>>%ld", &a, &op, &b, &a2, &op2, &b2,
                   &result, &result2);
    if (n != 8 || a != a2 || op != op2 || b != b2 || result != result2)
        fail_msg("not a calculation: %s", line);
    assert_int_equal(apply(a, op, b), result);
    assert_in_range(a, 1, c->max_value);
    assert_in_range(b, 2, strchr("+-", op) ? c->max_operand : c->max_factor);
    assert_in_range(result, 1, c->max_value);
    *from = a;
    return result;
}

// Each line goes on from the result of the one before; the last one is the answer.
static void check_solution(const struct problem *p, const struct algebra_config *c)
{
    const char *line = p->solution;
    long value = 0, from = 0;
    assert_in_range(p->steps, c->min_steps, c->max_steps);
    for (int32_t i = 0; i < p->steps; i++) {
        const char *start = strstr(line, "=<<");
        assert_non_null(start);
        while (start > line && start[-1] != ' ')
            start--;
        assert_true(c->prose || start == line);
        long result = check_calculation(start, c, &from);
        assert_true(i == 0 || from == value);
        value = result;
        line = strchr(line, '\n') + 1;
    }
    char last[32];
    (void)snprintf(last, sizeof last, "#### %ld", value);
    assert_string_equal(line, last);
    assert_string_equal(p->answer, last + 5);
}

static char operator_of(const char *sentence)
{
    static const struct {
        const char *words;
        char op;
    } all[] = {{" gets ", '+'},     {" buys ", '+'},           {" finds ", '+'},
               {" loses ", '-'},    {" eats ", '-'},           {" gives away ", '-'},
               {" It grows ", '*'}, {" It is split by ", '/'}, {" Add ", '+'},
               {" Subtract ", '-'}, {" Multiply by ", '*'},    {" Divide by ", '/'}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strncmp(sentence, all[i].words, strlen(all[i].words)) == 0)
            return all[i].op;
    fail_msg("no operation: %s", sentence);
    return 0;
}

// Follows the sentences of "Eva has 4 eggs. Eva gets 6 more. It grows 2 times. ...".
static void check_sentences(const struct problem *p, size_t subject)
{
    const char *at = p->question + strcspn(p->question, "0123456789");
    long value = atol(at);
    for (int32_t i = 0; i < p->steps; i++) {
        at = strchr(at, '.') + 1;
        char op = operator_of(at + (at[1] == 'I' ? 0 : subject));
        at += strcspn(at, "0123456789");
        value = apply(value, op, atol(at));
    }
    at = strchr(at, '.') + 1;
    assert_true(!strcmp(at, " How many?") || !strcmp(at, " What is the result?"));
    assert_int_equal(value, atol(p->answer));
}

// An expression of x, left to right as the generator writes them: what follows an
// operator is a number or x.
static long evaluate(const char **at, long x)
{
    long value = 0;
    char op = '+';
    for (;;) {
        long next;
        if (**at == '(') {
            ++*at;
            next = evaluate(at, x);
            assert_int_equal(*(*at)++, ')');
        } else if (**at == 'x') {
            ++*at;
            next = x;
        } else {
            char *end = NULL;
            next = strtol(*at, &end, 10);
            assert_ptr_not_equal(end, *at);
            *at = end;
        }
        value = apply(value, op, next);
        if (!**at || !strchr("+-*/", **at))
            return value;
        op = *(*at)++;
    }
}

static void check_equation(const struct problem *p)
{
    const char *at = strncmp(p->question, "What", 4) == 0
                         ? strstr(p->question, " if ") + 4
                         : strchr(p->question, ':') + 2;
    assert_int_equal(strspn(at, "x0123456789+-*/()="), strlen(at) - 1);
    long left = evaluate(&at, atol(p->answer));
    assert_int_equal(*at++, '=');
    assert_int_equal(left, atol(at));
}

static void check_expression(const struct problem *p)
{
    const char *at = p->question + strlen("Compute ");
    assert_int_equal(evaluate(&at, 0), atol(p->answer));
    assert_string_equal(at, ".");
}

static void check_question(const struct problem *p, int *equations, int *chains)
{
    *equations += strchr(p->question, 'x') && strchr(p->question, '=');
    *chains += strncmp(p->question, "Compute ", 8) == 0 ||
               strncmp(p->question, "Start ", 6) == 0;
    if (strchr(p->question, '='))
        check_equation(p);
    else if (strncmp(p->question, "Compute ", 8) == 0)
        check_expression(p);
    else
        check_sentences(p, strncmp(p->question, "Start ", 6) == 0 ? 0 : 4);
}

static void check_set(const struct dataset *d, const struct algebra_config *c)
{
    int equations = 0, chains = 0;
    for (size_t i = 0; i < d->n; i++) {
        check_solution(&d->problems[i], c);
        check_question(&d->problems[i], &equations, &chains);
    }
    int n = (int)d->n;
    assert_in_range(equations, n * c->equations / 100 - n / 5 * (c->equations > 0),
                    n * c->equations / 100 + n / 5 * (c->equations > 0));
    assert_in_range(chains, n * c->chains / 100 - n / 5 * (c->chains > 0),
                    n * c->chains / 100 + n / 5 * (c->chains > 0));
}

static void check_config(struct algebra_config c)
{
    struct dataset train = {0}, test = {0};
    generate(&c, &train, &test);
    check_set(&train, &c);
    check_set(&test, &c);
    dataset_free(&train);
    dataset_free(&test);
}

static void test_quickstart_is_right(void **state)
{
    (void)state;
    check_config(quickstart());
}

static void test_all_kinds_are_right(void **state)
{
    struct algebra_config c = quickstart();
    (void)state;
    c.equations = 40;
    c.chains = 30;
    check_config(c);
    c.prose = 1;
    check_config(c);
    c.max_steps = 12;
    c.min_steps = 9;
    c.max_operand = 50;
    c.max_factor = 12;
    c.max_value = 1000;
    check_config(c);
}

static void test_extreme_ranges(void **state)
{
    struct algebra_config c = quickstart();
    (void)state;
    c.max_operand = 1000000;
    c.max_factor = 1000000;
    c.max_value = 1000000000;
    c.equations = 50;
    c.train = 50;
    c.test = 20;
    check_config(c);
    c.max_operand = 2;
    c.max_factor = 2;
    c.max_value = 4;
    c.min_steps = c.max_steps = 12;
    check_config(c);
}

static void test_exact_texts(void **state)
{
    struct algebra_config c = quickstart();
    struct dataset train = {0}, test = {0};
    (void)state;
    c.train = 1;
    c.test = 1;
    generate(&c, &train, &test);
    // What this seed gives is part of every result ever reported with them.
    assert_string_equal(
        train.problems[0].question,
        "Sue has 3 buns. Sue gets 8 more. It grows 2 times. Sue loses 3. "
        "How many?");
    assert_string_equal(train.problems[0].solution, "3+8=<<3+8=11>>11\n"
                                                    "11*2=<<11*2=22>>22\n"
                                                    "22-3=<<22-3=19>>19\n"
                                                    "#### 19");
    assert_string_equal(test.problems[0].question,
                        "Ann has 3 eggs. Ann gets 9 more. Ann eats 9. Ann gets 7 more. "
                        "Ann loses 7. How many?");
    dataset_free(&train);
    dataset_free(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quickstart_is_right),
        cmocka_unit_test(test_all_kinds_are_right),
        cmocka_unit_test(test_extreme_ranges),
        cmocka_unit_test(test_exact_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
