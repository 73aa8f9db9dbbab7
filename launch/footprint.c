#include "launch/footprint.h"

#include "base/file.h"
#include "model/decode.h"
#include "model/memory.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

// Resident now; 0 where the system does not say.
static double resident(void)
{
    struct buf text = {0};
    unsigned long long pages = 0;
    if (file_read(&text, "/proc/self/statm", 4096) != OK ||
        sscanf(buf_cstr(&text), "%*u %llu", &pages) != 1)
        pages = 0;
    buf_free(&text);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

double footprint_peak(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss * 1024.0 : 0.0;
}

static double leaves(const struct settings *s)
{
    double n = 1.0;
    for (int64_t i = 0; i < s->rollout.branch.n; i++)
        n *= (double)s->rollout.branch.items[i];
    return n;
}

static double activations_of(const struct job *job, double tokens)
{
    double longest = (double)job->model.config.max_positions;
    double most = 1 << 30;
    struct pack p = {.n_tokens = (int32_t)(tokens < most ? tokens : most)};
    p.n_outputs = p.n_tokens;
    p.n_spans = p.n_tokens;
    p.max_context = (int32_t)(tokens < longest ? tokens : longest);
    return (double)activations_bytes(&job->model.config, &p);
}

// Every branch that decodes has a row of logits and the rows of one layer.
static double decoding_of(const struct job *job)
{
    const struct model_config *c = &job->model.config;
    double widest = (double)c->dim * 2.0 + (double)c->ffn * 3.0 +
                    (double)c->head_dim * (2.0 * c->heads + 2.0 * c->kv_heads);
    double row = (double)c->vocab + widest;
    return (double)job->settings.rollout.max_rows * row * sizeof(float);
}

void footprint_of(const struct job *job, struct footprint *out)
{
    const struct settings *s = &job->settings;
    double weights = (double)model_param_count(&job->model) * sizeof(float);
    double policy = (double)model_bytes(&job->model.config);
    double tree = leaves(s) * (double)s->rollout.max_new_tokens;
    double step = tree * (double)s->train.prompts;
    double pack = (double)s->train.pack_tokens;
    *out = (struct footprint){
        .base = resident(),
        .trainer = 3.0 * weights + (s->train.kl_coef > 0.0 ? policy : 0.0),
        .published = weights,
        .activations = activations_of(job, step < pack ? step : pack),
        .policy = policy,
        .incoming = weights,
        .cache = (double)s->rollout.kv_mb * 1048576.0,
        .decoding = decoding_of(job),
    };
}

double footprint_learner(const struct footprint *f)
{
    return f->base + f->trainer + f->published + f->activations;
}

// A worker's own policy is in its base.
double footprint_worker(const struct footprint *f)
{
    return f->base + f->incoming + f->cache + f->decoding;
}

double footprint_alone(const struct footprint *f)
{
    return footprint_learner(f) + f->policy + f->incoming + f->cache + f->decoding;
}
