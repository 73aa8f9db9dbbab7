// One GPU as the layers above see it: memory, copies, streams, graphs, and waits
// that have a deadline.  Plain C over the CUDA runtime; the only other door to a device
// is ops.h (kernels) and gemm.h (cuBLASLt).
//
// What is enqueued runs later and in order.  An error of a kernel or a copy shows at
// the next gpu_wait or gpu_check as ERR_IO; the GPU is then of no further use.
// One thread.
#ifndef TENSOR_CUDA_RUNTIME_H
#define TENSOR_CUDA_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/status.h"

struct gpu;

// What an element of a weight or an activation is.  Sums are float either way.
enum gpu_type { GPU_F32, GPU_BF16 };
static inline size_t gpu_type_bytes(enum gpu_type t)
{
    return t == GPU_F32 ? 4 : 2;
}

// GPU_MAIN computes; GPU_SIDE carries the optimizer's state from and to the host, and
// GPU_BROADCAST new weights from device to device, both beside the computation.
enum gpu_stream { GPU_MAIN, GPU_SIDE, GPU_BROADCAST, GPU_STREAMS };

struct gpu_info {
    char name[128];
    unsigned char uuid[16];
    int major, minor;    // compute capability
    int multiprocessors; // SMs
    size_t total_bytes, free_bytes;
};

// ERR_INPUT: why there is none.
CHECKED enum status gpu_count(int *out);
// ERR_INPUT says in one line what is missing: no driver, no device, too old a one.
CHECKED enum status gpu_open(struct gpu **out, int ordinal);
void gpu_close(struct gpu *g);
CHECKED enum status gpu_describe(const struct gpu *g, struct gpu_info *out);

// ERR_NOMEM.  Freed by the caller, before gpu_close.
CHECKED enum status gpu_memory_new(struct gpu *g, void **out, size_t bytes);
// After an ERR_TIMEOUT it frees nothing, for it would wait without a deadline; likewise
// gpu_host_free.
void gpu_memory_free(struct gpu *g, void *device);
// Page-locked host memory, zeroed: copies to and from it do not hold up the host.
CHECKED enum status gpu_host_new(struct gpu *g, void **out, size_t bytes);
void gpu_host_free(struct gpu *g, void *host);

// Enqueued; `host` must stay as it is until a wait.
void gpu_upload(struct gpu *g, enum gpu_stream s, void *device, const void *host,
                size_t bytes);
void gpu_download(struct gpu *g, enum gpu_stream s, void *host, const void *device,
                  size_t bytes);
void gpu_copy(struct gpu *g, enum gpu_stream s, void *to, const void *from,
              size_t bytes);
void gpu_zero(struct gpu *g, enum gpu_stream s, void *device, size_t bytes);

// What is enqueued on `s` from now on waits for all that `before` holds now.
void gpu_after(struct gpu *g, enum gpu_stream s, enum gpu_stream before);
// Until the stream is empty.  ERR_TIMEOUT after deadline_ms; `what` names the work.
CHECKED enum status gpu_wait(struct gpu *g, enum gpu_stream s, int64_t deadline_ms,
                             const char *what);
CHECKED enum status gpu_check(struct gpu *g, const char *what);

// A recorded run of the main stream, to be repeated with the same arguments.
struct gpu_graph;
CHECKED enum status gpu_capture_begin(struct gpu *g);
CHECKED enum status gpu_capture_end(struct gpu *g, struct gpu_graph **out);
CHECKED enum status gpu_graph_launch(struct gpu *g, struct gpu_graph *graph);
void gpu_graph_free(struct gpu_graph *graph);

// For the layers below.  A cudaError_t of a call that cannot report it: the next
// gpu_check or gpu_wait will.
void gpu_note(struct gpu *g, int error);
// A cudaStream_t.
void *gpu_stream_of(const struct gpu *g, enum gpu_stream s);
int gpu_multiprocessors(const struct gpu *g);
size_t gpu_shared_bytes(const struct gpu *g); // the most that a block can have
// Whether a kernel may begin while the one before it ends, also in a recorded run.
int gpu_overlaps(const struct gpu *g);

#ifdef __cplusplus
}
#endif

#endif
