// Functions of numbers: roundings, divisors, the greatest of several; series.
#include "math_field.h"
#include "math_value.h"

#include <stdlib.h>

enum { MAX_TERMS = 2000, MAX_FACTORIAL = 5000 };

static bool rational(const struct math_value *v)
{
    return v->exact && v->q.pi == 0 && v->q.i == 0;
}

// \lfloor, \lceil of a rational.
static bool rounding(struct math_point *at, const struct math_tree *tree, int node,
                     struct math_value *out)
{
    const struct math_node *n = &tree->nodes[node];
    bool up = value_is_call(n, "ceil");
    if (n->children != 1 || (!up && !value_is_call(n, "floor")))
        return false;
    struct math_value v = math_evaluate(at, tree, n->child);
    if (!rational(&v))
        return false;
    int64_t whole = v.q.num / v.q.den, rest = v.q.num % v.q.den;
    whole += up ? rest > 0 : -(rest < 0);
    *out = value_rational(at, whole, 1);
    return true;
}

// -1, 0, +1 as a is less than, equal to or greater than b.
static int order(const struct math_value *a, const struct math_value *b)
{
    __extension__ typedef __int128 wide;
    wide left = (wide)a->q.num * b->q.den, right = (wide)b->q.num * a->q.den;
    return (left > right) - (left < right);
}

