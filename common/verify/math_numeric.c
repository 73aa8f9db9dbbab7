#include "math_numeric.h"

#include "numeric_value.h"

enum {
    POINTS = 8,
    LEAST_POINTS = 5,
    COARSE_BITS = 512,
    FINE_BITS = 2048,
    MAX_PLACES = 300
};

// Both sides at one point.
struct numeric_pair {
    mpc_t value[2];
    bool variable, unknown;
};

static void pair_init(struct numeric_pair *p, mpfr_prec_t bits)
{
    mpc_init2(p->value[0], bits);
    mpc_init2(p->value[1], bits);
}

static void pair_clear(struct numeric_pair *p)
{
    mpc_clear(p->value[0]);
    mpc_clear(p->value[1]);
}

static void evaluate(struct math_work *work, struct numeric_pair *p,
                     const struct math_side side[2], uint64_t salt, mpfr_prec_t bits)
{
    p->variable = p->unknown = false;
    for (int i = 0; i < 2; i++) {
        struct numeric at = {.bits = bits,
                             .salt = salt,
                             .sign = side[i].sign,
                             .bare = side[i].bare,
                             .steps = work->steps};
        numeric_value(&at, p->value[i], side[i].tree, side[i].node);
        work->steps = at.steps;
        p->variable = p->variable || at.variable;
        p->unknown = p->unknown || at.unknown;
    }
}

// The values agree to half of their digits.
static bool agree(mpc_srcptr a, mpc_srcptr b, mpfr_prec_t bits)
{
    mpc_t gap;
    mpfr_t size, most;
    mpc_init2(gap, bits);
    mpfr_inits2(bits, size, most, (mpfr_ptr)NULL);
    mpc_sub(gap, a, b, NUMERIC_ROUND);
    mpc_abs(size, gap, MPFR_RNDN);
    mpc_abs(most, a, MPFR_RNDN);
    bool same = mpfr_zero_p(size) ||
                (!mpfr_zero_p(most) &&
                 mpfr_get_exp(size) < mpfr_get_exp(most) - (mpfr_exp_t)bits / 2);
    mpfr_clears(size, most, (mpfr_ptr)NULL);
    mpc_clear(gap);
    return same;
}

// At one point: first with few digits, for most that differ do so there.
static enum math_answer same_at(struct math_work *work, const struct math_side side[2],
                                uint64_t salt, bool *variable)
{
    static const mpfr_prec_t BITS[] = {COARSE_BITS, FINE_BITS};
    enum math_answer answer = MATH_UNKNOWN;
    for (int i = 0; i < 2; i++) {
        struct numeric_pair p;
        pair_init(&p, BITS[i]);
        evaluate(work, &p, side, salt, BITS[i]);
        *variable = p.variable;
        answer = p.unknown                                ? MATH_UNKNOWN
                 : agree(p.value[0], p.value[1], BITS[i]) ? MATH_SAME
                                                          : MATH_OTHER;
        pair_clear(&p);
        if (answer == MATH_OTHER)
            break;
    }
    return answer;
}

enum math_answer math_numeric_same(struct math_work *work, struct math_side a,
                                   struct math_side b)
{
    const struct math_side side[2] = {a, b};
    int same = 0;
    bool variable = false, differs = false;
    for (uint64_t salt = 0; salt < POINTS && !differs && work->steps > 0; salt++) {
        enum math_answer answer = same_at(work, side, salt + 2, &variable);
        differs = answer == MATH_OTHER;
        same += answer == MATH_SAME;
        if (!variable)
            break;
    }
    mpfr_free_cache();
    if (differs)
        return MATH_OTHER;
    return same >= (variable ? LEAST_POINTS : 1) ? MATH_SAME : MATH_UNKNOWN;
}

// Both as real constants, with all digits; false: one is none.
static bool real_pair(struct math_work *work, struct numeric_pair *p,
                      struct math_side a, struct math_side b)
{
    const struct math_side side[2] = {a, b};
    evaluate(work, p, side, 2, FINE_BITS);
    return !p->unknown && !p->variable && numeric_real(p->value[0]) &&
           numeric_real(p->value[1]);
}

bool math_numeric_order(struct math_work *work, struct math_side a, struct math_side b,
                        int *order)
{
    struct numeric_pair p;
    pair_init(&p, FINE_BITS);
    bool real = real_pair(work, &p, a, b);
    if (real && agree(p.value[0], p.value[1], FINE_BITS))
        *order = 0;
    else if (real)
        *order =
            mpfr_cmp(mpc_realref(p.value[0]), mpc_realref(p.value[1])) < 0 ? -1 : 1;
    pair_clear(&p);
    mpfr_free_cache();
    return real;
}

bool math_numeric_close(struct math_work *work, struct math_side a, struct math_side b)
{
    struct numeric_pair p;
    pair_init(&p, FINE_BITS);
    bool close = real_pair(work, &p, a, b);
    if (close) {
        mpfr_ptr x = mpc_realref(p.value[0]), gap = mpc_realref(p.value[1]);
        mpfr_sub(gap, gap, x, MPFR_RNDN);
        mpfr_mul_ui(gap, gap, 50, MPFR_RNDN);
        close = mpfr_cmpabs(gap, x) <= 0;
    }
    pair_clear(&p);
    mpfr_free_cache();
    return close;
}

// A decimal number of its own, of 300 places at most: 0.007813 is not 1/128.
static bool terminates(mpfr_srcptr y)
{
    mpfr_t scaled, whole;
    mpfr_inits2(FINE_BITS, scaled, whole, (mpfr_ptr)NULL);
    mpfr_ui_pow_ui(scaled, 10, MAX_PLACES, MPFR_RNDN);
    mpfr_mul(scaled, scaled, y, MPFR_RNDN);
    mpfr_rint(whole, scaled, MPFR_RNDN);
    mpfr_sub(whole, scaled, whole, MPFR_RNDN);
    bool ends = mpfr_zero_p(whole) || mpfr_get_exp(whole) < -FINE_BITS / 4;
    mpfr_clears(scaled, whole, (mpfr_ptr)NULL);
    return ends;
}

bool math_numeric_rounds(struct math_work *work, struct math_side x, struct math_side y,
                         int places)
{
    struct numeric_pair p;
    mpfr_t gap;
    bool rounds = false;
    if (places > MAX_PLACES)
        return false;
    pair_init(&p, FINE_BITS);
    mpfr_init2(gap, FINE_BITS);
    if (real_pair(work, &p, x, y)) {
        mpfr_sub(gap, mpc_realref(p.value[0]), mpc_realref(p.value[1]), MPFR_RNDN);
        mpfr_abs(gap, gap, MPFR_RNDN);
        mpfr_mul_2ui(gap, gap, 1, MPFR_RNDN);
        for (int i = 0; i < places; i++)
            mpfr_mul_ui(gap, gap, 10, MPFR_RNDN);
        rounds = mpfr_cmp_ui(gap, 1) <= 0 && !terminates(mpc_realref(p.value[1]));
    }
    mpfr_clear(gap);
    pair_clear(&p);
    mpfr_free_cache();
    return rounds;
}
