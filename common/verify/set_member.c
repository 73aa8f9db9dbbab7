#include "set_member.h"

#include "math_compare.h"
#include "numeric_value.h"

#include <string.h>

static bool is_order(uint64_t relation)
{
    return relation == MATH_LT || relation == MATH_LE || relation == MATH_GT ||
           relation == MATH_GE || relation == MATH_NE || relation == MATH_NOT_MEMBER;
}

static bool has_order(struct math_side side)
{
    const struct math_node *n = math_node_of(side);
    if (n->kind != MATH_CHAIN)
        return false;
    for (int c = n->child; c >= 0; c = side.tree->nodes[c].next)
        if (is_order(side.tree->nodes[c].relation))
            return true;
    return false;
}

bool set_only(struct math_work *work, struct math_side side)
{
    const struct math_node *n = math_node_of(side);
    work->steps--;
    switch (n->kind) {
    case MATH_UNION:
    case MATH_BUILDER:
    case MATH_NAMED:
        return true;
    case MATH_CHAIN:
        return has_order(side);
    case MATH_TUPLE:
        return n->children == 2 &&
               (n->open != n->close || math_infinite(math_at(side, n->child)) != 0 ||
                math_infinite(math_at(side, n->last)) != 0);
    case MATH_LIST:
        for (int c = n->child; c >= 0; c = side.tree->nodes[c].next)
            if (has_order(math_at(side, c)))
                return true;
        return false;
    default:
        return false;
    }
}

static bool note_name(struct set_variable *out, const struct math_node *n, bool bound)
{
    static const char *const CONSTANTS[] = {"pi", "e", "i"};
    for (int i = 0; i < 3; i++)
        if (n->id == math_hash(0, CONSTANTS[i], strlen(CONSTANTS[i])))
            return true;
    if (out->id != 0 && out->id != n->id)
        return false;
    out->id = n->id;
    out->free = out->free || !bound;
    return true;
}

static bool names_below(struct math_side side, struct set_variable *out, bool bound)
{
    const struct math_node *n = math_node_of(side);
    if (n->kind == MATH_NAME)
        return note_name(out, n, bound);
    bound = bound || n->kind == MATH_BUILDER;
    for (int c = n->child; c >= 0; c = side.tree->nodes[c].next)
        if (!names_below(math_at(side, c), out, bound))
            return false;
    return true;
}

bool set_names(struct math_side side, struct set_variable *out)
{
    return names_below(side, out, false);
}

bool set_value(struct math_work *work, mpfr_ptr out, struct math_side side,
               const struct set_variable *x)
{
    mpc_t value;
    struct numeric at = {.bits = SET_BITS,
                         .sign = side.sign,
                         .bare = side.bare,
                         .bound = x ? x->id : 0,
                         .steps = work->steps};
    if (x)
        at.value = x->value;
    mpc_init2(value, SET_BITS);
    numeric_value(&at, value, side.tree, side.node);
    work->steps = at.steps;
    bool known = !at.unknown && !at.variable && numeric_real(value);
    if (known)
        mpfr_set(out, mpc_realref(value), MPFR_RNDN);
    mpc_clear(value);
    return known;
}

bool set_is_value(struct math_work *work, struct math_side side)
{
    mpfr_t value;
    mpfr_init2(value, SET_BITS);
    bool known = set_value(work, value, side, NULL);
    mpfr_clear(value);
    return known;
}

int set_order(mpfr_srcptr a, mpfr_srcptr b)
{
    mpfr_t gap;
    mpfr_init2(gap, SET_BITS);
    mpfr_sub(gap, a, b, MPFR_RNDN);
    bool same = mpfr_zero_p(gap);
    if (!same && !mpfr_zero_p(a) && !mpfr_zero_p(b))
        same = mpfr_get_exp(gap) < mpfr_get_exp(a) - SET_BITS / 2;
    if (!same)
        same = mpfr_get_exp(gap) < -SET_BITS / 2;
    mpfr_clear(gap);
    return same ? 0 : mpfr_less_p(a, b) ? -1 : 1;
}