static int64_t common(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

// One more argument of gcd, lcm, max, min; false: they have no value there.
static bool join(struct math_point *at, const struct math_node *n,
                 struct math_value *out, struct math_value v)
{
    int64_t a, b;
    if (value_is_call(n, "max") || value_is_call(n, "min")) {
        bool more = order(&v, out) > 0;
        if (more == (bool)value_is_call(n, "max"))
            *out = v;
        return true;
    }
    if (!value_whole(out, &a) || !value_whole(&v, &b) || a == 0 || b == 0)
        return false;
    int64_t divisor = common(a, b), multiple;
    if (__builtin_mul_overflow(a / divisor, b, &multiple) || multiple == INT64_MIN)
        return false;
    *out = value_rational(at, value_is_call(n, "gcd") ? divisor : llabs(multiple), 1);
    return true;
}

static bool of_several(struct math_point *at, const struct math_tree *tree, int node,
                       struct math_value *out)
{
    const struct math_node *n = &tree->nodes[node];
    if (!value_is_call(n, "max") && !value_is_call(n, "min") &&
        !value_is_call(n, "gcd") && !value_is_call(n, "lcm"))
        return false;
    bool first = true;
    for (int c = n->child; c >= 0 && !at->bad; c = tree->nodes[c].next) {
        struct math_value v = math_evaluate(at, tree, c);
        if (!rational(&v))
            return false;
        if (first)
            *out = v;
        else if (!join(at, n, out, v))
            return false;
        first = false;
    }
    return !first;
}

// a mod m, the rest between 0 and m.
static bool modulo(struct math_point *at, const struct math_tree *tree, int node,
                   struct math_value *out)
{
    const struct math_node *n = &tree->nodes[node];
    int64_t a, m;
    if (!value_is_call(n, "mod") || n->children != 2)
        return false;
    struct math_value value = math_evaluate(at, tree, n->child);
    struct math_value divisor = math_evaluate(at, tree, n->last);
    if (!value_whole(&value, &a) || !value_whole(&divisor, &m) || m < 1)
        return false;
    *out = value_rational(at, (a % m + m) % m, 1);
    return true;
}

// A residue class: 8 and 3 modulo 5 are one, and no number.
static bool residue(struct math_point *at, const struct math_tree *tree, int node,
                    struct math_value *out)
{
    const struct math_node *n = &tree->nodes[node];
    int64_t a, m;
    if (!value_is_call(n, "pmod") || n->children != 2)
        return false;
    struct math_value value = math_evaluate(at, tree, n->child);
    struct math_value divisor = math_evaluate(at, tree, n->last);
    if (!value_whole(&value, &a) || !value_whole(&divisor, &m) || m < 1)
        return false;
    *out = value_opaque(at, (uint64_t)((a % m + m) % m) * 0x9e3779b97f4a7c15u +
                                (uint64_t)m);
    return true;
}

static bool double_factorial(struct math_point *at, const struct math_tree *tree,
                             int node, struct math_value *out)
{
    const struct math_node *n = &tree->nodes[node];
    int64_t top;
    if (!value_is_call(n, "!!") || n->children != 1)
        return false;
    struct math_value value = math_evaluate(at, tree, n->child);
    if (!value_whole(&value, &top) || top < 0 || top > MAX_FACTORIAL)
        return false;
    *out = value_rational(at, 1, 1);
    for (int64_t i = top; i > 1; i -= 2)
        *out = value_mul(at, *out, value_rational(at, i, 1));
    at->steps -= (long)top;
    return true;
}

struct math_value value_call(struct math_point *at, const struct math_tree *tree,
                             int node)
{
    struct math_value out = {0};
    if (value_trigonometric(at, tree, node, &out) || rounding(at, tree, node, &out) ||
        of_several(at, tree, node, &out) || modulo(at, tree, node, &out) ||
        double_factorial(at, tree, node, &out))
        return out;
    const struct math_node *n = &tree->nodes[node];
    if (residue(at, tree, node, &out))
        return out;
    uint64_t key = n->id;
    bool variable = false;
    for (int c = n->child; c >= 0; c = tree->nodes[c].next) {
        struct math_value v = math_evaluate(at, tree, c);
        key = key * 0x9e3779b97f4a7c15u + v.v;
        variable = variable || v.variable;
    }
    out = value_opaque(at, key);
    out.variable = variable || n->children == 0;
    return out;
}

static struct math_value opaque_series(struct math_point *at,
                                       const struct math_tree *tree, int node)
{
    const struct math_node *n = &tree->nodes[node];
    struct math_value body = math_evaluate(at, tree, n->child);
    struct math_value out = value_opaque(at, n->id * 0x9e3779b97f4a7c15u + body.v);
    out.variable = true;
    return out;
}

// The value of the body for one value of the index.
static struct math_value term(struct math_point *at, const struct math_tree *tree,
                              int node, int64_t k)
{
    const struct math_node *n = &tree->nodes[node];
    struct math_binding bound = {.id = tree->nodes[tree->nodes[n->child].next].id,
                                 .value = value_rational(at, k, 1),
                                 .outer = at->bound};
    at->bound = &bound;
    struct math_value out = math_evaluate(at, tree, n->child);
    at->bound = bound.outer;
    return out;
}

// A sum to infinity whose first terms have one rational quotient, below 1.
static bool geometric(struct math_point *at, const struct math_tree *tree, int node,
                      int64_t low, struct math_value *out)
{
    enum { LOOKED_AT = 6 };
    struct math_value terms[LOOKED_AT];
    for (int i = 0; i < LOOKED_AT; i++) {
        terms[i] = term(at, tree, node, low + i);
        if (!rational(&terms[i]) || terms[i].q.num == 0)
            return false;
    }
    struct math_value quotient = value_mul(at, terms[1], value_inverse(at, terms[0]));
    const struct math_value one = value_rational(at, 1, 1);
    struct math_value size = quotient;
    size.q.num = llabs(size.q.num);
    if (!rational(&quotient) || order(&size, &one) >= 0)
        return false;
    for (int i = 1; i < LOOKED_AT; i++)
        if (value_mul(at, terms[i - 1], quotient).v != terms[i].v)
            return false;
    struct math_value rest = value_add(at, one, value_negate(at, quotient));
    *out = value_mul(at, terms[0], value_inverse(at, rest));
    return true;
}

struct math_value value_series(struct math_point *at, const struct math_tree *tree,
                               int node)
{
    const struct math_node *n = &tree->nodes[node];
    int index = tree->nodes[n->child].next, from = tree->nodes[index].next;
    struct math_value first = math_evaluate(at, tree, from), sum_of = first;
    bool infinite = tree->nodes[n->last].kind == MATH_INFINITY;
    if (infinite && n->open == '+' && rational(&first) && first.q.den == 1 &&
        geometric(at, tree, node, first.q.num, &sum_of))
        return sum_of;
    if (infinite)
        return opaque_series(at, tree, node);
    struct math_value last = math_evaluate(at, tree, n->last);
    int64_t low, high;
    if (!value_whole(&first, &low) || !value_whole(&last, &high) || low < -MAX_TERMS ||
        high > 2 * MAX_TERMS || high - low >= MAX_TERMS)
        return opaque_series(at, tree, node);
    bool sum = n->open == '+';
    struct math_value out = value_rational(at, sum ? 0 : 1, 1);
    for (int64_t k = low; k <= high && !at->bad; k++) {
        struct math_value next = term(at, tree, node, k);
        out = sum ? value_add(at, out, next) : value_mul(at, out, next);
    }
    return out;
}
