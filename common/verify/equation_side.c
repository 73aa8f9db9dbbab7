#include "equation_side.h"

#include <string.h>

void side_clear(struct side *s)
{
    *s = (struct side){0};
}

static void put(struct side *s, const char *text, size_t len)
{
    if (s->len + len > sizeof s->text) {
        s->doubt = 1;
        return;
    }
    memcpy(s->text + s->len, text, len);
    s->len += len;
}

void side_number(struct side *s, const char *text, size_t len)
{
    int point = 0, fraction = 0;
    s->operand = s->len;
    for (size_t i = 0; i < len; i++) {
        fraction += point;
        point |= text[i] == '.';
        if (text[i] != ',')
            put(s, text + i, 1);
    }
    if (s->operands++ == 0) {
        s->first_len = s->len;
        s->fraction = fraction;
        s->opened = s->depth;
    }
    s->words = 0;
    s->linked = 0;
}

void side_operator(struct side *s, char op)
{
    put(s, &op, 1);
    // 6 / 1/2 may mean 6 / (1/2).
    s->unsure |= op == '/' && s->last_operator == '/';
    s->last_operator = op;
    s->operators++;
    s->sums += op == '+' || op == '-';
    s->words = 0;
}

void side_sign(struct side *s)
{
    put(s, "-", 1);
}

void side_percent(struct side *s)
{
    // One operand for * and /: 1/20% is 1/(20/100).
    char number[EXPRESSION_MAX_BYTES];
    size_t len = s->len - s->operand;
    memcpy(number, s->text + s->operand, len);
    s->len = s->operand;
    put(s, "(", 1);
    put(s, number, len);
    put(s, "/100)", 5);
    s->percents++;
    if (s->operands == 1) {
        s->first_len = s->len;
        s->first_percent = 1;
    }
}

void side_open(struct side *s)
{
    put(s, "(", 1);
    s->depth++;
}

int side_close(struct side *s)
{
    if (!s->depth)
        return 0;
    s->depth--;
    put(s, ")", 1);
    s->words = 0;
    return 1;
}

int side_is_part(const struct side *s)
{
    if (s->words || !s->operands)
        return 0;
    int fraction = s->operand && s->text[s->operand - 1] == '/';
    return fraction || (s->len && s->text[s->len - 1] == ')' && s->percents);
}

int side_undo_slash(struct side *s)
{
    if (!s->len || s->text[s->len - 1] != '/')
        return 0;
    s->len--;
    s->operators--;
    s->last_operator = 0;
    s->words = 1;
    return 1;
}

// Lower case, without a plural s.
static size_t normal(char *out, size_t room, const char *word, size_t len)
{
    size_t n = len < room ? len : room;
    for (size_t i = 0; i < n; i++)
        out[i] = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] + 32) : word[i];
    return n > 1 && out[n - 1] == 's' ? n - 1 : n;
}

void side_unit(struct side *s, const char *word, size_t len)
{
    char text[24];
    size_t n = normal(text, sizeof text, word, len);
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (uint64_t)(unsigned char)text[i]) * 1099511628211u;
    s->units_differ |= s->unit_set && s->unit != hash;
    s->unit = hash;
    s->unit_set = 1;
}

// Is the word one of `list`, whose words stand between spaces?
static int among(const char *list, const char *word, size_t len)
{
    for (const char *p = list; *p; p++) {
        size_t n = strcspn(p, " ");
        if (n == len && memcmp(p, word, len) == 0)
            return 1;
        p += n;
        if (!*p)
            break;
    }
    return 0;
}

// Words as normal() leaves them: "plu" is plus, "i" is is.
static const char bad_words[] =
    "dozen hundred thousand million billion trillion half halve twice "
    "double triple quadruple thrice pair score quarter third fourth fifth "
    "sixth seventh eighth ninth tenth percent squared cubed square cube "
    "root sqrt power plu minu time divided multiplied added subtracted by "
    "over than average mean mod modulo base remainder log ln sin cos tan "
    "max min between am pm o'clock step number no room part problem "
    "question case age one two three four five six seven eight nine ten "
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety";
static const char measures[] =
    "second sec minute hour hr day week month year decade cent dollar penny "
    "pennie dime nickel inch inche foot feet ft yard yd mile meter metre "
    "centimeter kilometer cm km mm kg mg gram kilogram pound lb ounce "
    "oz ton gallon quart pint cup liter litre ml milliliter tablespoon "
    "teaspoon";
static const char links[] =
    "because so i are wa were then which if but or ha have had since give "
    "get and that thi make need equal";

