#include "numeric_value.h"

#include "math_field.h"

#include <string.h>

enum { MAX_EXPONENT = 500, WHOLE_BITS = 64, NODE_STEPS = 4, POWER_STEPS = 60 };

bool numeric_real(mpc_srcptr value)
{
    return mpfr_zero_p(mpc_imagref(value));
}

bool numeric_zero(mpc_srcptr value)
{
    return mpfr_zero_p(mpc_realref(value)) && mpfr_zero_p(mpc_imagref(value));
}

void numeric_no_value(struct numeric *at, mpc_ptr out)
{
    at->unknown = true;
    mpc_set_si(out, 0, NUMERIC_ROUND);
}

static void settle_part(struct numeric *at, mpfr_ptr part)
{
    if (!mpfr_number_p(part)) {
        at->unknown = true;
        return;
    }
    if (mpfr_zero_p(part)) {
        mpfr_set_zero(part, 1);
        return;
    }
    mpfr_exp_t exponent = mpfr_get_exp(part);
    if (exponent > MAX_EXPONENT) {
        at->unknown = true;
        return;
    }
    if (exponent > WHOLE_BITS)
        return;
    mpfr_t whole, gap;
    mpfr_inits2(at->bits, whole, gap, (mpfr_ptr)NULL);
    mpfr_rint(whole, part, MPFR_RNDN);
    mpfr_sub(gap, part, whole, MPFR_RNDN);
    if (!mpfr_zero_p(gap) && mpfr_get_exp(gap) < -(mpfr_exp_t)at->bits / 2)
        mpfr_set(part, whole, MPFR_RNDN);
    if (mpfr_zero_p(part))
        mpfr_set_zero(part, 1); // the upper side of a cut
    else if (mpfr_get_exp(part) < -MAX_EXPONENT)
        at->unknown = true;
    mpfr_clears(whole, gap, (mpfr_ptr)NULL);
}

void numeric_settle(struct numeric *at, mpc_ptr value)
{
    settle_part(at, mpc_realref(value));
    settle_part(at, mpc_imagref(value));
}

// The digits of a number token, without its thousands marks.
static bool copy_digits(char *out, size_t size, const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool sign = (c == '-' || c == '+') && n > 0 && out[n - 1] == 'e';
        if (c == 'E')
            c = 'e';
        if (!(c >= '0' && c <= '9') && c != '.' && c != 'e' && !sign)
            continue;
        if (n + 1 >= size)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n > 0;
}

// 0.1\overline{6}: `repeat` has the digits under the bar, `shift` places stand before.
static void add_repeat(struct numeric *at, mpc_ptr out, const struct math_node *number,
                       const struct math_node *repeat)
{
    char digits[600];
    long shift = 0;
    bool point = false;
    for (size_t i = 0; i < number->len; i++) {
        point = point || number->at[i] == '.';
        shift += point && number->at[i] >= '0' && number->at[i] <= '9';
    }
    mpfr_t top, bottom;
    mpfr_inits2(at->bits, top, bottom, (mpfr_ptr)NULL);
    if (!copy_digits(digits, sizeof digits, repeat->at, repeat->len) ||
        strpbrk(digits, ".e") || shift > (long)sizeof digits) {
        at->unknown = true;
    } else {
        mpfr_set_str(top, digits, 10, MPFR_RNDN);
        mpfr_ui_pow_ui(bottom, 10, strlen(digits), MPFR_RNDN);
        mpfr_sub_ui(bottom, bottom, 1, MPFR_RNDN);
        mpfr_div(top, top, bottom, MPFR_RNDN);
        mpfr_ui_pow_ui(bottom, 10, (unsigned long)shift, MPFR_RNDN);
        mpfr_div(top, top, bottom, MPFR_RNDN);
        mpc_add_fr(out, out, top, NUMERIC_ROUND);
    }
    mpfr_clears(top, bottom, (mpfr_ptr)NULL);
}

static void number(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                   int node)
{
    const struct math_node *n = &tree->nodes[node];
    char digits[600];
    mpc_set_si(out, 0, NUMERIC_ROUND);
    if (!copy_digits(digits, sizeof digits, n->at, n->len) ||
        mpfr_set_str(mpc_realref(out), digits, 10, MPFR_RNDN) != 0)
        at->unknown = true;
    else if (n->child >= 0)
        add_repeat(at, out, n, &tree->nodes[n->child]);
}

static bool is_name(const struct math_node *n, const char *name)
{
    return n->id == math_hash(0, name, strlen(name));
}

// A real variable: from 0.3 to 3.3, at odd points of either sign.
static void name(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                 int node)
{
    const struct math_node *n = &tree->nodes[node];
    mpc_set_si(out, 0, NUMERIC_ROUND);
    if (at->bound != 0 && n->id == at->bound) {
        mpfr_set(mpc_realref(out), at->value, MPFR_RNDN);
    } else if (is_name(n, "pi")) {
        mpfr_const_pi(mpc_realref(out), MPFR_RNDN);
    } else if (is_name(n, "e")) {
        mpfr_set_ui(mpc_realref(out), 1, MPFR_RNDN);
        mpfr_exp(mpc_realref(out), mpc_realref(out), MPFR_RNDN);
    } else if (is_name(n, "i")) {
        mpfr_set_ui(mpc_imagref(out), 1, MPFR_RNDN);
    } else {
        uint64_t state = n->id ^ (at->salt * 0x9e3779b97f4a7c15u);
        double size = 0.3 + 3 * (double)(field_random(&state) >> 11) * 0x1p-53;
        bool negative = at->salt % 2 == 1 && (field_random(&state) & 1);
        mpfr_set_d(mpc_realref(out), negative ? -size : size, MPFR_RNDN);
        at->variable = true;
    }
}

