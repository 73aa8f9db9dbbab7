// The only door to NCCL: a table of calls, so that comm/nccl_group.h is plain C and a
// test can stand behind it.  The real one is comm/nccl/nccl_library.h, the one of the
// tests tests/unit/comm/nccl_fake.h.
//
// Every call returns at once, except that `shrink` and `abort` wait until the GPU has
// let go of what they cancel, and `free_comm` for its peers, for a bounded time.  One
// thread, one GPU, one stream per table.
//
// A communicator is BUSY from a call that says so until `state` says OK.  While it is,
// it takes no other call than `state`, `text` and `abort`.  An error stays with it:
// whoever wants to go on shrinks it or aborts it.
#ifndef COMM_NCCL_CALLS_H
#define COMM_NCCL_CALLS_H

#include <stddef.h>
#include <stdint.h>

enum { NCCL_ID_BYTES = 128 };

enum nccl_state {
    NCCL_STATE_OK,
    NCCL_STATE_BUSY,  // ask `state` until it is not
    NCCL_STATE_ERROR, // `text` tells
};

struct nccl_calls {
    void *context; // first argument of every call

    // A name for a communicator to be: made by one rank, given to `init` by all.
    enum nccl_state (*unique_id)(void *context, uint8_t id[NCCL_ID_BYTES]);
    // *comm is the caller's, from abort or free_comm; NULL on ERROR.  Collective: BUSY
    // until all `size` ranks have called with the same id.
    enum nccl_state (*init)(void *context, int size, int rank,
                            const uint8_t id[NCCL_ID_BYTES], void **comm);
    enum nccl_state (*state)(void *context, void *comm);
    // Enqueues, on the table's stream, the copy of root's `bytes` at `device` to the
    // same many bytes at every other rank's `device`.  All ranks enqueue the same
    // counts and roots in the same order.  `device` stays until a mark made later is
    // done, or until shrink or abort has come back.
    enum nccl_state (*broadcast)(void *context, void *comm, void *device, size_t bytes,
                                 int root);
    // *ticket for all that the stream holds; only while no communicator is BUSY (it
    // may not have enqueued yet).  OK or ERROR.  The caller's until `done` is not 0, or
    // until `drop`; it outlives the communicator.
    enum nccl_state (*mark)(void *context, uint64_t *ticket);
    int (*done)(void *context, uint64_t ticket); // 1 complete, 0 not yet, -1 error
    void (*drop)(void *context, uint64_t ticket);
    // *fresh = a communicator of the ranks of `comm` without the `n` excluded ones, the
    // others moved up in order.  Cancels what is outstanding.  Collective over those
    // that stay.  Not while `comm` is BUSY.  `comm` stays the caller's and is only good
    // for abort; while `fresh` is BUSY, abort `comm` before `fresh`.  NULL on ERROR.
    enum nccl_state (*shrink)(void *context, void *comm, const int *excluded, int n,
                              void **fresh);
    void (*abort)(void *context, void *comm); // cancels what is outstanding, and frees
    void (*free_comm)(void *context, void *comm); // of an idle one, in good order
    // The last error, in words; `comm` may be NULL.  Valid until the next call.
    const char *(*text)(void *context, void *comm);
};

#endif
