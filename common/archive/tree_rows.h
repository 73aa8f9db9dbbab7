// Trees as the archive's columns, in memory.  Private to archive.
#ifndef ARCHIVE_TREE_ROWS_H
#define ARCHIVE_TREE_ROWS_H

#include "columns.h"

#include "base/status.h"
#include "tree/tree.h"

#include <stddef.h>
#include <stdint.h>

struct tree_rows {
    void *data[COLUMNS];
    size_t n[COLUMNS]; // items
};

void tree_rows_free(struct tree_rows *r);

// The rows of n trees that follow *nodes nodes and *tokens tokens, which are advanced.
// ERR_NOMEM.
CHECKED enum status tree_rows_gather(struct tree_rows *out, struct tree *const *trees,
                                     size_t n, uint64_t *nodes, uint64_t *tokens);

// The columns in the order in which they are written: the trees' index last, so that a
// reader who follows it finds everything in place.
enum column tree_rows_order(int i); // i in [0, COLUMNS)

#endif
