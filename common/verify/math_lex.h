// The parts of math_tokens.  The token points into the text.
#ifndef VERIFY_MATH_LEX_H
#define VERIFY_MATH_LEX_H

#include "math_token.h"

struct lexer {
    const char *p, *end;
    struct math_token *out;
    size_t count;
    int brackets;     // open ( [ \{: there a comma always separates
    int environments; // \begin without \end
    int text;         // open braces of \text{, counting its own
    bool spaced;      // white space since the last token
    bool overflow;    // too many tokens
};

bool lex_starts(const char *p, const char *end, const char *prefix);
void lex_emit(struct lexer *l, struct math_token token, const char *at, size_t len);
// Emits `len` bytes and moves behind them.
void lex_take(struct lexer *l, enum math_token_kind kind, uint64_t id, size_t len);
void lex_skip(struct lexer *l, size_t len);
// The token before; MATH_T_END at the start.
enum math_token_kind lex_last_kind(const struct lexer *l);
void lex_number(struct lexer *l);
void lex_word(struct lexer *l);
void lex_beyond_ascii(struct lexer *l);

#endif
