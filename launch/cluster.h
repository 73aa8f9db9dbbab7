// The ranks of this run: those of mpirun, or, without it, a learner and a worker in
// this process joined by the loopback transport.
#ifndef LAUNCH_CLUSTER_H
#define LAUNCH_CLUSTER_H

#include "launch/job.h"
#include "launch/loop.h"
#include "launch/weights_link.h"

struct loopback;

struct cluster {
    int rank, size; // size counts the in-process worker
    int ranks_on_host, place_on_host;
    struct transport *transport; // this rank's
    struct loopback *network;    // NULL under mpirun
    struct weights_link link;    // zeroed: weights go by messages
};

// Joins the cluster; sets up logging and the thread pool.  ERR_IO, ERR_INPUT.
CHECKED enum status cluster_open(struct cluster *c, const struct settings *s);
// A learner and a worker in this process, whatever started it.
CHECKED enum status cluster_open_alone(struct cluster *c, const struct settings *s);
// The GPU of this rank for what it does in the cluster: the learner `roles` (of
// launch/gpu.h), a worker GPU_SAMPLES and what of GPU_RECEIVES is in `roles`, one
// process both.
CHECKED enum status cluster_open_gpu(const struct cluster *c, struct job *job,
                                     int roles);
// After job_load: every rank takes what ends a reply from the learner, which alone has
// rendered the chat template.  ERR_TIMEOUT: a rank did not come in comm.silence_s.
CHECKED enum status cluster_agree_on_end(const struct cluster *c, struct job *job);
// Leaves it; `clean` as in mpi_transport_finish.
void cluster_close(struct cluster *c, int clean);
// 1 where MPI could not be finalized, because a rank is lost: the process can then only
// _exit, or MPI's own clean-up would wait for that rank.
int cluster_torn(void);

static inline int cluster_is_learner(const struct cluster *c)
{
    return c->rank == 0;
}

// On rank 0: runs `core` against the workers until it is done.  In one process it also
// makes and drives the worker; `frozen` != 0: the job's parameters do not change, so
// that it samples from them and not from a copy.  ERR_*: the core's, or the worker's.
CHECKED enum status cluster_lead(struct cluster *c, struct job *job, void *core,
                                 const struct core_ops *ops, int frozen);
// On any other rank: works for the learner until it says STOP.
CHECKED enum status cluster_work(struct cluster *c, struct job *job);

#endif
