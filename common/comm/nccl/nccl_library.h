// The real table of comm/nccl_calls.h: libnccl.so.2, looked for when it is first asked
// for, so that a program without it still runs.  Compiled into the CUDA shared object
// only.
#ifndef COMM_NCCL_NCCL_LIBRARY_H
#define COMM_NCCL_NCCL_LIBRARY_H

#include "base/status.h"
#include "comm/nccl_calls.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nccl_library;

// *version as NCCL encodes it, 22809 for 2.28.9.  ERR_INPUT says what is missing: the
// library, or a call that it is too old for.
CHECKED enum status nccl_library_version(int *version);

// Broadcasts go to `stream` (a cudaStream_t) of the current device; the caller's thread
// keeps that device current.  ERR_INPUT as above, ERR_NOMEM.
CHECKED enum status nccl_library_open(struct nccl_library **out, void *stream);
// The table; valid until nccl_library_close, as is everything made through it.
const struct nccl_calls *nccl_library_calls(const struct nccl_library *l);
// After every communicator and ticket is given back.  The shared object stays loaded.
void nccl_library_close(struct nccl_library *l);

#ifdef __cplusplus
}
#endif
#endif
