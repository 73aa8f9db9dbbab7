#include "math_value.h"

#include "math_field.h"

#include <limits.h>
#include <math.h>
#include <string.h>

// Beyond this degree, or this many bits, a difference might vanish too often.
static const double MAX_SIZE = 1e12;

struct math_value value_bad(struct math_point *at)
{
    at->bad = true;
    return (struct math_value){0};
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

static void reduce(struct math_value *v)
{
    if (v->q.num == INT64_MIN || v->q.den == INT64_MIN || v->q.den == 0) {
        v->exact = false;
        return;
    }
    int64_t divisor = common(v->q.num, v->q.den);
    if (v->q.den < 0)
        divisor = -divisor;
    v->q.num /= divisor;
    v->q.den /= divisor;
    if (v->q.num == 0)
        v->q.pi = v->q.i = 0;
    if (v->q.pi == 0 && v->q.i == 0) { // sharper than any rounding on the way
        v->real = true;
        v->approx = (long double)v->q.num / (long double)v->q.den;
    }
}

struct math_value value_rational(const struct math_point *at, int64_t num, int64_t den)
{
    struct math_value out = {.exact = true, .real = true, .size = 64};
    out.q = (struct math_exact){.num = num, .den = den};
    out.v = field_mul(field_from(num, at->p),
                      field_inverse(field_from(den, at->p), at->p), at->p);
    reduce(&out);
    return out;
}

struct math_value value_imaginary(struct math_point *at)
{
    at->uses_i = true;
    if (at->i == 0) {
        if (at->odd > 1)
            return value_bad(at);
        at->ordered = false;
        at->retry = true;
    }
    struct math_value out = {.v = at->i, .exact = true, .size = 1};
    out.q = (struct math_exact){.num = 1, .den = 1, .i = 1};
    return out;
}

struct math_value value_symbol(const struct math_point *at, uint64_t id)
{
    uint64_t state = id ^ at->salt;
    return (struct math_value){
        .v = field_random(&state) % (at->p - 1) + 1, .variable = true, .size = 1};
}

struct math_value value_opaque(struct math_point *at, uint64_t id)
{
    at->opaque = true;
    return value_symbol(at, id);
}

static struct math_value checked(struct math_value v)
{
    if (v.exact)
        reduce(&v);
    if (v.real && !isfinite(v.approx))
        v.real = false;
    return v;
}

struct math_value value_add(const struct math_point *at, struct math_value a,
                            struct math_value b)
{
    struct math_value out = {.v = field_add(a.v, b.v, at->p),
                             .real = a.real && b.real,
                             .approx = a.approx + b.approx,
                             .variable = a.variable || b.variable,
                             .size = a.size + b.size};
    bool zero = (a.exact && a.q.num == 0) || (b.exact && b.q.num == 0);
    if (a.exact && b.exact && (zero || (a.q.pi == b.q.pi && a.q.i == b.q.i))) {
        int64_t left, right;
        out.q = a.q.num == 0 ? b.q : a.q;
        out.exact = !__builtin_mul_overflow(a.q.num, b.q.den, &left) &&
                    !__builtin_mul_overflow(b.q.num, a.q.den, &right) &&
                    !__builtin_add_overflow(left, right, &out.q.num) &&
                    !__builtin_mul_overflow(a.q.den, b.q.den, &out.q.den);
    }
    return checked(out);
}

struct math_value value_mul(const struct math_point *at, struct math_value a,
                            struct math_value b)
{
    struct math_value out = {.v = field_mul(a.v, b.v, at->p),
                             .real = a.real && b.real,
                             .approx = a.approx * b.approx,
                             .variable = a.variable || b.variable,
                             .size = a.size + b.size};
    int pi = a.q.pi + b.q.pi, i = a.q.i + b.q.i;
    if (a.exact && b.exact && pi >= 0 && pi <= 1) {
        int64_t sign = i == 2 ? -1 : 1;
        out.q.pi = pi;
        out.q.i = i % 2;
        out.exact = !__builtin_mul_overflow(a.q.num, b.q.num, &out.q.num) &&
                    !__builtin_mul_overflow(a.q.den, b.q.den, &out.q.den) &&
                    !__builtin_mul_overflow(out.q.num, sign, &out.q.num);
    }
    return checked(out);
}

struct math_value value_negate(const struct math_point *at, struct math_value a)
{
    return value_mul(at, value_rational(at, -1, 1), a);
}

struct math_value value_inverse(struct math_point *at, struct math_value a)
{
    if (a.v == 0 && at->retry) // of a root that this field lacks: sqrt(3) - 1
        a.v = 1;
    if (a.v == 0 || a.size > MAX_SIZE)
        return value_bad(at);
    struct math_value out = a;
    out.v = field_inverse(a.v, at->p);
    out.approx = 1 / a.approx;
    if (a.exact) {
        out.exact = a.q.num != 0;
        // 1/i = -i; 1/pi stays a power of pi.
        out.q = (struct math_exact){.num = a.q.i ? -a.q.den : a.q.den,
                                    .den = a.q.num,
                                    .pi = -a.q.pi,
                                    .i = a.q.i};
    }
    return checked(out);
}

struct math_value value_power(struct math_point *at, struct math_value a, int64_t n)
{
    bool negative = n < 0;
    uint64_t count = negative ? (uint64_t) - (n + 1) + 1 : (uint64_t)n;
    double size = a.size * (double)count;
    if (a.v == 0 && at->retry)
        a.v = 1;
    if (!(size <= MAX_SIZE) || (negative && a.v == 0) || (n == 0 && a.v == 0))
        return value_bad(at);
    struct math_value power = value_rational(at, 1, 1), square = a;
    for (uint64_t left = count; left > 0; left >>= 1) {
        if (left & 1)
            power = value_mul(at, power, square);
        square = value_mul(at, square, square);
    }
    power.size = size + 1;
    return negative ? value_inverse(at, power) : power;
}

bool value_whole(const struct math_value *v, int64_t *n)
{
    *n = v->q.num;
    return v->exact && v->q.den == 1 && v->q.pi == 0 && v->q.i == 0;
}

// Ten to the power n, |n| below 10^4.
static struct math_value power_of_ten(struct math_point *at, int64_t n)
{
    return value_power(at, value_rational(at, 10, 1), n);
}

struct math_value value_number(struct math_point *at, const char *text, size_t len)
{
    struct math_value out = value_rational(at, 0, 1);
    struct math_value ten = value_rational(at, 10, 1);
    int64_t scale = 0, exponent = 0;
    bool point = false, negative = false;
    size_t i = 0;
    for (; i < len && text[i] != 'e' && text[i] != 'E'; i++) {
        point = point || text[i] == '.';
        if (text[i] < '0' || text[i] > '9')
            continue;
        scale += point;
        out = value_add(at, value_mul(at, out, ten),
                        value_rational(at, text[i] - '0', 1));
    }
    for (; i < len; i++) {
        negative = negative || text[i] == '-';
        if (text[i] >= '0' && text[i] <= '9' && exponent < 10000)
            exponent = exponent * 10 + (text[i] - '0');
    }
    if (exponent >= 10000)
        return value_bad(at);
    out.size = (double)len * 4;
    exponent = (negative ? -exponent : exponent) - scale;
    return exponent == 0 ? out : value_mul(at, out, power_of_ten(at, exponent));
}

int value_factors(struct math_factor *out, int64_t n, int sign, int count)
{
    uint64_t rest = n < 0 ? (uint64_t) - (n + 1) + 1 : (uint64_t)n;
    for (uint64_t q = 2; q < 4096 && q * q <= rest; q += q > 2 ? 2 : 1) {
        int exponent = 0;
        for (; rest % q == 0; rest /= q)
            exponent++;
        if (exponent > 0 && count < MATH_MAX_FACTORS)
            out[count++] = (struct math_factor){q, sign * exponent};
    }
    uint64_t root = (uint64_t)sqrtl((long double)rest);
    bool square = rest > 1 && root * root == rest;
    if (rest > 1 && count < MATH_MAX_FACTORS)
        out[count++] =
            (struct math_factor){square ? root : rest, square ? 2 * sign : sign};
    return count;
}
