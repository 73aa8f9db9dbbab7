// Memory, streams, events and graphs, as strict as they may be: what is enqueued runs
// only when somebody waits for it, so that a missing wait or a missing order between
// streams shows; a copy from memory that is not page-locked takes the bytes at the
// call, and one to such memory waits.  A query says "not ready" once, and, as on a GPU,
// the last error remembers it.
#include "cuda_runtime.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <unistd.h>

typedef std::vector<std::function<void()>> work_list;

struct host_stream {
    std::deque<std::function<void()>> queue;
    int asked; // queries since it was last empty
    host::work_kind last;
};
struct event_state {
    long recorded, done;
    host_stream *in;
};
struct host_event {
    std::shared_ptr<event_state> state;
};
struct host_graph {
    std::shared_ptr<work_list> work;
};

enum { GUARD_BYTES = 256 };

static const size_t DEVICE_BYTES = (size_t)1 << 30;
static std::map<char *, size_t> blocks, pinned; // by their first byte
static std::set<host_stream *> streams;
static size_t allocated;
static cudaError_t last_error;
static host_stream *captured;
static work_list recording;
static host::work_kind last_recorded;
static std::map<char *, std::vector<char>>
    before; // device memory, as an early kernel may see it

static cudaError_t error(cudaError_t e)
{
    return last_error = e;
}

int host::remember(int e)
{
    return error(e);
}

static void not_while_capturing()
{
    if (captured)
        host::refuse("a call that ends a capture");
}

static void drain(host_stream *s)
{
    while (!s->queue.empty()) {
        std::function<void()> work = std::move(s->queue.front());
        s->queue.pop_front();
        work();
    }
    s->asked = 0;
}
static void drain_all()
{
    not_while_capturing();
    for (host_stream *s : streams)
        drain(s);
}

static bool keeps_before() // all device memory: not for a large one
{
    static const bool keeps = getenv("CUDA_ON_HOST_EARLY") != nullptr;
    return keeps;
}
static void keep_before()
{
    for (auto old = before.begin(); old != before.end();)
        old = blocks.count(old->first) ? std::next(old) : before.erase(old);
    for (const auto &block : blocks)
        before[block.first].assign(block.first, block.first + block.second);
}
bool host::same_as_before(const void *p, size_t bytes)
{
    char *at = (char *)p;
    auto next = before.upper_bound(at);
    if (bytes == 0 || next == before.begin())
        return true;
    --next;
    size_t offset = (size_t)(at - next->first);
    return offset + bytes > next->second.size() ||
           memcmp(at, next->second.data() + offset, bytes) == 0;
}

// Early kernels may begin as soon as the kernel before the first of them does.
template <class List>
static void append(List &list, host::work_kind &last, std::function<void()> work,
                   host::work_kind kind)
{
    if (keeps_before() && kind == host::EARLY_KERNEL && last != host::EARLY_KERNEL)
        list.insert(last == host::KERNEL && !list.empty() ? list.end() - 1 : list.end(),
                    keep_before);
    list.push_back(std::move(work));
    last = kind;
}
void host::enqueue(host_stream *s, std::function<void()> work, work_kind kind)
{
    if (s == captured)
        append(recording, last_recorded, std::move(work), kind);
    else
        append(s->queue, s->last, std::move(work), kind);
}

// Whether [p, p + n) lies in one of `where`.
static bool within(const std::map<char *, size_t> &where, const void *p, size_t n)
{
    char *at = (char *)p;
    auto next = where.upper_bound(at);
    if (next == where.begin())
        return false;
    --next;
    return at + n <= next->first + next->second;
}

