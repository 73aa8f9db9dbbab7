// What a command works on: settings, tokenizer, model and data, loaded and checked
// against each other.  The owner calls job_free; a zeroed job is empty.
#ifndef LAUNCH_JOB_H
#define LAUNCH_JOB_H

#include "data/dataset.h"
#include "launch/companions.h"
#include "launch/prompts.h"
#include "launch/settings.h"
#include "launch/sources.h"
#include "learner/learner.h"
#include "model/device.h"
#include "model/model.h"
#include "rollout/worker.h"
#include "text/tokenizer.h"

struct job {
    struct settings settings;
    struct sources sources;
    struct tokenizer *tokenizer;
    struct accelerator gpu; // of `device: cuda` (launch/gpu.h), else zeroed
    int gpus;               // how many the driver shows
    struct model model;
    int no_weights; // 1: its parameters come by messages, and have not yet
    struct companions companions; // of the model, to be saved with it
    struct dataset train, test;
    struct prompts prompts;
    struct tokens stops;      // token ids that end a text, beside the policy's own
    struct tokens delimiters; // token ids that end a step
    uint64_t model_hash; // of shape, vocabulary and the user's verifier: learner and
                         // workers must agree
};

enum job_data {
    JOB_NO_DATA = 0,
    JOB_TRAIN = 1,
    JOB_TEST = 2,
    JOB_NO_WEIGHTS = 4, // the policy's shape alone: its parameters come by messages
    JOB_NO_PROMPTS = 8, // nothing is asked here
    JOB_WORKER = JOB_NO_WEIGHTS | JOB_NO_PROMPTS,
    JOB_REPLIES = 16,   // the training set's solutions are told, as replies
    JOB_NO_PANELS = 32, // its parameters alone: nothing is computed with them here
};

// Reads the settings only.  ERR_INPUT.
CHECKED enum status job_configure(struct job *job, const char *config_path, int argc,
                                  char **argv);
// Loads what the settings name: tokenizer, policy (fresh where model.path is empty) and
// the data sets in `data`.  ERR_INPUT, ERR_NOMEM.
CHECKED enum status job_load(struct job *job, int data);
void job_free(struct job *job);
// What ends a reply according to the learner's chat template; -1: it says nothing.  For
// a worker, which renders none.
void job_use_reply_end(struct job *job, int32_t token);

// Prompts and answers of a data set, for a plan; the struct must outlive the source.
struct job_prompts {
    const struct job *job;
    const struct dataset *set;
    uint64_t seed;
    int shuffle; // 1: a new order every epoch; 0: as they stand
};
struct prompt_source job_prompt_source(struct job_prompts *prompts);

// The settings as each core wants them.  `ranks` and `rank` of the transport.
CHECKED enum status job_learner_config(const struct job *job, int ranks,
                                       struct learner_config *out);
struct dispatch_config job_dispatch_config(const struct job *job, int ranks);
struct judge_config job_judge_config(const struct job *job, int threads);
struct worker_config job_worker_config(const struct job *job, int threads);

// A folder that any command loads as model.path: weights, shape, tokenizer, and what
// the policy's folder held besides.
CHECKED enum status job_save_model(struct job *job, const char *folder);

// How many threads this process should use: run.threads, or the host's cores shared
// out.  The learner and the workers take turns, so the learner may use all of them.
int job_threads(const struct settings *s, int is_learner, int ranks_on_host);

#endif
