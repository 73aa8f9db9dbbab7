// The value of an expression at a point: a homomorphism into a prime field.
//
// Variables, pi, e and the logarithms of primes become random elements; i, and the
// square roots of primes, become roots of the field, one choice each, so that sqrt(6)
// is sqrt(2) sqrt(3); odd roots are unique in the field chosen for them (without i).
// Any other function of an argument becomes a random element chosen by the argument's
// value.  Any other square root is, as for reals, the root that is a square itself, at
// points where there is one; beside i it is one of the two, chosen at random by the
// argument's value.  Equal expressions may differ here (a root of a sum, say);
// expressions that differ agree at a random point with a probability below 2^-20, and
// where a root's sign is random, 1/2.
//
// Beside it goes what the exact branches need: small rationals times pi and i, and a
// floating-point value of real constants.  Pure, any thread.
#ifndef VERIFY_MATH_VALUE_H
#define VERIFY_MATH_VALUE_H

#include "math_tree.h"

// num/den * pi^pi * i^i, reduced, den > 0.
struct math_exact {
    int64_t num, den;
    int pi, i;
};

struct math_value {
    uint64_t v;
    bool exact; // `q` is the value
    bool real;  // `approx` is the value
    bool variable;
    struct math_exact q;
    long double approx;
    double size; // bounds the degree and the bits of numerator and denominator
};

enum { MATH_MAX_SQUARES = 12 };

// The value of a series' index.
struct math_binding {
    uint64_t id;
    struct math_value value;
    const struct math_binding *outer;
};

struct math_point {
    const struct math_binding *bound; // NULL: no series around
    uint64_t p, salt;
    uint64_t i;       // sqrt(-1); 0: none in this field
    uint64_t odd;     // orders of the odd roots met so far, as a product; 1: none
    bool ordered;     // the next field is one for real roots, without i
    bool uses_i;      // i was met: the field must have it
    int sign;         // of \pm; 0: none stands here
    bool bare;        // a percent sign counts as a unit, not as 1/100
    bool bad;         // outcome: no value (division by zero, too large, not a scalar)
    bool retry;       // outcome: a root is missing in this field
    bool random_sign; // outcome: some root's sign was chosen at random
    bool opaque;      // outcome: a random element stands for a value that may have
                      // relations to others, an inverse function's say
    long steps;       // left for all points together
    uint64_t squares[MATH_MAX_SQUARES]; // must be squares for a next field
    int square_count;
};

// Needs p, salt, i, odd, sign; the flags only ever become true.
struct math_value math_evaluate(struct math_point *at, const struct math_tree *tree,
                                int node);

// For its parts ----------------------------------------------------------------------
struct math_value value_bad(struct math_point *at);
struct math_value value_rational(const struct math_point *at, int64_t num, int64_t den);
struct math_value value_imaginary(struct math_point *at);
struct math_value value_symbol(const struct math_point *at, uint64_t id);
// The same, and sets `opaque`.
struct math_value value_opaque(struct math_point *at, uint64_t id);
struct math_value value_add(const struct math_point *at, struct math_value a,
                            struct math_value b);
struct math_value value_mul(const struct math_point *at, struct math_value a,
                            struct math_value b);
struct math_value value_negate(const struct math_point *at, struct math_value a);
struct math_value value_inverse(struct math_point *at, struct math_value a);
struct math_value value_power(struct math_point *at, struct math_value a, int64_t n);
struct math_value value_root(struct math_point *at, struct math_value a, int64_t n);
struct math_value value_number(struct math_point *at, const char *text, size_t len);
// e^(pi i q), for q a multiple of 1/12; false: another q.
bool value_turn(struct math_point *at, struct math_value *out, int64_t num,
                int64_t den);
struct math_value value_series(struct math_point *at, const struct math_tree *tree,
                               int node);
struct math_value value_call(struct math_point *at, const struct math_tree *tree,
                             int n);
struct math_value value_log(struct math_point *at, const struct math_tree *tree, int n);
struct math_value value_pow(struct math_point *at, const struct math_tree *tree, int n);
bool value_whole(const struct math_value *v, int64_t *n);
bool value_is_call(const struct math_node *n, const char *name);
bool value_trigonometric(struct math_point *at, const struct math_tree *tree, int node,
                         struct math_value *out);
bool value_is_name(const struct math_tree *tree, int node, const char *name);

struct math_factor {
    uint64_t prime; // or a number without a factor below 2^12, no square
    int exponent;
};
enum { MATH_MAX_FACTORS = 32 };
int value_factors(struct math_factor *out, int64_t n, int sign, int count);

#endif
