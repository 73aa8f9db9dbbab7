#include "expression.h"

#include "number.h"

// Recursive descent; every function reads from the cursor and returns 1, or 0 where the
// text is not an expression.
struct cursor {
    const char *p, *end;
    int depth; // of parentheses
};

static int parse_sum(struct cursor *c, mpq_t out);

static char peek(struct cursor *c)
{
    while (c->p < c->end && *c->p == ' ')
        c->p++;
    return c->p < c->end ? *c->p : 0;
}

static int take(struct cursor *c, char wanted)
{
    if (peek(c) != wanted)
        return 0;
    c->p++;
    return 1;
}

static int parse_parentheses(struct cursor *c, mpq_t out)
{
    if (c->depth == EXPRESSION_MAX_DEPTH)
        return 0;
    c->depth++;
    int ok = parse_sum(c, out) && take(c, ')');
    c->depth--;
    return ok;
}

static int parse_factor(struct cursor *c, mpq_t out)
{
    int negative = 0;
    for (char sign = peek(c); sign == '-' || sign == '+'; sign = peek(c)) {
        negative ^= sign == '-';
        c->p++;
    }
    if (take(c, '(')) {
        if (!parse_parentheses(c, out))
            return 0;
    } else {
        size_t taken = number_scan(out, c->p, (size_t)(c->end - c->p));
        if (!taken)
            return 0;
        c->p += taken;
    }
    if (negative)
        mpq_neg(out, out);
    return 1;
}

// value = floor(value), towards minus infinity.
static void round_down(mpq_t value)
{
    mpz_fdiv_q(mpq_numref(value), mpq_numref(value), mpq_denref(value));
    mpz_set_ui(mpq_denref(value), 1);
}

static int divide(mpq_t out, const mpq_t right, int floored)
{
    if (mpq_sgn(right) == 0)
        return 0;
    mpq_div(out, out, right);
    if (floored)
        round_down(out);
    return 1;
}

static int parse_product(struct cursor *c, mpq_t out)
{
    int ok = parse_factor(c, out);
    mpq_t right;
    mpq_init(right);
    for (char op = peek(c); ok && (op == '*' || op == '/'); op = peek(c)) {
        c->p++;
        int floored = op == '/' && c->p < c->end && *c->p == '/';
        c->p += floored;
        ok = parse_factor(c, right);
        if (ok && op == '/')
            ok = divide(out, right, floored);
        else if (ok)
            mpq_mul(out, out, right);
    }
    mpq_clear(right);
    return ok;
}

static int parse_sum(struct cursor *c, mpq_t out)
{
    int ok = parse_product(c, out);
    mpq_t right;
    mpq_init(right);
    for (char op = peek(c); ok && (op == '+' || op == '-'); op = peek(c)) {
        c->p++;
        ok = parse_product(c, right);
        if (ok && op == '+')
            mpq_add(out, out, right);
        else if (ok)
            mpq_sub(out, out, right);
    }
    mpq_clear(right);
    return ok;
}

int expression_eval(mpq_t out, const char *text, size_t len)
{
    if (len > EXPRESSION_MAX_BYTES)
        return 0;
    struct cursor c = {text, text + len, 0};
    return parse_sum(&c, out) && peek(&c) == 0 && c.p == c.end;
}
