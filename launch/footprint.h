// How much memory a run takes, before it takes it.
#ifndef LAUNCH_FOOTPRINT_H
#define LAUNCH_FOOTPRINT_H

#include "launch/job.h"

// In bytes.  A rank holds `base` and what its part adds; one rank alone holds it all.
struct footprint {
    double base;        // this process now: program, tokenizer, data, policy
    double trainer;     // gradient, moments, reference policy
    double published;   // the copy that workers are sent
    double activations; // of a pack of train.pack_tokens tokens
    double policy;      // a worker's parameters and panels
    double incoming;    // its second buffer
    double cache;       // keys and values
    double decoding;    // logits and rows of the branches decoded at once
};

// For a loaded job.
void footprint_of(const struct job *job, struct footprint *out);

double footprint_learner(const struct footprint *f);
double footprint_worker(const struct footprint *f);
double footprint_alone(const struct footprint *f); // one process is both

// The most that this process has held so far.
double footprint_peak(void);

#endif
