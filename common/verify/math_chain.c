// Chains of relations: equations, inequalities, "x = 5" for 5, "-1 < x < 2" for (-1,
// 2).
#include "math_compare.h"
#include "math_numeric.h"

#include <string.h>

enum { MAX_SIDES = 16 };

struct chain {
    int count;
    struct math_side side[MAX_SIDES];
    uint64_t relation[MAX_SIDES]; // before the side; the first has none
};

static bool is_letters(struct math_side side)
{
    const struct math_node *n = math_node_of(side);
    switch (n->kind) {
    case MATH_NAME: // points and angles: AB, \angle A
        return (n->len == 1 && *n->at >= 'A' && *n->at <= 'Z') || *n->at == '\\';
    case MATH_PRODUCT:
    case MATH_INVERSE:
        for (int c = n->child; c >= 0; c = side.tree->nodes[c].next)
            if (!is_letters(math_at(side, c)))
                return false;
        return true;
    default:
        return false;
    }
}

// m\angle ABC
static bool is_measure(struct math_side side)
{
    const struct math_node *n = math_node_of(side), *nodes = side.tree->nodes;
    const struct math_node *m = &nodes[n->child];
    if (m->kind != MATH_NAME || m->len != 1 || *m->at != 'm' || m->next < 0)
        return false;
    const struct math_node *angle = &nodes[m->next];
    return angle->kind == MATH_NAME && angle->len == 6 &&
           memcmp(angle->at, "\\angle", 6) == 0;
}

// \lim, \sum and the like have no free variable to solve for.
static bool is_bound(const struct math_node *n)
{
    static const char *const BOUND[] = {"\\lim", "\\sum", "\\prod", "\\int"};
    for (size_t i = 0; i < sizeof BOUND / sizeof *BOUND; i++)
        if (n->len == strlen(BOUND[i]) && memcmp(n->at, BOUND[i], n->len) == 0)
            return true;
    return false;
}

// What only says which quantity the other side is.
static bool is_label(struct math_work *work, struct math_side side)
{
    const struct math_node *n = math_node_of(side);
    switch (n->kind) {
    case MATH_NAME:
    case MATH_TEXT:
        return true;
    case MATH_UNIT: // 2\text{Area} is no name
        return !n->text || side.tree->nodes[n->child].kind == MATH_NAME;
    case MATH_CALL:
        if ((n->len == 1 && *n->at != '\\') || is_bound(n))
            return true;
        break;
    case MATH_ABSOLUTE:
        return n->open == 'V' || is_letters(math_at(side, n->child)) ||
               math_constant(work, side);
    case MATH_TUPLE:
        for (int c = n->child; c >= 0; c = side.tree->nodes[c].next)
            if (side.tree->nodes[c].kind != MATH_NAME)
                return false;
        return true;
    case MATH_PRODUCT:
        if (is_letters(side) || is_measure(side))
            return true;
        break;
    default:
        break;
    }
    return math_constant(work, side);
}

static struct math_side without_unit(struct math_side side)
{
    const struct math_node *n = math_node_of(side);
    return n->kind == MATH_UNIT ? math_at(side, n->child) : side;
}

// Of a : b = 2 : 3 what stands behind the names.
static void drop_ratio_names(struct chain *c)
{
    int equals = 1;
    while (equals < c->count && c->relation[equals] == MATH_RATIO)
        equals++;
    if (equals < 2 || 2 * equals != c->count || c->relation[equals] != MATH_EQ)
        return;
    for (int i = 0; i < equals; i++)
        if (math_node_of(c->side[i])->kind != MATH_NAME && !is_letters(c->side[i]))
            return;
    for (int i = 0; i < equals; i++) {
        c->side[i] = c->side[i + equals];
        c->relation[i] = c->relation[i + equals];
    }
    c->count = equals;
}

