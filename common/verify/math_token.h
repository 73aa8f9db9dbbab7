// Tokens of an answer: LaTeX and plain mathematics, without spacing, sizing and fonts.
//
// The tokens point into the text, which must outlive them.  Pure, any thread.
#ifndef VERIFY_MATH_TOKEN_H
#define VERIFY_MATH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A longer answer is not read: these bound the time and the memory of a comparison.
enum { MATH_MAX_BYTES = 4096, MATH_MAX_TOKENS = 4096 };

enum math_token_kind {
    MATH_T_END,
    MATH_T_NUM,    // 12, 3.5, 14,\!400
    MATH_T_NAME,   // one letter, or a symbol's command: x, \alpha
    MATH_T_WORD,   // a word of prose, with `text` where LaTeX says so
    MATH_T_CALL,   // a function's name: \sin, log
    MATH_T_BIG,    // \sum, \prod, \int, \lim
    MATH_T_ACCENT, // \overline, \vec
    MATH_T_PLUS,
    MATH_T_MINUS,
    MATH_T_TIMES,
    MATH_T_OVER,
    MATH_T_POWER,
    MATH_T_SUB,
    MATH_T_FACTORIAL,
    MATH_T_PRIME,
    MATH_T_BAR,
    MATH_T_OPEN,  // ( [ and \langle: the character in `id`
    MATH_T_CLOSE, // ) ] and \rangle
    MATH_T_LBRACE,
    MATH_T_RBRACE,
    MATH_T_LSET,
    MATH_T_RSET,
    MATH_T_SEPARATOR, // , ; `and`, `or`: in `id` 0 or enum math_separator
    MATH_T_MID,       // \mid
    MATH_T_NAMED,     // \R: the letter in `id`
    MATH_T_EMPTY,     // \emptyset
    MATH_T_COLON,
    MATH_T_RELATION, // the operator in `id`: enum math_relation
    MATH_T_PM,
    MATH_T_MP,
    MATH_T_FRAC,
    MATH_T_BINOM,
    MATH_T_ROOT,
    MATH_T_PERCENT,
    MATH_T_DEGREE,
    MATH_T_CURRENCY, // \$: the unit's id
    MATH_T_INFINITY,
    MATH_T_INFIX, // \\choose, \\over, \\bmod, \\pmod: enum math_infix in `id`
    MATH_T_SETOP, // \cup \cap \setminus: the character in `id`
    MATH_T_BEGIN,
    MATH_T_FINISH, // \end
    MATH_T_CELL,
    MATH_T_ROW,
    MATH_T_BOX,
    MATH_T_SKIP // spacing, sizing, fonts: never in the result
};

enum { MATH_NAMED_SET_BOLD = 0x100 }; // \mathbf{R}: maybe only a letter

enum math_infix { MATH_CHOOSE_INFIX, MATH_OVER_INFIX, MATH_MOD_INFIX, MATH_PMOD_INFIX };

enum math_separator { MATH_OR_ID = 1, MATH_AND_ID = 2 };

enum math_relation {
    MATH_NO_RELATION,
    MATH_EQ,
    MATH_NE,
    MATH_LT,
    MATH_LE,
    MATH_GT,
    MATH_GE,
    MATH_ABOUT,
    MATH_MEMBER,
    MATH_NOT_MEMBER,
    MATH_RATIO,
    MATH_OTHER_RELATION // with the command's own number added
};

struct math_token {
    enum math_token_kind kind;
    const char *at;
    size_t len;
    uint64_t id;
    bool spaced; // white space before it
    bool text;   // inside \text{}
    bool unit;   // a word known as a unit
};

// Names as numbers (FNV-1a), chained by `seed`.
uint64_t math_hash(uint64_t seed, const char *text, size_t len);

// Splits the text into at most MATH_MAX_TOKENS tokens, the last MATH_T_END; returns how
// many, 0 where there are too many or a bracket of \text stays open.
size_t math_tokens(struct math_token *out, const char *text, size_t len);

// The id of a currency's unit.
uint64_t math_currency(const char *word);
// What a command (without its backslash) or a plain word means; false: not in the
// table.
bool math_command(struct math_token *token, const char *name, size_t len);
bool math_word(struct math_token *token, const char *name, size_t len);
// A function's name: \\sin, \\operatorname{lcm}.
bool math_function(struct math_token *token, const char *name, size_t len);
// The command's argument is prose: \text, \mbox.  It is not shown: \phantom.
bool math_opens_text(const char *name, size_t len);
bool math_hides(const char *name, size_t len);
// The bytes of digits beyond 9 in a base, A5 of A5_{11}; 0: something else.
size_t math_base_digits(const char *text, size_t len);
// The text begins with a group that may be a unit: {~cm}, {m/s^2}.
bool math_unit_group(const char *text, size_t len);
// A symbol outside ASCII at the front of the text; returns its bytes, 0: none.
size_t math_symbol(struct math_token *token, const char *text, size_t len);

#endif
