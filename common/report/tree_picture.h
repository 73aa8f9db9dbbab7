// A tree as an SVG element: a bar a node, as wide as its share of the tree, coloured by
// its value, its text as a tooltip.
#ifndef REPORT_TREE_PICTURE_H
#define REPORT_TREE_PICTURE_H

#include "base/buf.h"
#include "tree/draw.h"
#include "tree/tree.h"

// `text` may be NULL: tooltips then show lengths alone.  ERR_NOMEM.
CHECKED enum status tree_picture(struct buf *out, const struct tree *t,
                                 tree_token_text *text, void *context);

#endif
