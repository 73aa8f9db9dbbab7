// One side of an equation in prose: its arithmetic as text, and reasons to doubt it.
// Pure, any thread.
#ifndef VERIFY_EQUATION_SIDE_H
#define VERIFY_EQUATION_SIDE_H

#include "equation.h"
#include "expression.h"

#include <stddef.h>
#include <stdint.h>

struct side {
    char text[EXPRESSION_MAX_BYTES]; // for expression_eval
    size_t len;
    size_t operand;                // where the last operand starts in text
    size_t first_len;              // bytes of text up to the end of the first operand
    int fraction;                  // digits behind the first operand's point
    int operands, operators, sums; // sums: of the operators, + and -
    char last_operator;
    int percents; // operands with a % sign
    int first_percent;
    int depth, opened; // open parentheses; those before the first operand
    int words;         // since the last operand
    int unit_set, units_differ, measured;
    int linked; // a word behind the last operand begins another thought
    uint64_t unit;
    int doubt;  // not plain arithmetic: never judged
    int unsure; // read in one of two ways: never called wrong
};

void side_clear(struct side *s);
void side_number(struct side *s, const char *text, size_t len); // with , between digits
void side_operator(struct side *s, char op);
void side_sign(struct side *s);    // a minus before the next operand
void side_percent(struct side *s); // the last operand is a percentage
void side_open(struct side *s);
int side_close(struct side *s);         // 0: nothing is open
int side_is_part(const struct side *s); // ends in a percentage or a fraction
int side_undo_slash(struct side *s);    // takes back a '/' just written; 1: done
void side_unit(struct side *s, const char *word, size_t len);

// Counts left = right into *found, where it can be judged.
void side_compare(const struct side *left, const struct side *right,
                  struct equations *found);

// What a word does to the number beside it.
enum word {
    WORD_PLAIN,
    WORD_OF,
    WORD_LETTER,  // one letter: a variable
    WORD_BAD,     // a number, a multiple, an operation in words
    WORD_LINK,    // because, is, then: what follows is another thought
    WORD_MEASURE, // a unit that converts into others
};
enum word word_class(const char *word, size_t len);

#endif
