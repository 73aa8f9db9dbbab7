// In place of nccl_library.c where the build found no nccl.h.
#include "comm/nccl/nccl_library.h"

static enum status absent(void)
{
    return status_fail(ERR_INPUT, "NCCL: the GPU backend was built without nccl.h");
}

enum status nccl_library_version(int *version)
{
    (void)version;
    return absent();
}

enum status nccl_library_open(struct nccl_library **out, void *stream)
{
    (void)out;
    (void)stream;
    return absent();
}

const struct nccl_calls *nccl_library_calls(const struct nccl_library *l)
{
    (void)l;
    return 0;
}

void nccl_library_close(struct nccl_library *l)
{
    (void)l;
}
