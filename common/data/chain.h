// A chain of operations on one value, and its texts.  Pure functions of the draws.
#ifndef DATA_CHAIN_H
#define DATA_CHAIN_H

#include "algebra.h"

#include "base/buf.h"
#include "base/rng.h"

#include <stdint.h>

// Numbers drawn one after another from one key.
struct draws {
    struct rng_key key;
    uint64_t next;
};

int64_t draws_range(struct draws *d, int64_t least, int64_t most); // both included

enum { CHAIN_MAX_STEPS = 12 };

enum chain_kind { CHAIN_WORDS, CHAIN_EQUATION, CHAIN_PLAIN };

struct chain {
    enum chain_kind kind;
    int32_t n;
    int64_t start;
    struct operation {
        char op; // + - * /
        int64_t operand, result;
    } steps[CHAIN_MAX_STEPS];
};

// Draws kind, length and operations; every value lies in [1, max_value], and every
// division is exact.  1: drawn; 0: this draw led nowhere.
int chain_draw(struct chain *out, const struct algebra_config *c, struct draws *d);

// How a chain is worded: drawn once, used by its question and its solution.
struct wording {
    const char *name, *item;
};

// Appends the question; *w says how the solution must word it.
void chain_question(struct buf *out, struct wording *w, const struct chain *chain,
                    struct draws *d);
void chain_solution(struct buf *out, const struct chain *chain, const struct wording *w,
                    int prose);

#endif
