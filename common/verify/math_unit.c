// What stands behind a value: units, and words that are factors.
#include "math_tree.h"
#include "unit.h"

#include <string.h>

// The unit so far: the sum of the ids of its parts, each times its exponent.
struct units {
    uint64_t id;
    uint64_t sign, power; // of the next part
    uint64_t last;        // id of the part before, with its sign
    int words;
    const struct math_token *open;    // square, cubic or per, without its unit so far
    const struct math_token *strange; // the first word that is in no table
};

// Plain prose is a unit behind a number, not behind letters: no solution.
static bool is_unit_word(const struct math_token *t)
{
    bool prose = t->spaced && t->len >= 4 && t[-1].kind != MATH_T_NAME;
    return t->kind == MATH_T_WORD && (t->text || t->unit || prose);
}

static int literal(struct math_parser *p, const char *digits)
{
    int node = math_node(p, MATH_NUMBER, -1, -1);
    if (node >= 0) {
        p->tree->nodes[node].at = digits;
        p->tree->nodes[node].len = strlen(digits);
    }
    return node;
}

static int times(struct math_parser *p, int value, const struct unit *u)
{
    int product = math_node(p, MATH_PRODUCT, value, -1);
    if (u->factor)
        math_append(p, product, literal(p, u->factor));
    if (u->divisor)
        math_append(p, product, math_node(p, MATH_INVERSE, literal(p, u->divisor), -1));
    return product;
}

static void add_part(struct units *u, uint64_t id)
{
    u->last = u->sign * id;
    u->id += u->last * u->power;
    u->power = 1;
    u->open = NULL;
    u->words++;
}

static void add_strange(struct units *u, const struct math_token *t)
{
    for (size_t i = 0; i < t->len; i++) {
        char c = t->at[i];
        c = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        u->id = math_hash(u->id, &c, 1);
    }
    u->strange = u->strange ? u->strange : t;
    u->words++;
}

// m2 and cm3 of plain text, cm and a raised 2; `bytes`: those of the power.
static uint64_t trailing_power(const struct math_token *t, size_t *bytes)
{
    *bytes = 1;
    if (t->len > 2 && t->at[t->len - 2] == '\xc2') {
        char sign = t->at[t->len - 1];
        *bytes = 2;
        return sign == '\xb2' ? 2 : sign == '\xb3' ? 3 : 1;
    }
    char last = t->len > 1 ? t->at[t->len - 1] : '1';
    return last == '2' ? 2 : last == '3' ? 3 : 1;
}

// 5K and 5\text{K} may be thousands; 5\text{ K} and 5\mathrm{K} are kelvins.
static bool is_thousands(const struct math_token *t)
{
    if (t->len != 1 || !strchr("KT", *t->at))
        return false;
    bool digit = t->at[-1] >= '0' && t->at[-1] <= '9';
    return digit || (t->at[-1] == '{' && memcmp(t->at - 5, "text{", 5) == 0);
}

// One word.  Returns the value, multiplied where the word is a factor.
static int take_word(struct math_parser *p, struct units *u, int value)
{
    const struct math_token *t = math_peek(p);
    struct unit unit = {0};
    size_t bytes;
    uint64_t trailing = trailing_power(t, &bytes);
    size_t len = t->len - (trailing > 1 ? bytes : 0);
    p->at++;
    bool found = unit_find(&unit, t->at, len, p->currency != 0);
    bool doubtful = u->words == 0 && is_thousands(t);
    if (!found || (doubtful && unit.kind == UNIT_MEASURE)) {
        add_strange(u, t);
        return value;
    }
    u->power *= trailing;
    switch (unit.kind) {
    case UNIT_FACTOR:
        if (u->words == 0)
            return times(p, value, &unit);
        add_strange(u, t);
        break;
    case UNIT_SQUARE:
        u->power *= 2;
        u->open = t;
        break;
    case UNIT_CUBIC:
        u->power *= 3;
        u->open = t;
        break;
    case UNIT_SQUARED:
    case UNIT_CUBED:
        if (u->words == 0)
            add_strange(u, t); // 5 squared is no unit
        else
            u->id += u->last * (unit.kind == UNIT_SQUARED ? 1 : 2);
        break;
    case UNIT_PER:
        u->sign = (uint64_t)-1;
        u->open = t;
        break;
    default:
        add_part(u, unit.id);
    }
    return value;
}

// ^2, ^{-1} behind a unit.
static void take_power(struct math_parser *p, struct units *u)
{
    bool brace = math_accept(p, MATH_T_LBRACE);
    bool negative = math_accept(p, MATH_T_MINUS);
    const struct math_token *t = math_peek(p);
    uint64_t power =
        t->kind == MATH_T_NUM && t->len == 1 ? (uint64_t)(*t->at - '0') : 0;
    p->at += power != 0;
    if (brace)
        math_expect(p, MATH_T_RBRACE);
    if (power == 0)
        p->failed = true;
    u->id += u->last * ((negative ? (uint64_t)0 - power : power) - 1);
}

