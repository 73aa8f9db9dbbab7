// libnccl.so.2 without GPUs: a test tool.  What comm/nccl/nccl_library.c asks of NCCL,
// among processes that share the folder $NCCL_ON_HOST; device memory is memory of the
// host, and the streams are those of tests/cuda_on_host, in the library that
// $ETREERPO_CUDA names.
//
// A communicator is a folder: a file for each rank that has come, one for each
// broadcast with the root's bytes.  A call comes back as ncclInProgress first; a
// receiver's is done once the root's stream has got to it. NCCL_ON_HOST_STALL=RANK:N:
// the Nth broadcast of the process that is RANK of its communicator is never done.
#include <nccl.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 16 };

struct ncclComm {
    char folder[PATH_MAX];
    int rank, size;
    int joined;
    int ops;                     // broadcasts called
    int period;                  // what was enqueued in an earlier one is cancelled
    int jobs, given_up;          // enqueued and not run; nobody else has it
    struct job *pending;         // called and not enqueued
    ncclComm_t fresh, *fresh_to; // of a shrink under way
    ncclResult_t error;
    char text[256];
};

struct job { // one rank's part of a broadcast
    ncclComm_t comm;
    int period, op, root, stalled;
    void *at;
    size_t bytes;
    cudaStream_t stream;
};

static ncclResult_t fail(ncclComm_t c, ncclResult_t why, const char *text)
{
    if (c) {
        c->error = why;
        (void)snprintf(c->text, sizeof c->text, "NCCL on the host: %s", text);
    }
    return why;
}

// ---- files

static int path_of(char path[PATH_MAX], const struct ncclComm *c, const char *what,
                   int n)
{
    return snprintf(path, PATH_MAX, "%s/%s.%d", c->folder, what, n) < PATH_MAX;
}

static int is_there(const struct ncclComm *c, const char *what, int n)
{
    char path[PATH_MAX];
    return path_of(path, c, what, n) && access(path, F_OK) == 0;
}

static int put_file(const struct ncclComm *c, const char *what, int n, const void *data,
                    size_t bytes)
{
    char path[PATH_MAX], part[PATH_MAX];
    if (!path_of(path, c, what, n) || !path_of(part, c, "part", c->rank))
        return 0;
    FILE *f = fopen(part, "wb");
    int fine = f && fwrite(data, 1, bytes, f) == bytes;
    if (f && fclose(f) != 0)
        fine = 0;
    return fine && rename(part, path) == 0;
}

static int get_file(const struct ncclComm *c, const char *what, int n, void *data,
                    size_t bytes)
{
    char path[PATH_MAX];
    struct stat st;
    FILE *f = path_of(path, c, what, n) ? fopen(path, "rb") : NULL;
    int fine = f && fstat(fileno(f), &st) == 0 && (size_t)st.st_size == bytes &&
               fread(data, 1, bytes, f) == bytes;
    if (f)
        (void)fclose(f);
    return fine;
}

// ---- the streams

typedef void enqueue_call(cudaStream_t stream, void (*work)(void *), void *argument);

static enqueue_call *find_streams(void)
{
    static enqueue_call *found;
    const char *gpu = getenv("ETREERPO_CUDA");
    void *library = found || !gpu ? NULL : dlopen(gpu, RTLD_NOW | RTLD_NOLOAD);
    void *symbol = library ? dlsym(library, "cuda_on_host_enqueue") : NULL;
    if (symbol)
        memcpy(&found, &symbol, sizeof found);
    return found;
}

static void let_go(ncclComm_t c)
{
    if (c->given_up && c->jobs == 0)
        free(c);
}

static void run_job(void *argument)
{
    struct job *j = argument;
    ncclComm_t c = j->comm;
    c->jobs--;
    if (!c->given_up && j->period == c->period) {
        int fine = c->rank == j->root ? put_file(c, "op", j->op, j->at, j->bytes)
                                      : get_file(c, "op", j->op, j->at, j->bytes);
        if (!fine)
            (void)fail(c, ncclSystemError, "a broadcast's file, or its size");
    }
    let_go(c);
    free(j);
}

// ---- progress

static ncclResult_t join(ncclComm_t c)
{
    for (int r = 0; r < c->size; r++)
        if (!is_there(c, "rank", r))
            return ncclInProgress;
    c->joined = 1;
    return ncclSuccess;
}

static ncclResult_t move_pending(ncclComm_t c)
{
    struct job *j = c->pending;
    enqueue_call *enqueue = find_streams();
    if (j->stalled || (c->rank != j->root && !is_there(c, "op", j->op)))
        return ncclInProgress;
    if (!enqueue)
        return fail(c, ncclSystemError, "no streams: is ETREERPO_CUDA set?");
    c->pending = NULL;
    c->jobs++;
    enqueue(j->stream, run_job, j);
    return ncclSuccess;
}

static ncclResult_t advance(ncclComm_t c)
{
    if (c->error != ncclSuccess)
        return c->error;
    if (!c->joined)
        return join(c);
    if (c->pending)
        return move_pending(c);
    if (!c->fresh)
        return ncclSuccess;
    ncclResult_t r = advance(c->fresh);
    if (r != ncclSuccess)
        return r;
    __atomic_store_n(c->fresh_to, c->fresh, __ATOMIC_RELEASE);
    c->fresh = NULL;
    return ncclSuccess;
}

// ---- communicators

