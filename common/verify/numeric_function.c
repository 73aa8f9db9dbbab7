// Powers, roots and functions of complex numbers.
#include "numeric_value.h"

#include <string.h>

// Beyond this a gamma function takes long.
enum { MAX_GAMMA = 2000, CALL_STEPS = 150, POWER_STEPS = 60, GAMMA_STEPS = 500 };

static bool is_whole(mpc_srcptr value)
{
    return numeric_real(value) && mpfr_integer_p(mpc_realref(value)) &&
           mpfr_fits_slong_p(mpc_realref(value), MPFR_RNDN);
}

static void real_part(mpc_ptr value)
{
    mpfr_set_zero(mpc_imagref(value), 1);
}

void numeric_root(struct numeric *at, mpc_ptr out, mpc_ptr value, long order)
{
    if (at->unknown)
        return;
    if (numeric_zero(value)) {
        mpc_set(out, value, NUMERIC_ROUND);
    } else if (numeric_real(value) &&
               (mpfr_sgn(mpc_realref(value)) > 0 || order % 2 == 1)) {
        mpfr_rootn_ui(mpc_realref(out), mpc_realref(value), (unsigned long)order,
                      MPFR_RNDN);
        real_part(out);
    } else if (order == 2) {
        mpc_sqrt(out, value, NUMERIC_ROUND);
    } else {
        numeric_no_value(at, out); // which of the roots?
    }
    numeric_settle(at, out);
}

// Twice the exponent is whole: (-4)^{1/2} has one value in use, (-1)^{2/3} has several.
static bool half_whole(struct numeric *at, mpc_srcptr exponent)
{
    mpfr_t twice;
    if (!numeric_real(exponent))
        return false;
    mpfr_init2(twice, at->bits);
    mpfr_mul_2ui(twice, mpc_realref(exponent), 1, MPFR_RNDN);
    bool whole = mpfr_integer_p(twice) != 0;
    mpfr_clear(twice);
    return whole;
}

void numeric_power(struct numeric *at, mpc_ptr out, mpc_ptr base, mpc_ptr exponent)
{
    if (numeric_zero(base)) {
        if (!numeric_real(exponent) || mpfr_sgn(mpc_realref(exponent)) <= 0)
            numeric_no_value(at, out);
        return;
    }
    bool positive = numeric_real(base) && mpfr_sgn(mpc_realref(base)) > 0;
    at->steps -= POWER_STEPS * (at->bits / 64);
    if (positive && numeric_real(exponent)) {
        mpfr_pow(mpc_realref(out), mpc_realref(base), mpc_realref(exponent), MPFR_RNDN);
        real_part(out);
    } else if (is_whole(exponent)) {
        long n = mpfr_get_si(mpc_realref(exponent), MPFR_RNDN);
        if (n > 100000 || n < -100000)
            numeric_no_value(at, out);
        else
            mpc_pow_si(out, base, n, NUMERIC_ROUND);
    } else if (positive || half_whole(at, exponent)) {
        mpc_pow(out, base, exponent, NUMERIC_ROUND);
    } else {
        numeric_no_value(at, out);
    }
    numeric_settle(at, out);
}

void numeric_factorial(struct numeric *at, mpc_ptr out, mpc_ptr n)
{
    if (!numeric_real(n) || mpfr_cmpabs_ui(mpc_realref(n), MAX_GAMMA) > 0 ||
        (mpfr_integer_p(mpc_realref(n)) && mpfr_sgn(mpc_realref(n)) < 0)) {
        numeric_no_value(at, out);
        return;
    }
    if (mpfr_integer_p(mpc_realref(n))) {
        mpfr_fac_ui(mpc_realref(out), mpfr_get_ui(mpc_realref(n), MPFR_RNDN),
                    MPFR_RNDN);
        real_part(out);
        return;
    }
    at->steps -= GAMMA_STEPS * (at->bits / 64);
    if (at->steps < 0) {
        numeric_no_value(at, out);
        return;
    }
    mpfr_add_ui(mpc_realref(out), mpc_realref(n), 1, MPFR_RNDN);
    mpfr_gamma(mpc_realref(out), mpc_realref(out), MPFR_RNDN);
    real_part(out);
}

// n! / (k! (n-k)!)
void numeric_choose(struct numeric *at, mpc_ptr out, mpc_ptr n, mpc_ptr k)
{
    mpc_t rest;
    mpc_init2(rest, at->bits);
    mpc_sub(rest, n, k, NUMERIC_ROUND);
    numeric_settle(at, rest);
    numeric_factorial(at, rest, rest);
    numeric_factorial(at, k, k);
    numeric_factorial(at, out, n);
    if (at->unknown || numeric_zero(rest) || numeric_zero(k)) {
        numeric_no_value(at, out);
    } else {
        mpc_div(out, out, rest, NUMERIC_ROUND);
        mpc_div(out, out, k, NUMERIC_ROUND);
    }
    mpc_clear(rest);
}

typedef int function(mpc_ptr, mpc_srcptr, mpc_rnd_t);

