#include "math_field.h"

__extension__ typedef unsigned __int128 wide;

uint64_t field_add(uint64_t a, uint64_t b, uint64_t p)
{
    uint64_t sum = a + b;
    return sum >= p ? sum - p : sum;
}

uint64_t field_sub(uint64_t a, uint64_t b, uint64_t p)
{
    return a >= b ? a - b : a + p - b;
}

uint64_t field_mul(uint64_t a, uint64_t b, uint64_t p)
{
    return (uint64_t)((wide)a * b % p);
}

uint64_t field_pow(uint64_t a, uint64_t exponent, uint64_t p)
{
    uint64_t power = 1;
    for (a %= p; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            power = field_mul(power, a, p);
        a = field_mul(a, a, p);
    }
    return power;
}

uint64_t field_inverse(uint64_t a, uint64_t p)
{
    int64_t x = 0, next_x = 1;
    uint64_t r = p, next_r = a % p;
    while (next_r > 0) { // Euclid; |x| < p < 2^61
        int64_t quotient = (int64_t)(r / next_r);
        uint64_t rest = r % next_r;
        int64_t new_x = x - quotient * next_x;
        r = next_r;
        next_r = rest;
        x = next_x;
        next_x = new_x;
    }
    return field_from(x, p);
}

uint64_t field_from(int64_t a, uint64_t p)
{
    if (a >= 0)
        return (uint64_t)a % p;
    uint64_t rest = (uint64_t) - (a + 1) % p + 1; // -a, also of the least integer
    return rest == p ? 0 : p - rest;
}

// Tonelli and Shanks.
bool field_sqrt(uint64_t *root, uint64_t a, uint64_t p)
{
    if (a == 0) {
        *root = 0;
        return true;
    }
    if (field_jacobi(a, p) != 1)
        return false;
    uint64_t odd = p - 1, other = 2;
    int twos = 0;
    for (; odd % 2 == 0; odd /= 2)
        twos++;
    while (field_jacobi(other, p) != -1)
        other++;
    uint64_t c = field_pow(other, odd, p), t = field_pow(a, odd, p);
    uint64_t r = field_pow(a, (odd + 1) / 2, p);
    while (t != 1) {
        int order = 0;
        for (uint64_t s = t; s != 1; s = field_mul(s, s, p))
            order++;
        uint64_t b = c;
        for (int i = 0; i < twos - order - 1; i++)
            b = field_mul(b, b, p);
        twos = order;
        c = field_mul(b, b, p);
        t = field_mul(t, c, p);
        r = field_mul(r, b, p);
    }
    *root = r;
    return true;
}

bool field_odd_root(uint64_t *root, uint64_t a, uint64_t n, uint64_t p)
{
    // 1/n modulo p-1: the k in 0..n-1 with n | k (p-1) + 1; n is small.
    uint64_t rest = (p - 1) % n;
    for (uint64_t k = 0; k < n; k++)
        if ((k * rest + 1) % n == 0) {
            *root = field_pow(a, (uint64_t)(((wide)k * (p - 1) + 1) / n), p);
            return true;
        }
    return false;
}

int field_jacobi(uint64_t a, uint64_t m)
{
    int sign = 1;
    for (a %= m; a != 0;) {
        for (; a % 2 == 0; a /= 2)
            if (m % 8 == 3 || m % 8 == 5)
                sign = -sign;
        uint64_t swap = a;
        a = m;
        m = swap;
        if (a % 4 == 3 && m % 4 == 3)
            sign = -sign;
        a %= m;
    }
    return m == 1 ? sign : 0;
}

// Miller and Rabin: these twelve bases decide every n < 2^64 (Sorenson and Webster
// 2017).
static const uint64_t BASES[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};

static bool passes(uint64_t n, uint64_t base)
{
    uint64_t odd = n - 1;
    int twos = 0;
    for (; odd % 2 == 0; odd /= 2)
        twos++;
    uint64_t x = field_pow(base, odd, n);
    if (x == 1 || x == n - 1)
        return true;
    for (int i = 1; i < twos; i++) {
        x = field_mul(x, x, n);
        if (x == n - 1)
            return true;
    }
    return false;
}

bool field_is_prime(uint64_t n)
{
    if (n < 2)
        return false;
    for (int i = 0; i < 12; i++)
        if (n % BASES[i] == 0)
            return n == BASES[i];
    for (int i = 0; i < 12; i++)
        if (!passes(n, BASES[i]))
            return false;
    return true;
}

uint64_t field_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t common(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool suits(uint64_t p, uint64_t odd, const uint64_t *squares, int count)
{
    if (common(p - 1, odd) != 1)
        return false;
    for (int i = 0; i < count; i++)
        if (field_jacobi(squares[i], p) != 1)
            return false;
    return field_is_prime(p);
}

uint64_t field_prime(uint64_t *state, uint64_t odd, bool ordered,
                     const uint64_t *squares, int count)
{
    for (int tries = 0; tries < 100000; tries++) {
        uint64_t p = ((uint64_t)1 << 60) | (field_random(state) >> 4);
        p = (p & ~(uint64_t)7) | (ordered ? 7 : 1);
        if (suits(p, odd, squares, count))
            return p;
    }
    return 0;
}
