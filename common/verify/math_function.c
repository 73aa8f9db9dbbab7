// Functions of arguments.
#include "math_field.h"
#include "math_value.h"

#include <math.h>
#include <string.h>

enum { WHOLE_TURN = 24 }; // in steps of pi/12

bool value_is_name(const struct math_tree *tree, int node, const char *name)
{
    const struct math_node *n = &tree->nodes[node];
    return n->kind == MATH_NAME && n->id == math_hash(0, name, strlen(name));
}

static bool steps_of(int64_t num, int64_t den, int *steps)
{
    if (12 % den != 0)
        return false;
    int64_t rest = num % (2 * den) * (12 / den);
    *steps = (int)((rest % WHOLE_TURN + WHOLE_TURN) % WHOLE_TURN);
    return true;
}

// cos 0 = 1, cos 15 = (sqrt 6 + sqrt 2)/4, cos 30 = sqrt 3/2, cos 45 = sqrt 2/2,
// cos 60 = 1/2, cos 75 = (sqrt 6 - sqrt 2)/4, cos 90 = 0: four cosines as whole numbers
// times roots.
static struct math_value cosine_of(struct math_point *at, int steps)
{
    static const struct {
        int one, two, three, six;
    } FOUR_TIMES[] = {{.one = 4}, {.two = 1, .six = 1},  {.three = 2}, {.two = 2},
                      {.one = 2}, {.two = -1, .six = 1}, {0}};
    if (steps > WHOLE_TURN / 2)
        steps = WHOLE_TURN - steps;
    bool negative = steps > 6;
    int k = negative ? 12 - steps : steps;
    struct math_value out = value_rational(at, FOUR_TIMES[k].one, 4);
    const int factors[] = {FOUR_TIMES[k].two, FOUR_TIMES[k].three, FOUR_TIMES[k].six};
    static const int UNDER[] = {2, 3, 6};
    for (int i = 0; i < 3; i++)
        if (factors[i] != 0)
            out = value_add(
                at, out,
                value_mul(at, value_rational(at, factors[i], 4),
                          value_root(at, value_rational(at, UNDER[i], 1), 2)));
    return negative ? value_negate(at, out) : out;
}

bool value_turn(struct math_point *at, struct math_value *out, int64_t num, int64_t den)
{
    int steps;
    if (!steps_of(num, den, &steps))
        return false;
    struct math_value sine = cosine_of(at, (steps + 18) % WHOLE_TURN);
    *out =
        value_add(at, cosine_of(at, steps), value_mul(at, value_imaginary(at), sine));
    return true;
}

// Cosine and sine of any argument: a rational point of the circle, the mirrored one for
// the opposite argument.
static void circle(struct math_point *at, struct math_value argument,
                   struct math_value *cosine, struct math_value *sine)
{
    int steps;
    if (argument.exact && argument.q.i == 0 &&
        (argument.q.pi == 1 || argument.q.num == 0) &&
        steps_of(argument.q.num, argument.q.den, &steps)) {
        *cosine = cosine_of(at, steps);
        *sine = cosine_of(at, (steps + 18) % WHOLE_TURN);
        return;
    }
    uint64_t opposite = field_sub(0, argument.v, at->p);
    bool flip = opposite < argument.v;
    struct math_value t = value_opaque(at, (flip ? opposite : argument.v) * 31 + 5);
    if (flip)
        t = value_negate(at, t);
    struct math_value one = value_rational(at, 1, 1), square = value_mul(at, t, t);
    struct math_value below = value_inverse(at, value_add(at, one, square));
    *cosine = value_mul(at, value_add(at, one, value_negate(at, square)), below);
    *sine = value_mul(at, value_add(at, t, t), below);
    cosine->variable = sine->variable = argument.variable;
    cosine->real = sine->real = argument.real;
    cosine->approx = cosl(argument.approx);
    sine->approx = sinl(argument.approx);
}

bool value_is_call(const struct math_node *n, const char *name)
{
    return n->id == math_hash(0, name, strlen(name));
}

// sin 30^\circ: degrees are a number times pi/180 there.
static struct math_value angle(struct math_point *at, const struct math_tree *tree,
                               int node)
{
    if (tree->nodes[node].kind != MATH_DEGREES)
        return math_evaluate(at, tree, node);
    struct math_value degree = value_symbol(at, math_hash(0, "pi", 2));
    degree.exact = degree.real = true;
    degree.variable = false;
    degree.approx = acosl(-1) / 180;
    degree.q = (struct math_exact){.num = 1, .den = 180, .pi = 1};
    degree.v = field_mul(degree.v, field_inverse(180, at->p), at->p);
    return value_mul(at, degree, math_evaluate(at, tree, tree->nodes[node].child));
}