// Reads a chain, without a closing \approx: `\frac23 \approx 0.67` is \frac23, `x
// \approx 11` stays.  A side that is no chain gives one of a single side; false: too
// long.
static bool read_chain(struct math_work *work, struct chain *out, struct math_side side)
{
    const struct math_node *n = math_node_of(side);
    *out = (struct chain){.count = 1};
    out->side[0] = side;
    if (n->kind != MATH_CHAIN)
        return true;
    if (n->children > MAX_SIDES)
        return false;
    out->count = 0;
    for (int c = n->child; c >= 0; c = side.tree->nodes[c].next) {
        out->side[out->count] = math_at(side, c);
        out->relation[out->count++] = side.tree->nodes[c].relation;
    }
    drop_ratio_names(out);
    for (int i = 1; i < out->count; i++) {
        if (out->relation[i] != MATH_ABOUT)
            continue;
        if (i > 1 || math_node_of(out->side[0])->kind != MATH_NAME ||
            math_constant(work, out->side[0])) {
            struct math_side exact = without_unit(out->side[i - 1]);
            struct math_side about = without_unit(out->side[i]);
            int significant = 0, places = math_places(about, &significant);
            if (!math_numeric_close(work, exact, about) &&
                (places == 0 || !math_numeric_rounds(work, about, exact, places)))
                return false; // 5 \approx 15
            out->count = i;
            break;
        }
        out->relation[i] = MATH_EQ;
    }
    return true;
}

static bool all_equal(const struct chain *c)
{
    for (int i = 1; i < c->count; i++)
        if (c->relation[i] != MATH_EQ)
            return false;
    return true;
}

// x \equiv 3 \pmod 5
static bool is_residue(const struct chain *c)
{
    const struct math_node *n = math_node_of(c->side[1]);
    return c->relation[1] == MATH_OTHER_RELATION && n->kind == MATH_CALL &&
           n->id == math_hash(0, "pmod", 4);
}

// x = ... = value and x \in set: the value; false: another chain.
static bool unlabelled(struct math_work *work, const struct chain *c,
                       struct math_side *out)
{
    bool member = c->count == 2 && (c->relation[1] == MATH_MEMBER || is_residue(c));
    if (c->count < 2 || (!member && !all_equal(c)) || !is_label(work, c->side[0]))
        return false;
    *out = c->side[c->count - 1];
    return true;
}

// 5 = x says the same as x = 5.
static bool unlabelled_right(struct math_work *work, const struct chain *c,
                             struct math_side *out)
{
    if (c->count != 2 || c->relation[1] != MATH_EQ ||
        math_node_of(c->side[1])->kind != MATH_NAME ||
        math_constant(work, c->side[1]) || !math_constant(work, c->side[0]))
        return false;
    *out = c->side[0];
    return true;
}

struct interval {
    struct math_side name;
    struct math_side end[2]; // lower, upper
    bool infinite[2], closed[2];
};

static bool upward(uint64_t relation)
{
    return relation == MATH_LT || relation == MATH_LE;
}

static bool downward(uint64_t relation)
{
    return relation == MATH_GT || relation == MATH_GE;
}

static void set_end(struct interval *out, int which, struct math_side side,
                    uint64_t relation)
{
    out->end[which] = side;
    out->infinite[which] = math_infinite(side) == (which == 0 ? -1 : 1);
    out->closed[which] = relation == MATH_LE || relation == MATH_GE;
}

// x < 3, -1 <= x < 2: the interval of x.
static bool chain_interval(struct math_work *work, const struct chain *c,
                           struct interval *out)
{
    *out = (struct interval){.infinite = {true, true}};
    if (c->count < 2 || c->count > 3)
        return false;
    bool up = upward(c->relation[1]);
    for (int i = 1; i < c->count; i++)
        if (up ? !upward(c->relation[i]) : !downward(c->relation[i]))
            return false;
    int name =
        math_node_of(c->side[0])->kind == MATH_NAME && !math_constant(work, c->side[0])
            ? 0
            : 1;
    out->name = c->side[name];
    if (math_node_of(out->name)->kind != MATH_NAME || (c->count == 3 && name != 1))
        return false;
    for (int i = 0; i < c->count; i++) {
        if (i == name)
            continue;
        bool lower = up == (i < name);
        set_end(out, lower ? 0 : 1, c->side[i], c->relation[i > name ? i : name]);
        if (!out->infinite[lower ? 0 : 1] && !math_constant(work, c->side[i]))
            return false;
    }
    return true;
}

static bool tuple_interval(struct math_side side, struct interval *out)
{
    const struct math_node *n = math_node_of(side);
    if (n->kind != MATH_TUPLE || n->children != 2)
        return false;
    set_end(out, 0, math_at(side, n->child), n->open == '[' ? MATH_LE : MATH_LT);
    set_end(out, 1, math_at(side, n->last), n->close == '[' ? MATH_LE : MATH_LT);
    return true;
}