static const struct {
    const char *name;
    function *apply;
    bool inverse;    // 1 / apply(x)
    bool of_inverse; // apply(1 / x)
} FUNCTIONS[] = {
    {"sin", mpc_sin, false, false},      {"cos", mpc_cos, false, false},
    {"tan", mpc_tan, false, false},      {"csc", mpc_sin, true, false},
    {"sec", mpc_cos, true, false},       {"cot", mpc_tan, true, false},
    {"sinh", mpc_sinh, false, false},    {"cosh", mpc_cosh, false, false},
    {"tanh", mpc_tanh, false, false},    {"csch", mpc_sinh, true, false},
    {"sech", mpc_cosh, true, false},     {"coth", mpc_tanh, true, false},
    {"arcsin", mpc_asin, false, false},  {"arccos", mpc_acos, false, false},
    {"arctan", mpc_atan, false, false},  {"arcsec", mpc_acos, false, true},
    {"arccsc", mpc_asin, false, true},   {"arsinh", mpc_asinh, false, false},
    {"arcosh", mpc_acosh, false, false}, {"artanh", mpc_atanh, false, false},
    {"exp", mpc_exp, false, false},
};

static bool named(const struct math_node *n, const char *name)
{
    return n->id == math_hash(0, name, strlen(name));
}

// The argument: degrees are a number times pi/180 in a trigonometric function.
static void argument_of(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                        int node)
{
    numeric_value(at, out, tree, node);
    if (tree->nodes[node].kind != MATH_DEGREES || at->unknown)
        return;
    mpfr_t degree;
    mpfr_init2(degree, at->bits);
    mpfr_const_pi(degree, MPFR_RNDN);
    mpfr_div_ui(degree, degree, 180, MPFR_RNDN);
    mpc_mul_fr(out, out, degree, NUMERIC_ROUND);
    mpfr_clear(degree);
}

static void invert(struct numeric *at, mpc_ptr out)
{
    numeric_settle(at, out);
    if (at->unknown || numeric_zero(out))
        numeric_no_value(at, out);
    else
        mpc_ui_div(out, 1, out, NUMERIC_ROUND);
}

// Of tan the value there; near its poles the cosine settles to 0.
static bool at_pole(struct numeric *at, mpc_srcptr argument)
{
    mpc_t cosine;
    mpc_init2(cosine, at->bits);
    mpc_cos(cosine, argument, NUMERIC_ROUND);
    numeric_settle(at, cosine);
    bool zero = numeric_zero(cosine);
    mpc_clear(cosine);
    return zero;
}

static bool analytic(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                     int node)
{
    const struct math_node *n = &tree->nodes[node];
    size_t i = 0, count = sizeof FUNCTIONS / sizeof *FUNCTIONS;
    while (i < count && !named(n, FUNCTIONS[i].name))
        i++;
    if (i == count || n->children != 1)
        return false;
    argument_of(at, out, tree, n->child);
    if (FUNCTIONS[i].of_inverse)
        invert(at, out);
    bool tangent = FUNCTIONS[i].apply == mpc_tan;
    if (!at->unknown && mpfr_cmpabs_ui(mpc_realref(out), 1000000) > 0)
        at->unknown = true;
    if (at->unknown) {
        numeric_no_value(at, out);
    } else if (tangent && at_pole(at, out)) {
        if (FUNCTIONS[i].inverse)
            mpc_set_si(out, 0, NUMERIC_ROUND);
        else
            numeric_no_value(at, out);
    } else {
        (void)FUNCTIONS[i].apply(out, out, NUMERIC_ROUND);
        if (FUNCTIONS[i].inverse)
            invert(at, out);
    }
    return true;
}

// What only reals have: roundings and the greatest of several.
static bool real_step(mpfr_ptr out, const struct math_node *n, mpfr_srcptr next)
{
    if (named(n, "floor"))
        mpfr_floor(out, next);
    else if (named(n, "ceil"))
        mpfr_ceil(out, next);
    else if (named(n, "max"))
        mpfr_max(out, out, next, MPFR_RNDN);
    else if (named(n, "min"))
        mpfr_min(out, out, next, MPFR_RNDN);
    else
        return false;
    return true;
}

static void real_function(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                          int node)
{
    const struct math_node *n = &tree->nodes[node];
    mpc_t next;
    bool first = true;
    if ((named(n, "floor") || named(n, "ceil")) && n->children != 1)
        at->unknown = true;
    mpc_init2(next, at->bits);
    mpc_set_si(out, 0, NUMERIC_ROUND);
    for (int c = n->child; c >= 0 && !at->unknown; c = tree->nodes[c].next) {
        numeric_value(at, next, tree, c);
        if (at->unknown || !numeric_real(next))
            at->unknown = true;
        else if (first)
            mpc_set(out, next, NUMERIC_ROUND);
        first = false;
        if (!at->unknown && !real_step(mpc_realref(out), n, mpc_realref(next)))
            at->unknown = true;
    }
    if (at->unknown || first)
        numeric_no_value(at, out);
    mpc_clear(next);
}

// cot^{-1} x is pi/2 - arctan x: between 0 and pi.
static bool arccot(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                   int node)
{
    const struct math_node *n = &tree->nodes[node];
    if (!named(n, "arccot") || n->children != 1)
        return false;
    numeric_value(at, out, tree, n->child);
    if (at->unknown)
        return true;
    mpc_atan(out, out, NUMERIC_ROUND);
    mpfr_t quarter;
    mpfr_init2(quarter, at->bits);
    mpfr_const_pi(quarter, MPFR_RNDN);
    mpfr_div_2ui(quarter, quarter, 1, MPFR_RNDN);
    mpc_neg(out, out, NUMERIC_ROUND);
    mpc_add_fr(out, out, quarter, NUMERIC_ROUND);
    mpfr_clear(quarter);
    return true;
}

void numeric_call(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                  int node)
{
    at->steps -= CALL_STEPS * (at->bits / 64);
    if (!analytic(at, out, tree, node) && !arccot(at, out, tree, node))
        real_function(at, out, tree, node);
}