// Sums, products and whatever else folds its children one by one.
static void fold(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                 int node)
{
    bool sum = tree->nodes[node].kind == MATH_SUM;
    mpc_t value;
    mpc_init2(value, at->bits);
    mpc_set_si(out, sum ? 0 : 1, NUMERIC_ROUND);
    for (int c = tree->nodes[node].child; c >= 0 && !at->unknown;
         c = tree->nodes[c].next) {
        numeric_value(at, value, tree, c);
        if (sum)
            mpc_add(out, out, value, NUMERIC_ROUND);
        else
            mpc_mul(out, out, value, NUMERIC_ROUND);
        numeric_settle(at, out);
    }
    mpc_clear(value);
}

static void root(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                 int node)
{
    int inner = tree->nodes[node].child, index = tree->nodes[inner].next;
    long order = 2;
    if (index >= 0) {
        numeric_value(at, out, tree, index);
        order = mpfr_get_si(mpc_realref(out), MPFR_RNDN);
        if (at->unknown || !numeric_real(out) || !mpfr_integer_p(mpc_realref(out)) ||
            order < 1 || order > 64) {
            numeric_no_value(at, out);
            return;
        }
    }
    numeric_value(at, out, tree, inner);
    numeric_root(at, out, out, order);
}

static void two(struct numeric *at, mpc_ptr out, const struct math_tree *tree, int node)
{
    const struct math_node *n = &tree->nodes[node];
    mpc_t second;
    mpc_init2(second, at->bits);
    numeric_value(at, out, tree, n->child);
    if (!at->unknown)
        numeric_value(at, second, tree, tree->nodes[n->child].next);
    if (at->unknown)
        numeric_no_value(at, out);
    else if (n->kind == MATH_POW)
        numeric_power(at, out, out, second);
    else
        numeric_choose(at, out, out, second);
    mpc_clear(second);
}

// log_base(argument); the natural one without a base.
static void logarithm(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                      int node)
{
    int argument = tree->nodes[node].child, base = tree->nodes[argument].next;
    numeric_value(at, out, tree, argument);
    if (at->unknown || numeric_zero(out)) {
        numeric_no_value(at, out);
        return;
    }
    at->steps -= POWER_STEPS * (at->bits / 64);
    mpc_log(out, out, NUMERIC_ROUND);
    if (base < 0)
        return;
    mpc_t below;
    mpc_init2(below, at->bits);
    numeric_value(at, below, tree, base);
    if (!at->unknown && !numeric_zero(below))
        mpc_log(below, below, NUMERIC_ROUND);
    numeric_settle(at, below);
    if (at->unknown || numeric_zero(below))
        numeric_no_value(at, out);
    else
        mpc_div(out, out, below, NUMERIC_ROUND);
    mpc_clear(below);
}

// What is made of one child.
static void one(struct numeric *at, mpc_ptr out, const struct math_tree *tree, int node)
{
    const struct math_node *n = &tree->nodes[node];
    numeric_value(at, out, tree, n->child);
    if (at->unknown)
        return;
    switch (n->kind) {
    case MATH_NEGATIVE:
        mpc_neg(out, out, NUMERIC_ROUND);
        break;
    case MATH_INVERSE:
        if (numeric_zero(out))
            numeric_no_value(at, out);
        else
            mpc_ui_div(out, 1, out, NUMERIC_ROUND);
        break;
    case MATH_ABSOLUTE:
        mpc_abs(mpc_realref(out), out, MPFR_RNDN);
        mpfr_set_zero(mpc_imagref(out), 1);
        break;
    case MATH_FACTORIAL:
        numeric_factorial(at, out, out);
        break;
    case MATH_PERCENT:
        if (!at->bare)
            mpc_div_ui(out, out, 100, NUMERIC_ROUND);
        break;
    case MATH_PLUS_MINUS:
        if (at->sign == 0)
            numeric_no_value(at, out);
        else if ((at->sign > 0) != (n->id == 0))
            mpc_neg(out, out, NUMERIC_ROUND);
        break;
    default: // degrees
        break;
    }
}

void numeric_value(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                   int node)
{
    const struct math_node *n = &tree->nodes[node];
    at->steps -= NODE_STEPS * (at->bits / 64);
    if (at->unknown || at->steps < 0) {
        numeric_no_value(at, out);
        return;
    }
    switch (n->kind) {
    case MATH_NUMBER:
        number(at, out, tree, node);
        break;
    case MATH_NAME:
        name(at, out, tree, node);
        break;
    case MATH_REFERENCE:
        numeric_value(at, out, tree, (int)n->id);
        return;
    case MATH_SUM:
    case MATH_PRODUCT:
        fold(at, out, tree, node);
        break;
    case MATH_NEGATIVE:
    case MATH_INVERSE:
    case MATH_ABSOLUTE:
    case MATH_FACTORIAL:
    case MATH_PERCENT:
    case MATH_PLUS_MINUS:
    case MATH_DEGREES:
        one(at, out, tree, node);
        break;
    case MATH_POW:
    case MATH_CHOOSE:
        two(at, out, tree, node);
        break;
    case MATH_ROOT:
        root(at, out, tree, node);
        break;
    case MATH_CALL:
        numeric_call(at, out, tree, node);
        break;
    case MATH_LOG:
        logarithm(at, out, tree, node);
        break;
    default:
        numeric_no_value(at, out);
        return;
    }
    numeric_settle(at, out);
}
