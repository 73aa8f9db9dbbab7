#include "equation.h"

#include "equation_side.h"
#include "equation_token.h"

enum { UNIT_WORDS = 3 }; // a longer run of words is prose, not a unit

// Where a side stands: before its first number, behind an operator, behind a number.
enum place { AT_START, AT_OPERAND, AT_END };

struct scan {
    struct equations found;
    struct side left, side; // left: what stood before the last '='
    int have_left;
    enum place place;
    enum token_kind last; // the token before
    enum word last_word;  // its class, where it is a word
    int spoiled;          // the rest of this line is not read
    int loose;            // a sum without '=' stands earlier in this clause
    int since_bad;        // words since one that changes the number that follows
    int money;            // a currency sign waits for its number
};

static void start_side(struct scan *s)
{
    side_clear(&s->side);
    s->place = AT_START;
    s->money = 0;
}

// The side ends: judges the equation that it closes.
static void end_side(struct scan *s)
{
    if (s->have_left && s->place == AT_END)
        side_compare(&s->left, &s->side, &s->found);
    s->loose |= !s->have_left && s->side.operators;
    s->have_left = 0;
    start_side(s);
}

// What is not arithmetic spoils the rest of its line, and the equation that it touches.
static void spoil(struct scan *s)
{
    s->have_left = 0;
    start_side(s);
    s->spoiled = 1;
}

static void end_clause(struct scan *s)
{
    if (s->place == AT_OPERAND)
        spoil(s);
    end_side(s);
    s->since_bad = UNIT_WORDS;
    s->loose = 0;
}

static void take_equals(struct scan *s)
{
    int complete = s->place == AT_END;
    if (complete && s->have_left)
        side_compare(&s->left, &s->side, &s->found);
    s->left = s->side;
    s->have_left = complete;
    start_side(s);
    s->since_bad = UNIT_WORDS;
}

// A number or a parenthesis where a side may begin.
static void begin_operand(struct scan *s, const struct token *t)
{
    if (s->place == AT_END) {
        // "7 feet 6 inches": near numbers may be one quantity.
        s->side.doubt = 1;
        end_side(s);
        s->side.doubt = 1;
    }
    if (s->place != AT_START)
        return;
    // "Day 1 - 3", "a 3 + 4": the number may be a name, or the word a variable.
    int named = s->last == TOKEN_WORD &&
                (s->last_word == WORD_LETTER || s->last_word == WORD_MEASURE ||
                 (t->glued && !s->money));
    s->side.doubt |= named || s->loose || s->last == TOKEN_OPERATOR ||
                     s->last == TOKEN_ODD || s->since_bad < UNIT_WORDS;
}

static void take_number(struct scan *s, const struct token *t)
{
    int begun = s->place == AT_START && s->side.len; // by a sign or a parenthesis
    if (!begun)
        begin_operand(s, t);
    side_number(&s->side, t->text, t->len);
    if (s->money)
        side_unit(&s->side, "dollar", 6);
    s->money = 0;
    s->place = AT_END;
}

static void take_open(struct scan *s, const struct token *t)
{
    begin_operand(s, t);
    side_open(&s->side);
}

static void take_close(struct scan *s)
{
    if (s->place == AT_END && side_close(&s->side))
        return;
    end_side(s);
}

// A sign of the number right behind it?
static int is_sign(const struct scan *s, const struct token *t)
{
    if (t->op != '-' || !t->glued_next)
        return 0;
    return s->place == AT_OPERAND || s->last == TOKEN_EQUALS || s->last == TOKEN_OPEN ||
           s->last == TOKEN_BREAK || s->last == TOKEN_STOP;
}

static void take_operator(struct scan *s, const struct token *t)
{
    if (s->place == AT_END) {
        s->side.doubt |= s->side.linked; // "is 9 because - 3"
        side_operator(&s->side, t->op);
        s->place = AT_OPERAND;
    } else if (is_sign(s, t)) {
        side_sign(&s->side);
        // At the start of a line it may be a list's mark.
        s->side.unsure |= s->last == TOKEN_BREAK || s->last == TOKEN_STOP;
    } else {
        s->have_left = 0;
        start_side(s);
    }
}

static void take_unit(struct scan *s, const struct token *t, enum word word)
{
    if (word == WORD_OF && side_is_part(&s->side)) {
        side_operator(&s->side, '*');
        s->side.doubt |= s->side.sums;
        s->place = AT_OPERAND;
        return;
    }
    int joined = t->glued && t->text[0] != '-' &&
                 (s->last == TOKEN_NUMBER || s->last == TOKEN_CLOSE);
    s->side.doubt |= word == WORD_BAD || word == WORD_LETTER || joined;
    s->side.measured |= word == WORD_MEASURE;
    s->side.linked |= word == WORD_LINK;
    if (s->side.words == 0)
        side_unit(&s->side, t->text, t->len);
    if (s->side.words++ == UNIT_WORDS)
        end_side(s);
}

static void take_word(struct scan *s, const struct token *t)
{
    enum word word = word_class(t->text, t->len);
    s->since_bad = word == WORD_BAD || word == WORD_OF ? 0 : s->since_bad + 1;
    if (s->place == AT_END) {
        take_unit(s, t, word);
    } else if (s->place == AT_OPERAND && side_undo_slash(&s->side)) {
        s->place = AT_END; // "$5 / hour"
        take_unit(s, t, word);
    } else if (s->place == AT_OPERAND) {
        spoil(s);
    } else {
        s->have_left = 0;
        start_side(s);
    }
    s->last_word = word;
}

static void take_percent(struct scan *s, const struct token *t)
{
    if (s->last == TOKEN_NUMBER && s->place == AT_END && t->glued)
        side_percent(&s->side);
    else
        s->side.doubt = 1;
}

// A mark at the start of a line: "- 3 + 4 = 7", "* 3 + 4 = 7".
static int is_bullet(const struct scan *s, const struct token *t)
{
    return t->kind == TOKEN_OPERATOR && s->last == TOKEN_BREAK && !t->glued_next;
}

static void take(struct scan *s, const struct token *t)
{
    switch (t->kind) {
    case TOKEN_NUMBER:
        take_number(s, t);
        break;
    case TOKEN_OPEN:
        take_open(s, t);
        break;
    case TOKEN_CLOSE:
        take_close(s);
        break;
    case TOKEN_OPERATOR:
        take_operator(s, t);
        break;
    case TOKEN_EQUALS:
        take_equals(s);
        break;
    case TOKEN_WORD:
        take_word(s, t);
        break;
    case TOKEN_MONEY:
        s->money = 1;
        break;
    case TOKEN_PERCENT:
        take_percent(s, t);
        break;
    default:
        end_clause(s);
    }
}

void equations_scan(const char *text, size_t len, struct equations *out)
{
    struct token_reader reader = {text, text + len, TOKEN_BREAK};
    struct scan s = {.last = TOKEN_BREAK, .since_bad = UNIT_WORDS};
    struct token t;
    while ((t = token_next(&reader)).kind != TOKEN_END) {
        if (t.kind == TOKEN_BREAK) {
            end_clause(&s);
            s.spoiled = 0;
        } else if (t.kind == TOKEN_ODD) {
            spoil(&s);
        } else if (is_bullet(&s, &t)) {
            t.kind = TOKEN_STOP;
        } else if (!s.spoiled) {
            take(&s, &t);
        }
        if (t.kind != TOKEN_MONEY)
            s.last = t.kind;
    }
    *out = s.found;
}
