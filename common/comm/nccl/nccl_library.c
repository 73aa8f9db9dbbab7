#include "comm/nccl/nccl_library.h"

#include "base/clock.h"
#include "base/mem.h"

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { FINALIZE_MS = 5000, FINALIZE_STEP_US = 200 };

// What is used of the library.
static struct {
    void *handle;
    ncclResult_t (*version)(int *);
    ncclResult_t (*unique_id)(ncclUniqueId *);
    ncclResult_t (*init)(ncclComm_t *, int, ncclUniqueId, int, ncclConfig_t *);
    ncclResult_t (*async_error)(ncclComm_t, ncclResult_t *);
    ncclResult_t (*broadcast)(const void *, void *, size_t, ncclDataType_t, int,
                              ncclComm_t, cudaStream_t);
    ncclResult_t (*shrink)(ncclComm_t, int *, int, ncclComm_t *, ncclConfig_t *, int);
    ncclResult_t (*abort)(ncclComm_t);
    ncclResult_t (*finalize)(ncclComm_t);
    ncclResult_t (*destroy)(ncclComm_t);
    const char *(*error_string)(ncclResult_t);
    const char *(*last_error)(ncclComm_t);
} nccl;

struct nccl_library {
    struct nccl_calls calls;
    cudaStream_t stream;
    char text[512];
};

// A communicator.  NCCL stores that of a shrink from a thread of its own, when it is
// ready, and tells of its progress through the one it comes from.
struct communicator {
    ncclComm_t comm;
    struct communicator *from; // while a shrink is under way
    struct communicator *to;   // the other end
};

static enum status find_call(void *call, const char *name, int version)
{
    void *found = dlsym(nccl.handle, name);
    if (!found)
        return status_fail(ERR_INPUT,
                           "libnccl.so.2 (version %d) has no %s: NCCL 2.27 or later "
                           "is needed",
                           version, name);
    memcpy(call, &found, sizeof found);
    return OK;
}

static enum status find_calls(void)
{
    int version = 0;
    TRY(find_call(&nccl.version, "ncclGetVersion", 0));
    if (nccl.version(&version) != ncclSuccess)
        return status_fail(ERR_INPUT, "libnccl.so.2 does not tell its version");
    TRY(find_call(&nccl.unique_id, "ncclGetUniqueId", version));
    TRY(find_call(&nccl.init, "ncclCommInitRankConfig", version));
    TRY(find_call(&nccl.async_error, "ncclCommGetAsyncError", version));
    TRY(find_call(&nccl.broadcast, "ncclBroadcast", version));
    TRY(find_call(&nccl.shrink, "ncclCommShrink", version));
    TRY(find_call(&nccl.abort, "ncclCommAbort", version));
    TRY(find_call(&nccl.finalize, "ncclCommFinalize", version));
    TRY(find_call(&nccl.destroy, "ncclCommDestroy", version));
    TRY(find_call(&nccl.error_string, "ncclGetErrorString", version));
    return find_call(&nccl.last_error, "ncclGetLastError", version);
}

static enum status load(void)
{
    if (nccl.handle)
        return OK;
    nccl.handle = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!nccl.handle) {
        const char *why = dlerror();
        return status_fail(ERR_INPUT, "NCCL cannot be loaded: %s",
                           why ? why : "libnccl.so.2");
    }
    enum status st = find_calls();
    if (st != OK) {
        (void)dlclose(nccl.handle);
        nccl.handle = NULL;
    }
    return st;
}

enum status nccl_library_version(int *version)
{
    TRY(load());
    int found = 0;
    ncclResult_t r = nccl.version(&found);
    if (r != ncclSuccess)
        return status_fail(ERR_INPUT, "NCCL's version: %s", nccl.error_string(r));
    *version = found;
    return OK;
}

static enum nccl_state failed(struct nccl_library *l, const char *what, const char *why,
                              const char *more)
{
    (void)snprintf(l->text, sizeof l->text, "%s: %s%s%s", what, why, *more ? "; " : "",
                   more);
    return NCCL_STATE_ERROR;
}

static enum nccl_state state_of(struct nccl_library *l, const char *what,
                                ncclResult_t r, ncclComm_t comm)
{
    if (r == ncclSuccess)
        return NCCL_STATE_OK;
    if (r == ncclInProgress)
        return NCCL_STATE_BUSY;
    const char *last = comm ? nccl.last_error(comm) : NULL;
    return failed(l, what, nccl.error_string(r), last ? last : "");
}

static enum nccl_state unique_id(void *context, uint8_t id[NCCL_ID_BYTES])
{
    _Static_assert(sizeof(ncclUniqueId) == NCCL_ID_BYTES, "an id's size");
    ncclUniqueId made;
    ncclResult_t r = nccl.unique_id(&made);
    if (r == ncclSuccess)
        memcpy(id, &made, sizeof made);
    return state_of(context, "ncclGetUniqueId", r, NULL);
}

static enum nccl_state out_of_memory(struct nccl_library *l)
{
    return failed(l, "NCCL communicator", status_message(), "");
}

static enum nccl_state init(void *context, int size, int rank,
                            const uint8_t id[NCCL_ID_BYTES], void **comm)
{
    struct nccl_library *l = context;
    struct communicator *c = NULL;
    *comm = NULL;
    if (mem_new(&c, 1, sizeof *c) != OK)
        return out_of_memory(l);
    ncclUniqueId name;
    memcpy(&name, id, sizeof name);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    ncclResult_t r = nccl.init(&c->comm, size, name, rank, &config);
    enum nccl_state s = state_of(l, "ncclCommInitRankConfig", r, c->comm);
    if (s == NCCL_STATE_ERROR) {
        if (c->comm)
            (void)nccl.abort(c->comm);
        mem_free(c);
        return s;
    }
    *comm = c;
    return s;
}