static bool is_letter_of(const struct math_token *t, const char *letters)
{
    return t->kind == MATH_T_NAME && t->len == 1 && strchr(letters, *t->at);
}

// Behind a value: \frac{\text{m}}{\text{s}}
static bool text_quotient(const struct math_token *t)
{
    struct unit unit;
    return t[0].kind == MATH_T_FRAC && t[1].kind == MATH_T_LBRACE &&
           t[2].kind == MATH_T_WORD && t[2].text &&
           unit_find(&unit, t[2].at, t[2].len, false) && unit.kind == UNIT_MEASURE;
}

// 10 m/s without any markup: a letter apart from the number, a bar, a unit; 3 \Omega.
bool math_bare_unit(const struct math_parser *p)
{
    const struct math_token *t = &p->tokens[p->at];
    if (p->at > 0 && text_quotient(t))
        return true;
    if (p->at > 0 && t[-1].kind == MATH_T_DEGREE && is_letter_of(t, "CF"))
        return true;
    if (p->at == 0 || t->kind != MATH_T_NAME || t[-1].kind != MATH_T_NUM)
        return false;
    if (t->len == 6 && memcmp(t->at, "\\Omega", 6) == 0)
        return true;
    return t->spaced && t[1].kind == MATH_T_OVER && !t[1].spaced && !t[2].spaced &&
           is_letter_of(t, "mgNJCVWL") && (is_letter_of(&t[2], "smhgLKC") || t[2].unit);
}

static void take_letter(struct math_parser *p, struct units *u)
{
    struct unit unit = {0};
    const struct math_token *t = math_peek(p);
    bool command = *t->at == '\\';
    if (unit_find(&unit, t->at + command, t->len - command, false))
        add_part(u, unit.id);
    p->at++;
}

static int take_words(struct math_parser *p, struct units *u, int value)
{
    math_expect(p, MATH_T_LBRACE);
    for (bool more = true; more && !p->failed;) {
        more = is_unit_word(math_peek(p)) || math_peek(p)->kind == MATH_T_POWER;
        if (math_accept(p, MATH_T_POWER))
            take_power(p, u);
        else if (more)
            value = take_word(p, u, value);
    }
    math_expect(p, MATH_T_RBRACE);
    return value;
}

static int take_quotient(struct math_parser *p, struct units *u, int value)
{
    p->at++; // \frac
    value = take_words(p, u, value);
    u->sign = (uint64_t)-1;
    return take_words(p, u, value);
}

// The next part, if one stands here.
static bool take_part(struct math_parser *p, struct units *u, int *value)
{
    struct math_token *t = math_peek(p);
    if (p->at > 0 && is_unit_word(t)) {
        *value = take_word(p, u, *value);
    } else if (u->words == 0 && p->at > 0 && text_quotient(t)) {
        *value = take_quotient(p, u, *value);
    } else if (u->words == 0 && math_bare_unit(p)) {
        take_letter(p, u);
    } else if (u->words > 0 && t->kind == MATH_T_POWER) {
        p->at++;
        take_power(p, u);
    } else if (u->words > 0 && t->kind == MATH_T_OVER &&
               (t[1].kind == MATH_T_WORD || is_letter_of(&t[1], "smhgLKC"))) {
        p->at++;
        u->sign = (uint64_t)-1;
        if (t[1].kind == MATH_T_NAME)
            take_letter(p, u);
    } else if (u->words > 0 && t->kind == MATH_T_TIMES && is_unit_word(&t[1])) {
        p->at++;
    } else {
        return false;
    }
    return !p->failed;
}

// "per cent" in two words.
static bool per_cent(const struct math_token *t)
{
    return t[0].kind == MATH_T_WORD && t[0].len == 3 && memcmp(t->at, "per", 3) == 0 &&
           t[1].kind == MATH_T_WORD && t[1].len == 4 && memcmp(t[1].at, "cent", 4) == 0;
}

int math_parse_unit(struct math_parser *p, int value)
{
    struct units u = {.sign = 1, .power = 1};
    if (per_cent(math_peek(p))) {
        p->at += 2;
        value = math_node(p, MATH_PERCENT, value, -1);
    }
    while (!p->failed && take_part(p, &u, &value))
        continue;
    if (u.open)
        add_strange(&u, u.open);
    uint64_t currency = p->currency;
    p->currency = 0;
    if ((u.words == 0 && !currency && !u.strange) || p->failed)
        return value;
    // \$5 \text{ per month} is an amount of money like any other.
    int node = math_node(p, MATH_UNIT, value, -1);
    if (node < 0)
        return -1;
    struct math_node *n = &p->tree->nodes[node];
    n->id = currency && !u.strange ? currency : u.id;
    n->text = u.strange != NULL;
    if (u.strange) {
        n->at = u.strange->at;
        n->len = u.strange->len;
    }
    return node;
}
