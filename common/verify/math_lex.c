#include "math_lex.h"

#include <string.h>

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool lex_starts(const char *p, const char *end, const char *prefix)
{
    size_t len = strlen(prefix);
    return (size_t)(end - p) >= len && memcmp(p, prefix, len) == 0;
}

void lex_emit(struct lexer *l, struct math_token token, const char *at, size_t len)
{
    if (token.kind == MATH_T_SKIP)
        return;
    if (l->count + 1 >= MATH_MAX_TOKENS) {
        l->overflow = true;
        return;
    }
    token.at = at;
    token.len = len;
    token.spaced = l->spaced;
    token.text = l->text > 0;
    l->spaced = false;
    l->out[l->count++] = token;
}

void lex_take(struct lexer *l, enum math_token_kind kind, uint64_t id, size_t len)
{
    lex_emit(l, (struct math_token){.kind = kind, .id = id}, l->p, len);
    l->p += len;
}

void lex_skip(struct lexer *l, size_t len)
{
    l->p += len;
    l->spaced = true;
}

enum math_token_kind lex_last_kind(const struct lexer *l)
{
    return l->count > 0 ? l->out[l->count - 1].kind : MATH_T_END;
}

static size_t group_len(const char *p, const char *end)
{
    int depth = 0;
    for (const char *c = p; c < end; c++) {
        depth += (*c == '{') - (*c == '}');
        if (depth == 0)
            return (size_t)(c - p) + 1;
    }
    return (size_t)(end - p);
}

// \phantom -, \hspace{1cm}: what stands there is not part of the answer.
static void skip_argument(struct lexer *l)
{
    while (l->p < l->end && blank(*l->p))
        l->p++;
    if (l->p < l->end)
        lex_skip(l, group_len(l->p, l->end));
}

// 5\mathrm{~cm}: letters in roman type behind a value are a unit, but for 2\mathrm{e}.
static bool unit_follows(const struct lexer *l, const char *name, size_t len)
{
    enum math_token_kind last = lex_last_kind(l);
    bool unit = last == MATH_T_WORD || (last == MATH_T_TIMES && l->count > 1 &&
                                        l->out[l->count - 2].kind == MATH_T_WORD);
    bool value = last == MATH_T_NUM || last == MATH_T_RBRACE || last == MATH_T_CLOSE ||
                 last == MATH_T_DEGREE || last == MATH_T_NAME || unit;
    if (!value || len != 6 || memcmp(name, "mathrm", 6) != 0)
        return false;
    bool letters = l->end - l->p > 2 && letter(l->p[1]) && letter(l->p[2]);
    return (last != MATH_T_NAME || letters) && // 2\pi\mathrm{cm}, not x\mathrm{m}
           math_unit_group(l->p, (size_t)(l->end - l->p));
}

static bool function_or_mod(struct math_token *token, const char *name, size_t len)
{
    bool mod = len == 3 && memcmp(name, "mod", 3) == 0;
    return mod ? math_command(token, name, len) : math_function(token, name, len);
}

// \\operatorname{lcm}, \\mathrm{lcm}, \\text{lcm}(: a function by its name.
static bool lex_named_function(struct lexer *l, const char *command, size_t len)
{
    static const char *const COMMANDS[] = {"operatorname", "mathrm", "mathop", "text",
                                           "rm"};
    size_t i = 0, n = 0;
    while (i < 5 &&
           (strlen(COMMANDS[i]) != len || memcmp(command, COMMANDS[i], len) != 0))
        i++;
    const char *name = l->p + 1;
    while (i < 5 && name + n < l->end && letter(name[n]))
        n++;
    struct math_token token = {0};
    if (n < 2 || *l->p != '{' || name + n >= l->end || name[n] != '}' ||
        !function_or_mod(&token, name, n))
        return false;
    const char *behind = name + n + 1;
    if (i == 3 && !lex_starts(behind, l->end, "(") &&
        !lex_starts(behind, l->end, "\\left("))
        return false;
    lex_emit(l, token, name, n);
    l->p = behind;
    return true;
}

// \mathbf{R}
static bool lex_bold_set(struct lexer *l, const char *command, size_t len)
{
    const char *p = l->p;
    if (len != 6 || memcmp(command, "mathbf", 6) != 0 || l->end - p < 3 ||
        p[0] != '{' || p[2] != '}' || !strchr("RZQN", p[1]))
        return false;
    lex_take(l, MATH_T_NAMED, MATH_NAMED_SET_BOLD | (uint64_t)p[1], 3);
    return true;
}

