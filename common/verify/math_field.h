// Arithmetic modulo primes of 61 bits.  Pure, any thread.
#ifndef VERIFY_MATH_FIELD_H
#define VERIFY_MATH_FIELD_H

#include <stdbool.h>
#include <stdint.h>

uint64_t field_add(uint64_t a, uint64_t b, uint64_t p);
uint64_t field_sub(uint64_t a, uint64_t b, uint64_t p);
uint64_t field_mul(uint64_t a, uint64_t b, uint64_t p);
uint64_t field_pow(uint64_t a, uint64_t exponent, uint64_t p);
// a must not be 0.
uint64_t field_inverse(uint64_t a, uint64_t p);
uint64_t field_from(int64_t a, uint64_t p);
// One of the two roots; false: a is not a square.
bool field_sqrt(uint64_t *root, uint64_t a, uint64_t p);
// The one root of odd order n; false where the order divides p - 1.
bool field_odd_root(uint64_t *root, uint64_t a, uint64_t n, uint64_t p);

// The Jacobi symbol (a / m) of an odd m.
int field_jacobi(uint64_t a, uint64_t m);
// Exact for every 64-bit number.
bool field_is_prime(uint64_t n);
// One step of splitmix64 (Steele, Lea and Flood 2014).
uint64_t field_random(uint64_t *state);
// The next random prime in [2^60, 2^61) of which each of the `count` numbers is a
// square. ordered: p = 7 mod 8, so -1 is no square and one root of each square is one:
// a choice that keeps products, as the positive root of the reals.  Else p = 1 mod 8,
// with a root of -1.  Roots whose order divides a power of `odd` are unique; for that
// and sqrt(3) the field must be ordered, else there are three cube roots of 1.  0: none
// found soon.
uint64_t field_prime(uint64_t *state, uint64_t odd, bool ordered,
                     const uint64_t *squares, int count);

#endif
