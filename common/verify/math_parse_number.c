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

// A base as digits or as a word: 204_{\text{five}}.
static uint64_t parse_base(struct math_parser *p)
{
    static const char *const WORDS[][2] = {
        {"two", "2"},  {"three", "3"},   {"four", "4"},    {"five", "5"},
        {"six", "6"},  {"seven", "7"},   {"eight", "8"},   {"nine", "9"},
        {"ten", "10"}, {"eleven", "11"}, {"twelve", "12"}, {"sixteen", "16"}};
    struct math_token *t = &p->tokens[p->at + (math_peek(p)->kind == MATH_T_LBRACE)];
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS && t->kind == MATH_T_WORD; i++)
        if (t->len == strlen(WORDS[i][0]) && memcmp(t->at, WORDS[i][0], t->len) == 0) {
            t->kind = MATH_T_NUM;
            t->id = 0;
            t->at = WORDS[i][1];
            t->len = strlen(WORDS[i][1]);
        }
    return math_raw(p);
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
        n->id = digits_hash(t) * 31 + parse_base(p);
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

static bool is_word(const struct math_token *t, const char *word)
{
    return t->kind == MATH_T_WORD && t->len == strlen(word) &&
           memcmp(t->at, word, t->len) == 0;
}

static bool is_reals(const struct math_node *n)
{
    struct math_node named = *n;
    name_set(&named);
    return named.kind == MATH_NAMED && named.id == 'R';
}

// All real numbers except 3, or except x = 3.
static int parse_exception(struct math_parser *p, int reals)
{
    name_set(&p->tree->nodes[reals]);
    p->at++;
    p->at += is_word(math_peek(p), "for");
    const struct math_token *t = math_peek(p);
    if (t[0].kind == MATH_T_NAME && t[1].kind == MATH_T_RELATION && t[1].id == MATH_EQ)
        p->at += 2;
    int left_out = math_node(p, MATH_SET, math_parse_sum(p), -1);
    while (!p->failed && math_peek(p)->kind == MATH_T_SEPARATOR) {
        p->at++;
        math_append(p, left_out, math_parse_sum(p));
    }
    int node = math_node(p, MATH_UNION, reals, left_out);
    if (node >= 0)
        p->tree->nodes[node].id = '-';
    return node;
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
        if (words > 0 && is_word(t, "except") && is_reals(n))
            return parse_exception(p, node);
        n->id = lower_hash(n->id * 31 + 1, t->at, t->len);
        words++;
        p->at++;
        if (math_accept(p, MATH_T_SUB)) {
            n->kind = MATH_IN_BASE; // A5_{11}
            n->id = digits_hash(t) * 31 + parse_base(p);
            return node;
        }
    }
    if (words > 1)
        n->len = 0; // no single word
    name_set(n);
    return node;
}

// (413220)_5: the bracket with one number in it; another node stays as it is.
int math_parse_in_base(struct math_parser *p, int node)
{
    struct math_node *n = &p->tree->nodes[node];
    if (p->failed || n->kind != MATH_NUMBER || n->child >= 0 ||
        math_peek(p)->kind != MATH_T_SUB)
        return node;
    const struct math_token digits = {.at = n->at, .len = n->len};
    p->at++;
    uint64_t base = parse_base(p);
    n->kind = MATH_IN_BASE;
    n->id = digits_hash(&digits) * 31 + base;
    return node;
}
