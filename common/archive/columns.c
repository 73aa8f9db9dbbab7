#include "columns.h"

#include <stdint.h>

const struct column_info column_table[COLUMNS] = {
    [TREE_PROMPT_ID] = {"/trees/prompt_id", COLUMN_U64},
    [TREE_STEP] = {"/trees/step", COLUMN_U64},
    [TREE_POLICY_VERSION] = {"/trees/policy_version", COLUMN_U64},
    [TREE_NODE_END] = {"/trees/node_end", COLUMN_U64},
    [TREE_CONTROL] = {"/trees/control", COLUMN_F32},
    [TREE_TOKEN_END] = {"/trees/token_end", COLUMN_U64},
    [NODE_PARENT] = {"/nodes/parent", COLUMN_I32},
    [NODE_CHILD_INDEX] = {"/nodes/child_index", COLUMN_I32},
    [NODE_BRANCHING] = {"/nodes/branching", COLUMN_I32},
    [NODE_DEPTH] = {"/nodes/depth", COLUMN_I32},
    [NODE_TOKEN_BEGIN] = {"/nodes/token_begin", COLUMN_I32},
    [NODE_TOKEN_COUNT] = {"/nodes/token_count", COLUMN_I32},
    [NODE_END_KIND] = {"/nodes/end", COLUMN_I32},
    [NODE_REWARD] = {"/nodes/reward", COLUMN_F32},
    [NODE_KEEP] = {"/nodes/keep", COLUMN_F32},
    [NODE_RATIO] = {"/nodes/ratio", COLUMN_F32},
    [NODE_VALUE] = {"/nodes/value", COLUMN_F32},
    [NODE_ADVANTAGE] = {"/nodes/advantage", COLUMN_F32},
    [NODE_WEIGHT] = {"/nodes/weight", COLUMN_F32},
    [TOKEN_ID] = {"/tokens/id", COLUMN_I32},
    [TOKEN_LOG_PROB] = {"/tokens/log_prob", COLUMN_F32},
    [TOKEN_ENTROPY] = {"/tokens/entropy", COLUMN_F32},
};

hid_t column_type(enum column c)
{
    switch (column_table[c].type) {
    case COLUMN_U64:
        return H5T_NATIVE_UINT64;
    case COLUMN_I32:
        return H5T_NATIVE_INT32;
    case COLUMN_F32:
        break;
    }
    return H5T_NATIVE_FLOAT;
}

size_t column_size(enum column c)
{
    return column_table[c].type == COLUMN_U64 ? sizeof(uint64_t) : sizeof(int32_t);
}
