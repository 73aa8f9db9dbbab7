// Text of a model on one line of a terminal: harmless, and cut to its columns.
//
// The bytes may come in any pieces and may be no valid UTF-8.  Lives on the stack for
// one piece of a line; `out` is the caller's and keeps any failure.
#ifndef TREE_DRAW_TEXT_H
#define TREE_DRAW_TEXT_H

#include "base/buf.h"

struct draw_text {
    struct buf *out;
    int room;    // columns to fill
    int columns; // filled so far
    int full;    // 1 once something did not fit
    size_t cut;  // length of `out` up to which "..." still fits behind
    unsigned char pending[4];
    int n_pending, n_wanted; // bytes of a character that has begun
};

void draw_text_begin(struct draw_text *d, struct buf *out, int room);
void draw_text_put(struct draw_text *d, const char *bytes, size_t len);
void draw_text_end(struct draw_text *d);

#endif
