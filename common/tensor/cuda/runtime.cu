#include "runtime.h"

extern "C" {
#include "base/clock.h"
#include "base/mem.h"
}

#include <cuda_runtime.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

struct gpu {
    cudaStream_t streams[GPU_STREAMS];
    cudaEvent_t order[GPU_STREAMS]; // of gpu_after
    cudaDeviceProp properties;
    int driver;              // version; 0: unknown
    cudaError_t first_error; // of a call that could not report it
    int hung; // a wait passed its deadline: no call that waits by itself is made any
              // more
};

struct gpu_graph {
    cudaGraphExec_t graph;
};

static enum status failed(enum status st, cudaError_t e, const char *what)
{
    return status_fail(st, "%s: %s", what, cudaGetErrorString(e));
}

static void note(struct gpu *g, cudaError_t e)
{
    if (e != cudaSuccess && g->first_error == cudaSuccess)
        g->first_error = e;
}

static enum status open_streams(struct gpu *g)
{
    for (int i = 0; i < GPU_STREAMS; i++) {
        cudaError_t e =
            cudaStreamCreateWithFlags(&g->streams[i], cudaStreamNonBlocking);
        if (e == cudaSuccess)
            e = cudaEventCreateWithFlags(&g->order[i], cudaEventDisableTiming);
        if (e != cudaSuccess)
            return failed(ERR_IO, e, "GPU streams");
    }
    return OK;
}

// CUDA calls a missing driver an insufficient one; its version is then 0.
static enum status unusable(cudaError_t e)
{
    int driver = 0, runtime = 0;
    (void)cudaRuntimeGetVersion(&runtime);
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
        return status_fail(ERR_INPUT, "no GPU can be used: there is no NVIDIA driver "
                                      "(libcuda.so.1)");
    return status_fail(
        ERR_INPUT,
        "no GPU can be used: %s (the driver is made for CUDA %d.%d, this "
        "build for %d.%d)",
        cudaGetErrorString(e), driver / 1000, driver / 10 % 100, runtime / 1000,
        runtime / 10 % 100);
}

enum status gpu_count(int *out)
{
    int n = 0;
    cudaError_t e = cudaGetDeviceCount(&n);
    if (e != cudaSuccess)
        return unusable(e);
    if (n < 1)
        return status_fail(ERR_INPUT, "no GPU: the driver shows none");
    *out = n;
    return OK;
}

enum status gpu_open(struct gpu **out, int ordinal)
{
    struct gpu *g = NULL;
    int n = 0;
    TRY(gpu_count(&n));
    if (ordinal < 0 || ordinal >= n)
        return status_fail(ERR_INPUT, "GPU %d: this machine shows %d", ordinal, n);
    TRY(mem_new(&g, 1, sizeof *g));
    cudaError_t e = cudaSetDevice(ordinal);
    if (e == cudaSuccess)
        e = cudaGetDeviceProperties(&g->properties, ordinal);
    if (e == cudaSuccess)
        e = cudaDriverGetVersion(&g->driver);
    enum status st = e == cudaSuccess ? OK : failed(ERR_IO, e, "GPU");
    if (st == OK && g->properties.major < 8)
        st = status_fail(
            ERR_INPUT, "GPU %d, %s, is of compute capability %d.%d: 8.0 is needed",
            ordinal, g->properties.name, g->properties.major, g->properties.minor);
    if (st == OK)
        st = open_streams(g);
    if (st != OK) {
        gpu_close(g);
        return st;
    }
    *out = g;
    return OK;
}

void gpu_close(struct gpu *g)
{
    if (!g)
        return;
    for (int i = 0; i < GPU_STREAMS; i++) {
        if (g->order[i])
            (void)cudaEventDestroy(g->order[i]);
        if (g->streams[i])
            (void)cudaStreamDestroy(g->streams[i]);
    }
    mem_free(g);
}

enum status gpu_describe(const struct gpu *g, struct gpu_info *out)
{
    struct gpu_info info = {};
    cudaError_t e = cudaMemGetInfo(&info.free_bytes, &info.total_bytes);
    if (e != cudaSuccess)
        return failed(ERR_IO, e, "GPU memory");
    (void)snprintf(info.name, sizeof info.name, "%.127s", g->properties.name);
    memcpy(info.uuid, g->properties.uuid.bytes, sizeof info.uuid);
    info.major = g->properties.major;
    info.minor = g->properties.minor;
    info.multiprocessors = g->properties.multiProcessorCount;
    *out = info;
    return OK;
}

enum status gpu_memory_new(struct gpu *, void **out, size_t bytes)
{
    cudaError_t e = cudaMalloc(out, bytes);
    if (e == cudaSuccess)
        return OK;
    (void)cudaGetLastError(); // or the next check would report it again
    return status_fail(ERR_NOMEM, "%zu bytes of GPU memory: %s", bytes,
                       cudaGetErrorString(e));
}

void gpu_memory_free(struct gpu *g, void *device)
{
    if (!g->hung) // it waits for the GPU
        note(g, cudaFree(device));
}

