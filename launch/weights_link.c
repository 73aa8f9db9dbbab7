#include "launch/weights_link.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "comm/local_pair.h"
#include "comm/nccl_backend.h"
#include "comm/nccl_way.h"
#include "comm_mpi/mpi_transport.h"
#include "launch/cluster.h"

#include <string.h>
#include <unistd.h>

static struct nccl_group_options options_of(const struct job *job, int rank, int size)
{
    const struct settings *s = &job->settings;
    return (struct nccl_group_options){
        .rank = rank,
        .size = size,
        .chunk_bytes = (size_t)s->comm.slice_mb << 20,
        .join_ms = settings_ms(s->comm.start_s),
        .broadcast_ms = settings_ms(s->comm.send_s),
    };
}

// ---- one process

static enum status copy_on_gpu(void *context, void *to, const void *from, size_t bytes)
{
    const struct accelerator *gpu = context;
    return gpu->ops->copy(gpu->device, to, from, bytes);
}

static enum status open_pair(struct weights_link *l, const struct job *job)
{
    TRY(local_pair_new(&l->pair, copy_on_gpu, (void *)&job->gpu));
    for (int rank = 0; rank < 2; rank++) {
        const struct nccl_group_options o = options_of(job, rank, 2);
        TRY(nccl_group_new(&l->groups[rank], local_pair_calls(l->pair, rank), &o));
    }
    log_info("weights: copied within the GPU, where one process is learner and worker");
    return OK;
}

// ---- ranks

static enum weights_wish wish_of(const struct settings *s)
{
    if (strcmp(s->gpu.weights, "nccl") == 0)
        return WEIGHTS_WISH_NCCL;
    return strcmp(s->gpu.weights, "mpi") == 0 ? WEIGHTS_WISH_MPI : WEIGHTS_AUTO;
}

static void describe(struct nccl_rank *r, const struct weights_link *l,
                     const struct job *job)
{
    char host[256] = "";
    struct device_info info;
    memset(r, 0, sizeof *r); // also what pads it: it travels
    (void)gethostname(host, sizeof host - 1);
    r->host = hash_bytes(HASH_START, host, strlen(host));
    if (!job->gpu.device)
        return;
    job->gpu.ops->describe(job->gpu.device, &info);
    r->has_gpu = true;
    memcpy(r->gpu, info.uuid, sizeof r->gpu);
    if (l->backend && l->backend->version(&r->nccl_version) != OK) {
        log_info("%s", status_message());
        r->nccl_version = 0;
    }
}

static enum status choose(struct weights_choice *out, const struct weights_link *l,
                          const struct cluster *c, const struct job *job)
{
    struct nccl_rank mine, *all = NULL;
    enum status st;
    describe(&mine, l, job);
    TRY(mem_new(&all, (size_t)c->size, sizeof *all));
    TRY_OUT(mpi_tell_all(c->transport, &mine, (int)sizeof mine, all,
                         settings_ms(job->settings.comm.start_s)));
    st = weights_choose(out, all, c->size, wish_of(&job->settings));
out:
    if (st != ERR_TIMEOUT) // or MPI may still write there
        mem_free(all);
    return st;
}

static enum status open_ranks(struct weights_link *l, const struct cluster *c,
                              const struct job *job)
{
    struct weights_choice choice;
    const struct nccl_group_options o = options_of(job, c->rank, c->size);
    l->backend = accelerator_entry(&job->gpu, "etreerpo_nccl");
    TRY(choose(&choice, l, c, job));
    if (c->rank == 0)
        log_info("weights: %s", choice.reason);
    if (choice.way != WEIGHTS_BY_NCCL)
        return OK;
    TRY(l->backend->open(&l->library, job->gpu.ops->broadcast_stream(job->gpu.device)));
    return nccl_group_new(&l->groups[0], l->backend->calls(l->library), &o);
}

enum status weights_link_open(struct weights_link *l, const struct cluster *c,
                              const struct job *job)
{
    if (!c->network)
        return open_ranks(l, c, job);
    return job->gpu.device ? open_pair(l, job) : OK;
}

void weights_link_close(struct weights_link *l)
{
    for (int i = 0; i < 2; i++)
        nccl_group_free(l->groups[i]);
    local_pair_free(l->pair);
    if (l->library)
        l->backend->close(l->library);
    *l = (struct weights_link){0};
}
