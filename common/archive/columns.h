// The archive's datasets of trees, nodes and tokens, in one table for writer and
// reader. Private to archive.
#ifndef ARCHIVE_COLUMNS_H
#define ARCHIVE_COLUMNS_H

#include <hdf5.h>

enum column {
    TREE_PROMPT_ID,
    TREE_STEP,
    TREE_POLICY_VERSION,
    TREE_CONTROL,
    TREE_NODE_END,
    TREE_TOKEN_END,
    NODE_PARENT,
    NODE_CHILD_INDEX,
    NODE_BRANCHING,
    NODE_DEPTH,
    NODE_TOKEN_BEGIN,
    NODE_TOKEN_COUNT,
    NODE_END_KIND,
    NODE_REWARD,
    NODE_KEEP,
    NODE_RATIO,
    NODE_VALUE,
    NODE_ADVANTAGE,
    NODE_WEIGHT,
    TOKEN_ID,
    TOKEN_LOG_PROB,
    TOKEN_ENTROPY,
    COLUMNS,
};

struct column_info {
    const char *name; // "/trees/prompt_id"
    enum { COLUMN_U64, COLUMN_I32, COLUMN_F32 } type;
};
extern const struct column_info column_table[COLUMNS];

hid_t column_type(enum column c); // HDF5's id, not to be closed
size_t column_size(enum column c);

#endif
