// Draws a tree for a terminal: a line a node, with its value, advantage, end and text.
//
// `out` is the caller's and keeps any failure.  Text is made harmless: no byte of it
// can steer the terminal.
#ifndef TREE_DRAW_H
#define TREE_DRAW_H

#include "base/buf.h"
#include "tree/tree.h"

enum { TREE_DRAW_LEAST_WIDTH = 40 }; // a smaller width is taken as this

// The bytes of a token; NULL and 0 where it has none (a special token).
typedef const char *tree_token_text(void *context, int32_t token, size_t *len);

// Appends the drawing of a canonical tree: lines of at most `width` columns (the outer
// rules of deep nodes are left out), with terminal colours where `color` is not 0.
// ERR_NOMEM.
CHECKED enum status tree_draw(struct buf *out, const struct tree *t,
                              tree_token_text *text, void *context, int width,
                              int color);

#endif
