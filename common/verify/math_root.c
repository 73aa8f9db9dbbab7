// Powers and roots.
#include "math_field.h"
#include "math_value.h"

#include <math.h>

static void need_square(struct math_point *at, uint64_t q)
{
    for (int i = 0; i < at->square_count; i++)
        if (at->squares[i] == q)
            return;
    if (at->square_count == MATH_MAX_SQUARES)
        at->bad = true;
    else
        at->squares[at->square_count++] = q;
}

// Square root of a rational prime, the same one wherever it stands.  `times` in a row:
// of q, of its root, ...; where -1 is no square, one of the two roots is one.
static uint64_t prime_root(struct math_point *at, uint64_t q, int times)
{
    uint64_t root = q % at->p;
    for (int i = 0; i < times; i++) {
        uint64_t next;
        if (!field_sqrt(&next, root, at->p)) {
            if (i == 0)
                need_square(at, q);
            at->retry = true;
            return 1;
        }
        bool other = at->i == 0 ? field_jacobi(next, at->p) != 1 : next > at->p - next;
        root = other ? at->p - next : next;
    }
    return root;
}

static int64_t small_power(uint64_t base, int exponent)
{
    int64_t power = 1;
    for (int i = 0; i < exponent; i++)
        if (__builtin_mul_overflow(power, (int64_t)base, &power))
            return 0;
    return power;
}

// The 2^times-th root of a positive rational.
static struct math_value rational_root(struct math_point *at, struct math_value a,
                                       int times)
{
    struct math_factor factors[MATH_MAX_FACTORS];
    int count = value_factors(factors, a.q.num, 1, 0);
    count = value_factors(factors, a.q.den, -1, count);
    struct math_value out = value_rational(at, 1, 1);
    int order = 1 << times;
    for (int f = 0; f < count; f++) {
        int exponent = factors[f].exponent, whole = exponent / order;
        int64_t outside = small_power(factors[f].prime, whole < 0 ? -whole : whole);
        if (outside == 0)
            return value_bad(at);
        out = value_mul(
            at, out,
            value_rational(at, whole < 0 ? 1 : outside, whole < 0 ? outside : 1));
        int rest = exponent - whole * order;
        if (rest == 0)
            continue;
        uint64_t root = prime_root(at, factors[f].prime, times);
        struct math_value inner = {.v = root, .real = true, .size = 64};
        inner.approx = powl((long double)factors[f].prime, 1 / (long double)order);
        out = value_mul(at, out, value_power(at, inner, rest));
    }
    return out;
}

// A root of any other value: the one that is a square, beside i one of the two at
// random.
static struct math_value other_root(struct math_point *at, struct math_value a)
{
    struct math_value out = a;
    out.exact = false;
    out.real = a.real && a.approx >= 0;
    out.approx = sqrtl(a.approx);
    if (at->i != 0 && !at->uses_i)
        at->ordered = at->retry = true;
    if (at->retry || !field_sqrt(&out.v, a.v, at->p)) {
        at->retry = true;
        return out;
    }
    if (out.v > at->p - out.v) // first one choice for both of the field's answers
        out.v = at->p - out.v;
    uint64_t state = a.v ^ at->salt;
    if (at->i == 0 ? field_jacobi(out.v, at->p) == -1 : field_random(&state) & 1)
        out.v = field_sub(0, out.v, at->p);
    at->random_sign = at->random_sign || a.v != 0;
    return out;
}

static struct math_value even_root(struct math_point *at, struct math_value a,
                                   int times)
{
    if (times == 0)
        return a;
    bool negative = a.real && !a.variable && a.approx < 0;
    if ((!a.exact || a.q.pi != 0 || a.q.i != 0) && negative && times == 1)
        return value_mul(at, value_imaginary(at), other_root(at, value_negate(at, a)));
    if (!a.exact || a.q.pi != 0 || a.q.i != 0) {
        for (int i = 0; i < times; i++)
            a = other_root(at, a);
        return a;
    }
    if (a.q.num == 0)
        return a;
    if (a.q.num > 0)
        return rational_root(at, a, times);
    struct math_value root =
        value_mul(at, value_imaginary(at), rational_root(at, value_negate(at, a), 1));
    for (int i = 1; i < times; i++)
        root = other_root(at, root);
    return root;
}

static struct math_value odd_root(struct math_point *at, struct math_value a, int64_t n)
{
    struct math_value out = a;
    if (!a.variable && !a.real)
        return value_bad(at); // which of the complex roots?
    out.exact = false;
    out.approx = a.approx < 0 ? -powl(-a.approx, 1 / (long double)n)
                              : powl(a.approx, 1 / (long double)n);
    if (at->odd % (uint64_t)n != 0) {
        at->odd *= (uint64_t)n;
        at->ordered = at->retry = true;
        if (at->uses_i)
            return value_bad(at);
        return at->odd < (uint64_t)1 << 40 ? out : value_bad(at);
    }
    if (!field_odd_root(&out.v, a.v, (uint64_t)n, at->p)) {
        at->retry = true; // met elsewhere just now: the next field has it
        return out;
    }
    long double whole = roundl(out.approx);
    int64_t exact = fabsl(whole) < 1e6L ? (int64_t)whole : 0;
    if (a.exact && a.real && field_from(exact, at->p) == out.v)
        return value_rational(at, exact, 1);
    return out;
}

