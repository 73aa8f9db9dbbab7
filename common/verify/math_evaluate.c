#include "math_field.h"
#include "math_value.h"

#include <math.h>

enum { MAX_FACTORIAL = 5000 };

static struct math_value constant(const struct math_point *at, uint64_t id,
                                  long double approx)
{
    struct math_value out = value_symbol(at, id);
    out.variable = false;
    out.real = true;
    out.approx = approx;
    return out;
}

static struct math_value name(struct math_point *at, const struct math_tree *tree,
                              int node)
{
    uint64_t id = tree->nodes[node].id;
    for (const struct math_binding *b = at->bound; b; b = b->outer)
        if (b->id == id)
            return b->value;
    if (value_is_name(tree, node, "pi")) {
        struct math_value pi = constant(at, id, acosl(-1));
        pi.exact = true;
        pi.q = (struct math_exact){.num = 1, .den = 1, .pi = 1};
        return pi;
    }
    if (value_is_name(tree, node, "e"))
        return constant(at, id, expl(1));
    if (value_is_name(tree, node, "i"))
        return value_imaginary(at);
    return value_symbol(at, id);
}

// 0.1\overline{6}: the digits before the bar, then those below it for ever.
static struct math_value number(struct math_point *at, const struct math_tree *tree,
                                int node)
{
    const struct math_node *n = &tree->nodes[node];
    struct math_value out = value_number(at, n->at, n->len);
    if (n->child < 0)
        return out;
    const struct math_node *repeat = &tree->nodes[n->child];
    int64_t places = 0, shift = 0;
    bool point = false;
    for (size_t i = 0; i < n->len; i++) {
        point = point || n->at[i] == '.';
        shift += point && n->at[i] >= '0' && n->at[i] <= '9';
    }
    for (size_t i = 0; i < repeat->len; i++)
        places += repeat->at[i] >= '0' && repeat->at[i] <= '9';
    if (places == 0)
        return value_bad(at);
    struct math_value ten = value_rational(at, 10, 1), one = value_rational(at, -1, 1);
    struct math_value below = value_add(at, value_power(at, ten, places), one);
    below = value_mul(at, below, value_power(at, ten, shift));
    return value_add(at, out,
                     value_mul(at, value_number(at, repeat->at, repeat->len),
                               value_inverse(at, below)));
}

static struct math_value sum(struct math_point *at, const struct math_tree *tree,
                             int node)
{
    struct math_value out = value_rational(at, 0, 1);
    for (int c = tree->nodes[node].child; c >= 0 && !at->bad; c = tree->nodes[c].next)
        out = value_add(at, out, math_evaluate(at, tree, c));
    return out;
}

static struct math_value product(struct math_point *at, const struct math_tree *tree,
                                 int node)
{
    struct math_value out = value_rational(at, 1, 1);
    for (int c = tree->nodes[node].child; c >= 0 && !at->bad; c = tree->nodes[c].next)
        out = value_mul(at, out, math_evaluate(at, tree, c));
    return out;
}

// sqrt(c x) = sqrt(c) sqrt(x) for a positive rational c.
static struct math_value square_root(struct math_point *at,
                                     const struct math_tree *tree, int node)
{
    const struct math_node *n = &tree->nodes[node];
    if (n->kind != MATH_PRODUCT)
        return value_root(at, math_evaluate(at, tree, node), 2);
    struct math_value number = value_rational(at, 1, 1), rest = number;
    for (int c = n->child; c >= 0 && !at->bad; c = tree->nodes[c].next) {
        struct math_value v = math_evaluate(at, tree, c);
        bool positive = v.exact && v.q.pi == 0 && v.q.i == 0 && v.q.num > 0;
        struct math_value *to = positive ? &number : &rest;
        *to = value_mul(at, *to, v);
    }
    return value_mul(at, value_root(at, number, 2), value_root(at, rest, 2));
}

static struct math_value root(struct math_point *at, const struct math_tree *tree,
                              int node)
{
    int inner = tree->nodes[node].child, index = tree->nodes[inner].next;
    if (index < 0)
        return square_root(at, tree, inner);
    struct math_value order = math_evaluate(at, tree, index);
    int64_t n;
    if (!value_whole(&order, &n))
        return value_bad(at);
    return value_root(at, math_evaluate(at, tree, inner), n);
}

