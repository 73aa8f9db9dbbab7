// Two sets are equal if they agree at all of their ends and between any two of them.
#include "math_set.h"

#include "math_compare.h"
#include "numeric_value.h"
#include "set_member.h"

#include <string.h>

enum { MAX_ENDS = 48 };

// The finite ends of both sets, ascending.
struct ends {
    mpfr_t value[MAX_ENDS];
    int count;
    bool unknown; // too many, or one is no real constant
};

static void ends_clear(struct ends *e)
{
    for (int i = 0; i < e->count; i++)
        mpfr_clear(e->value[i]);
}

static void add_end(struct ends *e, mpfr_srcptr value)
{
    if (e->count == MAX_ENDS) {
        e->unknown = true;
        return;
    }
    mpfr_init2(e->value[e->count], SET_BITS);
    mpfr_set(e->value[e->count++], value, MPFR_RNDN);
}

static void add_node(struct math_work *work, struct ends *e, struct math_side side)
{
    if (math_infinite(side) != 0)
        return;
    mpfr_t value;
    mpfr_init2(value, SET_BITS);
    if (set_value(work, value, side, NULL))
        add_end(e, value);
    else
        e->unknown = true;
    mpfr_clear(value);
}

// Where the difference of two sides of a relation, linear in the variable, is 0:
// `sign` -1 takes left + right instead.
static void add_root(struct math_work *work, struct ends *e, struct math_side left,
                     struct math_side right, int sign, struct set_variable *x)
{
    mpfr_t at[4], l, r;
    bool known = true;
    mpfr_inits2(SET_BITS, at[0], at[1], at[2], at[3], l, r, (mpfr_ptr)NULL);
    for (int i = 0; i < 4 && known; i++) { // at 0, 1, 2 and, as a check, 5
        mpfr_set_ui(x->value, i < 3 ? (unsigned long)i : 5, MPFR_RNDN);
        known = set_value(work, l, left, x) && set_value(work, r, right, x);
        (sign > 0 ? mpfr_sub : mpfr_add)(at[i], l, r, MPFR_RNDN);
    }
    if (known) {
        mpfr_sub(l, at[1], at[0], MPFR_RNDN); // the slope
        for (int i = 2; i < 4 && known; i++) {
            mpfr_mul_ui(r, l, i == 2 ? 2 : 5, MPFR_RNDN);
            mpfr_add(r, r, at[0], MPFR_RNDN);
            known = set_order(r, at[i]) == 0;
        }
        mpfr_neg(r, at[0], MPFR_RNDN);
        if (known && set_order(at[1], at[0]) != 0) {
            mpfr_div(r, r, l, MPFR_RNDN);
            add_end(e, r);
        }
    }
    e->unknown = e->unknown || !known;
    mpfr_clears(at[0], at[1], at[2], at[3], l, r, (mpfr_ptr)NULL);
}

// |u| against v changes where u = v and where u = -v.
static void add_relation(struct math_work *work, struct ends *e, struct math_side left,
                         struct math_side right, struct set_variable *x)
{
    if (math_infinite(left) != 0 || math_infinite(right) != 0)
        return;
    if (math_node_of(right)->kind == MATH_ABSOLUTE) {
        struct math_side swap = left;
        left = right;
        right = swap;
    }
    if (math_node_of(left)->kind != MATH_ABSOLUTE) {
        add_root(work, e, left, right, 1, x);
        return;
    }
    left = math_at(left, math_node_of(left)->child);
    add_root(work, e, left, right, 1, x);
    add_root(work, e, left, right, -1, x);
}

static void collect(struct math_work *work, struct ends *e, struct math_side side,
                    struct set_variable *x)
{
    const struct math_node *n = math_node_of(side);
    const struct math_node *nodes = side.tree->nodes;
    work->steps--;
    if (n->kind == MATH_CHAIN) {
        for (int c = n->child; nodes[c].next >= 0 && !e->unknown; c = nodes[c].next) {
            int next = nodes[c].next;
            if (nodes[next].relation == MATH_MEMBER ||
                nodes[next].relation == MATH_NOT_MEMBER)
                collect(work, e, math_at(side, next), x);
            else
                add_relation(work, e, math_at(side, c), math_at(side, next), x);
        }
        return;
    }
    bool leaves = n->kind == MATH_TUPLE || n->kind == MATH_SET;
    bool inner = n->kind == MATH_UNION || n->kind == MATH_LIST ||
                 n->kind == MATH_BUILDER || leaves;
    int first = n->kind == MATH_BUILDER ? nodes[n->child].next : n->child;
    for (int c = inner ? first : -1; c >= 0 && !e->unknown; c = nodes[c].next) {
        bool element = leaves || (nodes[c].kind != MATH_CHAIN && n->kind == MATH_LIST &&
                                  set_is_value(work, math_at(side, c)));
        if (element)
            add_node(work, e, math_at(side, c));
        else
            collect(work, e, math_at(side, c), x);
    }
}

