// What the CUDA shared object offers of NCCL, under the name "etreerpo_nccl": the
// functions of comm/nccl/nccl_library.h, whose contracts hold.
#ifndef COMM_NCCL_BACKEND_H
#define COMM_NCCL_BACKEND_H

#include "base/status.h"
#include "comm/nccl_calls.h"

struct nccl_library;

struct nccl_backend {
    enum status (*version)(int *version);
    enum status (*open)(struct nccl_library **out, void *stream);
    const struct nccl_calls *(*calls)(const struct nccl_library *l);
    void (*close)(struct nccl_library *l);
};

void *etreerpo_nccl(void); // a const struct nccl_backend *; the program itself has none

#endif