static bool same_interval(struct math_work *work, const struct interval *a,
                          const struct interval *b)
{
    for (int i = 0; i < 2; i++) {
        if (a->infinite[i] != b->infinite[i])
            return false;
        if (!a->infinite[i] &&
            (a->closed[i] != b->closed[i] || !math_compare(work, a->end[i], b->end[i])))
            return false;
    }
    return true;
}

static uint64_t flipped(uint64_t relation)
{
    switch (relation) {
    case MATH_LT:
        return MATH_GT;
    case MATH_LE:
        return MATH_GE;
    case MATH_GT:
        return MATH_LT;
    case MATH_GE:
        return MATH_LE;
    case MATH_EQ:
    case MATH_NE:
        return relation;
    default:
        return MATH_NO_RELATION; // not to be read from the right
    }
}

// Side by side, from the left or, `reversed`, b from the right.
static bool same_sides(struct math_work *work, const struct chain *a,
                       const struct chain *b, bool reversed)
{
    if (a->count != b->count)
        return false;
    int n = a->count;
    for (int i = 1; i < n; i++) {
        uint64_t other = reversed ? flipped(b->relation[n - i]) : b->relation[i];
        if (a->relation[i] != other)
            return false;
    }
    for (int i = 0; i < n; i++)
        if (!math_compare(work, a->side[i], b->side[reversed ? n - 1 - i : i]))
            return false;
    return true;
}

// One relation each: an equation, or an inequality with its greater side first.
static bool same_relation(struct math_work *work, const struct chain *a,
                          const struct chain *b)
{
    if (a->count != 2 || b->count != 2)
        return false;
    uint64_t left = a->relation[1], right = b->relation[1];
    struct math_side sides[4] = {a->side[0], a->side[1], b->side[0], b->side[1]};
    if (left == right && (left == MATH_EQ || left == MATH_NE))
        return math_proportional(work, sides, false);
    if (upward(left)) {
        sides[0] = a->side[1];
        sides[1] = a->side[0];
        left = flipped(left);
    }
    if (upward(right)) {
        sides[2] = b->side[1];
        sides[3] = b->side[0];
        right = flipped(right);
    }
    return left == right && downward(left) && math_proportional(work, sides, true);
}

static bool is_y_and_f(const struct math_node *y, const struct math_node *f)
{
    return y->kind == MATH_NAME && y->id == math_hash(0, "y", 1) &&
           f->kind == MATH_CALL && f->children == 1 && f->len == 1 && *f->at != '\\';
}

// y = 2x and f(x) = 2x define one function.
static bool same_function(struct math_side a, struct math_side b)
{
    return is_y_and_f(math_node_of(a), math_node_of(b)) ||
           is_y_and_f(math_node_of(b), math_node_of(a));
}

static bool compare_two(struct math_work *work, const struct chain *a,
                        const struct chain *b)
{
    if (same_sides(work, a, b, false) || same_sides(work, a, b, true) ||
        same_relation(work, a, b))
        return true;
    struct math_side x, y;
    if (unlabelled(work, a, &x) && unlabelled(work, b, &y))
        return (math_compare(work, a->side[0], b->side[0]) ||
                same_function(a->side[0], b->side[0]) ||
                (math_constant(work, a->side[0]) && math_constant(work, b->side[0]))) &&
               math_compare(work, x, y);
    struct interval left, right;
    return chain_interval(work, a, &left) && chain_interval(work, b, &right) &&
           math_compare(work, left.name, right.name) &&
           same_interval(work, &left, &right);
}

// A chain and a value: what the chain says about its label.
static bool compare_one(struct math_work *work, const struct chain *a,
                        struct math_side b)
{
    struct math_side value;
    struct interval left, right;
    if (unlabelled_right(work, a, &value) || unlabelled(work, a, &value))
        return math_compare(work, value, b);
    return chain_interval(work, a, &left) && tuple_interval(b, &right) &&
           same_interval(work, &left, &right);
}

bool math_compare_chain(struct math_work *work, struct math_side a, struct math_side b)
{
    struct chain left, right;
    if (!read_chain(work, &left, a) || !read_chain(work, &right, b))
        return false;
    if (left.count > 1 && right.count > 1)
        return compare_two(work, &left, &right);
    if (left.count == 1 && right.count == 1)
        return math_compare(work, left.side[0], right.side[0]);
    return left.count > 1 ? compare_one(work, &left, right.side[0])
                          : compare_one(work, &right, left.side[0]);
}
