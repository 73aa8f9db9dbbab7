#include "launch/cluster.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/par.h"
#include "comm/loopback.h"
#include "comm_mpi/mpi_transport.h"
#include "launch/gpu.h"

#include <unistd.h>

enum {
    DRAIN_MS = 10000, // for the last STOP to leave
    SPIN_US = 30,     // an idle thread of the pool, where processes do not share cores
};

static int torn; // of the process, like MPI itself

// ---- the worker as a core ----------------------------------------------------------

struct worker_seat {
    struct worker *worker;
    double opened_s;
    int steps; // decode steps done, counted up to the first tokens
};

static enum status seat_start(void *core, int64_t now_ms, struct outbox *out)
{
    struct worker_seat *seat = core;
    return worker_start(seat->worker, now_ms, out);
}

static enum status seat_receive(void *core, int rank, const uint8_t *bytes, size_t len,
                                int64_t now_ms, struct outbox *out)
{
    struct worker_seat *seat = core;
    return worker_receive(seat->worker, rank, bytes, len, now_ms, out);
}

static enum status seat_tick(void *core, int64_t now_ms, struct outbox *out)
{
    struct worker_seat *seat = core;
    return worker_tick(seat->worker, now_ms, out);
}

static enum status seat_work(void *core, int64_t now_ms, struct outbox *out,
                             int *worked)
{
    struct worker_seat *seat = core;
    TRY(worker_work(seat->worker, now_ms, out, worked));
    // The first step feeds the prompt, the second has fed a sampled token.
    if (*worked && seat->steps < 2 && ++seat->steps == 2)
        log_info("first rollout token %.2f s after joining",
                 clock_seconds() - seat->opened_s);
    return OK;
}

static int seat_done(const void *core)
{
    const struct worker_seat *seat = core;
    return worker_stopped(seat->worker);
}

static const struct core_ops worker_core = {seat_start, seat_receive, seat_tick,
                                            seat_work, seat_done};

// ---- joining

static enum status open_mpi(struct cluster *c, const struct settings *s)
{
    TRY(mpi_transport_new(&c->transport, settings_ms(s->comm.send_s)));
    c->rank = c->transport->rank;
    c->size = c->transport->size;
    return mpi_ranks_on_host(c->transport, &c->ranks_on_host, &c->place_on_host);
}

static enum status open_loopback(struct cluster *c)
{
    const struct loopback_faults none = {0};
    TRY(loopback_new(&c->network, 2, &none));
    c->transport = loopback_endpoint(c->network, 0);
    c->size = 2;
    c->ranks_on_host = 1;
    return OK;
}

static enum status begin(struct cluster *c, const struct settings *s)
{
    int threads = job_threads(s, cluster_is_learner(c), c->ranks_on_host);
    log_setup(c->network ? -1 : c->rank, LOG_INFO);
    return par_start(threads, c->ranks_on_host == 1 ? SPIN_US : 0);
}

enum status cluster_open(struct cluster *c, const struct settings *s)
{
    *c = (struct cluster){0};
    if (mpi_launched())
        TRY(open_mpi(c, s));
    if (c->size < 2) {
        if (c->transport) // mpirun -n 1
            torn = !mpi_transport_finish(c->transport, 1);
        TRY(open_loopback(c));
    }
    return begin(c, s);
}

enum status cluster_open_alone(struct cluster *c, const struct settings *s)
{
    *c = (struct cluster){0};
    TRY(open_loopback(c));
    return begin(c, s);
}

enum status cluster_open_gpu(const struct cluster *c, struct job *job, int roles)
{
    const struct gpu_place place = {c->place_on_host, c->ranks_on_host};
    int worker = GPU_SAMPLES | (roles & GPU_RECEIVES);
    if (c->network)
        return gpu_open_for(job, roles | worker, &place);
    if (!cluster_is_learner(c))
        return gpu_open_for(job, worker, &place);
    return roles & GPU_LEARNS ? gpu_open_for(job, roles & ~GPU_RECEIVES, &place) : OK;
}

enum status cluster_agree_on_end(const struct cluster *c, struct job *job)
{
    int32_t mine = prompts_end(&job->prompts), *all = NULL;
    enum status st;
    if (c->network)
        return OK;
    TRY(mem_new(&all, (size_t)c->size, sizeof *all));
    st = mpi_tell_all(c->transport, &mine, sizeof mine, all,
                      settings_ms(job->settings.comm.silence_s));
    if (st == OK && !cluster_is_learner(c))
        job_use_reply_end(job, all[0]);
    if (st == OK) // else MPI still writes there
        mem_free(all);
    return status_wrap(st, "what ends a reply");
}

int cluster_torn(void)
{
    return torn;
}

void cluster_close(struct cluster *c, int clean)
{
    par_stop();
    weights_link_close(&c->link);
    if (c->network)
        loopback_free(c->network);
    else if (c->transport)
        torn = !mpi_transport_finish(c->transport, clean);
    *c = (struct cluster){0};
}

// ---- running

static void advance(void *context, int64_t now_ms)
{
    loopback_advance(context, now_ms);
}

// A policy for the worker, as it would have one on another machine.
static enum status make_policy(const struct job *job, struct model *out)
{
    TRY(model_new(out, &job->model.config));
    if (job->gpu.device)
        model_place(out, &job->gpu, DEVICE_ROLLOUT);
    else
        pages_touch(out->params, model_param_count(out));
    return OK;
}

// On a device, weights that are trained are not those that are sampled from.
static int samples_here(const struct job *job)
{
    return !job->gpu.device || job->model.weights == DEVICE_ROLLOUT;
}

// Learner and worker in one process.
static enum status lead_alone(struct cluster *c, struct job *job, void *core,
                              const struct core_ops *ops, int frozen)
{
    struct model policy = {0};
    struct worker_seat seat = {.opened_s = clock_seconds()};
    struct worker_config config = job_worker_config(job, par_threads());
    enum status st;
    config.group = c->link.groups[1];
    config.has_weights = frozen && samples_here(job);
    if (!config.has_weights)
        TRY_OUT(make_policy(job, &policy));
    TRY_OUT(worker_new(&seat.worker, &config,
                       config.has_weights ? &job->model : &policy, job->tokenizer));
    struct seat seats[2] = {
        {core, ops, c->transport},
        {&seat, &worker_core, loopback_endpoint(c->network, 1)},
    };
    st = loop_run(seats, 2, 0, advance, c->network);
out:
    worker_free(seat.worker);
    model_free(&policy);
    return st;
}

enum status cluster_lead(struct cluster *c, struct job *job, void *core,
                         const struct core_ops *ops, int frozen)
{
    if (c->network)
        return lead_alone(c, job, core, ops, frozen);
    struct seat seat = {core, ops, c->transport};
    return loop_run(&seat, 1, DRAIN_MS, NULL, NULL);
}

enum status cluster_work(struct cluster *c, struct job *job)
{
    struct worker_seat seat = {.opened_s = clock_seconds()};
    struct worker_config config = job_worker_config(job, par_threads());
    enum status st;
    config.group = c->link.groups[0];
    config.has_weights = !job->no_weights; // of the evaluation before
    TRY_OUT(worker_new(&seat.worker, &config, &job->model, job->tokenizer));
    struct seat only = {&seat, &worker_core, c->transport};
    st = loop_run(&only, 1, DRAIN_MS, NULL, NULL);
    job->no_weights = !worker_has_weights(seat.worker);
out:
    worker_free(seat.worker);
    return st;
}
