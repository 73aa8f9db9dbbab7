// Blocks and their threads.
#include "cuda_runtime.h"

#include <algorithm>
#include <csetjmp>
#include <map>
#include <memory>
#include <ucontext.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace host {
place here;

namespace {
enum { STACK_BYTES = 128 << 10, PLAIN_SHARED = 48 << 10, MOST_SHARED = 227 << 10 };
struct copy {
    void *to;
    const void *from;
    int valid;
};
// A fiber begins in its context and is then resumed by longjmp, which, unlike
// swapcontext, makes no system call.
struct fiber {
    ucontext_t context;
    jmp_buf resume;
    dim3 thread;
    int number, started, done, waited; // waited: for earlier kernels
    const long *waits_for;
    long seen;
    std::vector<copy> copies;   // of cp.async, oldest first
    std::vector<size_t> groups; // how many of them each closed group holds
    void *fake_stack;           // AddressSanitizer's
};
struct warp {
    long generation;
    int arrived, alive;
    lane_set filling, ready;
};
std::vector<fiber> fibers;
std::vector<std::unique_ptr<char[]>> stacks;
std::vector<warp> warps;
std::vector<uint4> shared;
jmp_buf scheduler;
fiber *current;
const std::function<void()> *body_now;
long barrier_generation;
int barrier_arrived, barrier_any, barrier_result, live, waited_for_earlier;
bool early_now;
std::map<const void *, int> raised; // shared memory that kernels asked for

void fail(const char *why)
{
    fprintf(stderr, "cuda on host: %s in block %u,%u,%u\n", why, here.block.x,
            here.block.y, here.block.z);
    abort();
}

// AddressSanitizer wants to be told of every change of stacks; stack NULL: the main
// one.
#ifdef __SANITIZE_ADDRESS__
const void *main_stack;
size_t main_stack_bytes;
void leave_for(void **fake, const void *stack)
{
    __sanitizer_start_switch_fiber(fake, stack ? stack : main_stack,
                                   stack ? (size_t)STACK_BYTES : main_stack_bytes);
}
void arrive_in_fiber(void *fake)
{
    __sanitizer_finish_switch_fiber(fake, &main_stack, &main_stack_bytes);
}
void arrive_in_main(void *fake)
{
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
}
#else
void leave_for(void **, const void *)
{
}
void arrive_in_fiber(void *)
{
}
void arrive_in_main(void *)
{
}
#endif

void wait_on(const long *generation, long seen)
{
    current->waits_for = generation;
    current->seen = seen;
    if (!_setjmp(current->resume)) {
        leave_for(&current->fake_stack, nullptr);
        _longjmp(scheduler, 1);
    }
    arrive_in_fiber(current->fake_stack);
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
    arrive_in_fiber(nullptr);
    (*body_now)();
    current->done = 1;
    live--;
    warp &w = warps[(size_t)current->number / 32];
    w.alive--;
    open_warp(w);
    open_barrier();
    leave_for(nullptr, nullptr); // for good
    _longjmp(scheduler, 1);
}
void resume(fiber &f)
{
    static void *fake_stack;
    f.waits_for = nullptr;
    current = &f;
    here.thread = f.thread;
    if (_setjmp(scheduler)) {
        arrive_in_main(fake_stack);
        return;
    }
    leave_for(&fake_stack, stacks[(size_t)f.number].get());
    if (f.started)
        _longjmp(f.resume, 1);
    f.started = 1;
    setcontext(&f.context);
}
void prepare(fiber &f, int number, dim3 threads)
{
    f.number = number;
    unsigned n = (unsigned)number;
    f.thread =
        dim3(n % threads.x, n / threads.x % threads.y, n / (threads.x * threads.y));
    f.done = f.started = f.waited = 0;
    f.waits_for = nullptr;
    f.copies.clear();
    f.groups.clear();
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = stacks[(size_t)number].get();
    f.context.uc_stack.ss_size = STACK_BYTES;
    f.context.uc_link = nullptr;
    makecontext(&f.context, enter, 0);
}
int runnable(const fiber &f)
{
    return !f.done && !(f.waits_for && *f.waits_for == f.seen);
}
// Every lane that can go on, up to where it waits.
int run_warp(int w, int n, int order, int shift)
{
    int first = 32 * w, lanes = std::min(32, n - first), ran = 0;
    for (int k = 0; k < lanes; k++) {
        fiber &f = fibers[(size_t)(first +
                                   (order == 1 ? lanes - 1 - k : (k + shift) % lanes))];
        if (!runnable(f))
            continue;
        ran = 1;
        resume(f);
    }
    return ran;
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
    const int n_warps = (int)warps.size();
    unsigned random = (unsigned)order;
    while (live > 0) {
        int ran = 0, shift = 0;
        if (order > 1)
            shift = (int)((random = random * 1664525u + 1013904223u) >> 16);
        for (int k = 0; k < n_warps; k++) {
            int w = order == 1 ? n_warps - 1 - k : (k + shift) % n_warps;
            int moved = run_warp(w, n, order, shift);
            ran |= moved;
            while (order > 0 && moved) // as far as it comes
                moved = run_warp(w, n, order, shift);
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
int lane()
{
    return current->number % 32;
}
void *shared_memory()
{
    return shared.data();
}
void wait_for_earlier()
{
    waited_for_earlier += !current->waited;
    current->waited = 1;
}

void copy_later(void *to, const void *from, int valid)
{
    if ((uintptr_t)to % 16 || (uintptr_t)from % 16 || valid < 0 || valid > 16)
        fail("cp.async of an address that is no multiple of 16, or of a wrong size");
    if (early_now && !current->waited && !same_as_before(from, (size_t)valid))
        fail("an early kernel reads, before it waits, what an earlier one writes");
    memset(to, 0xff, 16);
    current->copies.push_back({to, from, valid});
}
void copy_close()
{
    size_t before = 0;
    for (size_t n : current->groups)
        before += n;
    current->groups.push_back(current->copies.size() - before);
}
void copy_arrive(int still)
{
    fiber &f = *current;
    size_t done = 0,
           closed = f.groups.size() - std::min(f.groups.size(), (size_t)still);
    for (size_t g = 0; g < closed; g++)
        for (size_t end = done + f.groups[g]; done < end; done++) {
            const copy &c = f.copies[done];
            memset(c.to, 0, 16);
            memcpy(c.to, c.from, (size_t)c.valid);
        }
    f.copies.erase(f.copies.begin(), f.copies.begin() + (std::ptrdiff_t)done);
    f.groups.erase(f.groups.begin(), f.groups.begin() + (std::ptrdiff_t)closed);
}

void refuse(const char *why)
{
    fprintf(stderr, "cuda on host: %s\n", why);
    abort();
}
void raise_shared(const void *kernel, int bytes)
{
    if (bytes > MOST_SHARED)
        refuse("more shared memory is asked for than a block can have");
    raised[kernel] = bytes;
}
static int refuse_launch(const char *why)
{
    if (!getenv("CUDA_ON_HOST_REFUSES"))
        refuse(why);
    return remember(cudaErrorInvalidConfiguration);
}
int check_launch(dim3 blocks, dim3 threads, size_t shared_bytes, const void *kernel)
{
    size_t n = (size_t)threads.x * threads.y * threads.z;
    if (n < 1 || n > 1024 || threads.z > 64)
        return refuse_launch("a launch of no or too many threads");
    if (blocks.x < 1 || blocks.y < 1 || blocks.z < 1 || blocks.x > 0x7fffffffu ||
        blocks.y > 65535 || blocks.z > 65535)
        return refuse_launch("a launch of no or too many blocks");
    auto more = raised.find(kernel);
    if (shared_bytes > (size_t)(more == raised.end() ? PLAIN_SHARED : more->second))
        return refuse_launch("more shared memory than the kernel may have "
                             "(cudaFuncSetAttribute)");
    return cudaSuccess;
}

void run(dim3 blocks, dim3 threads, size_t shared_bytes, bool early,
         const std::function<void()> &body)
{
    static const int order =
        getenv("CUDA_ON_HOST_ORDER") ? atoi(getenv("CUDA_ON_HOST_ORDER")) : 0;
    int n = (int)(threads.x * threads.y * threads.z);
    fibers.resize((size_t)n);
    warps.assign(((size_t)n + 31) / 32, warp());
    shared.resize(shared_bytes / 16 + 1);
    while (stacks.size() < (size_t)n)
        stacks.emplace_back(new char[STACK_BYTES]);
    body_now = &body;
    here.threads = threads;
    here.blocks = blocks;
    early_now = early;
    for (unsigned z = 0; z < blocks.z; z++)
        for (unsigned y = 0; y < blocks.y; y++)
            for (unsigned x = 0; x < blocks.x; x++) {
                here.block = dim3(x, y, z);
                waited_for_earlier = 0;
                run_block(n, threads, order);
                if (early && waited_for_earlier < n)
                    fail("an early kernel that does not wait for the one before it");
            }
}
} // namespace host
