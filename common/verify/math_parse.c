#include "math_tree.h"

#include "base/mem.h"

struct math_token *math_peek(struct math_parser *p)
{
    return &p->tokens[p->at];
}

bool math_accept(struct math_parser *p, enum math_token_kind kind)
{
    if (math_peek(p)->kind != kind || kind == MATH_T_END)
        return false;
    p->at++;
    return true;
}

bool math_expect(struct math_parser *p, enum math_token_kind kind)
{
    if (!math_accept(p, kind))
        p->failed = true;
    return !p->failed;
}

int math_fail(struct math_parser *p)
{
    p->failed = true;
    return -1;
}

int math_node(struct math_parser *p, enum math_kind kind, int first, int second)
{
    if (p->failed || p->tree->count == MATH_MAX_NODES)
        return math_fail(p);
    int index = p->tree->count++;
    struct math_token *token = math_peek(p);
    p->tree->nodes[index] = (struct math_node){
        .kind = kind, .child = -1, .next = -1, .at = token->at, .len = token->len};
    if (first >= 0)
        math_append(p, index, first);
    if (second >= 0)
        math_append(p, index, second);
    return index;
}

void math_append(struct math_parser *p, int parent, int child)
{
    if (p->failed || parent < 0 || child < 0) {
        p->failed = true;
        return;
    }
    struct math_node *nodes = p->tree->nodes, *n = &nodes[parent];
    *(n->child < 0 ? &n->child : &nodes[n->last].next) = child;
    n->last = child;
    n->children++;
}

bool math_starts_factor(struct math_parser *p, bool calls)
{
    const struct math_token *token = math_peek(p);
    switch (token->kind) {
    case MATH_T_NUM:
        return p->at == 0 || p->tokens[p->at - 1].kind != MATH_T_NUM;
    case MATH_T_BAR:
        return p->bars == 0;
    case MATH_T_CALL:
    case MATH_T_BIG:
        return calls;
    case MATH_T_NAME:
    case MATH_T_FRAC:
        return !math_bare_unit(p);
    case MATH_T_OPEN:
        return !math_stands_modulus(p);
    case MATH_T_LBRACE:
    case MATH_T_LSET:
    case MATH_T_BINOM:
    case MATH_T_ROOT:
    case MATH_T_BEGIN:
    case MATH_T_BOX:
    case MATH_T_ACCENT:
    case MATH_T_NAMED:
    case MATH_T_EMPTY:
    case MATH_T_INFINITY:
        return true;
    default:
        return false;
    }
}

static bool whole(const struct math_parser *p, int index)
{
    if (p->failed || index < 0 || p->tree->nodes[index].kind != MATH_NUMBER)
        return false;
    const struct math_node *n = &p->tree->nodes[index];
    for (size_t i = 0; i < n->len; i++)
        if (n->at[i] == '.' || n->at[i] == 'e' || n->at[i] == 'E')
            return false;
    return true;
}

// A fraction of two whole numbers, as \frac and / build it.
static bool plain_fraction(const struct math_parser *p, int index)
{
    const struct math_node *nodes = p->tree->nodes;
    if (index < 0 || nodes[index].kind != MATH_PRODUCT || nodes[index].children != 2)
        return false;
    int bottom = nodes[nodes[index].child].next;
    return whole(p, nodes[index].child) && nodes[bottom].kind == MATH_INVERSE &&
           whole(p, nodes[bottom].child);
}

// 2 1/2 in plain text: the token at p follows a whole number.
static bool plain_mixed(const struct math_parser *p)
{
    const struct math_token *t = &p->tokens[p->at];
    return t[0].kind == MATH_T_NUM && t[0].spaced && t[1].kind == MATH_T_OVER &&
           t[2].kind == MATH_T_NUM;
}

static long long small(const struct math_node *n)
{
    long long value = 0;
    for (size_t i = 0; i < n->len && value < 1000000000; i++)
        if (n->at[i] >= '0' && n->at[i] <= '9')
            value = value * 10 + (n->at[i] - '0');
    return value;
}

