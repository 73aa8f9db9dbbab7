// The parts of math_numeric.c: complex numbers with undefined ones among them.
#ifndef VERIFY_NUMERIC_VALUE_H
#define VERIFY_NUMERIC_VALUE_H

#include "math_tree.h"

#include <mpc.h>

enum { NUMERIC_ROUND = MPC_RNDNN };

// One point.
struct numeric {
    mpfr_prec_t bits;
    uint64_t salt;
    int sign;          // of \pm
    bool bare;         // a percent sign counts as a unit
    uint64_t bound;    // a variable with a value; 0: none has
    mpfr_srcptr value; // of it
    bool variable;     // outcome: another one was met
    bool unknown;      // outcome: no value
    long steps;        // left
};

// Computes the value of a node; sets `unknown` where there is none.
void numeric_value(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                   int node);
void numeric_call(struct numeric *at, mpc_ptr out, const struct math_tree *tree,
                  int node);
void numeric_power(struct numeric *at, mpc_ptr out, mpc_ptr base, mpc_ptr exponent);
void numeric_root(struct numeric *at, mpc_ptr out, mpc_ptr value, long order);
void numeric_choose(struct numeric *at, mpc_ptr out, mpc_ptr n, mpc_ptr k);
void numeric_factorial(struct numeric *at, mpc_ptr out, mpc_ptr n);
// Takes what is nearly whole for whole, and drops what is too large or no number.
void numeric_settle(struct numeric *at, mpc_ptr value);
bool numeric_real(mpc_srcptr value);
bool numeric_zero(mpc_srcptr value);
void numeric_no_value(struct numeric *at, mpc_ptr out);

#endif