static void sort(struct ends *e)
{
    int kept = 0;
    for (int i = 1; i < e->count; i++)
        for (int k = i; k > 0 && mpfr_less_p(e->value[k], e->value[k - 1]); k--)
            mpfr_swap(e->value[k], e->value[k - 1]);
    for (int i = 0; i < e->count; i++) {
        if (kept > 0 && set_order(e->value[i], e->value[kept - 1]) == 0)
            continue;
        mpfr_swap(e->value[kept++], e->value[i]);
    }
    for (int i = kept; i < e->count; i++)
        mpfr_clear(e->value[i]);
    e->count = kept;
}

// Point 2i is below end i, or above the last; point 2i + 1 is end i.
static void point(mpfr_ptr out, const struct ends *e, int index)
{
    int i = index / 2;
    if (e->count == 0) {
        mpfr_set_ui(out, 0, MPFR_RNDN);
    } else if (index % 2 == 1) {
        mpfr_set(out, e->value[i], MPFR_RNDN);
    } else if (i == 0) {
        mpfr_sub_ui(out, e->value[0], 1, MPFR_RNDN);
    } else if (i == e->count) {
        mpfr_add_ui(out, e->value[i - 1], 1, MPFR_RNDN);
    } else {
        mpfr_add(out, e->value[i - 1], e->value[i], MPFR_RNDN);
        mpfr_div_2ui(out, out, 1, MPFR_RNDN);
    }
}

// x > 1, x < 3 is what both leave; where they leave nothing, x < 1, x > 3 is either.
static void read_commas(struct math_work *work, struct math_side side,
                        struct set_variable *variable, const struct ends *e)
{
    const struct math_node *n = math_node_of(side);
    if (n->kind != MATH_LIST || n->id != MATH_BY_COMMA)
        return;
    for (int i = 0; i <= 2 * e->count; i++) {
        point(variable->value, e, i);
        if (set_member(work, side, variable) != 0)
            return;
    }
    variable->commas_are_or = true;
}

static enum math_answer agree(struct math_work *work, const struct math_side side[2],
                              struct set_variable variable[2], const struct ends *e)
{
    for (int i = 0; i <= 2 * e->count; i++) {
        int inside[2];
        for (int k = 0; k < 2; k++) {
            point(variable[k].value, e, i);
            inside[k] = set_member(work, side[k], &variable[k]);
        }
        if (inside[0] < 0 || inside[1] < 0 || work->steps < 0)
            return MATH_UNKNOWN;
        if (inside[0] != inside[1])
            return MATH_OTHER;
    }
    return MATH_SAME;
}

enum math_answer math_same_set(struct math_work *work, struct math_side a,
                               struct math_side b)
{
    const struct math_side side[2] = {a, b};
    struct set_variable variable[2] = {{.free = false}, {.free = false}};
    if (!set_only(work, a) && !set_only(work, b))
        return MATH_UNKNOWN;
    enum math_answer answer = MATH_UNKNOWN;
    if (set_names(a, &variable[0]) && set_names(b, &variable[1])) {
        struct ends e = {.count = 0};
        mpfr_init2(variable[0].value, SET_BITS);
        mpfr_init2(variable[1].value, SET_BITS);
        for (int k = 0; k < 2; k++)
            collect(work, &e, side[k], &variable[k]);
        sort(&e);
        for (int k = 0; k < 2 && !e.unknown; k++)
            read_commas(work, side[k], &variable[k], &e);
        if (!e.unknown)
            answer = agree(work, side, variable, &e);
        if (answer == MATH_SAME && variable[0].free && variable[1].free &&
            variable[0].id != variable[1].id)
            answer = MATH_OTHER; // x > 3 is not y > 3
        ends_clear(&e);
        mpfr_clears(variable[0].value, variable[1].value, (mpfr_ptr)NULL);
        mpfr_free_cache();
    }
    return answer;
}