// a relation b; -1: not to be told.
static int holds(struct math_work *work, struct math_side a, struct math_side b,
                 uint64_t relation, const struct set_variable *x)
{
    int infinite_a = math_infinite(a), infinite_b = math_infinite(b), order;
    mpfr_t left, right;
    mpfr_inits2(SET_BITS, left, right, (mpfr_ptr)NULL);
    bool known = (infinite_a != 0 || set_value(work, left, a, x)) &&
                 (infinite_b != 0 || set_value(work, right, b, x));
    if (infinite_a != 0 || infinite_b != 0)
        order = infinite_a - infinite_b;
    else
        order = known ? set_order(left, right) : 0;
    mpfr_clears(left, right, (mpfr_ptr)NULL);
    if (!known)
        return -1;
    switch (relation) {
    case MATH_EQ:
        return order == 0;
    case MATH_NE:
        return order != 0;
    case MATH_LT:
        return order < 0;
    case MATH_LE:
        return order <= 0;
    case MATH_GT:
        return order > 0;
    case MATH_GE:
        return order >= 0;
    default:
        return -1;
    }
}

// All of the parts, or any of them.
static int joined(int so_far, int next, bool all)
{
    if (so_far < 0 || next < 0)
        return -1;
    return all ? so_far && next : so_far || next;
}

static int in_chain(struct math_work *work, struct math_side side,
                    const struct set_variable *x)
{
    const struct math_node *nodes = side.tree->nodes;
    int inside = 1;
    for (int c = math_node_of(side)->child; nodes[c].next >= 0; c = nodes[c].next) {
        int next = nodes[c].next;
        uint64_t relation = nodes[next].relation;
        bool variable = nodes[c].kind == MATH_NAME && nodes[c].id == x->id;
        bool member = relation == MATH_MEMBER || relation == MATH_NOT_MEMBER;
        int here = !member
                       ? holds(work, math_at(side, c), math_at(side, next), relation, x)
                   : variable ? set_member(work, math_at(side, next), x)
                              : -1;
        if (here >= 0 && relation == MATH_NOT_MEMBER)
            here = !here;
        inside = joined(inside, here, true);
    }
    return inside;
}

static int is_element(struct math_work *work, struct math_side side,
                      const struct set_variable *x)
{
    mpfr_t value;
    mpfr_init2(value, SET_BITS);
    int inside = -1;
    if (set_value(work, value, side, NULL))
        inside = set_order(value, x->value) == 0;
    mpfr_clear(value);
    return inside;
}

static int in_set(struct math_work *work, struct math_side side,
                  const struct set_variable *x)
{
    int inside = 0;
    for (int c = math_node_of(side)->child; c >= 0; c = side.tree->nodes[c].next)
        inside = joined(inside, is_element(work, math_at(side, c), x), false);
    return inside;
}

// One end of an interval: 1: the value is on its inner side; -1: no real constant.
static int inside_end(struct math_work *work, struct math_side end, bool lower,
                      bool closed, const struct set_variable *x)
{
    mpfr_t value;
    int inside = -1, infinite = math_infinite(end);
    if (infinite != 0)
        return infinite == (lower ? -1 : 1) ? 1 : -1;
    mpfr_init2(value, SET_BITS);
    if (set_value(work, value, end, NULL)) {
        int order = set_order(x->value, value) * (lower ? 1 : -1);
        inside = order > 0 || (order == 0 && closed);
    }
    mpfr_clear(value);
    return inside;
}

// The ends of an interval ascend, or are one closed point: (8,-1) is a pair.
static bool ascends(struct math_work *work, struct math_side side)
{
    const struct math_node *n = math_node_of(side);
    struct math_side low = math_at(side, n->child), high = math_at(side, n->last);
    if (math_infinite(low) != 0 || math_infinite(high) != 0)
        return math_infinite(low) <= 0 && math_infinite(high) >= 0;
    bool point = n->open == '[' && n->close == '[';
    return holds(work, low, high, point ? MATH_LE : MATH_LT, NULL) == 1;
}

static int in_interval(struct math_work *work, struct math_side side,
                       const struct set_variable *x)
{
    const struct math_node *n = math_node_of(side);
    if (n->children != 2 || (n->open != '(' && n->open != '[') ||
        (n->close != '(' && n->close != '[') || !ascends(work, side))
        return -1;
    int low = inside_end(work, math_at(side, n->child), true, n->open == '[', x);
    int high = inside_end(work, math_at(side, n->last), false, n->close == '[', x);
    return joined(low, high, true);
}

