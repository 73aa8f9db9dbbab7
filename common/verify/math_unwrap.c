// Sets behind a name.
#include "math_compare.h"

static const struct math_node *last_of(struct math_side side)
{
    return &side.tree->nodes[math_node_of(side)->last];
}

// x \in S, of one variable: S; false: something else.
static bool member_of(struct math_side side, struct math_side *set)
{
    const struct math_node *n = math_node_of(side);
    if (n->kind != MATH_CHAIN || n->children != 2 ||
        last_of(side)->relation != MATH_MEMBER ||
        side.tree->nodes[n->child].kind != MATH_NAME)
        return false;
    *set = math_at(side, n->last);
    return true;
}

// D = [0,1), x = \{1,2\}: a set by its name; false: something else.
static bool named_set(struct math_side side, struct math_side *set)
{
    const struct math_node *n = math_node_of(side);
    if (n->kind != MATH_CHAIN || n->children != 2 || last_of(side)->relation != MATH_EQ)
        return false;
    const struct math_node *name = &side.tree->nodes[n->child];
    enum math_kind kind = last_of(side)->kind;
    bool capital = name->len == 1 && *name->at >= 'A' && *name->at <= 'Z';
    bool set_like = kind == MATH_TUPLE || kind == MATH_UNION || kind == MATH_BUILDER ||
                    kind == MATH_NAMED;
    if (name->kind != MATH_NAME || (kind != MATH_SET && !(capital && set_like)))
        return false;
    *set = math_at(side, n->last);
    return true;
}

bool math_unwrap(struct math_side *a, struct math_side *b)
{
    struct math_side left = *a, right = *b;
    bool in_left = member_of(*a, &left), in_right = member_of(*b, &right);
    if (in_left && in_right) {
        const struct math_node *x = math_node_of(*a), *y = math_node_of(*b);
        if (a->tree->nodes[x->child].id != b->tree->nodes[y->child].id)
            return false;
    }
    if (!in_left && !in_right) {
        bool named_left = named_set(*a, &left), named_right = named_set(*b, &right);
        if (named_left == named_right)
            return false;
    }
    *a = left;
    *b = right;
    return true;
}
