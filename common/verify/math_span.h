// A stretch of text, and ASCII's letters: what both ways of finding an answer read by.
// Private to the layer.  Pure.
#ifndef VERIFY_MATH_SPAN_H
#define VERIFY_MATH_SPAN_H

#include <stdbool.h>

struct span {
    const char *p, *end;
};

static inline char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static inline bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

#endif
