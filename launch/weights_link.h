// How new weights travel from the learner to the workers of this run: within one GPU
// where one process is both, by NCCL where every rank has a GPU of its own, and by
// messages (host-staged MPI) everywhere else.
#ifndef LAUNCH_WEIGHTS_LINK_H
#define LAUNCH_WEIGHTS_LINK_H

#include "comm/nccl_group.h"
#include "launch/job.h"

struct cluster;
struct local_pair;
struct nccl_backend;
struct nccl_library;

struct weights_link {
    // By rank of this process: [0] is this rank's own; [1] the worker's where one
    // process is both.  NULL: by messages.
    struct nccl_group *groups[2];
    struct local_pair *pair;
    const struct nccl_backend *backend;
    struct nccl_library *library;
};

// Every rank calls it, with its GPU open, at start-up; rank 0 logs the way and why.
// ERR_INPUT: gpu.weights: nccl, and what hinders it; ERR_TIMEOUT: a rank did not come.
CHECKED enum status weights_link_open(struct weights_link *l, const struct cluster *c,
                                      const struct job *job);
void weights_link_close(struct weights_link *l); // before the GPU; zeroed is fine

#endif