bool value_trigonometric(struct math_point *at, const struct math_tree *tree, int node,
                         struct math_value *out)
{
    static const char *const NAMES[] = {"cos", "sin", "sec", "csc",
                                        "tan", "cot", "cis"};
    const struct math_node *n = &tree->nodes[node];
    int which = 0;
    while (which < 7 && !value_is_call(n, NAMES[which]))
        which++;
    if (which == 7 || n->children != 1)
        return false;
    struct math_value cosine, sine;
    circle(at, angle(at, tree, n->child), &cosine, &sine);
    switch (which) {
    case 0:
        *out = cosine;
        break;
    case 1:
        *out = sine;
        break;
    case 2:
        *out = value_inverse(at, cosine);
        break;
    case 3:
        *out = value_inverse(at, sine);
        break;
    case 4:
        *out = value_mul(at, sine, value_inverse(at, cosine));
        break;
    case 5:
        *out = value_mul(at, cosine, value_inverse(at, sine));
        break;
    default:
        *out = value_add(at, cosine, value_mul(at, value_imaginary(at), sine));
    }
    return true;
}

static struct math_value log_of(struct math_point *at, const struct math_tree *tree,
                                int node);

// \ln(xy) = \ln x + \ln y and \ln x^3 = 3 \ln x, as for positive numbers; \ln x^2 is
// 2 \ln|x|, not 2 \ln x.
static bool log_of_parts(struct math_point *at, const struct math_tree *tree, int node,
                         struct math_value *out)
{
    const struct math_node *n = &tree->nodes[node];
    if (n->kind == MATH_INVERSE) {
        *out = value_negate(at, log_of(at, tree, n->child));
        return true;
    }
    if (n->kind == MATH_POW) {
        struct math_value exponent =
            math_evaluate(at, tree, tree->nodes[n->child].next);
        bool odd = exponent.exact && exponent.q.pi == 0 && exponent.q.i == 0 &&
                   exponent.q.num % 2 != 0;
        if (odd)
            *out = value_mul(at, exponent, log_of(at, tree, n->child));
        return odd;
    }
    if (n->kind == MATH_ROOT && tree->nodes[n->child].next < 0) {
        *out = value_mul(at, value_rational(at, 1, 2), log_of(at, tree, n->child));
        return true;
    }
    if (n->kind != MATH_PRODUCT)
        return false;
    *out = value_rational(at, 0, 1);
    for (int c = n->child; c >= 0 && !at->bad; c = tree->nodes[c].next)
        *out = value_add(at, *out, log_of(at, tree, c));
    return true;
}

// A random element for the logarithm of each prime: they are independent.
static struct math_value log_of(struct math_point *at, const struct math_tree *tree,
                                int node)
{
    struct math_value v = math_evaluate(at, tree, node), out;
    if (value_is_name(tree, node, "e"))
        return value_rational(at, 1, 1);
    const struct math_node *n = &tree->nodes[node];
    if (n->kind == MATH_POW && value_is_name(tree, n->child, "e"))
        return math_evaluate(at, tree, tree->nodes[n->child].next);
    if (v.variable && log_of_parts(at, tree, node, &out))
        return out;
    if (v.exact && v.q.pi == 0 && v.q.i == 0 && v.q.num > 0) {
        struct math_factor factors[MATH_MAX_FACTORS];
        int count = value_factors(factors, v.q.num, 1, 0);
        count = value_factors(factors, v.q.den, -1, count);
        out = value_rational(at, 0, 1);
        for (int f = 0; f < count; f++) {
            struct math_value prime = value_symbol(at, factors[f].prime * 31 + 9);
            prime.variable = false;
            out = value_add(
                at, out,
                value_mul(at, prime, value_rational(at, factors[f].exponent, 1)));
        }
    } else {
        out = value_opaque(at, v.v * 31 + 11);
        out.variable = v.variable;
    }
    out.real = v.real && v.approx > 0;
    out.approx = logl(v.approx);
    return out;
}

struct math_value value_log(struct math_point *at, const struct math_tree *tree,
                            int node)
{
    int argument = tree->nodes[node].child;
    int base = tree->nodes[argument].next;
    struct math_value out = log_of(at, tree, argument);
    if (base < 0 || at->bad)
        return out;
    struct math_value below = log_of(at, tree, base);
    if (below.v == 0 && !at->retry)
        return value_bad(at);
    struct math_value quotient = value_mul(at, out, value_inverse(at, below));
    if (quotient.real) { // log_2 8 may stand in an exponent
        int64_t whole =
            fabsl(quotient.approx) < 1e6L ? (int64_t)roundl(quotient.approx) : 0;
        if (field_from(whole, at->p) == quotient.v)
            return value_rational(at, whole, 1);
    }
    return quotient;
}