enum word word_class(const char *word, size_t len)
{
    char text[24];
    if (len > 1 && word[0] == '-')
        word++, len--;
    size_t n = normal(text, sizeof text, word, len);
    if (n == 2 && memcmp(text, "of", 2) == 0)
        return WORD_OF;
    if (among(measures, text, n))
        return WORD_MEASURE;
    if (among(bad_words, text, n))
        return WORD_BAD;
    if (len > 1 && among(links, text, n))
        return WORD_LINK;
    return len == 1 && text[0] != 'a' ? WORD_LETTER : WORD_PLAIN;
}

// |left - right| is under one unit of the last digit of right's first operand, or is
// one unit of two or more decimals (4.20 + 9.45 + 1.35 = 14.99, cut
// from 14.999999999999998), or is as small as what double precision leaves.
static int is_near(const mpq_t left, const mpq_t right, const struct side *side)
{
    mpq_t gap, unit;
    mpq_inits(gap, unit, (mpq_ptr)NULL);
    mpq_sub(gap, left, right);
    mpq_abs(gap, gap);
    mpq_set_ui(unit, 1, 1);
    mpz_ui_pow_ui(mpq_denref(unit), 10,
                  (unsigned long)(side->fraction + 2 * side->first_percent));
    int order = mpq_cmp(gap, unit);
    int near = order < 0 || (order == 0 && side->fraction >= 2);
    mpq_set_ui(unit, 1000000000000u, 1);
    mpq_mul(gap, gap, unit);
    mpq_abs(unit, left);
    near |= mpq_cmp(gap, unit) < 0;
    mpq_clears(gap, unit, (mpq_ptr)NULL);
    return near;
}

// The right side is the left one, rounded; the sign of a percentage may be left out
// (3 / 21 * 100% = 14.28).
static int is_rounded(const mpq_t value, const mpq_t first, const struct side *left,
                      const struct side *right)
{
    if (is_near(value, first, right))
        return 1;
    if (!left->percents || right->percents)
        return 0;
    mpq_t scaled;
    mpq_init(scaled);
    mpq_set_ui(scaled, 100, 1);
    mpq_mul(scaled, scaled, value);
    int near = is_near(scaled, first, right);
    mpq_clear(scaled);
    return near;
}

// One is 100, 1000 or 10^6 times the other: cents, per cent, thousands, millions.
static int is_shifted(const mpq_t left, const mpq_t right)
{
    static const unsigned long factors[] = {100, 1000, 1000000};
    if (mpq_sgn(left) == 0 || mpq_sgn(right) == 0)
        return 0;
    mpq_t ratio, inverse;
    mpq_inits(ratio, inverse, (mpq_ptr)NULL);
    mpq_div(ratio, left, right);
    mpq_inv(inverse, ratio);
    int shifted = 0;
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        shifted |= mpq_cmp_ui(ratio, factors[i], 1) == 0 ||
                   mpq_cmp_ui(inverse, factors[i], 1) == 0;
    mpq_clears(ratio, inverse, (mpq_ptr)NULL);
    return shifted;
}

// "1800 - 2000 = 200 less": the words may say the sign.
static int is_turned(const mpq_t value, const mpq_t first, const struct side *right)
{
    mpq_t sum;
    mpq_init(sum);
    mpq_add(sum, value, first);
    int turned = mpq_sgn(sum) == 0 && mpq_sgn(value) < 0 && right->words > 0;
    mpq_clear(sum);
    return turned;
}

// Reasons in the text why sides that differ may still be meant rightly.
static int is_unsure(const struct side *left, const struct side *right)
{
    int mixed = left->percents && left->percents < left->operands && left->sums;
    int converted = right->measured && left->unit != right->unit;
    // "1/4 container = 15 pints" names a part.
    int part = left->operators == 1 && left->last_operator == '/' && left->words;
    return left->unsure || right->unsure || mixed || converted || part ||
           (left->sums && left->units_differ);
}

void side_compare(const struct side *left, const struct side *right,
                  struct equations *found)
{
    // Parentheses around the equation itself belong to neither side.
    size_t skip = left->depth <= left->opened ? (size_t)left->depth : 0;
    if (left->doubt || right->doubt || !left->operators || (left->depth && !skip))
        return;
    mpq_t value, first, whole;
    mpq_inits(value, first, whole, (mpq_ptr)NULL);
    if (expression_eval(value, left->text + skip, left->len - skip) &&
        expression_eval(whole, right->text, right->len)) {
        if (!expression_eval(first, right->text, right->first_len))
            mpq_set(first, whole); // it starts with a parenthesis
        if (mpq_equal(value, whole) || mpq_equal(value, first))
            found->right++;
        else
            found->wrong += !is_unsure(left, right) && !is_shifted(value, first) &&
                            !is_turned(value, first, right) &&
                            !is_rounded(value, first, left, right);
    }
    mpq_clears(value, first, whole, (mpq_ptr)NULL);
}
