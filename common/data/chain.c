#include "chain.h"

int64_t draws_range(struct draws *d, int64_t least, int64_t most)
{
    return least + (int64_t)rng_below(d->key, d->next++, (uint64_t)(most - least + 1));
}

// Sums are more frequent than differences, products and quotients: 4, 3, 2, 1 of 10.
static char draw_operator(struct draws *d)
{
    return "++++---**/"[draws_range(d, 0, 9)];
}

// step->result = value op operand.  0: not a whole number, or out of [1, max].
static int apply(struct operation *step, int64_t value, int64_t max)
{
    int64_t b = step->operand;
    switch (step->op) {
    case '+':
        step->result = value + b;
        break;
    case '-':
        step->result = value - b;
        break;
    case '*':
        step->result = value * b;
        break;
    default:
        step->result = value / b;
        if (value % b != 0)
            return 0;
    }
    return step->result >= 1 && step->result <= max;
}

static int draw_step(struct operation *step, int64_t value,
                     const struct algebra_config *c, struct draws *d)
{
    for (int attempt = 0; attempt < 64; attempt++) {
        step->op = draw_operator(d);
        int sum = step->op == '+' || step->op == '-';
        step->operand = draws_range(d, 2, sum ? c->max_operand : c->max_factor);
        if (apply(step, value, c->max_value))
            return 1;
    }
    return 0;
}

static enum chain_kind draw_kind(const struct algebra_config *c, struct draws *d)
{
    int64_t percent = draws_range(d, 0, 99);
    if (percent < c->equations)
        return CHAIN_EQUATION;
    return percent < c->equations + c->chains ? CHAIN_PLAIN : CHAIN_WORDS;
}

int chain_draw(struct chain *out, const struct algebra_config *c, struct draws *d)
{
    struct chain chain = {.kind = draw_kind(c, d)};
    chain.n = (int32_t)draws_range(d, c->min_steps, c->max_steps);
    // The unknown of an equation is its answer: let it take any value.
    chain.start = chain.kind == CHAIN_EQUATION ? draws_range(d, 1, c->max_value)
                                               : draws_range(d, 2, c->max_operand);
    int64_t value = chain.start;
    for (int32_t i = 0; i < chain.n; i++) {
        if (!draw_step(&chain.steps[i], value, c, d))
            return 0;
        value = chain.steps[i].result;
    }
    *out = chain;
    return 1;
}
