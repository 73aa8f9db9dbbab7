#include "math_compare.h"

#include "math_set.h"

#include <string.h>

enum { MAX_ELEMENTS = 64 };

const struct math_node *math_node_of(struct math_side side)
{
    return &side.tree->nodes[side.node];
}

struct math_side math_at(struct math_side side, int node)
{
    side.node = node;
    return side;
}

int math_infinite(struct math_side side)
{
    int sign = 1;
    while (math_node_of(side)->kind == MATH_NEGATIVE) {
        sign = -sign;
        side.node = math_node_of(side)->child;
    }
    return math_node_of(side)->kind == MATH_INFINITY ? sign : 0;
}

static bool has_plus_minus(struct math_work *work, struct math_side side)
{
    const struct math_node *n = math_node_of(side);
    if (n->kind == MATH_PLUS_MINUS)
        return true;
    work->steps--;
    for (int c = n->child; c >= 0 && work->steps > 0; c = side.tree->nodes[c].next)
        if (has_plus_minus(work, math_at(side, c)))
            return true;
    return false;
}

// \{1\} \cup \{2,3\}
static bool union_of_sets(struct math_side side)
{
    const struct math_node *n = math_node_of(side);
    if (n->kind != MATH_UNION || n->id != 'u')
        return false;
    for (int c = n->child; c >= 0; c = side.tree->nodes[c].next)
        if (side.tree->nodes[c].kind != MATH_SET)
            return false;
    return true;
}

static bool is_collection(struct math_work *work, struct math_side side)
{
    enum math_kind kind = math_node_of(side)->kind;
    return kind == MATH_LIST || kind == MATH_SET || union_of_sets(side) ||
           (side.sign == 0 && has_plus_minus(work, side));
}

struct elements {
    struct math_side side[MAX_ELEMENTS];
    int count;
    bool overflow;
};

static void add(struct math_work *work, struct elements *out, struct math_side side)
{
    if (side.sign == 0 && math_node_of(side)->kind != MATH_SET &&
        has_plus_minus(work, side)) {
        side.sign = 1;
        add(work, out, side);
        side.sign = -1;
    }
    if (out->count == MAX_ELEMENTS)
        out->overflow = true;
    else
        out->side[out->count++] = side;
}

static void collect(struct math_work *work, struct elements *out, struct math_side side,
                    bool unions)
{
    const struct math_node *n = math_node_of(side);
    bool expand = n->kind == MATH_LIST || n->kind == MATH_SET ||
                  (unions && n->kind == MATH_UNION && n->id == 'u');
    out->count = 0;
    out->overflow = false;
    if (union_of_sets(side)) {
        for (int set = n->child; set >= 0; set = side.tree->nodes[set].next)
            for (int c = side.tree->nodes[set].child; c >= 0 && !out->overflow;
                 c = side.tree->nodes[c].next)
                add(work, out, math_at(side, c));
    } else if (!expand) {
        add(work, out, side);
    } else {
        for (int c = n->child; c >= 0 && !out->overflow; c = side.tree->nodes[c].next)
            add(work, out, math_at(side, c));
    }
}

// Words may be ranks or steps: their order counts, that of letters and values does not.
static bool are_words(const struct elements *e)
{
    for (int i = 0; i < e->count; i++)
        if (math_node_of(e->side[i])->kind != MATH_TEXT ||
            math_node_of(e->side[i])->len == 1)
            return false;
    return true;
}

static bool contains(struct math_work *work, const struct elements *all,
                     struct math_side one)
{
    for (int i = 0; i < all->count; i++)
        if (math_compare(work, all->side[i], one))
            return true;
    return false;
}

static bool is_alternative(struct math_side side)
{
    return math_node_of(side)->kind == MATH_LIST && math_node_of(side)->id == MATH_OR;
}

// Equal as sets: an element given twice counts once.
static bool compare_collections(struct math_work *work, struct math_side a,
                                struct math_side b)
{
    bool chains =
        math_node_of(a)->kind == MATH_LIST || math_node_of(b)->kind == MATH_LIST;
    struct elements left, right;
    collect(work, &left, a, chains);
    collect(work, &right, b, chains);
    if (left.overflow || right.overflow)
        return false;
    // 75, 75 are two values; 1/2 or 0.5 is one.
    bool one = is_alternative(a) || is_alternative(b);
    if (!one && (left.count == 1) != (right.count == 1))
        return false;
    if (are_words(&left) && are_words(&right)) {
        for (int i = 0; i < left.count && i < right.count; i++)
            if (!math_compare(work, left.side[i], right.side[i]))
                return false;
        return left.count == right.count;
    }
    for (int i = 0; i < left.count; i++)
        if (!contains(work, &right, left.side[i]))
            return false;
    for (int i = 0; i < right.count; i++)
        if (!contains(work, &left, right.side[i]))
            return false;
    return true;
}

