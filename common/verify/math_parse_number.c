// Numbers and words of an answer.
#include "math_tree.h"

#include <string.h>

static uint64_t digits_hash(const struct math_token *t)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < t->len; i++) {
        char c = t->at[i];
        c = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '.')
            hash = math_hash(hash, &c, 1);
    }
    return hash;
}

static bool is_digits(const struct math_parser *p, int node)
{
    if (p->failed || node < 0 || p->tree->nodes[node].kind != MATH_NUMBER)
        return false;
    const struct math_node *n = &p->tree->nodes[node];
    for (size_t i = 0; i < n->len; i++)
        if (n->at[i] < '0' || n->at[i] > '9')
            return false;
    return n->child < 0;
}

// The digits that repeat: \overline{16}, \dot{3}, \dot{1}4285\dot{7}, (3).
static int parse_repeat(struct math_parser *p)
{
    bool dot = math_peek(p)->id == math_hash(0, "dot", 3);
    p->at++;
    int repeat = math_parse_argument(p, false);
    if (!is_digits(p, repeat))
        return math_fail(p);
    const struct math_token *t = math_peek(p);
    if (!dot || t->kind == MATH_T_END)
        return repeat;
    bool between = t->kind == MATH_T_NUM && t[1].kind == MATH_T_ACCENT;
    if (!between && t->kind != MATH_T_ACCENT)
        return repeat;
    p->at += between ? 2 : 1;
    int last = math_parse_argument(p, false);
    if (!is_digits(p, last))
        return math_fail(p);
    struct math_node *n = &p->tree->nodes[repeat], *end = &p->tree->nodes[last];
    if (end->at < n->at)
        return math_fail(p);
    n->len = (size_t)(end->at + end->len - n->at); // with what is no digit
    return repeat;
}

int math_parse_number(struct math_parser *p)
{
    int node = math_node(p, MATH_NUMBER, -1, -1);
    struct math_token *t = math_peek(p);
    p->at++;
    if (node < 0)
        return -1;
    struct math_node *n = &p->tree->nodes[node];
    if (math_accept(p, MATH_T_SUB)) {
        n->kind = MATH_IN_BASE;
        n->id = digits_hash(t) * 31 + math_raw(p);
    } else if (math_peek(p)->kind == MATH_T_ACCENT && !math_peek(p)->spaced) {
        bool point = memchr(t->at, '.', t->len) != NULL;
        int repeat = parse_repeat(p);
        if (!point || p->failed)
            return math_fail(p);
        math_append(p, node, repeat);
    }
    return node;
}

static uint64_t lower_hash(uint64_t seed, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c =
            (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
        seed = math_hash(seed, &c, 1);
    }
    return seed;
}

// "all real numbers" and "the empty set" are those sets.
static void name_set(struct math_node *n)
{
    static const struct {
        const char *words;
        char set;
    } PHRASES[] = {{"all real numbers", 'R'}, {"all reals", 'R'},
                   {"real numbers", 'R'},     {"the real numbers", 'R'},
                   {"all real", 'R'},         {"empty set", '0'},
                   {"the empty set", '0'},    {"all integers", 'Z'},
                   {"integers", 'Z'},         {"the integers", 'Z'}};
    for (size_t i = 0; i < sizeof PHRASES / sizeof *PHRASES; i++) {
        uint64_t id = 0;
        for (const char *word = PHRASES[i].words; *word; word += strspn(word, " ")) {
            size_t len = strcspn(word, " ");
            id = lower_hash(id * 31 + 1, word, len);
            word += len;
        }
        if (id != n->id)
            continue;
        n->kind = PHRASES[i].set == '0' ? MATH_SET : MATH_NAMED;
        n->id = (uint64_t)PHRASES[i].set;
    }
}

// Words in a row, with the numbers among them: two lines, June 20.
int math_parse_words(struct math_parser *p)
{
    int node = math_node(p, MATH_TEXT, -1, -1);
    if (node < 0)
        return -1;
    struct math_node *n = &p->tree->nodes[node];
    n->text = math_peek(p)->text;
    int words = 0;
    while (math_peek(p)->kind == MATH_T_WORD ||
           (words > 0 && math_peek(p)->kind == MATH_T_NUM)) {
        const struct math_token *t = math_peek(p);
        n->id = lower_hash(n->id * 31 + 1, t->at, t->len);
        words++;
        p->at++;
        if (math_accept(p, MATH_T_SUB)) {
            n->kind = MATH_IN_BASE; // A5_{11}
            n->id = digits_hash(t) * 31 + math_raw(p);
            return node;
        }
    }
    if (words > 1)
        n->len = 0; // no single word
    name_set(n);
    return node;
}
