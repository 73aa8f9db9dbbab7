#include "countdown.h"

#include "chain.h"
#include "distinct.h"
#include "streams.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum {
    MAX_RETRIES = 4000,
    MAX_ATTEMPTS = 32, // to find an operation that is allowed
    TERM_BYTES = 128,  // six numbers of seven digits, five operators, four pairs of ()
};

enum status countdown_config_check(const struct countdown_config *c)
{
    const struct {
        const char *name;
        int32_t value, least, most;
    } all[] = {
        {"train", c->train, 0, 10000000},
        {"test", c->test, 0, 10000000},
        {"numbers", c->numbers, COUNTDOWN_FEWEST, COUNTDOWN_MOST},
        {"max_number", c->max_number, 2, 1000000},
        {"max_target", c->max_target, 2, 1000000},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value < all[i].least || all[i].value > all[i].most)
            return status_fail(ERR_INPUT, "countdown: %s is %d, must be in %d..%d",
                               all[i].name, all[i].value, all[i].least, all[i].most);
    return OK;
}

enum status countdown_problem(struct problem *out, const struct countdown *task,
                              const char *question, const char *solution)
{
    struct problem p = {.verifier = VERIFIER_COUNTDOWN};
    struct buf reference = {0};
    enum status st = OK;
    buf_printf(&reference, "%lld:", (long long)task->target);
    for (int32_t i = 0; i < task->n; i++)
        buf_printf(&reference, " %lld", (long long)task->numbers[i]);
    TRY_OUT(reference.status);
    TRY_OUT(mem_strdup(&p.question, question));
    TRY_OUT(mem_strdup(&p.solution, solution));
    TRY_OUT(mem_strdup(&p.answer, buf_cstr(&reference)));
    p.steps = problem_count_lines(solution, strlen(solution));
    *out = p;
    p = (struct problem){0};
out:
    buf_free(&reference);
    problem_free(&p);
    return st;
}

// A number that can be used: given, or made by an expression of given ones.
struct term {
    int64_t value;
    int made;
    char text[TERM_BYTES];
};

// What is left while a solution is worked out.
struct work {
    struct term terms[COUNTDOWN_MOST];
    int32_t n;
    struct buf *solution;
};

// *out = a op b for a >= b.  0: not a positive whole number, above max, or an operation
// that leaves a as it is.
static int apply(int64_t *out, int64_t a, char op, int64_t b, int64_t max)
{
    int64_t result;
    if ((op == '*' || op == '/') && (b == 1 || (op == '/' && a % b != 0)))
        return 0;
    switch (op) {
    case '+':
        result = a + b;
        break;
    case '-':
        result = a - b;
        break;
    case '*':
        result = a * b;
        break;
    default:
        result = a / b;
    }
    *out = result;
    return result >= 1 && result <= max;
}

static void print_operand(char *out, const struct term *t)
{
    (void)snprintf(out, TERM_BYTES, t->made ? "(%.*s)" : "%.*s", TERM_BYTES - 3,
                   t->text);
}

static void print_step(const struct work *w, const struct term *a, char op,
                       const struct term *b, int64_t result)
{
    buf_printf(w->solution, "%lld%c%lld=<<%lld%c%lld=%lld>>%lld", (long long)a->value,
               op, (long long)b->value, (long long)a->value, op, (long long)b->value,
               (long long)result, (long long)result);
    if (w->n > 1)
        buf_str(w->solution, ", left");
    for (int32_t i = 0; i < w->n && w->n > 1; i++)
        buf_printf(w->solution, " %lld", (long long)w->terms[i].value);
    buf_char(w->solution, '\n');
}

static void remove_term(struct work *w, int32_t i)
{
    w->n--;
    memmove(&w->terms[i], &w->terms[i + 1], (size_t)(w->n - i) * sizeof *w->terms);
}

// Replaces terms i and j by the result of an operation.
static void combine(struct work *w, int32_t i, char op, int32_t j, int64_t result)
{
    struct term a = w->terms[i], b = w->terms[j];
    struct term made = {.value = result, .made = 1};
    char left[TERM_BYTES], right[TERM_BYTES];
    print_operand(left, &a);
    print_operand(right, &b);
    (void)snprintf(made.text, sizeof made.text, "%.60s%c%.60s", left, op, right);
    remove_term(w, i > j ? i : j);
    remove_term(w, i > j ? j : i);
    w->terms[w->n++] = made;
    print_step(w, &a, op, &b, result);
}

