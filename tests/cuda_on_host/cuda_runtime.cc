#include "cuda_runtime.h"

#include <algorithm>
#include <csetjmp>
#include <ucontext.h>

struct host_stream { int id; };
struct host_event { int recorded; };
struct host_graph { std::vector<std::function<void()>> work; };

namespace host {
place here;

namespace {
enum { STACK_BYTES = 128 << 10 };
// A fiber begins in its context and is then resumed by longjmp, which, unlike
// swapcontext, makes no system call.
struct fiber {
    ucontext_t context;
    jmp_buf resume;
    dim3 thread;
    int number, started, done;
    const long *waits_for;
    long seen;
};
struct warp {
    long generation;
    int arrived, alive;
    lane_set filling, ready;
};
std::vector<fiber> fibers;
std::vector<char *> stacks;
std::vector<warp> warps;
std::vector<uint4> shared;
jmp_buf scheduler;
fiber *current;
const std::function<void()> *body_now;
long barrier_generation;
int barrier_arrived, barrier_any, barrier_result, live, waited_for_earlier;
host_graph *capturing;

void fail(const char *why)
{
    fprintf(stderr, "cuda on host: %s in block %u,%u,%u\n", why, here.block.x, here.block.y, here.block.z);
    abort();
}
void wait_on(const long *generation, long seen)
{
    current->waits_for = generation;
    current->seen = seen;
    if (!_setjmp(current->resume))
        _longjmp(scheduler, 1);
}
void open_barrier()
{
    if (barrier_arrived == 0 || barrier_arrived < live)
        return;
    barrier_result = barrier_any;
    barrier_any = barrier_arrived = 0;
    barrier_generation++;
}
void open_warp(warp &w)
{
    if (w.arrived == 0 || w.arrived < w.alive)
        return;
    w.ready = w.filling;
    w.filling.present = 0;
    w.arrived = 0;
    w.generation++;
}
void enter()
{
    (*body_now)();
    current->done = 1;
    live--;
    warp &w = warps[(size_t)current->number / 32];
    w.alive--;
    open_warp(w);
    open_barrier();
    _longjmp(scheduler, 1);
}
void resume(fiber &f)
{
    f.waits_for = nullptr;
    current = &f;
    here.thread = f.thread;
    if (_setjmp(scheduler))
        return;
    if (f.started)
        _longjmp(f.resume, 1);
    f.started = 1;
    setcontext(&f.context);
}
void prepare(fiber &f, int number, dim3 threads)
{
    f.number = number;
    unsigned n = (unsigned)number;
    f.thread = dim3(n % threads.x, n / threads.x % threads.y, n / (threads.x * threads.y));
    f.done = f.started = 0;
    f.waits_for = nullptr;
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = stacks[(size_t)number];
    f.context.uc_stack.ss_size = STACK_BYTES;
    f.context.uc_link = nullptr;
    makecontext(&f.context, enter, 0);
}
int runnable(const fiber &f)
{
    return !f.done && !(f.waits_for && *f.waits_for == f.seen);
}
void run_block(int n, dim3 threads, int order)
{
    live = n;
    barrier_arrived = barrier_any = 0;
    std::fill(shared.begin(), shared.end(), uint4{~0u, ~0u, ~0u, ~0u});
    for (size_t i = 0; i < warps.size(); i++) {
        warps[i] = warp();
        warps[i].alive = std::min(32, n - 32 * (int)i);
    }
    for (int i = 0; i < n; i++)
        prepare(fibers[(size_t)i], i, threads);
    unsigned random = (unsigned)order;
    while (live > 0) {
        int ran = 0, shift = 0;
        if (order > 1)
            shift = (int)((random = random * 1664525u + 1013904223u) >> 16);
        for (int k = 0; k < n; k++) {
            fiber &f = fibers[(size_t)(order == 1 ? n - 1 - k : (k + shift) % n)];
            if (!runnable(f))
                continue;
            ran = 1;
            resume(f);
        }
        if (!ran)
            fail("deadlock: a barrier or a warp collective that not all threads reach");
    }
}
} // namespace

int barrier(int predicate, int *)
{
    barrier_any |= predicate;
    barrier_arrived++;
    long seen = barrier_generation;
    open_barrier();
    if (barrier_generation == seen)
        wait_on(&barrier_generation, seen);
    return barrier_result;
}
const lane_set &exchange(const void *value, size_t bytes)
{
    warp &w = warps[(size_t)current->number / 32];
    memcpy(w.filling.slot[lane()], value, bytes);
    w.filling.present |= 1u << lane();
    w.arrived++;
    long seen = w.generation;
    open_warp(w);
    if (w.generation == seen)
        wait_on(&w.generation, seen);
    return w.ready;
}
int lane() { return current->number % 32; }
void *shared_memory() { return shared.data(); }
void wait_for_earlier() { waited_for_earlier = 1; }

void run(dim3 blocks, dim3 threads, size_t shared_bytes, bool early,
         const std::function<void()> &body)
{
    static const int order = getenv("CUDA_ON_HOST_ORDER") ? atoi(getenv("CUDA_ON_HOST_ORDER")) : 0;
    int n = (int)(threads.x * threads.y * threads.z);
    if (n < 1 || n > 1024 || blocks.x * blocks.y * blocks.z < 1 || blocks.y > 65535 || blocks.z > 65535)
        fail("a launch that no GPU takes");
    if (shared_bytes > 227 << 10)
        fail("more shared memory than a block can have");
    fibers.resize((size_t)n);
    warps.assign(((size_t)n + 31) / 32, warp());
    shared.resize(shared_bytes / 16 + 1);
    while (stacks.size() < (size_t)n)
        stacks.push_back((char *)malloc(STACK_BYTES));
    body_now = &body;
    here.threads = threads;
    here.blocks = blocks;
    for (unsigned z = 0; z < blocks.z; z++)
        for (unsigned y = 0; y < blocks.y; y++)
            for (unsigned x = 0; x < blocks.x; x++) {
                here.block = dim3(x, y, z);
                waited_for_earlier = 0;
                run_block(n, threads, order);
                if (early && !waited_for_earlier)
                    fail("an early kernel that does not wait for the one before it");
            }
}
void enqueue(std::function<void()> work)
{
    if (capturing)
        capturing->work.push_back(std::move(work));
    else
        work();
}
} // namespace host