static ncclResult_t come(ncclComm_t *out, const char *folder, int size, int rank)
{
    struct ncclComm *c = calloc(1, sizeof *c);
    if (!c)
        return ncclSystemError;
    *c = (struct ncclComm){.rank = rank, .size = size};
    char path[PATH_MAX];
    if (snprintf(c->folder, sizeof c->folder, "%s", folder) >= PATH_MAX - 32 ||
        !path_of(path, c, "rank", rank)) {
        free(c);
        return ncclInvalidArgument;
    }
    (void)mkdir(folder, 0700); // by whoever is first
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (fd < 0) { // nobody comes twice
        free(c);
        return ncclInvalidUsage;
    }
    (void)close(fd);
    *out = c;
    return ncclSuccess;
}

static void cancel(ncclComm_t c)
{
    free(c->pending);
    c->pending = NULL;
    c->period++;
}

static void give_up(ncclComm_t c)
{
    cancel(c);
    if (c->fresh)
        give_up(c->fresh);
    c->fresh = NULL;
    c->given_up = 1;
    let_go(c);
}

// ---- the library

ncclResult_t ncclGetVersion(int *version)
{
    *version = NCCL_VERSION_CODE;
    return ncclSuccess;
}

ncclResult_t ncclGetUniqueId(ncclUniqueId *id)
{
    FILE *f = fopen("/dev/urandom", "rb");
    int fine = f && fread(id, 1, sizeof *id, f) == sizeof *id;
    if (f)
        (void)fclose(f);
    return fine ? ncclSuccess : ncclSystemError;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t *comm, int size, ncclUniqueId id,
                                    int rank, ncclConfig_t *config)
{
    char folder[PATH_MAX];
    const char *root = getenv("NCCL_ON_HOST");
    if (!root || size < 1 || rank < 0 || rank >= size || config->blocking != 0)
        return ncclInvalidArgument;
    int len = snprintf(folder, sizeof folder, "%s/", root);
    for (int i = 0; i < NAME_BYTES && len > 0 && len < PATH_MAX - 8; i++)
        len += snprintf(folder + len, sizeof folder - (size_t)len, "%02x",
                        (unsigned char)id.internal[i]);
    ncclResult_t r = come(comm, folder, size, rank);
    return r == ncclSuccess ? ncclInProgress : r;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t c, ncclResult_t *state)
{
    *state = advance(c);
    return ncclSuccess;
}

static int stalls(const struct ncclComm *c)
{
    static int nth;
    int rank = -1, at = 0;
    const char *asked = getenv("NCCL_ON_HOST_STALL");
    nth++;
    return asked && sscanf(asked, "%d:%d", &rank, &at) == 2 && rank == c->rank &&
           at == nth;
}

ncclResult_t ncclBroadcast(const void *from, void *to, size_t count,
                           ncclDataType_t type, int root, ncclComm_t c,
                           cudaStream_t stream)
{
    if (type != ncclUint8 || from != to || count == 0 || root < 0 || root >= c->size)
        return fail(c, ncclInvalidArgument, "a broadcast's arguments");
    if (!c->joined || c->pending || c->fresh || c->error != ncclSuccess)
        return fail(c, ncclInvalidUsage, "a call while another is in progress");
    struct job *j = malloc(sizeof *j);
    if (!j)
        return fail(c, ncclSystemError, "out of memory");
    *j = (struct job){.comm = c,
                      .period = c->period,
                      .op = c->ops++,
                      .root = root,
                      .stalled = stalls(c),
                      .at = to,
                      .bytes = count,
                      .stream = stream};
    c->pending = j;
    return ncclInProgress;
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

ncclResult_t ncclCommShrink(ncclComm_t c, int *excluded, int n, ncclComm_t *fresh,
                            ncclConfig_t *config, int flags)
{
    char folder[PATH_MAX];
    int place = c->rank, len = snprintf(folder, sizeof folder, "%s-without", c->folder);
    if (config || flags != NCCL_SHRINK_ABORT || n < 1 || n >= c->size || !c->joined)
        return fail(c, ncclInvalidArgument, "a shrink's arguments");
    qsort(excluded, (size_t)n, sizeof *excluded, ascending);
    for (int i = 0; i < n && len > 0 && len < PATH_MAX - 16; i++) {
        if (excluded[i] < 0 || excluded[i] >= c->size || excluded[i] == c->rank)
            return fail(c, ncclInvalidArgument, "a rank that cannot be excluded");
        place -= excluded[i] < c->rank;
        len += snprintf(folder + len, sizeof folder - (size_t)len, "-%d", excluded[i]);
    }
    cancel(c);
    c->error = ncclSuccess;
    ncclResult_t r = come(&c->fresh, folder, c->size - n, place);
    if (r != ncclSuccess)
        return fail(c, r, "the shrunk communicator's folder");
    c->fresh_to = fresh;
    return ncclInProgress;
}

ncclResult_t ncclCommAbort(ncclComm_t c)
{
    give_up(c);
    return ncclSuccess;
}

ncclResult_t ncclCommFinalize(ncclComm_t c)
{
    return advance(c);
}

ncclResult_t ncclCommDestroy(ncclComm_t c)
{
    give_up(c);
    return ncclSuccess;
}

const char *ncclGetErrorString(ncclResult_t r)
{
    return r == ncclSuccess           ? "no error"
           : r == ncclInProgress      ? "in progress"
           : r == ncclInvalidArgument ? "invalid argument"
           : r == ncclInvalidUsage    ? "invalid usage"
                                      : "system error";
}

const char *ncclGetLastError(ncclComm_t c)
{
    return c ? c->text : "";
}