static struct math_value absolute(struct math_point *at, const struct math_tree *tree,
                                  int node)
{
    struct math_value v = math_evaluate(at, tree, tree->nodes[node].child);
    if (v.real && !v.variable) {
        if (v.exact || fabsl(v.approx) > 1e-9L)
            return v.approx < 0 ? value_negate(at, v) : v;
        return value_bad(at);
    }
    uint64_t opposite = field_sub(0, v.v, at->p);
    struct math_value out =
        value_opaque(at, (opposite < v.v ? opposite : v.v) * 31 + 3);
    out.variable = v.variable;
    return out;
}

static struct math_value factorial(struct math_point *at, const struct math_tree *tree,
                                   int node)
{
    struct math_value v = math_evaluate(at, tree, tree->nodes[node].child);
    int64_t n;
    if (!value_whole(&v, &n)) {
        struct math_value out = value_opaque(at, v.v * 31 + 13);
        out.variable = v.variable;
        return out;
    }
    if (n < 0 || n > MAX_FACTORIAL)
        return value_bad(at);
    struct math_value out = value_rational(at, 1, 1);
    for (int64_t i = 2; i <= n; i++)
        out = value_mul(at, out, value_rational(at, i, 1));
    at->steps -= (long)n;
    return out;
}

static struct math_value choose(struct math_point *at, const struct math_tree *tree,
                                int node)
{
    int top = tree->nodes[node].child;
    struct math_value a = math_evaluate(at, tree, top);
    struct math_value b = math_evaluate(at, tree, tree->nodes[top].next);
    int64_t n, k;
    if (!value_whole(&a, &n) || !value_whole(&b, &k)) {
        struct math_value out = value_opaque(at, (a.v * 31 + b.v) * 31 + 17);
        out.variable = a.variable || b.variable;
        return out;
    }
    if (n < 0 || k < 0 || k > n || n > MAX_FACTORIAL)
        return value_bad(at);
    struct math_value out = value_rational(at, 1, 1);
    for (int64_t i = 1; i <= k; i++)
        out = value_mul(at, out, value_rational(at, n - k + i, i));
    at->steps -= (long)k;
    return out;
}

static struct math_value signed_part(struct math_point *at,
                                     const struct math_tree *tree, int node)
{
    const struct math_node *n = &tree->nodes[node];
    struct math_value v = math_evaluate(at, tree, n->child);
    if (at->sign == 0)
        return value_bad(at);
    return (at->sign > 0) == (n->id == 0) ? v : value_negate(at, v);
}

struct math_value math_evaluate(struct math_point *at, const struct math_tree *tree,
                                int node)
{
    const struct math_node *n = &tree->nodes[node];
    if (at->bad || --at->steps < 0)
        return value_bad(at);
    switch (n->kind) {
    case MATH_NUMBER:
        return number(at, tree, node);
    case MATH_NAME:
        return name(at, tree, node);
    case MATH_NAMED: // \mathbb{R}^2
        return value_symbol(at, (n->id & MATH_NAMED_LETTER) * 31 + 19);
    case MATH_REFERENCE:
        return math_evaluate(at, tree, (int)n->id);
    case MATH_SUM:
        return sum(at, tree, node);
    case MATH_PRODUCT:
        return product(at, tree, node);
    case MATH_NEGATIVE:
        return value_negate(at, math_evaluate(at, tree, n->child));
    case MATH_INVERSE:
        return value_inverse(at, math_evaluate(at, tree, n->child));
    case MATH_POW:
        return value_pow(at, tree, node);
    case MATH_ROOT:
        return root(at, tree, node);
    case MATH_CALL:
        return value_call(at, tree, node);
    case MATH_LOG:
        return value_log(at, tree, node);
    case MATH_SERIES:
        return value_series(at, tree, node);
    case MATH_ABSOLUTE:
        return absolute(at, tree, node);
    case MATH_FACTORIAL:
        return factorial(at, tree, node);
    case MATH_CHOOSE:
        return choose(at, tree, node);
    case MATH_PERCENT:
        if (at->bare)
            return math_evaluate(at, tree, n->child);
        return value_mul(at, value_rational(at, 1, 100),
                         math_evaluate(at, tree, n->child));
    case MATH_DEGREES:
        return math_evaluate(at, tree, n->child);
    case MATH_PLUS_MINUS:
        return signed_part(at, tree, node);
    default:
        return value_bad(at);
    }
}