// What \frac{1}{2} or 1/2 right behind a whole number makes of it: a mixed number, or
// the product with a fraction of another kind.  -1: neither follows.
static int parse_mixed(struct math_parser *p, int number)
{
    if (!whole(p, number))
        return -1;
    int fraction;
    if (plain_mixed(p)) {
        int top = math_parse_atom(p);
        p->at++;
        fraction = math_node(p, MATH_PRODUCT, top,
                             math_node(p, MATH_INVERSE, math_parse_atom(p), -1));
    } else if (math_peek(p)->kind == MATH_T_FRAC && !math_bare_unit(p)) {
        fraction = math_parse_atom(p);
    } else {
        return -1;
    }
    if (p->failed || !plain_fraction(p, fraction))
        return math_node(p, MATH_PRODUCT, number, fraction);
    const struct math_node *nodes = p->tree->nodes,
                           *top = &nodes[nodes[fraction].child];
    if (small(top) >= small(&nodes[nodes[top->next].child]))
        return math_fail(p); // 3\frac52: a product or a slip
    return math_parse_postfix(p, math_node(p, MATH_SUM, number, fraction));
}

int math_parse_product(struct math_parser *p)
{
    int first = math_parse_factor(p);
    if (p->failed)
        return -1;
    int mixed = parse_mixed(p, first);
    if (mixed >= 0)
        first = mixed;
    int product = -1;
    while (!p->failed) {
        int factor;
        if (math_accept(p, MATH_T_TIMES)) {
            factor = math_parse_factor(p);
        } else if (math_accept(p, MATH_T_OVER)) {
            factor = math_node(p, MATH_INVERSE, math_parse_factor(p), -1);
        } else if (math_starts_factor(p, true)) {
            factor = math_parse_factor(p);
        } else {
            break;
        }
        int so_far = product < 0 ? first : product;
        int matrix = math_times_matrix(p, so_far, factor);
        if (matrix >= 0) {
            first = matrix;
            product = -1;
            continue;
        }
        if (product < 0)
            product = math_node(p, MATH_PRODUCT, first, -1);
        math_append(p, product, factor);
    }
    return product < 0 ? first : product;
}

// The next term with the sign that stands before it, if any.
static int parse_term(struct math_parser *p)
{
    switch (math_peek(p)->kind) {
    case MATH_T_PLUS:
        p->at++;
        return math_parse_product(p);
    case MATH_T_MINUS:
        p->at++;
        return math_node(p, MATH_NEGATIVE, math_parse_product(p), -1);
    case MATH_T_PM:
    case MATH_T_MP: {
        bool minus = math_peek(p)->kind == MATH_T_MP;
        p->at++;
        int node = math_node(p, MATH_PLUS_MINUS, math_parse_product(p), -1);
        if (node >= 0)
            p->tree->nodes[node].id = minus;
        return node;
    }
    default:
        return math_parse_product(p);
    }
}

static bool starts_term(enum math_token_kind kind)
{
    return kind == MATH_T_PLUS || kind == MATH_T_MINUS || kind == MATH_T_PM ||
           kind == MATH_T_MP;
}

int math_parse_sum(struct math_parser *p)
{
    if (++p->depth > MATH_MAX_DEPTH)
        return math_fail(p);
    int first = parse_term(p), sum = -1;
    while (!p->failed && starts_term(math_peek(p)->kind)) {
        int term = parse_term(p);
        if (sum < 0)
            sum = math_node(p, MATH_SUM, first, -1);
        math_append(p, sum, term);
    }
    p->depth--;
    return sum < 0 ? first : sum;
}

bool math_parse(struct math_tree *tree, const char *text, size_t len)
{
    struct math_token *tokens = NULL;
    if (len > MATH_MAX_BYTES || mem_new(&tokens, MATH_MAX_TOKENS, sizeof *tokens) != OK)
        return false;
    bool parsed = false;
    if (math_tokens(tokens, text, len) > 1) {
        struct math_parser p = {.tree = tree, .tokens = tokens};
        tree->count = 0;
        tree->root = math_parse_list(&p);
        parsed = !p.failed && tree->root >= 0 && math_peek(&p)->kind == MATH_T_END;
    }
    mem_free(tokens);
    return parsed;
}
