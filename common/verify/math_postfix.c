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

// n! or, with two signs, n(n-2)(n-4)...
static int parse_factorial(struct math_parser *p, int node)
{
    const struct math_token *t = math_peek(p);
    if (t->kind != MATH_T_FACTORIAL || t->spaced)
        return math_node(p, MATH_FACTORIAL, node, -1);
    p->at++;
    int out = math_node(p, MATH_CALL, node, -1);
    if (out >= 0)
        p->tree->nodes[out].id = math_hash(0, "!!", 2);
    return out;
}

int math_parse_postfix(struct math_parser *p, int node)
{
    for (;;) {
        if (math_accept(p, MATH_T_FACTORIAL))
            node = parse_factorial(p, node);
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

// USD 481, US \$481, EUR 5
static bool is_currency(const struct math_token *t)
{
    static const char *const WORDS[] = {"US", "USD", "EUR"};
    for (int i = 0; i < 3; i++)
        if (t->len == strlen(WORDS[i]) && memcmp(t->at, WORDS[i], t->len) == 0)
            return true;
    return false;
}

static void skip_currency(struct math_parser *p)
{
    for (;; p->at++) {
        const struct math_token *t = math_peek(p);
        bool before = t->kind == MATH_T_WORD && is_currency(t) &&
                      (t[1].kind == MATH_T_NUM || t[1].kind == MATH_T_CURRENCY);
        if (t->kind == MATH_T_CURRENCY)
            p->currency = t->id;
        else if (before)
            p->currency = math_currency(*t->at == 'E' ? "EUR" : "USD");
        else
            return;
    }
}

int math_parse_factor(struct math_parser *p)
{
    bool negative = false;
    for (; math_peek(p)->kind == MATH_T_MINUS || math_peek(p)->kind == MATH_T_PLUS;
         p->at++)
        negative ^= math_peek(p)->kind == MATH_T_MINUS;
    skip_currency(p);
    int depth = p->depth;
    int node = math_parse_postfix(p, math_parse_atom(p));
    if (!p->failed && math_accept(p, MATH_T_POWER))
        node = math_node(p, MATH_POW, node, parse_exponent(p));
    node = math_parse_postfix(p, node);
    skip_currency(p);
    p->depth = depth;
    return negative ? math_node(p, MATH_NEGATIVE, node, -1) : node;
}

// Arguments without brackets reach to the next function or sign: \sin 2\theta.
static int parse_open_argument(struct math_parser *p)
{
    enum math_token_kind kind = math_peek(p)->kind;
    if (kind == MATH_T_OPEN || kind == MATH_T_LBRACE)
        return math_parse_postfix(p, math_parse_atom(p));
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

static bool of_several(const char *word, size_t len)
{
    return len == 3 && (memcmp(word, "max", 3) == 0 || memcmp(word, "min", 3) == 0 ||
                        memcmp(word, "gcd", 3) == 0 || memcmp(word, "lcm", 3) == 0);
}

// The elements of a bracket or of a set become the call's children.
static void adopt(struct math_parser *p, int call, int argument, bool sets)
{
    if (p->failed)
        return;
    struct math_node *n = &p->tree->nodes[argument];
    if (n->kind != MATH_TUPLE && !(sets && n->kind == MATH_SET)) {
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
    if (base < 0 && (name->len == 3 || name->at[1] == 'g')) { // log, lg
        base = math_node(p, MATH_NUMBER, -1, -1);
        if (base >= 0) {
            p->tree->nodes[base].at = "10";
            p->tree->nodes[base].len = 2;
        }
    }
    return math_node(p, MATH_LOG, argument, base); // no base: ln
}

// Of \sum_{k=1}^{n} the part at [from, to) as a tree; -1 where it is none.
static int parse_bound(struct math_parser *p, size_t from, size_t to)
{
    if (p->failed || from == to)
        return -1;
    size_t at = p->at;
    p->at = from;
    int node = math_parse_argument(p, false);
    bool whole = !p->failed && p->at == to;
    p->failed = false;
    p->at = at;
    return whole ? node : -1;
}

// Makes a series of the body where index and bounds can be read; else -1.
static int parse_series(struct math_parser *p, int body, const size_t from[2],
                        const size_t to[2])
{
    int first = parse_bound(p, from[0], to[0]), last = parse_bound(p, from[1], to[1]);
    struct math_node *nodes = p->tree->nodes;
    if (first < 0 || last < 0 || nodes[first].kind != MATH_CHAIN ||
        nodes[first].children != 2 || nodes[nodes[first].child].kind != MATH_NAME ||
        nodes[nodes[first].last].relation != MATH_EQ)
        return -1;
    int name = nodes[first].child, start = nodes[first].last;
    nodes[name].next = nodes[start].next = -1;
    int node = math_node(p, MATH_SERIES, body, name);
    math_append(p, node, start);
    math_append(p, node, last);
    return node;
}

static int parse_big(struct math_parser *p)
{
    const struct math_token big = *math_peek(p);
    uint64_t id = big.id;
    size_t from[2] = {0}, to[2] = {0};
    p->at++;
    while (math_peek(p)->kind == MATH_T_SUB || math_peek(p)->kind == MATH_T_POWER) {
        bool above = math_peek(p)->kind == MATH_T_POWER;
        id = id * 131 + (uint64_t)math_peek(p)->kind;
        p->at++;
        from[above] = p->at;
        id = id * 131 + math_raw(p);
        to[above] = p->at;
    }
    int body = math_parse_product(p), node = -1;
    bool product = big.id == math_hash(0, "prod", 4);
    if (product || big.id == math_hash(0, "sum", 3))
        node = parse_series(p, body, from, to);
    if (node < 0)
        node = math_node(p, MATH_CALL, body, -1);
    if (node < 0)
        return -1;
    struct math_node *n = &p->tree->nodes[node];
    n->id = id;
    n->at = big.at;
    n->len = big.len;
    n->open = product ? '*' : '+';
    return node;
}

// A power of a function's name stands before its argument: \sin^2 x.
static void parse_scripts(struct math_parser *p, int *exponent, int *base)
{
    for (;;) {
        if (*exponent < 0 && math_accept(p, MATH_T_POWER))
            *exponent = math_parse_argument(p, false);
        else if (*base < 0 && math_accept(p, MATH_T_SUB))
            *base = math_parse_argument(p, false);
        else
            return;
    }
}

static int parse_exp(struct math_parser *p)
{
    int e = math_node(p, MATH_NAME, -1, -1);
    if (e >= 0) {
        p->tree->nodes[e].id = math_hash(0, "e", 1);
        p->tree->nodes[e].at = "e";
        p->tree->nodes[e].len = 1;
    }
    return math_node(p, MATH_POW, e, parse_open_argument(p));
}

static bool is_word(const char *word, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(word, name, len) == 0;
}

static int parse_named(struct math_parser *p, const char *word, size_t len, uint64_t id,
                       int base)
{
    if (is_word(word, len, "log") || is_word(word, len, "ln") ||
        is_word(word, len, "lg")) {
        struct math_token named = {.at = word, .len = len};
        return parse_log(p, &named, base);
    }
    if (base >= 0)
        return math_fail(p);
    if (is_word(word, len, "exp"))
        return parse_exp(p);
    if (is_word(word, len, "abs"))
        return math_node(p, MATH_ABSOLUTE, parse_open_argument(p), -1);
    int call = math_node(p, MATH_CALL, -1, -1);
    int argument = of_several(word, len) && math_peek(p)->kind == MATH_T_LSET
                       ? math_parse_atom(p)
                       : parse_open_argument(p);
    if (is_word(word, len, "det") && !p->failed &&
        p->tree->nodes[argument].kind == MATH_MATRIX)
        return math_determinant(p, argument);
    adopt(p, call, argument, of_several(word, len));
    if (call >= 0)
        p->tree->nodes[call].id = id;
    return call;
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
    parse_scripts(p, &exponent, &base);
    if (p->failed)
        return -1;
    if (exponent >= 0 && is_one(p->tree, exponent)) {
        id = math_hash(math_hash(0, "arc", 3) ^ 0xcbf29ce484222325u, word, len);
        exponent = -1;
    }
    int call = parse_named(p, word, len, id, base);
    return exponent < 0 ? call : math_node(p, MATH_POW, call, exponent);
}