// Any two terms and any operation that they allow.  0: none found.
static int draw_step(struct work *w, struct draws *d, int64_t max)
{
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        int32_t i = (int32_t)draws_range(d, 0, w->n - 1);
        int32_t j = (int32_t)draws_range(d, 0, w->n - 2);
        char op = "+-*/"[draws_range(d, 0, 3)];
        int64_t result;
        j += j >= i;
        if (w->terms[i].value < w->terms[j].value) {
            int32_t larger = j;
            j = i;
            i = larger;
        }
        if (apply(&result, w->terms[i].value, op, w->terms[j].value, max)) {
            combine(w, i, op, j, result);
            return 1;
        }
    }
    return 0;
}

// The numbers, in rising order: a problem has one wording.
static void draw_numbers(struct countdown *task, const struct countdown_config *c,
                         struct draws *d)
{
    for (task->n = 0; task->n < c->numbers; task->n++) {
        int64_t number = draws_range(d, 1, c->max_number);
        int32_t at = task->n;
        for (; at > 0 && task->numbers[at - 1] > number; at--)
            task->numbers[at] = task->numbers[at - 1];
        task->numbers[at] = number;
    }
}

// Draws the numbers and combines all of them: the result is the target.  0: this draw
// led nowhere, or to a number that is given.
static int draw_problem(struct countdown *task, struct buf *solution,
                        const struct countdown_config *c, struct draws *d)
{
    struct work w = {.solution = solution};
    buf_clear(solution);
    draw_numbers(task, c, d);
    for (w.n = 0; w.n < task->n; w.n++) {
        struct term *t = &w.terms[w.n];
        t->value = task->numbers[w.n];
        (void)snprintf(t->text, sizeof t->text, "%lld", (long long)t->value);
    }
    while (w.n > 1)
        if (!draw_step(&w, d, c->max_target))
            return 0;
    task->target = w.terms[0].value;
    buf_printf(solution, "#### %s", w.terms[0].text);
    for (int32_t i = 0; i < task->n; i++)
        if (task->numbers[i] == task->target)
            return 0;
    return 1;
}

static void print_question(struct buf *out, const struct countdown *task)
{
    buf_clear(out);
    buf_printf(out, "Make %lld from", (long long)task->target);
    for (int32_t i = 0; i < task->n; i++)
        buf_printf(out, "%s %lld", i ? "," : "", (long long)task->numbers[i]);
    buf_char(out, '.');
}

// One split in the making.
struct split {
    struct rng_key key;
    struct distinct distinct;
    struct buf question, solution;
};

static enum status make_problem(struct problem *out, struct split *s,
                                const struct countdown_config *c, int32_t index)
{
    struct rng_key key = rng_child(s->key, (uint64_t)index);
    for (uint64_t retry = 0; retry < MAX_RETRIES; retry++) {
        struct draws d = {rng_child(key, retry), 0};
        struct countdown task = {0};
        int drawn = draw_problem(&task, &s->solution, c, &d);
        TRY(s->solution.status);
        if (!drawn)
            continue;
        print_question(&s->question, &task);
        TRY(s->question.status);
        if (distinct_claims(&s->distinct, &s->question))
            return countdown_problem(out, &task, buf_cstr(&s->question),
                                     buf_cstr(&s->solution));
    }
    return status_fail(ERR_INPUT,
                       "countdown: only %d distinct %s problems found: fewer problems "
                       "or wider ranges are needed",
                       index, s->distinct.is_test ? "test" : "train");
}

static enum status make_split(struct dataset *out, const struct countdown_config *c,
                              int is_test)
{
    int32_t count = is_test ? c->test : c->train;
    struct split s = {
        .key = rng_child(rng_root(c->seed, RNG_DATA),
                         is_test ? STREAM_COUNTDOWN_TEST : STREAM_COUNTDOWN_TRAIN)};
    struct dataset made = {0};
    struct problem p = {0};
    enum status st = OK;
    TRY_OUT(distinct_init(&s.distinct, is_test, (size_t)count));
    for (int32_t i = 0; i < count; i++) {
        TRY_OUT(make_problem(&p, &s, c, i));
        TRY_OUT(dataset_add(&made, &p));
    }
    *out = made;
    made = (struct dataset){0};
out:
    problem_free(&p);
    dataset_free(&made);
    distinct_free(&s.distinct);
    buf_free(&s.question);
    buf_free(&s.solution);
    return st;
}

enum status countdown_generate(const struct countdown_config *c, struct dataset *train,
                               struct dataset *test)
{
    struct dataset made = {0};
    TRY(countdown_config_check(c));
    TRY(make_split(&made, c, 0));
    enum status st = make_split(test, c, 1);
    if (st != OK)
        dataset_free(&made);
    else
        *train = made;
    return st;
}
