// The weights' way from GPU to GPU: one NCCL communicator of the learner (rank 0, the
// root) and all workers, and the broadcasts over it.
//
//   NONE --join--> JOINING --> READY --begin--> BROADCASTING --> READY
//   any of them that has a whole communicator --shrink--> SHRINKING --> READY
//   a failure or a deadline --> BROKEN --shrink or join--> ...
//
// All NCCL calls but `abort` are made by nccl_group_poll, which never waits; time is
// what it is told.  Ranks are those of nccl_group_new for good: a communicator that has
// shrunk numbers its ranks anew, but only in here.
//
// Every rank is to make the same sequence of join, begin and shrink; who says so is the
// learner's protocol.  A rank that hears of it late costs the others at most a
// deadline. Where a shrink fails, all that are left can still join with a new id.
//
// The misuse that is named below is ERR_INTERNAL and changes nothing.  One thread.
#ifndef COMM_NCCL_GROUP_H
#define COMM_NCCL_GROUP_H

#include "base/status.h"
#include "comm/nccl_calls.h"

#include <stddef.h>
#include <stdint.h>

enum { NCCL_CHUNK_BYTES = 32 << 20 }; // large enough for the full speed of the links

struct nccl_group_options {
    int rank, size;     // of the whole job, 0 <= rank < size
    size_t chunk_bytes; // of one NCCL call, the same at all ranks; 0: NCCL_CHUNK_BYTES
    int64_t join_ms;    // deadline of a join and of a shrink
    int64_t broadcast_ms; // deadline from begin to complete
};

enum nccl_group_state {
    NCCL_GROUP_NONE, // no communicator: join
    NCCL_GROUP_JOINING,
    NCCL_GROUP_READY,
    NCCL_GROUP_BROADCASTING,
    NCCL_GROUP_SHRINKING,
    NCCL_GROUP_BROKEN, // shrink, join or free
};

enum nccl_event_kind {
    NCCL_NOTHING,
    NCCL_JOINED,   // of a join or a shrink: READY
    NCCL_COMPLETE, // `version` is in the buffer, at this rank: READY
    NCCL_BROKEN,   // `error` and `text`
};

struct nccl_event {
    enum nccl_event_kind kind;
    enum status error; // ERR_TIMEOUT: a deadline; ERR_IO: NCCL or CUDA failed, or this
                       // rank or the root is no longer of the group
    uint64_t version;  // of COMPLETE; of BROKEN in a broadcast; else 0
    uint32_t generation; // of the group, as below
    const char *text; // of BROKEN: phase, version, rank, bytes of total, time, cause;
                      // the group's, until the next call; else ""
};

struct nccl_group;

// Copies the table; what its context points to must outlive the group.  ERR_NOMEM.
CHECKED enum status nccl_group_new(struct nccl_group **out,
                                   const struct nccl_calls *calls,
                                   const struct nccl_group_options *options);
void nccl_group_free(struct nccl_group *g); // aborts unless READY; accepts NULL

// An id for the next join, made by one rank for all.  ERR_IO.
CHECKED enum status nccl_group_new_id(struct nccl_group *g, uint8_t id[NCCL_ID_BYTES]);

// From any state: aborts what there is and builds a communicator of all ranks that were
// never excluded.  ERR_INTERNAL at a rank that was, or without the root.
CHECKED enum status nccl_group_join(struct nccl_group *g,
                                    const uint8_t id[NCCL_ID_BYTES], int64_t now_ms);

// Starts a broadcast of `bytes` > 0 at `device` in chunks; only while READY.  The
// buffer stays, and at workers holds nothing of use, until COMPLETE, or until what
// follows a BROKEN is over: JOINED, or free.  ERR_NOMEM leaves the group READY.
CHECKED enum status nccl_group_begin(struct nccl_group *g, void *device, size_t bytes,
                                     uint64_t version, int64_t now_ms);

// Root only: the first `bytes` of the buffer are final on the table's stream (their
// update is enqueued, and the stream waits for it), so chunks that lie wholly inside
// may go; the last one goes with the last byte.  Never less than before, nor more than
// all.  Without effect where the broadcast has broken meanwhile.
CHECKED enum status nccl_group_ready_to(struct nccl_group *g, size_t bytes);

// The ranks that stay go on without the n > 0 excluded ones, each of which must still
// be of the group.  The broadcast in flight ends without an event; its version is not
// complete.  A whole communicator (READY, BROADCASTING, or BROKEN while broadcasting)
// shrinks: JOINED or BROKEN follows.  Where there is none, the state is NONE: join with
// a new id.  At a rank that is excluded itself, and everywhere when the root is:
// BROKEN.
CHECKED enum status nccl_group_shrink(struct nccl_group *g, const int *excluded, int n,
                                      int64_t now_ms);

// Takes the next steps that need no waiting; *event is what came of it, at most one.
// A broadcast that breaks keeps its communicator, for a shrink; its kernels may wait on
// the GPU until then.  A join or a shrink that breaks leaves none.
void nccl_group_poll(struct nccl_group *g, int64_t now_ms, struct nccl_event *event);

enum nccl_group_state nccl_group_state(const struct nccl_group *g);
// How many joins and shrinks this rank has been told of.
uint32_t nccl_group_generation(const struct nccl_group *g);
int nccl_group_rank(const struct nccl_group *g);
int nccl_group_members(const struct nccl_group *g); // ranks not excluded
// The place of `rank` among the members, -1 for one that was excluded.
int nccl_group_place(const struct nccl_group *g, int rank);

#endif