static ncclComm_t stored(struct communicator *c)
{
    return __atomic_load_n(&c->comm, __ATOMIC_ACQUIRE);
}

static void part(struct communicator *c)
{
    if (c->from)
        c->from->to = NULL;
    if (c->to)
        c->to->from = NULL;
    c->from = c->to = NULL;
}

static enum nccl_state poll(struct nccl_library *l, const char *what, ncclComm_t comm)
{
    ncclResult_t later = ncclSuccess, r = nccl.async_error(comm, &later);
    return state_of(l, what, r != ncclSuccess ? r : later, comm);
}

static enum nccl_state state(void *context, void *comm)
{
    struct nccl_library *l = context;
    struct communicator *c = comm;
    if (c->from) {
        enum nccl_state s = poll(l, "ncclCommShrink", c->from->comm);
        if (s != NCCL_STATE_OK)
            return s;
        part(c);
    }
    if (!stored(c))
        return failed(l, "ncclCommShrink", "no communicator came of it", "");
    return poll(l, "NCCL communicator", stored(c));
}

static enum nccl_state broadcast(void *context, void *comm, void *device, size_t bytes,
                                 int root)
{
    struct nccl_library *l = context;
    struct communicator *c = comm;
    ncclResult_t r =
        nccl.broadcast(device, device, bytes, ncclUint8, root, c->comm, l->stream);
    return state_of(l, "ncclBroadcast", r, c->comm);
}

// A ticket is an event.
static enum nccl_state mark(void *context, uint64_t *ticket)
{
    struct nccl_library *l = context;
    cudaEvent_t event = NULL;
    cudaError_t e = cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
    if (e == cudaSuccess)
        e = cudaEventRecord(event, l->stream);
    if (e == cudaSuccess) {
        *ticket = (uint64_t)(uintptr_t)event;
        return NCCL_STATE_OK;
    }
    if (event)
        (void)cudaEventDestroy(event);
    return failed(l, "CUDA event", cudaGetErrorString(e), "");
}

static void drop(void *context, uint64_t ticket)
{
    (void)context;
    (void)cudaEventDestroy((cudaEvent_t)(uintptr_t)ticket);
}

static int done(void *context, uint64_t ticket)
{
    cudaError_t e = cudaEventQuery((cudaEvent_t)(uintptr_t)ticket);
    if (e == cudaErrorNotReady) {
        (void)
            cudaGetLastError(); // or who asks next for an error would find that answer
        return 0;
    }
    drop(context, ticket);
    if (e == cudaSuccess)
        return 1;
    (void)failed(context, "CUDA event", cudaGetErrorString(e), "");
    return -1;
}

static void abort_comm(void *context, void *comm)
{
    (void)context;
    struct communicator *c = comm;
    if (stored(c))
        (void)nccl.abort(stored(c)); // ends a shrink under way, too
    part(c);
    mem_free(c);
}

static enum nccl_state shrink(void *context, void *comm, const int *excluded, int n,
                              void **fresh)
{
    struct nccl_library *l = context;
    struct communicator *c = comm, *made = NULL;
    int *list = NULL; // NCCL sorts it
    *fresh = NULL;
    if (mem_dup(&list, excluded, (size_t)n, sizeof *list) != OK)
        return out_of_memory(l);
    if (mem_new(&made, 1, sizeof *made) != OK) {
        mem_free(list);
        return out_of_memory(l);
    }
    ncclResult_t r =
        nccl.shrink(c->comm, list, n, &made->comm, NULL, NCCL_SHRINK_ABORT);
    mem_free(list);
    enum nccl_state s = state_of(l, "ncclCommShrink", r, c->comm);
    if (s == NCCL_STATE_ERROR) {
        abort_comm(l, made);
        return s;
    }
    if (s == NCCL_STATE_BUSY) {
        made->from = c;
        c->to = made;
    }
    *fresh = made;
    return s;
}

static void free_comm(void *context, void *comm)
{
    struct nccl_library *l = context;
    struct communicator *c = comm;
    ncclResult_t r = nccl.finalize(c->comm);
    enum nccl_state s = state_of(l, "ncclCommFinalize", r, c->comm);
    int64_t until = clock_ms() + FINALIZE_MS;
    while (s == NCCL_STATE_BUSY && clock_ms() < until) {
        clock_sleep_us(FINALIZE_STEP_US);
        s = poll(l, "ncclCommFinalize", c->comm);
    }
    if (s == NCCL_STATE_OK)
        (void)nccl.destroy(c->comm);
    else
        (void)nccl.abort(c->comm);
    mem_free(c);
}

static const char *text(void *context, void *comm)
{
    (void)comm;
    struct nccl_library *l = context;
    return *l->text ? l->text : "no error";
}

enum status nccl_library_open(struct nccl_library **out, void *stream)
{
    TRY(load());
    struct nccl_library *l = NULL;
    TRY(mem_new(&l, 1, sizeof *l));
    l->stream = stream;
    l->calls = (struct nccl_calls){
        .context = l,
        .unique_id = unique_id,
        .init = init,
        .state = state,
        .broadcast = broadcast,
        .mark = mark,
        .done = done,
        .drop = drop,
        .shrink = shrink,
        .abort = abort_comm,
        .free_comm = free_comm,
        .text = text,
    };
    *out = l;
    return OK;
}

const struct nccl_calls *nccl_library_calls(const struct nccl_library *l)
{
    return &l->calls;
}

void nccl_library_close(struct nccl_library *l)
{
    mem_free(l);
}
