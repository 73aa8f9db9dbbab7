#include "math_tree.h"

#include <string.h>

uint64_t math_raw(struct math_parser *p)
{
    uint64_t hash = 1;
    int depth = 0;
    do {
        const struct math_token *t = math_peek(p);
        if (t->kind == MATH_T_END) {
            p->failed = true;
            return 0;
        }
        depth += (t->kind == MATH_T_LBRACE) - (t->kind == MATH_T_RBRACE);
        bool brace = t->kind == MATH_T_LBRACE || t->kind == MATH_T_RBRACE;
        if (!brace || depth > 1 || (depth == 1 && t->kind == MATH_T_RBRACE))
            hash = math_hash(hash * 31 + (uint64_t)t->kind + t->id, t->at,
                             t->kind == MATH_T_NUM ? t->len : 0);
        p->at++;
    } while (depth > 0);
    return hash;
}

// A one-token subscript and the same in braces are one name.
uint64_t math_parse_suffix(struct math_parser *p, uint64_t id)
{
    for (;;) {
        if (math_accept(p, MATH_T_SUB))
            id = id * 131 + math_raw(p);
        else if (math_accept(p, MATH_T_PRIME))
            id = id * 131 + 7;
        else
            return id;
    }
}

// f(x): one of the usual names of a function right before a bracket, or any letter in
// W(n) = ...
static bool applied(struct math_parser *p, const struct math_token *name)
{
    const struct math_token *t = math_peek(p);
    if (name->len != 1 || t->kind != MATH_T_OPEN || t->id != '(' || t->spaced)
        return false;
    return strchr("fghFGHPQ", *name->at) ||
           ((t[1].kind == MATH_T_NAME || t[1].kind == MATH_T_NUM) &&
            t[2].kind == MATH_T_CLOSE && t[3].kind == MATH_T_RELATION &&
            t[3].id == MATH_EQ);
}

// The children of a bracket with several become the call's.
static void append_arguments(struct math_parser *p, int call, int arguments)
{
    if (p->failed)
        return;
    const struct math_node *n = &p->tree->nodes[arguments];
    if (n->kind != MATH_TUPLE) {
        math_append(p, call, arguments);
        return;
    }
    for (int child = n->child; child >= 0;) {
        int next = p->tree->nodes[child].next;
        p->tree->nodes[child].next = -1;
        math_append(p, call, child);
        child = next;
    }
}

// f^{-1}(x): the inverse function, not 1/f(x).
static bool accept_inverse(struct math_parser *p, const struct math_token *name)
{
    const struct math_token *t = math_peek(p);
    bool inverse = name->len == 1 && strchr("fghFGH", *name->at) &&
                   t[0].kind == MATH_T_POWER && t[1].kind == MATH_T_LBRACE &&
                   t[2].kind == MATH_T_MINUS && t[3].kind == MATH_T_NUM &&
                   t[3].len == 1 && *t[3].at == '1' && t[4].kind == MATH_T_RBRACE &&
                   t[5].kind == MATH_T_OPEN && t[5].id == '(';
    p->at += inverse ? 5 : 0;
    return inverse;
}

int math_parse_name(struct math_parser *p)
{
    int node = math_node(p, MATH_NAME, -1, -1);
    struct math_token *name = math_peek(p);
    p->at++;
    uint64_t id = math_parse_suffix(p, name->id);
    if (accept_inverse(p, name))
        id = id * 131 + 11;
    if (node < 0)
        return -1;
    struct math_node *n = &p->tree->nodes[node];
    n->id = id;
    if (applied(p, name)) {
        n->kind = MATH_CALL;
        append_arguments(p, node, math_parse_atom(p));
    }
    return node;
}

// The inside of ( [ \langle and its closing bracket.
static int parse_bracket(struct math_parser *p)
{
    char open = (char)math_peek(p)->id;
    int bars = p->bars;
    p->at++;
    p->bars = 0;
    int inside = math_parse_list(p);
    p->bars = bars;
    if (p->failed || math_peek(p)->kind != MATH_T_CLOSE)
        return math_fail(p);
    char close = (char)math_peek(p)->id;
    p->at++;
    struct math_node *n = &p->tree->nodes[inside];
    if (n->kind == MATH_LIST) {
        n->kind = MATH_TUPLE;
        n->open = open;
        n->close = close;
        return inside;
    }
    if (open != close)
        return math_fail(p);
    if (open != 'f' && open != 'c')
        return math_parse_in_base(p, inside);
    int rounding = math_node(p, MATH_CALL, inside, -1);
    if (rounding >= 0)
        p->tree->nodes[rounding].id =
            math_hash(0, open == 'f' ? "floor" : "ceil", open == 'f' ? 5 : 4);
    return rounding;
}

static int parse_box(struct math_parser *p)
{
    p->at++;
    if (math_peek(p)->kind != MATH_T_LBRACE)
        return math_parse_argument(p, false);
    p->at++;
    int inside = math_parse_list(p);
    return math_expect(p, MATH_T_RBRACE) ? inside : -1;
}

static int parse_bars(struct math_parser *p)
{
    const struct math_token *t = math_peek(p);
    bool norm = t->len > 2 && t->at[0] == '\\' && memchr(t->at, 'V', t->len);
    p->at++;
    p->bars++;
    int node = math_node(p, MATH_ABSOLUTE, math_parse_sum(p), -1);
    p->bars--;
    if (node >= 0)
        p->tree->nodes[node].open = norm ? 'V' : '|';
    return math_expect(p, MATH_T_BAR) ? node : -1;
}

