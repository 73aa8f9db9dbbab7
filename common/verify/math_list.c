#include "math_tree.h"

#include <string.h>

static bool ends_list(enum math_token_kind kind)
{
    return kind == MATH_T_END || kind == MATH_T_CLOSE || kind == MATH_T_RBRACE ||
           kind == MATH_T_RSET || kind == MATH_T_MID;
}

static int call(struct math_parser *p, const char *name, int first, int second)
{
    int node = math_node(p, MATH_CALL, first, second);
    if (node >= 0)
        p->tree->nodes[node].id = math_hash(0, name, strlen(name));
    return node;
}

// 3 (\text{mod } 5)
bool math_stands_modulus(const struct math_parser *p)
{
    const struct math_token *t = &p->tokens[p->at];
    return t[0].kind == MATH_T_OPEN && t[1].kind == MATH_T_INFIX &&
           t[1].id == MATH_MOD_INFIX;
}

// n \choose k, a \over b, a \bmod m: all of the group stands on the two sides.
static int parse_infix(struct math_parser *p)
{
    int left = math_parse_sum(p);
    if (math_stands_modulus(p)) {
        p->at += 2;
        int residue = call(p, "pmod", left, math_parse_sum(p));
        return math_expect(p, MATH_T_CLOSE) ? residue : -1;
    }
    if (p->failed || math_peek(p)->kind != MATH_T_INFIX)
        return left;
    uint64_t which = math_peek(p)->id;
    p->at++;
    int right = math_parse_sum(p);
    switch (which) {
    case MATH_CHOOSE_INFIX:
        return math_node(p, MATH_CHOOSE, left, right);
    case MATH_OVER_INFIX:
        return math_node(p, MATH_PRODUCT, left, math_node(p, MATH_INVERSE, right, -1));
    case MATH_MOD_INFIX:
        return call(p, "mod", left, right);
    default: // a residue class is no number
        return call(p, "pmod", left, right);
    }
}

// \mathbb{R} - \{3\} is a difference of sets.
static int set_difference(struct math_parser *p, int node)
{
    if (p->failed || p->tree->nodes[node].kind != MATH_SUM)
        return node;
    struct math_node *nodes = p->tree->nodes, *sum = &nodes[node];
    int first = sum->child, second = nodes[first].next;
    bool left = nodes[first].kind == MATH_NAMED || nodes[first].kind == MATH_SET;
    if (!left || sum->children != 2 || nodes[second].kind != MATH_NEGATIVE ||
        nodes[nodes[second].child].kind != MATH_SET)
        return node;
    sum->kind = MATH_UNION;
    sum->id = '-';
    nodes[first].next = sum->last = nodes[second].child;
    return node;
}

static int parse_union(struct math_parser *p)
{
    int first = set_difference(p, parse_infix(p)), joined = -1;
    while (!p->failed && math_peek(p)->kind == MATH_T_SETOP) {
        uint64_t op = math_peek(p)->id;
        p->at++;
        if (joined < 0) {
            joined = math_node(p, MATH_UNION, first, -1);
            if (joined >= 0)
                p->tree->nodes[joined].id = op;
        } else if (p->tree->nodes[joined].id != op || op == '-') {
            return math_fail(p);
        }
        math_append(p, joined, parse_infix(p));
    }
    return joined < 0 ? first : joined;
}

// Accepts = < : and the like; 0: none stands here.
static uint64_t accept_relation(struct math_parser *p)
{
    uint64_t relation = math_peek(p)->id;
    if (math_accept(p, MATH_T_RELATION))
        return relation;
    return math_accept(p, MATH_T_COLON) ? MATH_RATIO : MATH_NO_RELATION;
}

static int parse_element(struct math_parser *p)
{
    const struct math_token *t = math_peek(p);
    if (t->kind == MATH_T_RELATION && (t->id == MATH_EQ || t->id == MATH_ABOUT))
        p->at++; // = 5
    int first = math_parse_unit(p, parse_union(p)), chain = -1;
    for (uint64_t relation; !p->failed && (relation = accept_relation(p));) {
        int side = math_parse_unit(p, parse_union(p));
        if (chain < 0)
            chain = math_node(p, MATH_CHAIN, first, -1);
        math_append(p, chain, side);
        if (!p->failed)
            p->tree->nodes[side].relation = relation;
    }
    return chain < 0 ? first : chain;
}

// A separator, or the next part of 6 hours 40 minutes.
static bool continues(struct math_parser *p, int element)
{
    const struct math_token *t = math_peek(p);
    if (t->kind == MATH_T_SEPARATOR)
        return true;
    return t->kind == MATH_T_NUM && element >= 0 &&
           p->tree->nodes[element].kind == MATH_UNIT && !p->tree->nodes[element].text;
}

// 142 dollars and 90 cents
static bool is_money(const struct math_parser *p, int list)
{
    const struct math_node *nodes = p->tree->nodes, *n = &nodes[list];
    return n->children == 2 && nodes[n->child].kind == MATH_UNIT &&
           nodes[n->last].kind == MATH_UNIT &&
           nodes[n->child].id == math_currency("dollar") &&
           nodes[n->last].id == math_currency("cent");
}

// The dollars with a hundredth of the cents, as dollars.
static int money(struct math_parser *p, int list)
{
    struct math_node *nodes = p->tree->nodes;
    int dollars = nodes[list].child, cents = nodes[list].last;
    int hundredths = math_node(p, MATH_PERCENT, nodes[cents].child, -1);
    int sum = math_node(p, MATH_SUM, nodes[dollars].child, hundredths);
    int unit = math_node(p, MATH_UNIT, sum, -1);
    if (unit >= 0) {
        nodes[unit].id = math_currency("dollar");
        nodes[unit].text = false;
    }
    return unit;
}

int math_parse_list(struct math_parser *p)
{
    if (p->failed)
        return -1;
    int first = parse_element(p), list = -1;
    uint64_t joined = 0;
    for (int last = first; !p->failed && continues(p, last);) {
        if (math_peek(p)->kind == MATH_T_NUM)
            joined |= MATH_AND_ID;
        for (; math_peek(p)->kind == MATH_T_SEPARATOR; p->at++)
            joined |= math_peek(p)->id;
        if (ends_list(math_peek(p)->kind))
            break;
        last = parse_element(p);
        if (list < 0)
            list = math_node(p, MATH_LIST, first, -1);
        math_append(p, list, last);
    }
    if (p->failed || list < 0)
        return p->failed ? -1 : first;
    if (joined & MATH_AND_ID && is_money(p, list))
        return money(p, list);
    p->tree->nodes[list].id = joined & MATH_OR_ID    ? MATH_OR
                              : joined & MATH_AND_ID ? MATH_AND
                                                     : MATH_BY_COMMA;
    return list;
}
