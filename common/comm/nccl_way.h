// Which way the weights travel: NCCL where every rank has a GPU of its own and the same
// library, host-staged MPI everywhere else.  Pure.
#ifndef COMM_NCCL_WAY_H
#define COMM_NCCL_WAY_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum weights_way { WEIGHTS_BY_MPI, WEIGHTS_BY_NCCL };
enum weights_wish { WEIGHTS_AUTO, WEIGHTS_WISH_NCCL, WEIGHTS_WISH_MPI };

enum { NCCL_VERSION_NEEDED = 22700 }; // 2.27: ncclCommShrink

struct nccl_rank { // what a rank says of itself
    uint64_t host; // a hash of the host's name
    bool has_gpu;
    uint8_t gpu[16];  // its UUID; all zero: unknown
    int nccl_version; // as NCCL encodes it, 22809 for 2.28.9; 0: no library
};

struct weights_choice {
    enum weights_way way;
    char reason[160]; // a line for the log
};

// `ranks` holds n >= 0 ranks; with one process nothing travels, whatever the wish.
// ERR_INPUT, with the reason: NCCL was wished for and cannot be had.
CHECKED enum status weights_choose(struct weights_choice *out,
                                   const struct nccl_rank *ranks, int n,
                                   enum weights_wish wish);

#endif