extern "C" {
cudaError_t cudaDriverGetVersion(int *v)
{
    *v = CUDART_VERSION;
    return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int *v)
{
    *v = CUDART_VERSION;
    return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int *n)
{
    *n = 1;
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int)
{
    return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int)
{
    *p = cudaDeviceProp();
    strcpy(p->name, "this CPU, as a GPU");
    memcpy(p->uuid.bytes, "cuda on host....", 16);
    if (getenv("CUDA_ON_HOST_OWN_GPU")) { // each process has one to itself
        int self = getpid();
        memcpy(p->uuid.bytes + 12, &self, sizeof self);
    }
    p->major = 9;
    p->multiProcessorCount = 4;
    p->totalGlobalMem = DEVICE_BYTES;
    p->sharedMemPerBlockOptin = 227 << 10;
    return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    *free_bytes = DEVICE_BYTES - allocated;
    *total = DEVICE_BYTES;
    return cudaSuccess;
}

// NaNs stand before and behind the block; who writes there is found when it is freed.
cudaError_t cudaMalloc(void **p, size_t bytes)
{
    void *whole = nullptr;
    not_while_capturing();
    if (bytes > DEVICE_BYTES - allocated ||
        posix_memalign(&whole, GUARD_BYTES, bytes + 2 * GUARD_BYTES) != 0)
        return error(cudaErrorMemoryAllocation);
    memset(whole, 0xff, bytes + 2 * GUARD_BYTES);
    allocated += bytes;
    *p = (char *)whole + GUARD_BYTES;
    blocks[(char *)*p] = bytes;
    return cudaSuccess;
}
cudaError_t cudaFree(void *p)
{
    drain_all();
    if (!p)
        return cudaSuccess;
    auto block = blocks.find((char *)p);
    if (block == blocks.end())
        host::refuse("memory is freed that is none of the device");
    const char *guards[2] = {block->first - GUARD_BYTES, block->first + block->second};
    for (const char *guard : guards)
        for (int i = 0; i < GUARD_BYTES; i++)
            if (guard[i] != (char)0xff)
                host::refuse(
                    "something was written before or behind a block of device memory");
    allocated -= block->second;
    free(block->first - GUARD_BYTES);
    blocks.erase(block);
    return cudaSuccess;
}
cudaError_t cudaHostAlloc(void **p, size_t bytes, unsigned)
{
    not_while_capturing();
    *p = malloc(bytes ? bytes : 1);
    if (!*p)
        return error(cudaErrorMemoryAllocation);
    memset(*p, 0xff, bytes);
    pinned[(char *)*p] = bytes;
    return cudaSuccess;
}
cudaError_t cudaFreeHost(void *p)
{
    drain_all();
    if (!pinned.erase((char *)p))
        host::refuse("memory is freed that is not page-locked");
    free(p);
    return cudaSuccess;
}

static void check_copy(const void *to, const void *from, size_t n, cudaMemcpyKind kind)
{
    bool to_device = kind != cudaMemcpyDeviceToHost,
         from_device = kind != cudaMemcpyHostToDevice;
    if (n > 0 &&
        (within(blocks, to, n) != to_device || within(blocks, from, n) != from_device))
        host::refuse("a copy from or to a place that is not where it says");
}
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind kind,
                            cudaStream_t s)
{
    check_copy(to, from, n, kind);
    if (kind == cudaMemcpyHostToDevice && !within(pinned, from, n)) {
        not_while_capturing();
        auto kept = std::make_shared<std::vector<char>>((const char *)from,
                                                        (const char *)from + n);
        host::enqueue(s, [=] { std::copy(kept->begin(), kept->end(), (char *)to); });
        return cudaSuccess;
    }
    host::enqueue(s, [=] { memmove(to, from, n); });
    if (kind == cudaMemcpyDeviceToHost && !within(pinned, to, n)) {
        not_while_capturing();
        drain(s);
    }
    return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void *p, int v, size_t n, cudaStream_t s)
{
    if (n > 0 && !within(blocks, p, n))
        host::refuse("a fill outside of device memory");
    host::enqueue(s, [=] { memset(p, v, n); });
    return cudaSuccess;
}

// For libraries that work on a stream (tests/nccl_on_host).
void cuda_on_host_enqueue(cudaStream_t s, void (*work)(void *), void *argument)
{
    host::enqueue(s, [=] { work(argument); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned)
{
    *s = new host_stream();
    streams.insert(*s);
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t s)
{
    drain(s);
    streams.erase(s);
    delete s;
    return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t s)
{
    not_while_capturing();
    if (!s->queue.empty() && s->asked++ == 0)
        return error(cudaErrorNotReady);
    drain(s);
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned)
{
    *e = new host_event{std::make_shared<event_state>()};
    return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t e)
{
    delete e;
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s)
{
    std::shared_ptr<event_state> state = e->state;
    long number = ++state->recorded;
    state->in = s;
    host::enqueue(s, [=] { state->done = number; });
    return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned)
{
    std::shared_ptr<event_state> state = e->state;
    long number = state->recorded;
    host_stream *in = state->in;
    host::enqueue(s, [=] {
        while (state->done < number) {
            if (in->queue.empty())
                host::refuse("a wait for an event that nothing brings about");
            std::function<void()> work = std::move(in->queue.front());
            in->queue.pop_front();
            work();
        }
    });
    return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t e)
{
    not_while_capturing();
    if (e->state->done == e->state->recorded)
        return cudaSuccess;
    if (e->state->in->asked++ == 0)
        return error(cudaErrorNotReady);
    drain(e->state->in);
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode)
{
    not_while_capturing();
    captured = s;
    recording.clear();
    last_recorded = host::OTHER_WORK;
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *g)
{
    if (s != captured)
        host::refuse("the end of a capture that has not begun");
    *g = new host_graph{std::make_shared<work_list>(std::move(recording))};
    captured = nullptr;
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *x, cudaGraph_t g, unsigned long long)
{
    *x = new host_graph(*g);
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t g)
{
    delete g;
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t x)
{
    delete x;
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t x, cudaStream_t s)
{
    std::shared_ptr<work_list> work = x->work;
    host::enqueue(s, [=] {
        for (auto &one : *work)
            one();
    });
    return cudaSuccess;
}
cudaError_t cudaGetLastError(void)
{
    cudaError_t e = last_error;
    last_error = cudaSuccess;
    return e;
}
cudaError_t cudaPeekAtLastError(void)
{
    return last_error;
}
const char *cudaGetErrorString(cudaError_t e)
{
    return e == cudaErrorMemoryAllocation ? "out of memory"
           : e == cudaErrorNotReady       ? "device not ready"
                                          : "an error";
}
}
