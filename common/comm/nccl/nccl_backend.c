#include "comm/nccl_backend.h"

#include "comm/nccl/nccl_library.h"

static struct nccl_backend backend = {
    .version = nccl_library_version,
    .open = nccl_library_open,
    .calls = nccl_library_calls,
    .close = nccl_library_close,
};

__attribute__((visibility("default"))) void *etreerpo_nccl(void)
{
    return &backend;
}
