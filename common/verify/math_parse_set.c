// Braces, sets by a condition and sets by a name.
#include "math_tree.h"

#include <string.h>

// The bar or colon of \{x \in S \mid ...\}, if that stands here; 0: another set.
static size_t builder_bar(const struct math_parser *p)
{
    enum { MAX_DOMAIN = 24 };
    const struct math_token *t = &p->tokens[p->at];
    if (t->kind != MATH_T_NAME)
        return 0;
    size_t i = 1;
    if (t[1].kind == MATH_T_RELATION && t[1].id == MATH_MEMBER)
        for (i = 2; i < MAX_DOMAIN && t[i].kind != MATH_T_END &&
                    t[i].kind != MATH_T_MID && t[i].kind != MATH_T_BAR &&
                    t[i].kind != MATH_T_COLON && t[i].kind != MATH_T_RSET;)
            i++;
    bool bar =
        t[i].kind == MATH_T_MID || t[i].kind == MATH_T_BAR || t[i].kind == MATH_T_COLON;
    return bar ? p->at + i : 0;
}

// Behind \{: the variable, maybe its domain, the bar and the condition.
static int parse_builder(struct math_parser *p, size_t bar)
{
    int name = math_parse_name(p), domain = -1;
    if (p->at < bar) {
        p->tokens[bar].kind = MATH_T_MID; // which ends the domain
        p->at++;
        domain = math_parse_list(p);
    }
    if (p->failed || p->at != bar)
        return math_fail(p);
    p->at++;
    int node = math_node(p, MATH_BUILDER, name, math_parse_list(p));
    if (domain >= 0)
        math_append(p, node, domain);
    return math_expect(p, MATH_T_RSET) ? node : -1;
}

int math_parse_braces(struct math_parser *p, enum math_token_kind close, bool set)
{
    int bars = p->bars;
    p->at++;
    p->bars = 0;
    size_t bar = set ? builder_bar(p) : 0;
    if (bar > 0) {
        int builder = parse_builder(p, bar);
        p->bars = bars;
        return builder;
    }
    if (set && math_accept(p, close)) {
        p->bars = bars;
        return math_node(p, MATH_SET, -1, -1);
    }
    int inside = math_parse_list(p);
    p->bars = bars;
    if (!math_expect(p, close))
        return -1;
    if (p->tree->nodes[inside].kind == MATH_LIST)
        p->tree->nodes[inside].kind = MATH_SET;
    else if (set)
        return math_node(p, MATH_SET, inside, -1);
    return inside;
}

static int parse_accent(struct math_parser *p)
{
    uint64_t id = math_peek(p)->id;
    p->at++;
    int node = math_node(p, MATH_CALL, math_parse_argument(p, false), -1);
    if (node >= 0)
        p->tree->nodes[node].id = math_parse_suffix(p, id);
    return node;
}

// \mathbb{R}, as well as a letter of its own.
int math_parse_accented(struct math_parser *p)
{
    uint64_t accent = math_peek(p)->id;
    int node = parse_accent(p);
    if (node < 0 ||
        (accent != math_hash(0, "mathbb", 6) && accent != math_hash(0, "Bbb", 3)))
        return node;
    struct math_node *n = &p->tree->nodes[node];
    const struct math_node *letter = &p->tree->nodes[n->child];
    if (letter->kind == MATH_NAME && letter->len == 1 && strchr("RZQNC", *letter->at) &&
        n->id == accent && letter->id == math_hash(0, letter->at, 1)) {
        n->kind = MATH_NAMED;
        n->id = (uint64_t)*letter->at;
        n->child = n->last = -1;
        n->children = 0;
    }
    return node;
}

int math_parse_named_set(struct math_parser *p)
{
    uint64_t id = math_peek(p)->id;
    int node = math_node(p, MATH_NAMED, -1, -1);
    p->at++;
    if (node >= 0)
        p->tree->nodes[node].id = id;
    return node;
}

int math_parse_empty(struct math_parser *p)
{
    p->at++;
    return math_node(p, MATH_SET, -1, -1);
}
