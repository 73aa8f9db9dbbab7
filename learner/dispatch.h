// Leases of tasks to workers: who works on what until when, who has which weights, and
// which trees are complete.  Used alike by training and evaluation.
//
// A task is a lease with a deadline; an expired one goes to another worker, and since
// its random numbers are counters the second result is identical, so whichever comes
// first is taken and the rest are dropped.  A worker whose message makes no sense is
// named in the log and its leases are freed; after three in a row it is given no more
// work until it starts anew (a HELLO of another incarnation, three times at most).
// A task that a worker reports as impossible (FAULT "lease N: reason") is tried once
// more elsewhere, and then fails the job.  Once weights are published every LEASE is
// answered, if only by an empty WEIGHTS slice: so a worker hears that the learner
// lives. The learner never sends first to a rank that has been silent past
// `silence_ms`.
#ifndef LEARNER_DISPATCH_H
#define LEARNER_DISPATCH_H

#include "comm/outbox.h"
#include "proto/message.h"

struct dispatch_config {
    int ranks; // of the whole job; workers are all ranks that say HELLO
    int own_rank;
    uint64_t incarnation;
    uint64_t model_hash;  // a HELLO with another is refused with a FAULT
    int32_t vocab;        // for tree_check
    int64_t lease_ms;     // a task's deadline
    int64_t silence_ms;   // a worker unheard for so long is given up
    int64_t start_ms;     // no worker at all by then: ERR_TIMEOUT
    size_t slice_bytes;   // of a WEIGHTS message
    int32_t slices_ahead; // slices in flight to one worker
};

struct dispatch;
CHECKED enum status dispatch_new(struct dispatch **out, const struct dispatch_config *c,
                                 int64_t now_ms);
void dispatch_free(struct dispatch *d);

// Forgets the published weights: none are sent until the next dispatch_publish.
void dispatch_retire(struct dispatch *d);
// The weights that workers shall have from now on (held; the old ones are dropped).
CHECKED enum status dispatch_publish(struct dispatch *d, uint64_t version,
                                     struct blob *weights, struct outbox *out);

// ---- a version that goes another way than by messages (learner/broadcast.h)
// As dispatch_publish, with the bytes themselves (`bytes` of them) to follow by
// dispatch_supply, if anybody needs them.
void dispatch_announce(struct dispatch *d, uint64_t version, size_t bytes);
// Whether a rank that has said HELLO gets what is published the other way; no slices go
// to one that does.  A new incarnation does not.
void dispatch_carry(struct dispatch *d, int rank, int carried);
// 1 where the announced bytes are not here and a worker is waiting for them.
int dispatch_wants_weights(const struct dispatch *d);
uint64_t dispatch_version(const struct dispatch *d); // that is published
// The bytes of what was announced (held).
CHECKED enum status dispatch_supply(struct dispatch *d, struct blob *weights,
                                    struct outbox *out);
// A message of another's making, to a rank that has said HELLO; fills the incarnation.
CHECKED enum status dispatch_tell(struct dispatch *d, int rank, struct message *m,
                                  struct outbox *out);

// Begins a batch of prompts, forgetting the last one.  Tasks are templates in prompt
// order (copied): lease, first_child and child_count are filled here; `parts` > 1 cuts
// each prompt's root children into so many tasks.
CHECKED enum status dispatch_begin(struct dispatch *d, const struct msg_task *tasks,
                                   size_t n, int32_t parts, int64_t now_ms,
                                   struct outbox *out);

// ERR_INPUT: a task that no worker can do; ERR_NOMEM.
CHECKED enum status dispatch_receive(struct dispatch *d, int rank, const uint8_t *bytes,
                                     size_t len, int64_t now_ms, struct outbox *out);
// Expires leases and silent workers.  ERR_TIMEOUT: no worker is left (names the last
// one's rank, its last message and its age).
CHECKED enum status dispatch_tick(struct dispatch *d, int64_t now_ms,
                                  struct outbox *out);

// The complete canonical tree of prompt i of the batch, or NULL while parts are
// missing. The learner may fill values in place.
struct tree *dispatch_tree(struct dispatch *d, size_t i);
size_t dispatch_complete(const struct dispatch *d); // how many trees are there
int dispatch_done(const struct dispatch *d);

// Of the batch's results taken so far: tokens of their prompts, and how many of these
// the workers computed; the others stood in a common root (rollout/root.h).
struct prompt_tokens {
    int64_t all, computed;
};
struct prompt_tokens dispatch_prompt_tokens(const struct dispatch *d);

// STOP to every live worker.
CHECKED enum status dispatch_stop(struct dispatch *d, struct outbox *out);
// 1 once every rank has been told to stop: also one that says HELLO only now, for it
// would wait in vain.  Ranks that have not come by start_ms are not waited for.
int dispatch_all_stopped(const struct dispatch *d);

struct worker_report { // as of its last LEASE
    int rank;
    int alive;
    int64_t last_heard_ms;
    uint64_t incarnation;
    uint64_t weights_version; // complete in it; (uint64_t)-1: none
    uint32_t generation;      // of the broadcast group, as it was last told
    enum group_state group;
    double busy_s, idle_s, flops;
    int64_t generated_tokens;
    int64_t expired_leases, rejected_messages;
};
size_t dispatch_workers(const struct dispatch *d);
void dispatch_worker_report(const struct dispatch *d, size_t i,
                            struct worker_report *out);

#endif
