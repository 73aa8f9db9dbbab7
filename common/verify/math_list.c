#include "math_tree.h"

#include <string.h>

static bool ends_list(enum math_token_kind kind)
{
    return kind == MATH_T_END || kind == MATH_T_CLOSE || kind == MATH_T_RBRACE ||
           kind == MATH_T_RSET;
}

static int parse_union(struct math_parser *p)
{
    int first = math_parse_sum(p), joined = -1;
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
        math_append(p, joined, math_parse_sum(p));
    }
    return joined < 0 ? first : joined;
}

static const struct {
    const char *word, *unit;
} ALIASES[] = {
    {"centimeter", "cm"}, {"meter", "m"},    {"kilometer", "km"}, {"millimeter", "mm"},
    {"feet", "ft"},       {"foot", "ft"},    {"inche", "in"},     {"inch", "in"},
    {"mile", "mi"},       {"pound", "lb"},   {"ounce", "oz"},     {"hour", "hr"},
    {"minute", "min"},    {"second", "sec"}, {"kilogram", "kg"},  {"gram", "g"},
    {"usd", "dollar"},    {"gm", "g"},       {"sq", "square"},    {"cu", "cubic"},
    {"liter", "l"},
};

// One word of a unit in the singular and short form.
static uint64_t unit_word(const struct math_token *t)
{
    char word[32];
    size_t len = 0;
    for (size_t i = 0; i < t->len && len < sizeof word; i++)
        word[len++] = (char)(t->at[i] >= 'A' && t->at[i] <= 'Z' ? t->at[i] - 'A' + 'a'
                                                                : t->at[i]);
    if (len > 2 && word[len - 1] == 's')
        len--;
    for (size_t i = 0; i < sizeof ALIASES / sizeof *ALIASES; i++)
        if (strlen(ALIASES[i].word) == len && memcmp(word, ALIASES[i].word, len) == 0)
            return math_hash(0, ALIASES[i].unit, strlen(ALIASES[i].unit));
    return math_hash(0, word, len);
}

// Plain prose is a unit behind a number, not behind letters: no solution.
static bool is_unit_word(const struct math_token *t)
{
    bool prose = t->spaced && t->len >= 4 && t[-1].kind != MATH_T_NAME;
    return t->kind == MATH_T_WORD && (t->text || t->unit || prose);
}

static uint64_t unit_power(struct math_parser *p)
{
    bool brace = math_accept(p, MATH_T_LBRACE);
    const struct math_token *t = math_peek(p);
    char digit = t->kind == MATH_T_NUM && t->len == 1 ? *t->at : '0';
    p->at += digit != '0';
    if (brace)
        math_expect(p, MATH_T_RBRACE);
    if (digit != '2' && digit != '3')
        p->failed = true;
    return digit == '2' ? math_hash(0, "square", 6) : math_hash(0, "cubic", 5);
}

// The words behind a value; their order does not count: square feet, ft^2.
static int parse_unit(struct math_parser *p, int value)
{
    uint64_t unit = 0;
    int words = 0;
    if (p->currency)
        unit = math_hash(0, "dollar", 6);
    for (;; words++) {
        if (p->at > 0 && is_unit_word(math_peek(p))) {
            unit += unit_word(math_peek(p));
            p->at++;
        } else if (words > 0 && math_accept(p, MATH_T_POWER)) {
            unit += unit_power(p);
        } else if (words > 0 && math_peek(p)->kind == MATH_T_OVER &&
                   p->tokens[p->at + 1].kind == MATH_T_WORD) {
            unit += math_hash(0, "per", 3);
            p->at++;
        } else {
            break;
        }
    }
    bool currency = p->currency;
    p->currency = false;
    if ((words == 0 && !currency) || p->failed)
        return value;
    if (words > 0 && currency)
        unit = math_hash(0, "dollar", 6); // \$5 \text{ per month}
    int node = math_node(p, MATH_UNIT, value, -1);
    if (node >= 0)
        p->tree->nodes[node].id = unit;
    return node;
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
    int first = parse_unit(p, parse_union(p)), chain = -1;
    for (uint64_t relation; !p->failed && (relation = accept_relation(p));) {
        int side = parse_unit(p, parse_union(p));
        if (chain < 0)
            chain = math_node(p, MATH_CHAIN, first, -1);
        math_append(p, chain, side);
        if (!p->failed)
            p->tree->nodes[side].relation = relation;
    }
    return chain < 0 ? first : chain;
}

int math_parse_list(struct math_parser *p)
{
    if (p->failed)
        return -1;
    int first = parse_element(p), list = -1;
    bool alternatives = false;
    while (!p->failed && math_peek(p)->kind == MATH_T_SEPARATOR) {
        for (; math_peek(p)->kind == MATH_T_SEPARATOR; p->at++)
            alternatives = alternatives || math_peek(p)->id == math_hash(0, "or", 2);
        if (ends_list(math_peek(p)->kind))
            break;
        int element = parse_element(p);
        if (list < 0)
            list = math_node(p, MATH_LIST, first, -1);
        math_append(p, list, element);
    }
    if (p->failed || list < 0)
        return p->failed ? -1 : first;
    p->tree->nodes[list].id = alternatives;
    return list;
}
