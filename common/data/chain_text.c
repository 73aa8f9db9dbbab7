#include "chain.h"

#include <inttypes.h>
#include <stdio.h>

#define PICK(draws, list)                                                              \
    ((list)[draws_range((draws), 0, (int64_t)(sizeof(list) / sizeof *(list)) - 1)])

static int is_sum(char op)
{
    return op == '+' || op == '-';
}

struct phrase {
    const char *verb, *after;
};

static struct phrase draw_phrase(char op, struct draws *d)
{
    static const struct phrase gain[] = {
        {"gets", " more"}, {"buys", ""}, {"finds", ""}};
    static const struct phrase loss[] = {
        {"loses", ""}, {"eats", ""}, {"gives away", ""}};
    switch (op) {
    case '+':
        return PICK(d, gain);
    case '-':
        return PICK(d, loss);
    case '*':
        return (struct phrase){"grows", " times"};
    default:
        return (struct phrase){"is split by", ""};
    }
}

static void word_step(struct buf *out, const char *name, const struct operation *step,
                      struct draws *d)
{
    struct phrase phrase = draw_phrase(step->op, d);
    buf_printf(out, " %s %s %" PRId64 "%s.", is_sum(step->op) ? name : "It",
               phrase.verb, step->operand, phrase.after);
}

static void words_question(struct buf *out, struct wording *w,
                           const struct chain *chain, struct draws *d)
{
    static const char *const names[] = {"Tom", "Ann", "Bob", "Sue", "Max", "Eva"};
    static const char *const items[] = {"figs", "eggs", "nuts", "pies", "buns"};
    w->name = PICK(d, names);
    w->item = PICK(d, items);
    buf_printf(out, "%s has %" PRId64 " %s.", w->name, chain->start, w->item);
    for (int32_t i = 0; i < chain->n; i++)
        word_step(out, w->name, &chain->steps[i], d);
    buf_str(out, " How many?");
}

// The chain as one expression of `start`, e.g. (2*x+3)/5: what is multiplied or divided
// is everything so far, so a parenthesis opens in front for each such step.
static void expression(struct buf *out, const struct chain *chain, const char *start)
{
    int32_t i = 0;
    for (int32_t k = 1; k < chain->n; k++)
        if (!is_sum(chain->steps[k].op))
            buf_char(out, '(');
    if (chain->steps[0].op == '*')
        buf_printf(out, "%" PRId64 "*%s", chain->steps[i++].operand, start);
    else
        buf_str(out, start);
    for (; i < chain->n; i++) {
        const struct operation *step = &chain->steps[i];
        if (i > 0 && !is_sum(step->op))
            buf_char(out, ')');
        buf_printf(out, "%c%" PRId64, step->op, step->operand);
    }
}

static void equation_question(struct buf *out, const struct chain *chain,
                              struct draws *d)
{
    static const char *const before[] = {"Solve for x: ", "Find x: ", "What is x if "};
    const char *text = PICK(d, before);
    buf_str(out, text);
    expression(out, chain, "x");
    buf_printf(out, "=%" PRId64 "%c", chain->steps[chain->n - 1].result,
               text == before[2] ? '?' : '.');
}

static void orders_question(struct buf *out, const struct chain *chain)
{
    buf_printf(out, "Start with %" PRId64 ".", chain->start);
    for (int32_t i = 0; i < chain->n; i++) {
        const struct operation *step = &chain->steps[i];
        const char *order = step->op == '+'   ? "Add"
                            : step->op == '-' ? "Subtract"
                            : step->op == '*' ? "Multiply by"
                                              : "Divide by";
        buf_printf(out, " %s %" PRId64 ".", order, step->operand);
    }
    buf_str(out, " What is the result?");
}

static void plain_question(struct buf *out, const struct chain *chain, struct draws *d)
{
    char start[24];
    if (draws_range(d, 0, 1)) {
        orders_question(out, chain);
        return;
    }
    (void)snprintf(start, sizeof start, "%" PRId64, chain->start);
    buf_str(out, "Compute ");
    expression(out, chain, start);
    buf_char(out, '.');
}

void chain_question(struct buf *out, struct wording *w, const struct chain *chain,
                    struct draws *d)
{
    switch (chain->kind) {
    case CHAIN_WORDS:
        words_question(out, w, chain, d);
        break;
    case CHAIN_EQUATION:
        equation_question(out, chain, d);
        break;
    case CHAIN_PLAIN:
        plain_question(out, chain, d);
        break;
    }
}

// "4+6=<<4+6=10>>10"
static void calculation(struct buf *out, int64_t a, char op, int64_t b, int64_t result)
{
    buf_printf(out, "%" PRId64 "%c%" PRId64 "=", a, op, b);
    buf_printf(out, "<<%" PRId64 "%c%" PRId64 "=%" PRId64 ">>%" PRId64, a, op, b,
               result, result);
}

static char inverse(char op)
{
    switch (op) {
    case '+':
        return '-';
    case '-':
        return '+';
    case '*':
        return '/';
    default:
        return '*';
    }
}

// From the right-hand side back to x, undoing the last operation first.
static void equation_solution(struct buf *out, const struct chain *chain, int prose)
{
    for (int32_t i = chain->n - 1; i >= 0; i--) {
        const struct operation *step = &chain->steps[i];
        int64_t before = i ? chain->steps[i - 1].result : chain->start;
        if (prose)
            buf_printf(out, "Undoing %c%" PRId64 " gives ", step->op, step->operand);
        calculation(out, step->result, inverse(step->op), step->operand, before);
        buf_str(out, prose ? ".\n" : "\n");
    }
    buf_printf(out, "#### %" PRId64, chain->start);
}

static void forward_solution(struct buf *out, const struct chain *chain,
                             const struct wording *w, int prose)
{
    int64_t value = chain->start;
    int words = prose && chain->kind == CHAIN_WORDS;
    for (int32_t i = 0; i < chain->n; i++) {
        const struct operation *step = &chain->steps[i];
        if (words)
            buf_printf(out, "%s has ", w->name);
        else if (prose)
            buf_str(out, "The next value is ");
        calculation(out, value, step->op, step->operand, step->result);
        if (words)
            buf_printf(out, " %s", w->item);
        buf_str(out, prose ? ".\n" : "\n");
        value = step->result;
    }
    buf_printf(out, "#### %" PRId64, value);
}

void chain_solution(struct buf *out, const struct chain *chain, const struct wording *w,
                    int prose)
{
    if (chain->kind == CHAIN_EQUATION)
        equation_solution(out, chain, prose);
    else
        forward_solution(out, chain, w, prose);
}
