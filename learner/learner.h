// The learner: a state machine from events to messages and finished steps.
//
//   step begins:   plan -> tasks -> dispatch (leases to workers)
//   trees arrive:  in prompt order, packs are trained as they fill
//   all trained:   update -> publish the new version -> a step record -> next step;
//                  with a broadcast group the version leaves while it is updated
//
// No socket, no clock, no file: launch/ moves bytes, tells the time, and stores what
// learner_take_record gives.  The result of a step is a function of (weights, config,
// data) alone: not of the number of workers, of arrival order, or of restarts.
#ifndef LEARNER_LEARNER_H
#define LEARNER_LEARNER_H

#include "comm/nccl_group.h"
#include "comm/outbox.h"
#include "learner/broadcast.h"
#include "learner/dispatch.h"
#include "learner/memory.h"
#include "learner/plan.h"
#include "learner/trainer.h"

struct learner_config {
    struct trainer_config trainer;
    struct dispatch_config dispatch;
    struct plan plan;
    uint64_t steps; // of the run, at most
    // The run ends with the step that has spent so much, over its whole life; 0: no
    // bound.  Generated tokens, and the trainer's floating-point operations.
    double stop_tokens, stop_flops;
    int32_t prompts_per_step;
    int32_t parts; // tasks a prompt is cut into
    struct cutoff_config cutoff;
    struct reuse_config reuse;
    // The fast way of the weights (learner/broadcast.h); NULL: by messages alone.
    // Borrowed; its ranks are the transport's, this one's is 0.  It must be freed
    // before the model is.
    struct nccl_group *group;
};

struct step_record {     // of one finished training step
    uint64_t step;       // from 0
    struct tree **trees; // prompt order, with reused subtrees; borrowed until the next
                         // learner call
    size_t n_trees;
    struct batch_stats stats;
    struct branching rule; // by which the trees were branched
    struct anova anova;    // with these trees
    // Of these trees; of all so far with these, faded; the rule that these followed.
    struct cutoff_stats cutoff;
    struct cutoff_memory cutoff_memory;
    struct cutoff_rule cutoff_rule;
    struct reuse_stats reuse;
    struct batch_stats again; // of whole trees of earlier steps, trained once more
    size_t replay_entries, replay_bytes; // with the fresh subtrees of this step
    uint64_t batch_hash;                 // of all trees
    uint64_t weights_hash;               // after the update
    // How the version that these trees were sampled from came to the workers: to so
    // many by the group, in so long; the others had it by slices.  Failures so far.
    struct broadcast_stats broadcast;
    struct prompt_tokens prompts; // of these trees
    // Wall time: until the last tree came; in training (which overlaps it); in
    // publishing, with the wait for the last version to have left; with nothing to do.
    double rollout_s, train_s, publish_s, learner_idle_s, step_s;
};

struct learner;
// Borrows the model, whose parameters are version `first_step`.  To resume, fill the
// model's parameters and learner_trainer's state before learner_start.
CHECKED enum status learner_new(struct learner **out, const struct learner_config *c,
                                struct model *m, uint64_t first_step, int64_t now_ms);
void learner_free(struct learner *l);
struct trainer *learner_trainer(struct learner *l);

struct learner_memory *learner_memory(struct learner *l); // to resume, like that
struct replay *learner_replay(struct learner *l);         // likewise

CHECKED enum status learner_start(struct learner *l, int64_t now_ms,
                                  struct outbox *out);
CHECKED enum status learner_receive(struct learner *l, int rank, const uint8_t *bytes,
                                    size_t len, int64_t now_ms, struct outbox *out);
CHECKED enum status learner_tick(struct learner *l, int64_t now_ms, struct outbox *out);
// One bounded piece of training, if there is any; *worked = 0 where there is none.
CHECKED enum status learner_work(struct learner *l, int64_t now_ms, struct outbox *out,
                                 int *worked);
// *got = 1 and *out filled where a step has ended and was not taken yet.  The next step
// begins only after its record was taken: what was not stored is never built upon.
CHECKED enum status learner_take_record(struct learner *l, struct step_record *out,
                                        int *got);
// Whether the run ends with the step of this record, which was just taken.
int learner_last_step(const struct learner *l, const struct step_record *r);
// Ends the run with the step under way, or at once between two steps: its workers are
// told to stop as after the last step.
void learner_stop(struct learner *l);
int learner_done(const struct learner *l);
// The dispatcher, for worker reports.
struct dispatch *learner_dispatch(struct learner *l);

#endif
