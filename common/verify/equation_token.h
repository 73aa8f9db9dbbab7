// The words, numbers and signs of prose that may hold arithmetic.  Pure, any thread.
#ifndef VERIFY_EQUATION_TOKEN_H
#define VERIFY_EQUATION_TOKEN_H

#include <stddef.h>

enum token_kind {
    TOKEN_END,      // of the text, or of what is surely complete of it
    TOKEN_BREAK,    // a new line
    TOKEN_STOP,     // punctuation between clauses
    TOKEN_ODD,      // what plain arithmetic has not: powers, comparisons, markup
    TOKEN_NUMBER,   // digits, with thousands separators and a fraction
    TOKEN_WORD,     // letters, inner hyphens and apostrophes, any byte beyond ASCII
    TOKEN_OPERATOR, // op is one of + - * /
    TOKEN_EQUALS,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_MONEY, // $, pound, euro
    TOKEN_PERCENT,
};

struct token {
    enum token_kind kind;
    char op;
    const char *text; // within the text that is read
    size_t len;
    int glued;      // no space before it
    int glued_next; // no space behind it
};

struct token_reader {
    const char *p, *end;
    enum token_kind last;
};

// Annotations <<...>> are skipped.  A token that touches the end of the text may still
// grow, so it counts as the end; only a new line is complete there.
struct token token_next(struct token_reader *r);

#endif