struct math_value value_root(struct math_point *at, struct math_value a, int64_t n)
{
    int times = 0;
    if (n < 1 || n > 64)
        return value_bad(at);
    for (; n % 2 == 0; n /= 2)
        times++;
    return even_root(at, n > 1 ? odd_root(at, a, n) : a, times);
}

// The random element that stands for base^rest, where `rest` is not a number; for the
// opposite exponent its inverse.
static struct math_value symbol_power(struct math_point *at, uint64_t base,
                                      struct math_value rest)
{
    uint64_t opposite = field_sub(0, rest.v, at->p);
    bool flip = opposite < rest.v;
    uint64_t key = base * 0x9e3779b97f4a7c15u + (flip ? opposite : rest.v);
    struct math_value out = value_opaque(at, key);
    return flip ? value_inverse(at, out) : out;
}

// base^(num/den * rest): powers of a product's primes multiply.
static struct math_value factor_power(struct math_point *at,
                                      const struct math_value *base,
                                      struct math_value rest, int64_t num, int64_t den)
{
    rest = value_mul(at, rest, value_rational(at, 1, den));
    if (!base->exact || base->q.pi != 0 || base->q.i != 0 || base->q.num <= 0)
        return value_power(at, symbol_power(at, base->v, rest), num);
    struct math_factor factors[MATH_MAX_FACTORS];
    int count = value_factors(factors, base->q.num, 1, 0);
    count = value_factors(factors, base->q.den, -1, count);
    struct math_value out = value_rational(at, 1, 1);
    for (int f = 0; f < count; f++) {
        struct math_value power = symbol_power(at, factors[f].prime, rest);
        out = value_mul(at, out, value_power(at, power, num * factors[f].exponent));
    }
    return out;
}

// One term of an exponent: its rational coefficient and the rest.
static struct math_value term_power(struct math_point *at, const struct math_tree *tree,
                                    const struct math_value *base, int term)
{
    const struct math_node *n = &tree->nodes[term];
    struct math_value number = value_rational(at, 1, 1), rest = number;
    if (n->kind == MATH_PRODUCT) {
        for (int c = n->child; c >= 0; c = tree->nodes[c].next) {
            struct math_value v = math_evaluate(at, tree, c);
            bool rational = v.exact && v.q.pi == 0 && v.q.i == 0;
            struct math_value *to = rational ? &number : &rest;
            *to = value_mul(at, *to, v);
        }
    } else {
        rest = math_evaluate(at, tree, term);
        if (rest.exact && rest.q.pi == 0 && rest.q.i == 0) {
            number = rest;
            rest = value_rational(at, 1, 1);
        }
    }
    if (!number.exact || at->bad)
        return value_bad(at);
    bool plain = rest.exact && rest.q.pi == 0 && rest.q.i == 0;
    if (!plain)
        return factor_power(at, base, rest, number.q.num, number.q.den);
    return value_power(at, value_root(at, *base, number.q.den), number.q.num);
}

static struct math_value general_power(struct math_point *at,
                                       const struct math_tree *tree,
                                       const struct math_value *base, int exponent)
{
    const struct math_node *n = &tree->nodes[exponent];
    if (n->kind == MATH_NEGATIVE)
        return value_inverse(at, general_power(at, tree, base, n->child));
    if (n->kind != MATH_SUM)
        return term_power(at, tree, base, exponent);
    struct math_value out = value_rational(at, 1, 1);
    for (int c = n->child; c >= 0; c = tree->nodes[c].next)
        out = value_mul(at, out, general_power(at, tree, base, c));
    return out;
}

struct math_value value_pow(struct math_point *at, const struct math_tree *tree,
                            int node)
{
    int base_node = tree->nodes[node].child;
    int exponent_node = tree->nodes[base_node].next;
    struct math_value base = math_evaluate(at, tree, base_node), out;
    struct math_value exponent = math_evaluate(at, tree, exponent_node);
    if (at->bad)
        return base;
    if (value_is_name(tree, base_node, "e") && exponent.exact && exponent.q.pi == 1 &&
        exponent.q.i == 1 && value_turn(at, &out, exponent.q.num, exponent.q.den))
        return out;
    bool rational = exponent.exact && exponent.q.pi == 0 && exponent.q.i == 0;
    bool negative = base.real && !base.variable && base.approx < 0;
    if (rational && negative && exponent.q.den > 2)
        return value_bad(at); // (-1)^{2/3}: 1, or no real number?
    if (rational)
        return value_power(at, value_root(at, base, exponent.q.den), exponent.q.num);
    out = general_power(at, tree, &base, exponent_node);
    out.real = base.real && exponent.real && base.approx > 0;
    out.approx = powl(base.approx, exponent.approx);
    out.exact = false;
    return out;
}