// \\begin{aligned} and its end: what stands between is read as it is.
static bool lex_alignment(struct lexer *l, const char *command, size_t len)
{
    static const char *const NAMES[] = {"{aligned}", "{align*}",   "{align}",
                                        "{split}",   "{gathered}", "{equation}"};
    bool begins = len == 5 && memcmp(command, "begin", 5) == 0;
    if (!begins && !(len == 3 && memcmp(command, "end", 3) == 0))
        return false;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (lex_starts(l->p, l->end, NAMES[i])) {
            lex_skip(l, strlen(NAMES[i]));
            return true;
        }
    return false;
}

static void lex_command(struct lexer *l)
{
    const char *at = l->p, *name = ++l->p;
    while (l->p < l->end && letter(*l->p))
        l->p++;
    size_t len = (size_t)(l->p - name);
    if (lex_named_function(l, name, len) || lex_bold_set(l, name, len))
        return;
    if (math_opens_text(name, len) || unit_follows(l, name, len)) {
        while (l->p < l->end && blank(*l->p))
            l->p++;
        if (l->p < l->end && *l->p == '{') {
            l->p++;
            l->text++;
        }
        l->spaced = true;
        return;
    }
    if (lex_alignment(l, name, len))
        return;
    if (math_hides(name, len)) {
        skip_argument(l);
        return;
    }
    struct math_token token = {0};
    if (!math_command(&token, name, len)) {
        token.kind = MATH_T_NAME;
        if (len >= 4 && memcmp(name + len - 4, "dots", 4) == 0)
            token.id = math_hash(0, "dots", 4);
    }
    l->brackets += (token.kind == MATH_T_LSET) - (token.kind == MATH_T_RSET);
    l->environments += (token.kind == MATH_T_BEGIN) - (token.kind == MATH_T_FINISH);
    lex_emit(l, token, at, (size_t)(l->p - at));
    if (token.kind == MATH_T_SKIP)
        l->spaced = true;
}

// \\[4pt]
static void skip_row_space(struct lexer *l)
{
    const char *p = l->p;
    if (p >= l->end || *p != '[')
        return;
    for (p++; p < l->end && (digit(*p) || *p == '.' || letter(*p));)
        p++;
    if (p < l->end && *p == ']' && digit(l->p[1]) && letter(p[-1]))
        lex_skip(l, (size_t)(p + 1 - l->p));
}

static void lex_backslash(struct lexer *l)
{
    char c = l->p + 1 < l->end ? l->p[1] : ' ';
    if (letter(c)) {
        lex_command(l);
    } else if (c == '{' || c == '}') {
        l->brackets += c == '{' ? 1 : -1;
        lex_take(l, c == '{' ? MATH_T_LSET : MATH_T_RSET, 0, 2);
    } else if (c == '\\' && l->environments == 0) {
        l->p++; // a line break, or a command whose backslash was doubled
        if (l->p + 1 >= l->end || !letter(l->p[1]))
            lex_skip(l, 1);
    } else if (c == '\\') {
        lex_take(l, MATH_T_ROW, 0, 2);
        skip_row_space(l);
    } else if (c == '%') {
        lex_take(l, MATH_T_PERCENT, 0, 2);
    } else if (c == '|') {
        lex_take(l, MATH_T_BAR, 0, 2);
    } else if (c == '$') {
        lex_take(l, MATH_T_CURRENCY, math_currency("dollar"), 2);
    } else {
        lex_skip(l, l->p + 1 < l->end ? 2 : 1);
    }
}

// ^\circ and ^\prime are signs of their own.
static void lex_power(struct lexer *l)
{
    const char *p = l->p + 1;
    bool brace = false;
    for (; p < l->end &&
           (*p == ' ' || (*p == '{' && !brace) || lex_starts(p, l->end, "\\,"));
         p += *p == '\\' ? 2 : 1)
        brace = brace || *p == '{';
    bool degree = lex_starts(p, l->end, "\\circ"),
         prime = lex_starts(p, l->end, "\\prime");
    if (!degree && !prime) {
        lex_take(l, MATH_T_POWER, 0, 1);
        return;
    }
    p += degree ? 5 : 6;
    while (p < l->end && *p == ' ')
        p++;
    if (brace && p < l->end && *p == '}')
        p++;
    lex_take(l, degree ? MATH_T_DEGREE : MATH_T_PRIME, 0, (size_t)(p - l->p));
}

