#include "launch/footprint.h"

#include "base/file.h"
#include "base/par.h"
#include "launch/longest.h"
#include "model/decode.h"
#include "model/memory.h"
#include "rollout/worker.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// What no count tells, measured: MPI with its shared memory; the products of a backward
// pass (OpenBLAS) on each thread.
static const double of_mpi = 12e6, of_thread = 3e6;
enum { TOKEN_BYTES = 48 }; // in trees, in a worker's nodes, in RESULT messages

// A line "NAME   N kB" of /proc/self/status.
static double status_line(const char *name)
{
    struct buf text = {0};
    unsigned long long kb = 0;
    if (file_read(&text, "/proc/self/status", 1 << 16) == OK) {
        const char *line = strstr(buf_cstr(&text), name);
        if (!line || sscanf(line + strlen(name), "%llu", &kb) != 1)
            kb = 0;
    }
    buf_free(&text);
    return (double)kb * 1024.0;
}

double footprint_peak(void)
{
    return status_line("VmHWM:");
}

static double leaves(const struct settings *s)
{
    double n = 1.0;
    for (int64_t i = 0; i < s->rollout.branch.n; i++)
        n *= (double)s->rollout.branch.items[i];
    return n;
}

// What may be generated for one prompt.
static double tree_tokens(const struct settings *s)
{
    double most = leaves(s) * (double)s->rollout.max_new_tokens;
    double budget = (double)s->rollout.budget_tokens;
    return budget > 0.0 ? fmin(most, budget) : most;
}

// Tokens of all trees at once.
static double step_tokens(const struct job *job, enum footprint_command command,
                          const struct longest *l)
{
    const struct settings *s = &job->settings;
    if (command == FOOTPRINT_SFT)
        return (double)s->sft.batch * l->path;
    if (command == FOOTPRINT_TRAIN)
        return (double)s->train.prompts * (l->prompt + tree_tokens(s));
    double most = (double)s->rollout.max_new_tokens;
    return fmin((double)s->eval.chunk, (double)job->test.n) *
           (l->prompt + (double)s->eval.samples * most);
}

static const struct dataset *set_of(const struct job *job,
                                    enum footprint_command command)
{
    return command == FOOTPRINT_EVAL ? &job->test : &job->train;
}

static int paths_of(enum footprint_command command)
{
    return command == FOOTPRINT_SFT ? LONGEST_IMITATED : LONGEST_GENERATED;
}

// A pack is full, or takes the whole step, but takes one path at least.
static struct footprint_pack
pack_of(const struct job *job, enum footprint_command command, const struct longest *l)
{
    double rows = (double)job->settings.train.pack_tokens;
    int grows = strcmp(job->settings.reuse.weights, "off") != 0;
    if (command == FOOTPRINT_SFT || !grows)
        rows = fmin(rows, step_tokens(job, command, l));
    rows = fmin(fmax(rows, l->path), INT32_MAX);
    return (struct footprint_pack){(int32_t)rows, l->path};
}

enum status footprint_pack(const struct job *job, enum footprint_command command,
                           struct footprint_pack *out)
{
    struct longest l;
    TRY(longest_find(job, set_of(job, command), paths_of(command), &l));
    *out = pack_of(job, command, &l);
    return OK;
}

static double activations_of(const struct job *job, const struct footprint_pack *pack)
{
    const struct pack p = {.n_tokens = pack->rows,
                           .n_outputs = pack->rows,
                           .n_spans = pack->rows,
                           .max_context = pack->longest};
    return (double)activations_bytes(&job->model.config, &p);
}

// Each text is an allocation of its own.
static double text_bytes(const char *text)
{
    enum { LINE = 64, HEAD = 16 };
    return text ? (double)(strlen(text) / LINE + 1) * LINE + HEAD : 0.0;
}