static int parse_fraction(struct math_parser *p)
{
    bool choose = math_peek(p)->kind == MATH_T_BINOM;
    p->at++;
    int top = math_parse_argument(p, true);
    int bottom = math_parse_argument(p, true);
    if (choose)
        return math_node(p, MATH_CHOOSE, top, bottom);
    return math_node(p, MATH_PRODUCT, top, math_node(p, MATH_INVERSE, bottom, -1));
}

static int parse_root(struct math_parser *p)
{
    p->at++;
    int index = -1;
    if (math_peek(p)->kind == MATH_T_OPEN && math_peek(p)->id == '[')
        index = parse_bracket(p);
    return math_node(p, MATH_ROOT, math_parse_argument(p, false), index);
}

static int parse_infinity(struct math_parser *p)
{
    p->at++;
    return math_node(p, MATH_INFINITY, -1, -1);
}

static bool is_number_group(const struct math_token *t, size_t *len)
{
    if (t->kind == MATH_T_NUM) {
        *len = 1;
        return true;
    }
    *len = 3;
    return t[0].kind == MATH_T_LBRACE && t[1].kind == MATH_T_NUM &&
           t[2].kind == MATH_T_RBRACE;
}

// {}_5C_2, {}^5C_2, _5P_2: how many tokens stand before the letter; 0: something else.
static size_t before_letter(const struct math_token *t)
{
    size_t at = 0, first, second;
    if (t[0].kind == MATH_T_LBRACE && t[1].kind == MATH_T_RBRACE)
        at = 2;
    if (t[at].kind != MATH_T_SUB && (t[at].kind != MATH_T_POWER || at == 0))
        return 0;
    if (!is_number_group(&t[at + 1], &first))
        return 0;
    at += 1 + first;
    bool letter = t[at].kind == MATH_T_NAME && t[at].len == 1 &&
                  (*t[at].at == 'C' || *t[at].at == 'P') &&
                  t[at + 1].kind == MATH_T_SUB && is_number_group(&t[at + 2], &second);
    return letter ? at : 0;
}

// n choose k or, `ordered`, n!/(n-k)!
static int choice(struct math_parser *p, int n, int k, bool ordered)
{
    int chosen = math_node(p, MATH_CHOOSE, n, k);
    if (!ordered || chosen < 0)
        return chosen;
    int again = math_node(p, MATH_REFERENCE, -1, -1);
    if (again >= 0)
        p->tree->nodes[again].id = (uint64_t)k;
    return math_node(p, MATH_PRODUCT, chosen, math_node(p, MATH_FACTORIAL, again, -1));
}

static int parse_choice(struct math_parser *p, size_t before)
{
    size_t letter = p->at + before;
    p->at += math_peek(p)->kind == MATH_T_LBRACE ? 3 : 1;
    int n = math_parse_argument(p, false);
    if (p->at != letter)
        return math_fail(p);
    bool ordered = *math_peek(p)->at == 'P';
    p->at += 2;
    return choice(p, n, math_parse_argument(p, false), ordered);
}

// C(5, 2) of two numbers
static bool is_called_choice(const struct math_token *t)
{
    return t[0].len == 1 && *t[0].at == 'C' && t[1].kind == MATH_T_OPEN &&
           t[1].id == '(' && t[2].kind == MATH_T_NUM && t[3].kind == MATH_T_SEPARATOR &&
           t[4].kind == MATH_T_NUM && t[5].kind == MATH_T_CLOSE && t[5].id == '(';
}

static int parse_called_choice(struct math_parser *p)
{
    p->at += 2;
    int n = math_parse_atom(p);
    p->at++;
    int k = math_parse_atom(p);
    p->at++;
    return choice(p, n, k, false);
}

static int atom(struct math_parser *p)
{
    size_t before = before_letter(math_peek(p));
    if (before > 0)
        return parse_choice(p, before);
    switch (math_peek(p)->kind) {
    case MATH_T_NUM:
        return math_parse_number(p);
    case MATH_T_NAME:
        return is_called_choice(math_peek(p)) ? parse_called_choice(p)
                                              : math_parse_name(p);
    case MATH_T_WORD:
        return math_parse_words(p);
    case MATH_T_CALL:
    case MATH_T_BIG:
        return math_parse_call(p);
    case MATH_T_ACCENT:
        return math_parse_accented(p);
    case MATH_T_NAMED:
        return math_parse_named_set(p);
    case MATH_T_EMPTY:
        return math_parse_empty(p);
    case MATH_T_BAR:
        return parse_bars(p);
    case MATH_T_OPEN:
        return parse_bracket(p);
    case MATH_T_LBRACE:
        return math_parse_braces(p, MATH_T_RBRACE, false);
    case MATH_T_LSET:
        return math_parse_braces(p, MATH_T_RSET, true);
    case MATH_T_BOX:
        return parse_box(p);
    case MATH_T_FRAC:
    case MATH_T_BINOM:
        return parse_fraction(p);
    case MATH_T_ROOT:
        return parse_root(p);
    case MATH_T_BEGIN:
        return math_parse_matrix(p);
    case MATH_T_INFINITY:
        return parse_infinity(p);
    default:
        return math_fail(p);
    }
}

int math_parse_atom(struct math_parser *p)
{
    if (p->failed || ++p->depth > MATH_MAX_DEPTH)
        return math_fail(p);
    int node = atom(p);
    p->depth--;
    return p->failed ? -1 : node;
}