static bool same_children(struct math_work *work, struct math_side a,
                          struct math_side b)
{
    const struct math_node *left = math_node_of(a), *right = math_node_of(b);
    if (left->children != right->children)
        return false;
    int x = left->child, y = right->child;
    while (x >= 0) {
        if (!math_compare(work, math_at(a, x), math_at(b, y)))
            return false;
        x = a.tree->nodes[x].next;
        y = b.tree->nodes[y].next;
    }
    return true;
}

static bool child_in(struct math_work *work, struct math_side parent,
                     struct math_side one)
{
    for (int c = math_node_of(parent)->child; c >= 0; c = parent.tree->nodes[c].next)
        if (math_compare(work, math_at(parent, c), one))
            return true;
    return false;
}

static bool children_in(struct math_work *work, struct math_side a, struct math_side b)
{
    for (int c = math_node_of(a)->child; c >= 0; c = a.tree->nodes[c].next)
        if (!child_in(work, b, math_at(a, c)))
            return false;
    return true;
}

static bool compare_unions(struct math_work *work, struct math_side a,
                           struct math_side b)
{
    if (math_node_of(a)->id != math_node_of(b)->id)
        return false;
    if (math_node_of(a)->id == '-')
        return same_children(work, a, b);
    return children_in(work, a, b) && children_in(work, b, a);
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

// Words of any case; the letter A is the word A.
static bool compare_words(const struct math_node *a, const struct math_node *b)
{
    if (a->kind == MATH_TEXT && b->kind == MATH_TEXT)
        return a->id == b->id;
    const struct math_node *name = a->kind == MATH_NAME ? a : b;
    if (name->kind != MATH_NAME || name->id != math_hash(0, name->at, name->len) ||
        a->len != b->len)
        return false;
    for (size_t i = 0; i < a->len; i++)
        if (lower(a->at[i]) != lower(b->at[i]))
            return false;
    return a->len > 0;
}

// \mathbf{R} is a set or a letter, \mathbb{R} the set.
static bool same_named(const struct math_node *a, const struct math_node *b)
{
    if (a->kind != MATH_NAMED) {
        const struct math_node *swap = a;
        a = b;
        b = swap;
    }
    if (b->kind == MATH_NAMED)
        return (a->id & MATH_NAMED_LETTER) == (b->id & MATH_NAMED_LETTER);
    return a->id > MATH_NAMED_LETTER && b->len == 1 &&
           (b->kind == MATH_NAME || b->kind == MATH_TEXT) &&
           (uint64_t)*b->at == (a->id & MATH_NAMED_LETTER);
}

static bool structured(enum math_kind kind)
{
    return kind == MATH_TEXT || kind == MATH_IN_BASE || kind == MATH_TUPLE ||
           kind == MATH_UNION || kind == MATH_MATRIX;
}

static bool has_percent(struct math_side side)
{
    while (math_node_of(side)->kind == MATH_NEGATIVE)
        side.node = math_node_of(side)->child;
    return math_node_of(side)->kind == MATH_PERCENT;
}

static bool compare_scalars(struct math_work *work, struct math_side a,
                            struct math_side b)
{
    int infinite = math_infinite(a);
    if (infinite != 0 || math_infinite(b) != 0)
        return infinite == math_infinite(b);
    if (math_same(work, a, b))
        return true;
    // 28 for 28\% in the reference: the sign may be left out, not put in.
    if (has_percent(a) == has_percent(b) || !(has_percent(a) ? a : b).reference)
        return false;
    a.bare = b.bare = true;
    return math_same(work, a, b);
}

// \langle 1,2\rangle is the vector (1,2).
static bool same_brackets(const struct math_node *a, const struct math_node *b)
{
    bool vector =
        (a->open == '<' && b->open == '(') || (a->open == '(' && b->open == '<');
    return (a->open == b->open && a->close == b->close) ||
           (vector && (a->open == '<' ? b : a)->close == '(');
}

static bool compare_values(struct math_work *work, struct math_side a,
                           struct math_side b)
{
    const struct math_node *left = math_node_of(a), *right = math_node_of(b);
    if (left->kind == MATH_NEGATIVE && right->kind == MATH_NEGATIVE)
        return math_compare(work, math_at(a, left->child), math_at(b, right->child));
    if (left->kind == MATH_NAMED || right->kind == MATH_NAMED)
        return same_named(left, right);
    if (left->kind == MATH_TEXT || right->kind == MATH_TEXT)
        return compare_words(left, right);
    if (left->kind == MATH_BUILDER || right->kind == MATH_BUILDER)
        return left->kind == right->kind && same_children(work, a, b);
    if (!structured(left->kind) && !structured(right->kind))
        return compare_scalars(work, a, b);
    if (left->kind != right->kind)
        return false;
    switch (left->kind) {
    case MATH_TUPLE:
        return same_brackets(left, right) && same_children(work, a, b);
    case MATH_MATRIX:
        return left->id == right->id && same_children(work, a, b);
    case MATH_UNION:
        return compare_unions(work, a, b);
    default: // in a base
        return left->id == right->id;
    }
}

// A unit, and whether it is one of the table.
struct unit_of {
    uint64_t id; // 0: none
    const struct math_node *strange;
};

static struct unit_of strip_unit(struct math_side *side)
{
    const struct math_node *n = math_node_of(*side);
    if (n->kind == MATH_UNIT) {
        side->node = n->child;
        return (struct unit_of){n->id, n->text ? n : NULL};
    }
    while (n->kind == MATH_NEGATIVE)
        n = &side->tree->nodes[n->child];
    return (struct unit_of){n->kind == MATH_DEGREES   ? math_currency("degree")
                            : n->kind == MATH_PERCENT ? math_hash(0, "percent", 7)
                                                      : 0,
                            NULL};
}

// A unit on one side only does not count; two must be the same, and so must words that
// are no units.
static bool same_unit(struct math_work *work, struct unit_of a, struct unit_of b)
{
    const struct math_node *strange = a.strange ? a.strange : b.strange;
    if (strange && a.id != b.id) {
        verify_because(work->why, "the word %.*s is no unit that may be left out",
                       (int)(strange->len < 40 ? strange->len : 40), strange->at);
        return false;
    }
    if (a.id != 0 && b.id != 0 && a.id != b.id) {
        verify_because(work->why, "different units");
        return false;
    }
    return true;
}

// One at least is a chain of relations.
static bool is_chain(struct math_side a, struct math_side b)
{
    return math_node_of(a)->kind == MATH_CHAIN || math_node_of(b)->kind == MATH_CHAIN;
}

static bool is_set(struct math_side a, struct math_side b)
{
    return math_node_of(a)->kind == MATH_SET || math_node_of(b)->kind == MATH_SET;
}

// Their kinds alike, rounded ends may still agree one by one.
static bool alike(struct math_side a, struct math_side b)
{
    enum math_kind kind = math_node_of(a)->kind;
    return kind == math_node_of(b)->kind &&
           (kind == MATH_UNION || kind == MATH_TUPLE || kind == MATH_CHAIN);
}

bool math_compare(struct math_work *work, struct math_side a, struct math_side b)
{
    const struct math_side whole_a = a, whole_b = b; // with their units
    struct unit_of left = strip_unit(&a), right = strip_unit(&b);
    if (work->steps < 0 || !same_unit(work, left, right))
        return false;
    work->steps--;
    enum math_answer sets = math_same_set(work, a, b);
    if (sets == MATH_SAME)
        return true;
    if (sets == MATH_OTHER && !alike(a, b))
        return false;
    if (math_unwrap(&a, &b))
        return math_compare(work, a, b);
    if (math_is_coordinates(work, a, b))
        return math_compare_coordinates(work, a, b);
    // S = \{1,2\} and the set itself
    if (is_set(a, b) && is_chain(a, b) && math_compare_chain(work, whole_a, whole_b))
        return true;
    if (is_collection(work, a) || is_collection(work, b))
        return compare_collections(work, whole_a, whole_b);
    if (is_chain(a, b))
        return math_compare_chain(work, whole_a, whole_b);
    return compare_values(work, a, b);
}
