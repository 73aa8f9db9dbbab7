#include "math_tree.h"

#include <string.h>

int math_parse_argument(struct math_parser *p, bool one_digit)
{
    bool negative = false;
    for (; math_peek(p)->kind == MATH_T_MINUS; p->at++)
        negative = !negative;
    struct math_token *t = math_peek(p);
    int node;
    if (t->kind == MATH_T_NUM && one_digit && t->len > 1) {
        // TeX: the argument is one digit, the rest of the number stays.
        node = math_node(p, MATH_NUMBER, -1, -1);
        if (node >= 0)
            p->tree->nodes[node].len = 1;
        t->at++;
        t->len--;
        t->spaced = false;
    } else {
        node = math_parse_atom(p);
    }
    return negative ? math_node(p, MATH_NEGATIVE, node, -1) : node;
}

static int parse_postfix(struct math_parser *p, int node)
{
    for (;;) {
        if (math_accept(p, MATH_T_FACTORIAL))
            node = math_node(p, MATH_FACTORIAL, node, -1);
        else if (math_accept(p, MATH_T_PERCENT))
            node = math_node(p, MATH_PERCENT, node, -1);
        else if (math_accept(p, MATH_T_DEGREE))
            node = math_node(p, MATH_DEGREES, node, -1);
        else
            return node;
        if (p->failed || ++p->depth > MATH_MAX_DEPTH)
            return math_fail(p);
    }
}

// The exponent of a power, itself perhaps a power: 2^{3}, x^-1, 2^3^2.
static int parse_exponent(struct math_parser *p)
{
    if (++p->depth > MATH_MAX_DEPTH)
        return math_fail(p);
    int exponent = math_parse_argument(p, false);
    if (math_accept(p, MATH_T_POWER))
        exponent = math_node(p, MATH_POW, exponent, parse_exponent(p));
    p->depth--;
    return exponent;
}

static void skip_currency(struct math_parser *p)
{
    for (; math_peek(p)->kind == MATH_T_CURRENCY; p->at++)
        p->currency = math_peek(p)->id;
}

int math_parse_factor(struct math_parser *p)
{
    bool negative = false;
    for (; math_peek(p)->kind == MATH_T_MINUS || math_peek(p)->kind == MATH_T_PLUS;
         p->at++)
        negative ^= math_peek(p)->kind == MATH_T_MINUS;
    skip_currency(p);
    int depth = p->depth;
    int node = parse_postfix(p, math_parse_atom(p));
    if (!p->failed && math_accept(p, MATH_T_POWER))
        node = math_node(p, MATH_POW, node, parse_exponent(p));
    node = parse_postfix(p, node);
    skip_currency(p);
    p->depth = depth;
    return negative ? math_node(p, MATH_NEGATIVE, node, -1) : node;
}

// Arguments without brackets reach to the next function or sign: \sin 2\theta.
static int parse_open_argument(struct math_parser *p)
{
    enum math_token_kind kind = math_peek(p)->kind;
    if (kind == MATH_T_OPEN || kind == MATH_T_LBRACE)
        return parse_postfix(p, math_parse_atom(p));
    if (kind == MATH_T_CALL)
        return math_parse_factor(p);
    int first = math_parse_factor(p), product = -1;
    while (!p->failed && math_starts_factor(p, false)) {
        if (product < 0)
            product = math_node(p, MATH_PRODUCT, first, -1);
        math_append(p, product, math_parse_factor(p));
    }
    return product < 0 ? first : product;
}

static bool is_one(const struct math_tree *tree, int index)
{
    const struct math_node *n = &tree->nodes[index];
    if (n->kind != MATH_NEGATIVE)
        return false;
    const struct math_node *one = &tree->nodes[n->child];
    return one->kind == MATH_NUMBER && one->len == 1 && *one->at == '1';
}

static void adopt(struct math_parser *p, int call, int argument)
{
    if (p->failed)
        return;
    struct math_node *n = &p->tree->nodes[argument];
    if (n->kind != MATH_TUPLE) {
        math_append(p, call, argument);
        return;
    }
    p->tree->nodes[call].child = n->child;
    p->tree->nodes[call].last = n->last;
    p->tree->nodes[call].children = n->children;
}

static int parse_log(struct math_parser *p, const struct math_token *name, int base)
{
    int argument = parse_open_argument(p);
    if (base < 0 && name->len == 3) { // log
        base = math_node(p, MATH_NUMBER, -1, -1);
        if (base >= 0) {
            p->tree->nodes[base].at = "10";
            p->tree->nodes[base].len = 2;
        }
    }
    return math_node(p, MATH_LOG, argument, base); // no base: ln
}

static int parse_big(struct math_parser *p)
{
    uint64_t id = math_peek(p)->id;
    p->at++;
    while (math_peek(p)->kind == MATH_T_SUB || math_peek(p)->kind == MATH_T_POWER) {
        id = id * 131 + (uint64_t)math_peek(p)->kind;
        p->at++;
        id = id * 131 + math_raw(p);
    }
    int node = math_node(p, MATH_CALL, math_parse_product(p), -1);
    if (node >= 0)
        p->tree->nodes[node].id = id;
    return node;
}

int math_parse_call(struct math_parser *p)
{
    if (math_peek(p)->kind == MATH_T_BIG)
        return parse_big(p);
    const struct math_token *name = math_peek(p);
    const char *word = *name->at == '\\' ? name->at + 1 : name->at;
    size_t len = name->len - (size_t)(word - name->at);
    uint64_t id = name->id;
    p->at++;
    int exponent = -1, base = -1;
    for (;;) {
        if (exponent < 0 && math_accept(p, MATH_T_POWER))
            exponent = math_parse_argument(p, false);
        else if (base < 0 && math_accept(p, MATH_T_SUB))
            base = math_parse_argument(p, false);
        else
            break;
    }
    if (p->failed)
        return -1;
    if (exponent >= 0 && is_one(p->tree, exponent)) {
        id = math_hash(math_hash(0, "arc", 3) ^ 0xcbf29ce484222325u, word, len);
        exponent = -1;
    }
    bool log = (len == 3 && memcmp(word, "log", 3) == 0) ||
               (len == 2 && memcmp(word, "ln", 2) == 0);
    struct math_token named = {.len = len};
    int call;
    if (log) {
        call = parse_log(p, &named, base);
    } else {
        call = math_node(p, MATH_CALL, -1, -1);
        adopt(p, call, base >= 0 ? math_fail(p) : parse_open_argument(p));
        if (call >= 0)
            p->tree->nodes[call].id = id;
    }
    return exponent < 0 ? call : math_node(p, MATH_POW, call, exponent);
}
