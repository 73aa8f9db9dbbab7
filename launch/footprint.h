// How much memory a run takes, before it takes it: the most that each process holds
// resident at once (VmHWM).  A checkpoint's file is not in it: its pages leave as they
// are read.  Neither are the judge's processes (judge.memory_mb a program) nor a GPU's.
#ifndef LAUNCH_FOOTPRINT_H
#define LAUNCH_FOOTPRINT_H

#include "launch/job.h"

enum footprint_command { FOOTPRINT_TRAIN, FOOTPRINT_EVAL, FOOTPRINT_SFT };

// In bytes.
struct footprint {
    enum footprint_command command;
    double program;     // this process now, without what follows
    double data;        // problems
    double policy;      // parameters and panels
    double weights;     // parameters alone: a copy that is sent, a buffer that receives
    double trainer;     // gradient and moments
    double reference;   // the starting policy, for the KL
    double activations; // of the largest pack, and what its products work in
    double cache;       // keys and values
    double decoding;    // logits and rows of the branches decoded at once
    double messages;    // slices of weights under way, and
    double slice;       // one of them
    double trees;       // of a step or a chunk, and the replay store
    double loading;     // the most that this process has held so far
};

// The largest pack of a run on this job's data: rows, and the longest path in them.
struct footprint_pack {
    int32_t rows, longest;
};
// ERR_INPUT, ERR_NOMEM: of a prompt.
CHECKED enum status footprint_pack(const struct job *job,
                                   enum footprint_command command,
                                   struct footprint_pack *out);

// For a loaded job, in a process with as many threads as the run will have.
CHECKED enum status footprint_of(const struct job *job, enum footprint_command command,
                                 struct footprint *out);

// Of one process that does it all; of rank 0 and of another rank under mpirun.
double footprint_alone(const struct footprint *f);
double footprint_learner(const struct footprint *f);
double footprint_worker(const struct footprint *f);

// The most that this process has held so far; 0 where the system does not say.
double footprint_peak(void);

#endif