static size_t allocated;
static const size_t DEVICE_BYTES = (size_t)1 << 30;

extern "C" {
cudaError_t cudaGetDeviceCount(int *n) { *n = 1; return cudaSuccess; }
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int)
{
    *p = cudaDeviceProp();
    strcpy(p->name, "this CPU, as a GPU");
    memcpy(p->uuid.bytes, "cuda on host....", 16);
    p->major = 9;
    p->multiProcessorCount = 4;
    p->totalGlobalMem = DEVICE_BYTES;
    return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int *version) { *version = CUDART_VERSION; return cudaSuccess; }
cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    *free_bytes = DEVICE_BYTES - allocated;
    *total = DEVICE_BYTES;
    return cudaSuccess;
}
// The size stands before the block.
cudaError_t cudaMalloc(void **p, size_t bytes)
{
    if (bytes > DEVICE_BYTES - allocated)
        return cudaErrorMemoryAllocation;
    char *block = (char *)aligned_alloc(256, (bytes + 511) / 256 * 256);
    if (!block)
        return cudaErrorMemoryAllocation;
    memset(block, 0xff, bytes + 256);
    memcpy(block, &bytes, sizeof bytes);
    allocated += bytes;
    *p = block + 256;
    return cudaSuccess;
}
cudaError_t cudaFree(void *p)
{
    if (p) {
        size_t bytes;
        memcpy(&bytes, (char *)p - 256, sizeof bytes);
        allocated -= bytes;
        free((char *)p - 256);
    }
    return cudaSuccess;
}
cudaError_t cudaHostAlloc(void **p, size_t bytes, unsigned)
{
    *p = calloc(1, bytes ? bytes : 1);
    return *p ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaFreeHost(void *p) { free(p); return cudaSuccess; }
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind, cudaStream_t)
{
    host::enqueue([=] { memmove(to, from, n); });
    return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void *p, int v, size_t n, cudaStream_t)
{
    host::enqueue([=] { memset(p, v, n); });
    return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned) { *s = new host_stream(); return cudaSuccess; }
cudaError_t cudaStreamDestroy(cudaStream_t s) { delete s; return cudaSuccess; }
cudaError_t cudaStreamQuery(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return cudaSuccess; }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned) { *e = new host_event(); return cudaSuccess; }
cudaError_t cudaEventDestroy(cudaEvent_t e) { delete e; return cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t) { e->recorded = 1; return cudaSuccess; }
cudaError_t cudaEventQuery(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode)
{
    host::capturing = new host_graph();
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t *g)
{
    *g = host::capturing;
    host::capturing = nullptr;
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *x, cudaGraph_t g, unsigned long long)
{
    *x = new host_graph(*g);
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t g) { delete g; return cudaSuccess; }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t x) { delete x; return cudaSuccess; }
cudaError_t cudaGraphLaunch(cudaGraphExec_t x, cudaStream_t)
{
    for (auto &work : x->work)
        work();
    return cudaSuccess;
}
cudaError_t cudaGetLastError(void) { return cudaSuccess; }
cudaError_t cudaPeekAtLastError(void) { return cudaSuccess; }
const char *cudaGetErrorString(cudaError_t e) { return e == cudaErrorMemoryAllocation ? "out of memory" : "an error"; }
}
