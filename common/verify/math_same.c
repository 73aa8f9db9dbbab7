#include "math_same.h"

#include "math_field.h"
#include "math_numeric.h"
#include "math_value.h"

#include <string.h>

// Each round errs with a probability below 2^-20, one where a root's sign is random
// below 1/2 + 2^-20.
enum {
    ROUNDS = 4,
    RANDOM_SIGN_ROUNDS = 48,
    MAX_TRIES = 4000,
    PER_FIELD = 8,
    MAX_SIDES = 4
};

struct points {
    struct math_work *work;
    const struct math_side *sides;
    int count;
    struct math_point at;
    int tries, in_field;
    struct math_value values[MAX_SIDES];
};

static bool new_field(struct points *it)
{
    struct math_point *at = &it->at;
    at->odd = at->odd == 0 ? 1 : at->odd;
    at->p = field_prime(&it->work->state, at->odd, at->ordered, at->squares,
                        at->square_count);
    if (at->p == 0)
        return false;
    it->work->steps -= 100 + ((long)100 << at->square_count);
    at->i = 0;
    if (!at->ordered)
        (void)field_sqrt(&at->i, at->p - 1, at->p);
    it->in_field = 0;
    return true;
}

static void evaluate_sides(struct points *it)
{
    struct math_point *at = &it->at;
    for (int i = 0; i < it->count && !at->bad; i++) {
        at->sign = it->sides[i].sign;
        at->bare = it->sides[i].bare;
        it->values[i] = math_evaluate(at, it->sides[i].tree, it->sides[i].node);
    }
}

// Values of all sides at a further point; false: none within the limits.
static bool next_point(struct points *it)
{
    struct math_point *at = &it->at;
    for (; it->tries < MAX_TRIES; it->tries++) {
        if ((at->retry || it->in_field++ == PER_FIELD || at->p == 0) && !new_field(it))
            return false;
        at->salt = field_random(&it->work->state);
        at->retry = false;
        at->steps = it->work->steps;
        int squares = at->square_count;
        uint64_t odd = at->odd;
        bool has_i = at->i != 0;
        evaluate_sides(it);
        it->work->steps = at->steps;
        if (at->bad)
            return false;
        if (!at->retry)
            return true;
        // Only another field has the root of a prime that is missing here.
        at->retry =
            at->square_count > squares || at->odd != odd || at->ordered == has_i;
    }
    return false;
}

static bool equal_at_points(struct points *it)
{
    for (int round = 0;; round++) {
        if (round >= (it->at.random_sign ? RANDOM_SIGN_ROUNDS : ROUNDS))
            return true;
        // The first rounds in fields of their own, the others share them.
        it->at.retry = it->at.retry || round < ROUNDS;
        if (!next_point(it) || it->values[0].v != it->values[1].v)
            return false;
    }
}

int math_places(struct math_side side, int *significant)
{
    const struct math_node *n = &side.tree->nodes[side.node];
    while (n->kind == MATH_NEGATIVE)
        n = &side.tree->nodes[n->child];
    if (n->kind != MATH_NUMBER || n->child >= 0)
        return 0;
    int places = 0;
    bool point = false;
    *significant = 0;
    for (size_t i = 0; i < n->len; i++) {
        char c = n->at[i];
        if (c == 'e' || c == 'E')
            return 0;
        point = point || c == '.';
        if (c < '0' || c > '9')
            continue;
        places += point;
        *significant += c != '0' || *significant > 0;
    }
    return places;
}

static bool any_node(struct math_work *work, struct math_side side,
                     bool (*test)(const struct math_node *n))
{
    const struct math_node *n = &side.tree->nodes[side.node];
    work->steps--;
    if (test(n))
        return true;
    for (int c = n->child; c >= 0 && work->steps > 0; c = side.tree->nodes[c].next) {
        side.node = c;
        if (any_node(work, side, test))
            return true;
    }
    return false;
}

static bool has_point(const struct math_node *n)
{
    return n->kind == MATH_NUMBER && n->child < 0 && memchr(n->at, '.', n->len);
}

static bool is_variable(const struct math_node *n)
{
    static const char *const CONSTANTS[] = {"pi", "e", "i"};
    if (n->kind != MATH_NAME)
        return n->kind == MATH_REFERENCE;
    for (int i = 0; i < 3; i++)
        if (n->id == math_hash(0, CONSTANTS[i], strlen(CONSTANTS[i])))
            return false;
    return true;
}

// The decimal is the other's rounding, to enough places.
static bool near(struct math_work *work, struct math_side decimal,
                 struct math_side other)
{
    int significant = 0, places = math_places(decimal, &significant);
    if (places < work->decimals || places == 0 || significant + 1 < work->decimals ||
        any_node(work, other, has_point))
        return false;
    return math_numeric_rounds(work, decimal, other, places);
}

// Where the fields decide, they alone do: they are exact, whatever the sizes.
bool math_same(struct math_work *work, struct math_side a, struct math_side b)
{
    struct math_side sides[2] = {a, b};
    struct points it = {.work = work, .sides = sides, .count = 2};
    if (equal_at_points(&it))
        return true;
    if ((it.at.bad || it.at.random_sign || it.at.opaque || it.tries == MAX_TRIES) &&
        math_numeric_same(work, a, b) == MATH_SAME)
        return true;
    return near(work, a, b) || near(work, b, a);
}

bool math_constant(struct math_work *work, struct math_side side)
{
    struct points it = {.work = work, .sides = &side, .count = 1};
    if (next_point(&it))
        return !it.values[0].variable;
    return !any_node(work, side, is_variable) &&
           math_numeric_same(work, side, side) == MATH_SAME;
}

// The sign of a residue as a fraction of two numbers below 2^29 (Wang 1981); 0: none.
static int rational_sign(uint64_t residue, uint64_t p)
{
    const uint64_t bound = (uint64_t)1 << 29;
    uint64_t r = p, next_r = residue;
    int64_t s = 0, next_s = 1;
    while (next_r >= bound) {
        uint64_t quotient = r / next_r, rest = r % next_r;
        int64_t new_s = s - (int64_t)quotient * next_s;
        r = next_r;
        next_r = rest;
        s = next_s;
        next_s = new_s;
    }
    uint64_t size = (uint64_t)(next_s < 0 ? -next_s : next_s);
    if (next_r == 0 || size >= bound)
        return 0;
    return next_s > 0 ? 1 : -1;
}

bool math_proportional(struct math_work *work, const struct math_side sides[4],
                       bool positive)
{
    struct points it = {.work = work, .sides = sides, .count = 4};
    uint64_t p = 0, ratio = 0;
    int rounds = 3 * PER_FIELD;
    for (int round = 0; round < rounds; round++) {
        if (!next_point(&it))
            return false;
        const struct math_value *v = it.values;
        uint64_t left = field_sub(v[0].v, v[1].v, it.at.p);
        uint64_t right = field_sub(v[2].v, v[3].v, it.at.p);
        if (left == 0 || right == 0 || !(v[0].variable || v[1].variable))
            return false;
        uint64_t now = field_mul(left, field_inverse(right, it.at.p), it.at.p);
        if (it.at.p != p) {
            p = it.at.p;
            ratio = now;
        }
        if (now != ratio || (positive && rational_sign(ratio, p) != 1))
            return false;
        if (it.at.random_sign)
            rounds = RANDOM_SIGN_ROUNDS + 3 * PER_FIELD;
    }
    return true;
}
