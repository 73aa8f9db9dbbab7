// The part of CUDA that our kernels and their runtime use, on the CPU: a test tool.
//
// Blocks run one after another; the threads of a block are fibers, scheduled round
// robin.  CUDA_ON_HOST_ORDER=1 begins with the last warp and lets each run as far as it
// comes, larger numbers do so from warps and lanes that change, so that a missing
// barrier shows up.  Every thread of an early launch must wait for the
// kernels before it; with CUDA_ON_HOST_EARLY set, what it copies before (cp.async) may
// be nothing that one of them writes, back to the last launch in full order.  Barriers
// and warp collectives wait as on a GPU, but all live lanes of a warp must take part in
// each; a deadlock is reported and aborts. Streams run as late as they may
// (streams.cc); a captured graph is a list of launches that is replayed.  Fresh device
// and shared memory is filled with NaNs.  A launch or a copy that a GPU would not take
// aborts with the reason; with CUDA_ON_HOST_REFUSES set a launch returns the error
// instead, as on a GPU.
#ifndef CUDA_ON_HOST_RUNTIME_H
#define CUDA_ON_HOST_RUNTIME_H

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <tuple>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static
#define __restrict__ __restrict
#define __align__(n) alignas(n)

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c)
    {
    }
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(16) int4 {
    int x, y, z, w;
};

struct host_stream;
namespace host {
struct place {
    dim3 thread, block, threads, blocks;
};
extern place here; // of the fiber that runs
struct lane_set {
    uint64_t slot[32][2];
    uint32_t present;
};

int barrier(int predicate, int *count);
const lane_set &exchange(const void *value, size_t bytes); // of this warp, all lanes
int lane();
void *shared_memory();
void run(dim3 blocks, dim3 threads, size_t shared_bytes, bool early,
         const std::function<void()> &body);
void wait_for_earlier();
[[noreturn]] void refuse(const char *why);
// Of one launch, before it is enqueued; `kernel` names what cudaFuncSetAttribute
// raised. An error only where CUDA_ON_HOST_REFUSES is set, else it aborts.
int check_launch(dim3 blocks, dim3 threads, size_t shared_bytes, const void *kernel);
int remember(int error); // as the last one
void raise_shared(const void *kernel, int bytes);
// At the end of the stream, or into the graph being captured.
enum work_kind { OTHER_WORK, KERNEL, EARLY_KERNEL };
void enqueue(host_stream *s, std::function<void()> work, work_kind kind = OTHER_WORK);
// Of what an early kernel reads before it waits: whether it has been the same since
// before the last kernel that was launched in full order.
bool same_as_before(const void *p, size_t bytes);

// cp.async of the running thread: bytes arrive when it waits for them, and until then
// their place holds NaNs.
void copy_later(void *shared, const void *global, int valid);
void copy_close();           // the open group
void copy_arrive(int still); // all but the last `still` groups

template <class T> T from_lane(T value, int source)
{
    const lane_set &all = exchange(&value, sizeof value);
    if (source >= 0 && source < 32 && (all.present >> source & 1))
        memcpy(&value, all.slot[source], sizeof value);
    return value;
}
} // namespace host

inline const dim3 &threadIdx = host::here.thread;
inline const dim3 &blockIdx = host::here.block;
inline const dim3 &blockDim = host::here.threads;
inline const dim3 &gridDim = host::here.blocks;

inline void __syncthreads()
{
    host::barrier(0, nullptr);
}
inline int __syncthreads_or(int p)
{
    return host::barrier(p != 0, nullptr) != 0;
}
inline void __syncwarp(unsigned = ~0u)
{
    char none = 0;
    host::exchange(&none, 1);
}
template <class T> T __shfl_sync(unsigned, T v, int source, int = 32)
{
    return host::from_lane(v, source & 31);
}
template <class T> T __shfl_xor_sync(unsigned, T v, int mask, int = 32)
{
    return host::from_lane(v, host::lane() ^ mask);
}
template <class T> T __shfl_up_sync(unsigned, T v, unsigned by, int = 32)
{
    return host::from_lane(v, host::lane() - (int)by);
}
template <class T> T __shfl_down_sync(unsigned, T v, unsigned by, int = 32)
{
    return host::from_lane(v, host::lane() + (int)by);
}
inline unsigned __ballot_sync(unsigned, int p)
{
    int mine = p != 0;
    const host::lane_set &all = host::exchange(&mine, sizeof mine);
    unsigned bits = 0;
    for (int i = 0; i < 32; i++)
        bits |= (unsigned)((all.present >> i & 1) && (int)all.slot[i][0] != 0) << i;
    return bits;
}
inline int __ffs(int v)
{
    return __builtin_ffs(v);
}
inline int atomicMin(int *p, int v)
{
    int old = *p;
    *p = v < old ? v : old;
    return old;
}
inline unsigned long long atomicAdd(unsigned long long *p, unsigned long long v)
{
    unsigned long long old = *p;
    *p += v;
    return old;
}
inline float __expf(float x)
{
    return expf(x);
}
inline float __fdividef(float a, float b)
{
    return a / b;
}
inline float rsqrtf(float x)
{
    return 1.0f / sqrtf(x);
}
inline float __fmaf_rn(float a, float b, float c)
{
    return fmaf(a, b, c);
}
template <class T> T __ldg(const T *p)
{
    return *p;
}
inline float __uint_as_float(unsigned u)
{
    float f;
    memcpy(&f, &u, 4);
    return f;
}
inline unsigned __float_as_uint(float f)
{
    unsigned u;
    memcpy(&u, &f, 4);
    return u;
}

