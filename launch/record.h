// What a run leaves on the disk: config.yaml, metrics.jsonl, archive/, checkpoints/ and
// at the end model/ and DONE; and its progress on the terminal.
#ifndef LAUNCH_RECORD_H
#define LAUNCH_RECORD_H

#include "launch/job.h"
#include "launch/step_metrics.h"

struct record;

// Makes the folder, checks that it can be written and has room, cuts off what lies
// behind step `first`.  ERR_IO, before anything else has been done.
CHECKED enum status record_open(struct record **out, struct job *job, uint64_t first);
void record_free(struct record *r);

// Stores a step; at every run.checkpoint_every steps, and after the last, a checkpoint.
// `state`: the optimizer's.  ERR_IO leaves the last checkpoint whole.
CHECKED enum status record_step(struct record *r, const struct step_record *step,
                                struct learner *learner);
// The run stops for now, after this step that was just recorded: a checkpoint, unless
// record_step has written it.
CHECKED enum status record_stop(struct record *r, const struct step_record *step,
                                struct learner *learner);
// The run is complete: model/ and DONE.
CHECKED enum status record_finish(struct record *r);

// Loads the newest checkpoint of run.dir, if there is one, into the model and
// what the learner keeps; *step = steps done.  ERR_INPUT where it is damaged.
CHECKED enum status record_restore(struct job *job, struct learner *learner,
                                   uint64_t *step);
// Steps done according to the newest checkpoint; 0 without one.
CHECKED enum status record_first_step(const struct job *job, uint64_t *step);

#endif
