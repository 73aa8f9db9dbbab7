// The \boxed parts of a text.  Pure, any thread.
#ifndef VERIFY_MATH_BOX_H
#define VERIFY_MATH_BOX_H

#include <stdbool.h>
#include <stddef.h>

enum { MATH_MAX_BOXES = 16 };

struct math_box {
    const char *start, *end;   // with the command and its braces
    const char *inner, *after; // without
};

// The last box with something in it (not dots, nor the words "your answer") and those
// right before it that "and", "or" or a comma joins to it, in their order; returns how
// many, 0: no such box, or the last one of all is not closed.
int math_boxes(struct math_box out[MATH_MAX_BOXES], const char *text, size_t len);

// From p to end without spaces and marks around it; 0: nothing is left.
int math_trimmed(const char *p, const char *end, const char **answer,
                 size_t *answer_len);
// The text begins with `word`, in any case.
bool math_begins(const char *p, const char *end, const char *word);

#endif