static int in_union(struct math_work *work, struct math_side side,
                    const struct set_variable *x)
{
    const struct math_node *n = math_node_of(side);
    int inside = n->id == 'u' ? 0 : 1;
    for (int c = n->child; c >= 0; c = side.tree->nodes[c].next) {
        int here = set_member(work, math_at(side, c), x);
        if (n->id == '-' && c != n->child && here >= 0)
            here = !here;
        inside = joined(inside, here, n->id != 'u');
    }
    return inside;
}

static bool all_unequal(struct math_side side)
{
    bool any = false;
    for (int c = math_node_of(side)->child; c >= 0; c = side.tree->nodes[c].next) {
        const struct math_node *n = &side.tree->nodes[c];
        any = any || n->kind == MATH_CHAIN;
        if (n->kind == MATH_CHAIN &&
            (n->children != 2 || side.tree->nodes[n->last].relation != MATH_NE))
            return false;
    }
    return any;
}

static bool has_relation(struct math_side side, uint64_t relation)
{
    const struct math_node *nodes = side.tree->nodes;
    for (int c = math_node_of(side)->child; c >= 0; c = nodes[c].next)
        if (nodes[c].kind == MATH_CHAIN && nodes[nodes[c].last].relation == relation)
            return true;
    return false;
}

// Values alone, however they are joined, are a finite set.
static bool all_values(struct math_work *work, struct math_side side)
{
    for (int c = math_node_of(side)->child; c >= 0; c = side.tree->nodes[c].next)
        if (!set_is_value(work, math_at(side, c)))
            return false;
    return true;
}

// x \ne 1, 2: a value behind a condition stands for the condition with it.
static int in_element(struct math_work *work, struct math_side side, bool unequal,
                      const struct set_variable *x)
{
    if (math_node_of(side)->kind == MATH_CHAIN || !set_is_value(work, side))
        return set_member(work, side, x);
    int here = is_element(work, side, x);
    return here < 0 ? -1 : unequal ? !here : here;
}

// Conditions joined by "or" or "and"; by commas they all hold in \{x \mid ...\} and
// where all of them are x \ne ...
static int in_list(struct math_work *work, struct math_side side, bool builder,
                   const struct set_variable *x)
{
    const struct math_node *n = math_node_of(side);
    bool unequal = all_unequal(side);
    bool excludes = has_relation(side, MATH_NE); // x > 2, x \\ne 3
    if (all_values(work, side))
        return in_set(work, side, x);
    bool all = n->id == MATH_AND ||
               (n->id == MATH_BY_COMMA && (builder || excludes || !x->commas_are_or));
    int inside = all;
    for (int c = n->child; c >= 0; c = side.tree->nodes[c].next)
        inside = joined(inside, in_element(work, math_at(side, c), unequal, x), all);
    return inside;
}

static int in_builder(struct math_work *work, struct math_side side,
                      const struct set_variable *x)
{
    const struct math_node *nodes = side.tree->nodes;
    int name = math_node_of(side)->child, condition = nodes[name].next;
    int domain = nodes[condition].next;
    struct math_side inner = math_at(side, condition);
    int inside = nodes[condition].kind == MATH_LIST ? in_list(work, inner, true, x)
                                                    : set_member(work, inner, x);
    if (domain >= 0)
        inside = joined(inside, set_member(work, math_at(side, domain), x), true);
    return inside;
}

int set_member(struct math_work *work, struct math_side side,
               const struct set_variable *x)
{
    if (--work->steps < 0)
        return -1;
    switch (math_node_of(side)->kind) {
    case MATH_NAMED:
        return (math_node_of(side)->id & MATH_NAMED_LETTER) == 'R' ? 1 : -1;
    case MATH_SET:
        return in_set(work, side, x);
    case MATH_TUPLE:
        return in_interval(work, side, x);
    case MATH_UNION:
        return in_union(work, side, x);
    case MATH_CHAIN:
        return in_chain(work, side, x);
    case MATH_LIST:
        return in_list(work, side, false, x);
    case MATH_BUILDER:
        return in_builder(work, side, x);
    default:
        return -1;
    }
}