// ---- the runtime
typedef int cudaError_t;
enum {
    cudaSuccess = 0,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorNotReady = 600
};
enum cudaMemcpyKind {
    cudaMemcpyHostToHost,
    cudaMemcpyHostToDevice,
    cudaMemcpyDeviceToHost,
    cudaMemcpyDeviceToDevice,
    cudaMemcpyDefault
};
enum cudaStreamCaptureMode {
    cudaStreamCaptureModeGlobal,
    cudaStreamCaptureModeThreadLocal
};
enum {
    cudaStreamNonBlocking = 1,
    cudaEventDisableTiming = 2,
    cudaHostAllocDefault = 0
};
enum cudaFuncAttribute {
    cudaFuncAttributeMaxDynamicSharedMemorySize,
    cudaFuncAttributePreferredSharedMemoryCarveout
};
enum { cudaSharedmemCarveoutMaxShared = 100 };
typedef struct host_stream *cudaStream_t;
typedef struct host_event *cudaEvent_t;
typedef struct host_graph *cudaGraph_t, *cudaGraphExec_t;
struct cudaUUID_t {
    char bytes[16];
};
struct cudaDeviceProp {
    char name[256];
    cudaUUID_t uuid;
    int major, minor, multiProcessorCount;
    size_t totalGlobalMem, sharedMemPerBlockOptin;
};

extern "C" {
cudaError_t cudaDriverGetVersion(int *v);
cudaError_t cudaRuntimeGetVersion(int *v);
cudaError_t cudaGetDeviceCount(int *n);
cudaError_t cudaSetDevice(int n);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int n);
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total);
cudaError_t cudaMalloc(void **p, size_t bytes);
cudaError_t cudaFree(void *p);
cudaError_t cudaHostAlloc(void **p, size_t bytes, unsigned flags);
cudaError_t cudaFreeHost(void *p);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind k,
                            cudaStream_t s);
cudaError_t cudaMemsetAsync(void *p, int v, size_t n, cudaStream_t s);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t s);
cudaError_t cudaStreamQuery(cudaStream_t s);
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t e);
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s);
cudaError_t cudaEventQuery(cudaEvent_t e);
cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode m);
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *g);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *x, cudaGraph_t g,
                                 unsigned long long flags);
cudaError_t cudaGraphDestroy(cudaGraph_t g);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t x);
cudaError_t cudaGraphLaunch(cudaGraphExec_t x, cudaStream_t s);
cudaError_t cudaGetLastError(void);
cudaError_t cudaPeekAtLastError(void);
const char *cudaGetErrorString(cudaError_t e);
}

#define CUDART_VERSION 13000
enum cudaLaunchAttributeID { cudaLaunchAttributeProgrammaticStreamSerialization = 6 };
union cudaLaunchAttributeValue {
    int programmaticStreamSerializationAllowed;
};
struct cudaLaunchAttribute {
    cudaLaunchAttributeID id;
    cudaLaunchAttributeValue val;
};

struct cudaLaunchConfig_t {
    dim3 gridDim, blockDim;
    size_t dynamicSmemBytes;
    cudaStream_t stream;
    cudaLaunchAttribute *attrs;
    unsigned numAttrs;
};
template <class... P, class... A>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *c, void (*kernel)(P...),
                               A &&...args)
{
    static_assert((sizeof(P) + ... + 0) <= 4 << 10, "a kernel's arguments");
    std::tuple<P...> kept(std::forward<A>(args)...);
    cudaLaunchConfig_t config = *c;
    cudaError_t refused = host::check_launch(c->gridDim, c->blockDim,
                                             c->dynamicSmemBytes, (const void *)kernel);
    if (refused != cudaSuccess)
        return refused;
    bool early =
        c->numAttrs > 0 && c->attrs[0].val.programmaticStreamSerializationAllowed;
    host::enqueue(
        c->stream,
        [=] {
            host::run(config.gridDim, config.blockDim, config.dynamicSmemBytes, early,
                      [&] { std::apply(kernel, kept); });
        },
        early ? host::EARLY_KERNEL : host::KERNEL);
    return cudaSuccess;
}
template <class... P>
cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), cudaFuncAttribute what,
                                 int value)
{
    if (what == cudaFuncAttributeMaxDynamicSharedMemorySize)
        host::raise_shared((const void *)kernel, value);
    return cudaSuccess;
}

#endif