enum status gpu_host_new(struct gpu *, void **out, size_t bytes)
{
    cudaError_t e = cudaHostAlloc(out, bytes, cudaHostAllocDefault);
    if (e != cudaSuccess) {
        (void)cudaGetLastError();
        return status_fail(ERR_NOMEM, "%zu bytes of page-locked memory: %s", bytes,
                           cudaGetErrorString(e));
    }
    memset(*out, 0, bytes);
    return OK;
}

void gpu_host_free(struct gpu *g, void *host)
{
    if (host && !g->hung)
        note(g, cudaFreeHost(host));
}

void gpu_upload(struct gpu *g, enum gpu_stream s, void *device, const void *host,
                size_t bytes)
{
    note(g,
         cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, g->streams[s]));
}

void gpu_download(struct gpu *g, enum gpu_stream s, void *host, const void *device,
                  size_t bytes)
{
    note(g,
         cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, g->streams[s]));
}

void gpu_copy(struct gpu *g, enum gpu_stream s, void *to, const void *from,
              size_t bytes)
{
    note(g, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, g->streams[s]));
}

void gpu_zero(struct gpu *g, enum gpu_stream s, void *device, size_t bytes)
{
    note(g, cudaMemsetAsync(device, 0, bytes, g->streams[s]));
}

void gpu_after(struct gpu *g, enum gpu_stream s, enum gpu_stream before)
{
    note(g, cudaEventRecord(g->order[before], g->streams[before]));
    note(g, cudaStreamWaitEvent(g->streams[s], g->order[before], 0));
}

enum status gpu_check(struct gpu *g, const char *what)
{
    note(g, cudaGetLastError());
    return g->first_error == cudaSuccess ? OK : failed(ERR_IO, g->first_error, what);
}

// Polls: a stream that hangs must not take the process with it.  The first polls are
// close together, since a decode step takes about a millisecond.
enum status gpu_wait(struct gpu *g, enum gpu_stream s, int64_t deadline_ms,
                     const char *what)
{
    int64_t begun = clock_ms();
    for (int64_t polls = 0;; polls++) {
        cudaError_t e = cudaStreamQuery(g->streams[s]);
        if (e == cudaSuccess)
            return gpu_check(g, what);
        if (e != cudaErrorNotReady)
            return failed(ERR_IO, e, what);
        // Or gpu_check would find that answer.  Launches have noted theirs.
        (void)cudaGetLastError();
        g->hung = clock_ms() - begun > deadline_ms;
        if (g->hung)
            return status_fail(ERR_TIMEOUT, "%s: not done after %lld ms on %s", what,
                               (long long)deadline_ms, g->properties.name);
        const struct timespec nap = {0, 20000};
        if (polls > 20000)
            (void)nanosleep(&nap, NULL);
    }
}

enum status gpu_capture_begin(struct gpu *g)
{
    cudaError_t e =
        cudaStreamBeginCapture(g->streams[GPU_MAIN], cudaStreamCaptureModeThreadLocal);
    return e == cudaSuccess ? OK : failed(ERR_IO, e, "CUDA graph");
}

enum status gpu_capture_end(struct gpu *g, struct gpu_graph **out)
{
    cudaGraph_t recorded = NULL;
    struct gpu_graph *graph = NULL;
    cudaError_t e = cudaStreamEndCapture(g->streams[GPU_MAIN], &recorded);
    if (e != cudaSuccess)
        return failed(ERR_IO, e, "CUDA graph");
    enum status st = mem_new(&graph, 1, sizeof *graph);
    if (st == OK) {
        e = cudaGraphInstantiate(&graph->graph, recorded, 0);
        if (e != cudaSuccess)
            st = failed(ERR_IO, e, "CUDA graph");
    }
    (void)cudaGraphDestroy(recorded);
    if (st != OK) {
        mem_free(graph);
        return st;
    }
    *out = graph;
    return OK;
}

enum status gpu_graph_launch(struct gpu *g, struct gpu_graph *graph)
{
    cudaError_t e = cudaGraphLaunch(graph->graph, g->streams[GPU_MAIN]);
    return e == cudaSuccess ? OK : failed(ERR_IO, e, "CUDA graph");
}

void gpu_graph_free(struct gpu_graph *graph)
{
    if (!graph)
        return;
    (void)cudaGraphExecDestroy(graph->graph);
    mem_free(graph);
}

void gpu_note(struct gpu *g, int error)
{
    note(g, (cudaError_t)error);
}

void *gpu_stream_of(const struct gpu *g, enum gpu_stream s)
{
    return g->streams[s];
}

int gpu_multiprocessors(const struct gpu *g)
{
    return g->properties.multiProcessorCount;
}

size_t gpu_shared_bytes(const struct gpu *g)
{
    return g->properties.sharedMemPerBlockOptin;
}

// Graphs record such launches since CUDA 12.3.
int gpu_overlaps(const struct gpu *g)
{
    return g->properties.major >= 9 && g->driver >= 12030 && CUDART_VERSION >= 12030;
}
