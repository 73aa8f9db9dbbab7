// Runs an evaluation on a cluster and scores it.
#ifndef LAUNCH_EVALUATION_H
#define LAUNCH_EVALUATION_H

#include "launch/cluster.h"
#include "launch/score.h"

struct evaluation {
    const struct dataset *set;
    size_t problems;    // the first so many of it
    int64_t samples;    // per problem
    double temperature; // 0: greedy
    uint64_t seed;
};

// On rank 0.  Fills *out (score_free).  One process samples from the job's own model.
// ERR_*.
CHECKED enum status evaluation_run(struct cluster *c, struct job *job,
                                   const struct evaluation *e, struct score *out);

#endif
