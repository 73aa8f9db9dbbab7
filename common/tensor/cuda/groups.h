// Equal tokens of a pack, side by side.  Host code, pure.
#ifndef TENSOR_CUDA_GROUPS_H
#define TENSOR_CUDA_GROUPS_H

#include <stdint.h>

// order (M): the rows sorted by token, then by row; rows of token[k] are
// order[first[k]] .. order[first[k + 1] - 1].  first has room for M + 1.  Returns the
// number of different tokens.
int token_groups(int32_t *order, int32_t *first, int32_t *token, const int32_t *tokens,
                 int M);

#endif
