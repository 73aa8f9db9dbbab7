// Tuples given as the values of their names.
#include "math_compare.h"

enum { MAX_NAMES = 8 };

// Values by name, in the order in which they are given.
struct named {
    int count;
    struct math_side name[MAX_NAMES], value[MAX_NAMES];
};

static const struct math_node *nodes_of(struct math_side side)
{
    return side.tree->nodes;
}

// name = value; false: another chain.
static bool read_one(struct named *out, struct math_side side)
{
    const struct math_node *n = math_node_of(side), *nodes = nodes_of(side);
    if (n->kind != MATH_CHAIN || n->children != 2 || out->count == MAX_NAMES ||
        nodes[n->last].relation != MATH_EQ || nodes[n->child].kind != MATH_NAME)
        return false;
    for (int i = 0; i < out->count; i++)
        if (math_node_of(out->name[i])->id == nodes[n->child].id)
            return false; // x = 1, x = 2 are two values of x
    out->name[out->count] = math_at(side, n->child);
    out->value[out->count++] = math_at(side, n->last);
    return true;
}

// x = 1, y = 2
static bool read_list(struct named *out, struct math_side side)
{
    const struct math_node *n = math_node_of(side);
    out->count = 0;
    if (n->kind != MATH_LIST || n->id == MATH_OR)
        return false;
    for (int c = n->child; c >= 0; c = nodes_of(side)[c].next)
        if (!read_one(out, math_at(side, c)))
            return false;
    return true;
}

// (x,y) = (1,2)
static bool read_tuple(struct named *out, struct math_side side)
{
    const struct math_node *n = math_node_of(side), *nodes = nodes_of(side);
    out->count = 0;
    if (n->kind != MATH_CHAIN || n->children != 2 || nodes[n->last].relation != MATH_EQ)
        return false;
    const struct math_node *names = &nodes[n->child], *values = &nodes[n->last];
    if (names->kind != MATH_TUPLE || values->kind != MATH_TUPLE ||
        names->children != values->children || names->children > MAX_NAMES)
        return false;
    for (int x = names->child, v = values->child; x >= 0;
         x = nodes[x].next, v = nodes[v].next) {
        if (nodes[x].kind != MATH_NAME)
            return false;
        out->name[out->count] = math_at(side, x);
        out->value[out->count++] = math_at(side, v);
    }
    return true;
}

static char letter_of(struct math_side name)
{
    const struct math_node *n = math_node_of(name);
    return n->len == 1 ? *n->at : '\0';
}

// The values as a point: in the order of the alphabet, whatever the order they stand
// in.
static bool sort_by_name(struct named *it)
{
    for (int i = 0; i < it->count; i++)
        if (letter_of(it->name[i]) == '\0' || letter_of(it->name[i]) == 'i')
            return false;
    for (int i = 1; i < it->count; i++)
        for (int k = i; k > 0 && letter_of(it->name[k]) < letter_of(it->name[k - 1]);
             k--) {
            struct math_side name = it->name[k], value = it->value[k];
            it->name[k] = it->name[k - 1];
            it->value[k] = it->value[k - 1];
            it->name[k - 1] = name;
            it->value[k - 1] = value;
        }
    return true;
}

static bool is_point(struct math_side side, int count)
{
    const struct math_node *n = math_node_of(side);
    return n->kind == MATH_TUPLE && n->open == '(' && n->close == '(' &&
           n->children == count;
}

bool math_is_coordinates(struct math_work *work, struct math_side a, struct math_side b)
{
    struct named it, other;
    work->steps--;
    if (!read_list(&it, a)) {
        struct math_side swap = a;
        a = b;
        b = swap;
        if (!read_list(&it, a))
            return false;
    }
    return is_point(b, it.count) || (read_tuple(&other, b) && other.count == it.count);
}

static bool same_values(struct math_work *work, const struct named *a,
                        const struct named *b)
{
    for (int i = 0; i < a->count; i++) {
        int k = 0;
        while (k < b->count &&
               math_node_of(a->name[i])->id != math_node_of(b->name[k])->id)
            k++;
        if (k == b->count || !math_compare(work, a->value[i], b->value[k]))
            return false;
    }
    return true;
}

bool math_compare_coordinates(struct math_work *work, struct math_side a,
                              struct math_side b)
{
    struct named it, other;
    if (!read_list(&it, a)) {
        struct math_side swap = a;
        a = b;
        b = swap;
        if (!read_list(&it, a))
            return false;
    }
    if (read_tuple(&other, b))
        return same_values(work, &it, &other);
    if (!sort_by_name(&it))
        return false;
    int child = math_node_of(b)->child;
    for (int i = 0; i < it.count; i++, child = nodes_of(b)[child].next)
        if (!math_compare(work, it.value[i], math_at(b, child)))
            return false;
    return true;
}