static double data_bytes(const struct dataset *set)
{
    double bytes = (double)set->capacity * sizeof *set->problems;
    for (size_t i = 0; i < set->n; i++) {
        const struct problem *p = &set->problems[i];
        bytes +=
            text_bytes(p->question) + text_bytes(p->solution) + text_bytes(p->answer);
    }
    return bytes;
}

static void rollout_part(const struct job *job, const struct longest *l,
                         struct footprint *out)
{
    const struct settings *s = &job->settings;
    const struct worker_config w = job_worker_config(job, 1);
    double rows = (double)w.max_rows,
           branches = fmin((double)w.kv_pages + rows,
                           rows * ((double)s->rollout.branch.n + 2.0));
    const struct decoder_counts counts = {w.max_rows, l->path, (int32_t)branches,
                                          w.kv_pages};
    const struct dispatch_config d = job_dispatch_config(job, 2);
    out->cache = (double)w.kv_pages * (double)kv_cache_page_bytes(&job->model.config);
    out->decoding = (double)decoder_bytes(&job->model.config, &counts);
    out->slice = fmin((double)d.slice_bytes, out->weights);
    out->messages = fmin((double)d.slices_ahead * out->slice, out->weights);
}

static void training_part(const struct job *job, enum footprint_command command,
                          const struct longest *l, struct footprint *out)
{
    const struct settings *s = &job->settings;
    const struct footprint_pack pack = pack_of(job, command, l);
    out->trainer = 3.0 * out->weights;
    out->activations = activations_of(job, &pack) + of_thread * par_threads();
    if (command != FOOTPRINT_TRAIN)
        return;
    out->reference = s->train.kl_coef > 0.0 ? out->policy : 0.0;
    if (strcmp(s->reuse.weights, "off") != 0)
        out->trees += (double)s->reuse.max_mb * 1048576.0;
}

enum status footprint_of(const struct job *job, enum footprint_command command,
                         struct footprint *out)
{
    const struct settings *s = &job->settings;
    struct footprint f = {.command = command,
                          .policy = (double)model_bytes(&job->model.config),
                          .weights =
                              (double)model_param_count(&job->model) * sizeof(float),
                          .data = data_bytes(&job->train) + data_bytes(&job->test),
                          .loading = footprint_peak()};
    struct longest l;
    TRY(longest_find(job, set_of(job, command), paths_of(command), &l));
    f.program = fmax(status_line("VmRSS:") - f.policy - f.data, 0.0);
    f.trees = TOKEN_BYTES * step_tokens(job, command, &l);
    if (command != FOOTPRINT_EVAL)
        training_part(job, command, &l, &f);
    if (command != FOOTPRINT_SFT || s->sft.eval_every > 0)
        rollout_part(job, &l, &f);
    *out = f;
    return OK;
}

static double always(const struct footprint *f)
{
    return f->program + f->trees;
}

static double training(const struct footprint *f)
{
    return f->data + f->policy + f->trainer + f->reference + f->activations;
}

// A worker's policy changes while the next is on its way.
static double following(const struct footprint *f)
{
    return f->policy + f->weights + f->messages;
}

static double sampling(const struct footprint *f)
{
    return f->cache + f->decoding;
}

// Only what is trained is not what is sampled from.
double footprint_alone(const struct footprint *f)
{
    double most = always(f) + training(f) + sampling(f);
    if (f->command == FOOTPRINT_TRAIN)
        most += f->weights + following(f);
    return fmax(f->loading, most);
}

// The copy that is sent stands beside the parameters; where nothing is trained there
// are no panels.
double footprint_learner(const struct footprint *f)
{
    double own = f->command == FOOTPRINT_TRAIN ? training(f) : f->data + f->weights;
    return fmax(f->loading, always(f) + own + f->weights + of_mpi);
}

// Weights come once to an evaluation; the last slice stands beside them.  A training
// run of one step sends its second version in vain, and may end before it has arrived.
double footprint_worker(const struct footprint *f)
{
    double own = f->command == FOOTPRINT_TRAIN ? following(f) : f->policy + f->slice;
    return always(f) + own + sampling(f) + of_mpi;
}