static void lex_relation(struct lexer *l)
{
    char c = *l->p;
    bool equal = l->p + 1 < l->end && l->p[1] == '=';
    enum math_relation relation = c == '='   ? MATH_EQ
                                  : c == '!' ? MATH_NE
                                  : c == '<' ? (equal ? MATH_LE : MATH_LT)
                                             : (equal ? MATH_GE : MATH_GT);
    if (c == '!' && !equal)
        lex_take(l, MATH_T_FACTORIAL, 0, 1);
    else
        lex_take(l, MATH_T_RELATION, relation, equal ? 2 : 1);
}

static void lex_brace(struct lexer *l)
{
    int step = *l->p == '{' ? 1 : -1;
    if (l->text) {
        l->text += step;
        lex_skip(l, 1);
        return;
    }
    if (lex_starts(l->p, l->end, "{:}")) {
        lex_take(l, MATH_T_COLON, 0, 3);
        return;
    }
    if (lex_starts(l->p, l->end, "{-}") || lex_starts(l->p, l->end, "{+}")) {
        lex_take(l, l->p[1] == '-' ? MATH_T_MINUS : MATH_T_PLUS, 0, 3);
        return;
    }
    if (step > 0 && l->count == 0)
        l->brackets++; // {1,2}: a set
    lex_take(l, step > 0 ? MATH_T_LBRACE : MATH_T_RBRACE, 0, 1);
}

static void lex_sign(struct lexer *l)
{
    static const struct {
        char sign;
        enum math_token_kind kind;
    } SIGNS[] = {
        {'+', MATH_T_PLUS},  {'-', MATH_T_MINUS},     {'/', MATH_T_OVER},
        {'_', MATH_T_SUB},   {'|', MATH_T_BAR},       {'%', MATH_T_PERCENT},
        {'&', MATH_T_CELL},  {',', MATH_T_SEPARATOR}, {';', MATH_T_SEPARATOR},
        {':', MATH_T_COLON}, {'*', MATH_T_TIMES},     {'\'', MATH_T_PRIME},
    };
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++)
        if (*l->p == SIGNS[i].sign) {
            lex_take(l, SIGNS[i].kind, 0, 1);
            return;
        }
    lex_take(l, MATH_T_WORD, math_hash(0, l->p, 1), 1);
}

static void lex_dot(struct lexer *l)
{
    if (lex_starts(l->p, l->end, "..."))
        lex_take(l, MATH_T_NAME, math_hash(0, "dots", 4), 3);
    else if (l->p + 1 < l->end && digit(l->p[1]))
        lex_number(l);
    else
        lex_skip(l, 1);
}

static void lex_one(struct lexer *l)
{
    char c = *l->p;
    size_t base_digits;
    if (blank(c) || c == '$' || (c == '&' && l->environments == 0) || c == '~' ||
        c == '"' || c == '`') {
        lex_skip(l, 1);
    } else if (c == '\\') {
        lex_backslash(l);
    } else if (c == '{' || c == '}') {
        lex_brace(l);
    } else if ((base_digits = math_base_digits(l->p, (size_t)(l->end - l->p))) > 0) {
        lex_take(l, MATH_T_WORD, 0, base_digits);
    } else if (digit(c)) {
        lex_number(l);
    } else if (letter(c)) {
        lex_word(l);
    } else if (c == '.') {
        lex_dot(l);
    } else if (c == '^') {
        lex_power(l);
    } else if (c == '=' || c == '<' || c == '>' || c == '!') {
        lex_relation(l);
    } else if (c == '(' || c == '[') {
        l->brackets++;
        lex_take(l, MATH_T_OPEN, (uint64_t)c, 1);
    } else if (c == ')' || c == ']') {
        l->brackets--;
        lex_take(l, MATH_T_CLOSE, c == ')' ? '(' : '[', 1);
    } else if (c == '*' && lex_starts(l->p, l->end, "**")) {
        lex_take(l, MATH_T_POWER, 0, 2);
    } else if ((unsigned char)c >= 0x80) {
        lex_beyond_ascii(l);
    } else {
        lex_sign(l);
    }
}

size_t math_tokens(struct math_token *out, const char *text, size_t len)
{
    struct lexer l = {.p = text, .end = text + len, .out = out};
    while (l.p < l.end && !l.overflow)
        lex_one(&l);
    if (l.overflow || l.text > 0)
        return 0;
    out[l.count] = (struct math_token){.kind = MATH_T_END, .at = l.end};
    return l.count + 1;
}
