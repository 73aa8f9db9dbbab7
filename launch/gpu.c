#include "launch/gpu.h"

#include "base/log.h"
#include "base/mem.h"
#include "launch/longest.h"
#include "model/decode.h"
#include "model/device.h"

#include <string.h>

static int is(const char *choice, const char *word)
{
    return strcmp(choice, word) == 0;
}

static enum device_recompute recompute_of(const struct settings *s)
{
    if (is(s->gpu.recompute, "layer"))
        return RECOMPUTE_LAYER;
    return is(s->gpu.recompute, "ffn") ? RECOMPUTE_FFN : RECOMPUTE_NONE;
}

// One page of keys and values, all layers, in the GPU's element type.
static size_t page_bytes(const struct job *job)
{
    size_t floats = kv_cache_page_bytes(&job->model.config);
    return is(job->settings.gpu.type, "f32") ? floats : floats / 2;
}

static enum status learner_limits(const struct job *job, int roles,
                                  struct device_limits *l)
{
    const struct settings *s = &job->settings;
    struct longest longest;
    TRY(longest_find(job, &job->train,
                     LONGEST_EXACT | (roles & GPU_IMITATES ? LONGEST_IMITATED : 0),
                     &longest));
    l->train_tokens = (int32_t)s->train.pack_tokens;
    if (l->train_tokens < longest.path) // a pack takes at least one
        l->train_tokens = longest.path;
    l->train_outputs = l->train_tokens;
    l->reference = s->train.kl_coef > 0.0;
    l->host_optimizer = is(s->gpu.optimizer, "host");
    l->recompute = recompute_of(s);
    return OK;
}

static enum status worker_limits(const struct job *job, int roles,
                                 struct device_limits *l)
{
    const struct settings *s = &job->settings;
    if (s->rollout.kv_mb > 0 && ((size_t)s->rollout.kv_mb << 20) < page_bytes(job))
        return status_fail(ERR_INPUT,
                           "rollout.kv_mb: %lld MiB, but one page takes %zu bytes",
                           (long long)s->rollout.kv_mb, page_bytes(job));
    l->decode_rows = (int32_t)s->rollout.max_rows;
    l->prefill_rows = decoder_prompt_rows(&job->model.config);
    l->kv_pages = (int32_t)(((size_t)s->rollout.kv_mb << 20) / page_bytes(job));
    l->second_buffer = (roles & GPU_RECEIVES) != 0;
    l->memory_share = s->gpu.memory_share;
    return OK;
}

static enum status setup_of(const struct job *job, int roles, struct device_setup *out)
{
    const struct settings *s = &job->settings;
    *out = (struct device_setup){
        .type = is(s->gpu.type, "f32") ? DEVICE_F32 : DEVICE_BF16,
        .deterministic = is(s->deterministic, "true"),
        .deadline_ms = settings_ms(s->gpu.deadline_s),
        .config = job->model.config,
    };
    if (roles & GPU_SAMPLES)
        TRY(worker_limits(job, roles, &out->limits));
    return roles & GPU_LEARNS ? learner_limits(job, roles, &out->limits) : OK;
}

enum status gpu_find(struct job *job)
{
    if (!gpu_wanted(&job->settings))
        return OK;
    TRY(accelerator_load(&job->gpu));
    return status_wrap(job->gpu.ops->count(&job->gpus), "device cuda");
}

enum status gpu_measure(const struct job *job, int roles, size_t *device, size_t *host)
{
    struct accelerator a = {0};
    struct device_setup setup;
    TRY(setup_of(job, roles, &setup));
    TRY(accelerator_load(&a));
    enum status st = a.ops->measure(&setup, device, host);
    accelerator_close(&a);
    return st;
}

// Processes of a host take its GPUs in turn, and share where there are fewer.
static void choose_ordinal(const struct job *job, const struct gpu_place *at,
                           struct device_setup *setup)
{
    int sharers = (at->ranks + job->gpus - 1) / job->gpus;
    setup->ordinal = (int32_t)job->settings.gpu.ordinal;
    if (setup->ordinal < 0)
        setup->ordinal = at->rank % job->gpus;
    else
        sharers = at->ranks;
    setup->limits.memory_share /= sharers > 1 ? sharers : 1;
}

static void say(const struct job *job, const struct device_setup *setup)
{
    struct device_info info;
    job->gpu.ops->describe(job->gpu.device, &info);
    log_info(
        "GPU %d: %s, compute capability %d.%d, %.1f GiB free; %.2f GiB taken, %.2f "
        "GiB of pinned host memory; %s%s, %d key/value pages",
        setup->ordinal, info.name, info.major, info.minor,
        (double)info.free_bytes / 1073741824.0, (double)info.arena_bytes / 1073741824.0,
        (double)info.host_bytes / 1073741824.0, job->settings.gpu.type,
        setup->deterministic ? ", deterministic" : "", info.kv_pages);
}

int32_t gpu_pages(const struct job *job)
{
    struct device_info info;
    job->gpu.ops->describe(job->gpu.device, &info);
    return info.kv_pages;
}

enum status gpu_open_for(struct job *job, int roles, const struct gpu_place *at)
{
    struct device_setup setup;
    if (!gpu_wanted(&job->settings))
        return OK;
    TRY(setup_of(job, roles, &setup));
    choose_ordinal(job, at, &setup);
    TRY(accelerator_open(&job->gpu, &setup));
    say(job, &setup);
    model_place(&job->model, &job->gpu,
                roles & GPU_LEARNS ? DEVICE_LEARNER : DEVICE_ROLLOUT);
    return job->no_weights ? OK : model_repack(&job->model);
}
