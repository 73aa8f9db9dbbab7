// Control arrays of a decoding call, made in pinned memory and sent.  Private to the
// folder.
#ifndef MODEL_CUDA_DECODE_ROWS_H
#define MODEL_CUDA_DECODE_ROWS_H

#include "state.h"

// Of a decode step over rows->n rows, filled up with copies of the first to `padded`,
// whose keys, values and states go where nobody reads.  ERR_LIMIT.
CHECKED enum status rows_send_step(struct device *d, const struct device_rows *rows,
                                   int padded);
// Of a prompt's rows, the last of their path.  ERR_LIMIT.
CHECKED enum status rows_send_prompt(struct device *d, const struct device_rows *rows);

#endif
