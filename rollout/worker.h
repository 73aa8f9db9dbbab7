// The rollout worker: a state machine from events to messages.  It owns no socket, no
// clock and no rank of its own; launch/ moves its bytes and tells it the time.
//
//   message in -> worker_receive    TASK queues work, WEIGHTS fills a second buffer,
//                                   GROUP says what to do in the broadcast group
//   time passes -> worker_tick      heartbeats (LEASE), learner silent too long, the
//                                   group's next steps
//   idle cpu   -> worker_work       one decode step over all open branches
//
// All open branches of all held tasks decode as one batch (continuous batching); a
// prefix is computed and stored once, whatever branches from it.  A worker takes no
// randomness but the task's key, the path of child indices and the token position, so
// the same task gives the same tree anywhere, any number of times.
//
// A task waits until its version's weights are here.  Once a newer version is complete,
// tasks of older ones are dropped: the learner publishes when it has all it wants of
// the last.  A task that cannot be done is reported by FAULT "lease N: reason" and
// dropped; a deadline that passes is the learner's business, who takes whichever result
// is first. One thread (it uses par_for inside).
#ifndef ROLLOUT_WORKER_H
#define ROLLOUT_WORKER_H

#include "comm/nccl_group.h"
#include "comm/outbox.h"
#include "judge/judge.h"
#include "model/model.h"
#include "proto/message.h"
#include "reward/reward.h"
#include "text/tokenizer.h"

struct worker_config {
    int learner_rank;
    uint64_t incarnation;      // different at every start of the process
    uint64_t model_hash;       // sent in HELLO
    int has_weights;           // 1: the model has its version's parameters already
    int32_t max_rows;          // branches decoded at once
    int32_t kv_pages;          // key/value pages of KV_PAGE tokens
    int32_t prefetch;          // tasks it likes to hold
    int64_t heartbeat_ms;      // a LEASE at least this often
    int64_t silence_ms;        // learner unheard for so long: ERR_TIMEOUT
    const int32_t *delimiters; // token ids that end a step, borrowed
    size_t n_delimiters;
    const int32_t *stops; // token ids that end a text, beside the model's own; borrowed
    size_t n_stops;
    int threads;               // told in HELLO
    struct judge_config judge; // of programs
    // Rewards of the user's own; a command of NULL: none.  Borrows its texts.
    struct reward_config reward;
    // The other way of the weights; NULL: by messages alone.  Borrowed, its ranks are
    // the transport's and the learner's is 0.  It must be freed before the model is.
    struct nccl_group *group;
};

struct worker;

// Borrows the model (whose parameters it replaces with each version) and the
// tokenizer (for verification of text).  ERR_NOMEM, ERR_INPUT.
CHECKED enum status worker_new(struct worker **out, const struct worker_config *c,
                               struct model *m, const struct tokenizer *t);
void worker_free(struct worker *w);

// First words: HELLO and a LEASE that asks for weights and work.
CHECKED enum status worker_start(struct worker *w, int64_t now_ms, struct outbox *out);

// One message from `rank`.  A message that no correct learner sends is dropped with a
// log line.  ERR_INPUT: the learner refuses this worker (its FAULT is the reason);
// ERR_NOMEM.
CHECKED enum status worker_receive(struct worker *w, int rank, const uint8_t *bytes,
                                   size_t len, int64_t now_ms, struct outbox *out);

// ERR_TIMEOUT: the learner has been silent longer than silence_ms (time in which this
// process did not come to tick counts half of that at most).
CHECKED enum status worker_tick(struct worker *w, int64_t now_ms, struct outbox *out);

// One decode step; *worked = 0 where there was nothing to do.  Sends RESULT for every
// task that finished.  ERR_INPUT: the weights give no finite numbers; ERR_NOMEM.
CHECKED enum status worker_work(struct worker *w, int64_t now_ms, struct outbox *out,
                                int *worked);

int worker_stopped(const struct worker *w); // STOP has been received
// Whether the model has the parameters of a version now.
int worker_has_weights(const struct worker *w);

#endif
