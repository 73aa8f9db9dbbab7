#include "launch/job.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "launch/data_check.h"
#include "launch/gpu.h"
#include "launch/grading.h"
#include "launch/prompt_date.h"
#include "model/decode.h"
#include "model/generation.h"

#include <string.h>
#include <unistd.h>

static uint64_t hash_model(const struct job *job)
{
    uint64_t hash = model_config_hash(&job->model.config);
    for (int32_t id = 0; id < tokenizer_vocab(job->tokenizer); id++) {
        size_t len = 0;
        const char *piece = tokenizer_piece(job->tokenizer, id, &len);
        hash = hash_bytes(hash, &len, sizeof len);
        if (piece)
            hash = hash_bytes(hash, piece, len);
    }
    return hash;
}

// A model of the configured shape with parameters drawn from the run's seed.
static enum status fresh_model(struct job *job, int weights)
{
    const struct settings *s = &job->settings;
    struct model_config c = {
        .vocab = tokenizer_vocab(job->tokenizer),
        .dim = (int32_t)s->model.dim,
        .layers = (int32_t)s->model.layers,
        .heads = (int32_t)s->model.heads,
        .kv_heads = (int32_t)s->model.kv_heads,
        .head_dim = (int32_t)(s->model.dim / s->model.heads),
        .ffn = (int32_t)s->model.ffn,
        .max_positions = (int32_t)s->model.max_positions,
        .rms_epsilon = 1e-5f,
        .rope_theta = 10000.0,
        .tied = 0,
        .eos = tokenizer_eos(job->tokenizer),
        .bos = -1,
    };
    if (s->model.dim % s->model.heads != 0)
        return status_fail(ERR_INPUT,
                           "model.dim %ld is not a multiple of model.heads %ld",
                           (long)s->model.dim, (long)s->model.heads);
    TRY(model_new(&job->model, &c));
    if (weights)
        model_randomize(&job->model, rng_root((uint64_t)s->run.seed, RNG_INIT));
    return OK;
}

static enum status read_model(struct job *job, int weights)
{
    const char *folder = job->sources.model;
    double began_s = clock_seconds();
    if (!*folder)
        return fresh_model(job, weights);
    TRY(model_load_bare(&job->model, folder, weights));
    if (weights)
        log_info("%s: a policy of %.1f million parameters loaded in %.2f s", folder,
                 (double)model_param_count(&job->model) / 1e6,
                 clock_seconds() - began_s);
    return OK;
}

static void drop_beyond(struct tokens *t, int32_t rows)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->len; i++)
        if (t->ids[i] < rows)
            t->ids[kept++] = t->ids[i];
    t->len = kept;
}

// Some tokenizers name added tokens that their model was never given rows for.
static enum status check_vocabulary(struct job *job, int tell)
{
    const char *folder = job->sources.model;
    int32_t rows = job->model.config.vocab, tokens = tokenizer_vocab(job->tokenizer);
    for (int32_t id = rows; id < tokens; id++)
        if (tokenizer_is_text(job->tokenizer, id))
            return status_fail(ERR_INPUT,
                               "%s: the tokenizer has %d tokens, the model %d", folder,
                               tokens, rows);
    drop_beyond(&job->delimiters, rows);
    if (tokens > rows && tell)
        log_warn("%s: the model has no rows for %d added tokens (ids from %d on): a "
                 "prompt with one of them is refused",
                 folder, tokens - rows, rows);
    return OK;
}

// Panels are made where the policy computes here, and now.
static enum status load_model(struct job *job, int weights, int panels)
{
    TRY(read_model(job, weights));
    if (panels && !gpu_wanted(&job->settings))
        TRY(model_repack(&job->model));
    return check_vocabulary(job, weights);
}

static enum status load_tokenizer(struct job *job)
{
    const struct settings *s = &job->settings;
    const char *where = job->sources.tokenizer;
    TRY(tokenizer_load(&job->tokenizer, where));
    if (!*s->rollout.delimiter)
        return OK;
    TRY(tokenizer_find(job->tokenizer, s->rollout.delimiter, &job->delimiters));
    if (job->delimiters.len == 0)
        return status_fail(ERR_INPUT, "rollout.delimiter: no token of %s contains it",
                           where);
    return OK;
}

static enum status load_set(const struct settings *s, const char *key, const char *path,
                            size_t limit, struct dataset *out)
{
    const struct dataset_rules rules = grading_rules(s);
    TRY(status_wrap(dataset_load_by(out, path, limit, &rules), "%s", key));
    grading_use_verifier(s, out);
    return data_check_modules(out, path);
}

static enum status load_data(struct job *job, int data)
{
    const struct settings *s = &job->settings;
    if (data & JOB_TRAIN)
        TRY(load_set(s, "data.train", s->data.train, (size_t)s->data.train_limit,
                     &job->train));
    if (data & JOB_TEST)
        TRY(load_set(s, "data.test", s->data.test, (size_t)s->eval.problems,
                     &job->test));
    return OK;
}

enum status job_configure(struct job *job, const char *config_path, int argc,
                          char **argv)
{
    TRY(settings_load(&job->settings, config_path, argc, argv));
    TRY(grading_check(&job->settings));
    if (!gpu_wanted(&job->settings) && job->settings.rollout.kv_mb == 0)
        return status_fail(ERR_INPUT, "rollout.kv_mb: 0 is of a GPU (device: cuda)");
    return OK;
}

// What the policy's folder says of ends and of sampling.
static enum status read_generation(struct job *job)
{
    const struct settings *s = &job->settings;
    struct generation g = {0};
    enum status st = OK;
    if (!*job->sources.model)
        return OK;
    TRY(generation_read(&g, job->sources.model, job->model.config.vocab,
                        s->rollout.temperature));
    for (size_t i = 0; i < g.n_ends && st == OK; i++)
        st = tokens_push(&job->stops, g.ends[i]);
    if (st == OK && g.sampling.len && !job->no_weights)
        log_info("%s: generation_config.json has %s; this run samples from the whole "
                 "distribution at rollout.temperature %g",
                 job->sources.model, buf_cstr(&g.sampling), s->rollout.temperature);
    generation_free(&g);
    return st;
}

// The policy ends a reply as its chat template says, else as config.json, the tokenizer
// or generation_config.json says; whatever any of them names ends a text.
static enum status find_ends(struct job *job)
{
    int32_t *eos = &job->model.config.eos, rows = job->model.config.vocab;
    int32_t of_chat = prompts_end(&job->prompts),
            of_text = tokenizer_eos(job->tokenizer);
    TRY(read_generation(job));
    if (of_text >= 0 && of_text < rows)
        TRY(tokens_push(&job->stops, of_text));
    if (*eos < 0 && job->stops.len)
        *eos = of_text >= 0 && of_text < rows ? of_text : job->stops.ids[0];
    if (of_chat >= 0 && of_chat < rows)
        *eos = of_chat;
    if (*eos < 0)
        return status_fail(
            ERR_INPUT, "no token ends a text: neither the tokenizer nor config.json "
                       "nor generation_config.json names one of the model's");
    return OK;
}

static enum status load_prompts(struct job *job, int data)
{
    struct conversations_set sets[CONVERSATIONS_MAX_SETS];
    int n = 0;
    TRY(prompt_date_settle(&job->settings, NULL));
    TRY(prompts_open(&job->prompts, &job->settings, job->tokenizer,
                     job->sources.tokenizer));
    if (data & JOB_TRAIN)
        sets[n++] = (struct conversations_set){.set = &job->train,
                                               .replies = (data & JOB_REPLIES) != 0};
    if (data & JOB_TEST)
        sets[n++] = (struct conversations_set){.set = &job->test};
    return prompts_render(&job->prompts, sets, n);
}

// What the folders hold besides, for job_save_model: the tokenizer's files are those of
// the tokenizer that is in use.
static enum status keep_companions(struct job *job)
{
    const char *model = job->sources.model, *tokenizer = job->sources.tokenizer;
    int own = strcmp(tokenizer, model) == 0;
    if (job->no_weights)
        return OK;
    if (*model)
        TRY(companions_read(&job->companions, model,
                            COMPANIONS_OF_MODEL | (own ? COMPANIONS_OF_TOKENIZER : 0)));
    if (own)
        return OK;
    return companions_read(&job->companions, tokenizer, COMPANIONS_OF_TOKENIZER);
}

enum status job_load(struct job *job, int data)
{
    TRY(sources_find(&job->sources, &job->settings,
                     data & (JOB_TRAIN | JOB_NO_WEIGHTS)));
    TRY(load_tokenizer(job));
    job->no_weights = (data & JOB_NO_WEIGHTS) != 0;
    TRY(load_model(job, !job->no_weights,
                   (data & (JOB_NO_WEIGHTS | JOB_NO_PANELS)) == 0));
    TRY(load_data(job, data));
    if (!(data & JOB_NO_PROMPTS))
        TRY(load_prompts(job, data));
    TRY(find_ends(job));
    TRY(keep_companions(job));
    job->model_hash = grading_hash(&job->settings, hash_model(job));
    return OK;
}

void job_use_reply_end(struct job *job, int32_t token)
{
    if (token >= 0 && token < job->model.config.vocab)
        job->model.config.eos = token;
}

// Once a run: what its texts lost.
static void tell_dropped(const struct job *job)
{
    struct buf which = {0};
    uint64_t n = job->tokenizer ? tokenizer_dropped(job->tokenizer, &which) : 0;
    if (n > 0)
        log_warn(
            "%llu bytes of the texts had no token (%s) and were dropped, as Hugging "
            "Face drops them",
            (unsigned long long)n, buf_cstr(&which));
    buf_free(&which);
}

void job_free(struct job *job)
{
    tell_dropped(job);
    companions_free(&job->companions);
    settings_free(&job->settings);
    prompts_close(&job->prompts);
    tokenizer_free(job->tokenizer);
    model_free(&job->model);
    accelerator_close(&job->gpu);
    dataset_free(&job->train);
    dataset_free(&job->test);
    tokens_free(&job->delimiters);
    tokens_free(&job->stops);
    *job = (struct job){0};
}

static enum status fill_prompt(void *context, uint64_t position, struct msg_task *task)
{
    const struct job_prompts *from = context;
    uint64_t n = from->set->n, at = position % n;
    uint64_t id =
        from->shuffle ? dataset_shuffled(from->seed, position / n, n, at) : at;
    const struct problem *p = &from->set->problems[id];
    struct tokens ids = {0};
    char *answer = NULL, *prefill = NULL;
    enum status st;
    TRY_OUT(prompts_ask(&from->job->prompts, p, &ids));
    TRY_OUT(mem_strdup(&prefill, from->job->settings.prompt.prefill));
    TRY_OUT(mem_strdup(&answer, p->answer));
    task->prompt_id = id;
    task->prompt = ids.ids;
    task->n_prompt = ids.len;
    task->answer = answer;
    task->prefill = prefill;
    task->verifier = (int32_t)p->verifier;
    ids = (struct tokens){0};
    prefill = NULL;
out:
    mem_free(prefill);
    tokens_free(&ids);
    return status_wrap(st, "problem %llu", (unsigned long long)id);
}

struct prompt_source job_prompt_source(struct job_prompts *prompts)
{
    return (struct prompt_source){prompts, fill_prompt};
}

struct dispatch_config job_dispatch_config(const struct job *job, int ranks)
{
    const struct settings *s = &job->settings;
    return (struct dispatch_config){
        .ranks = ranks,
        .own_rank = 0,
        .incarnation = clock_incarnation(),
        .model_hash = job->model_hash,
        .vocab = job->model.config.vocab,
        .lease_ms = settings_ms(s->comm.lease_s),
        .silence_ms = settings_ms(s->comm.silence_s),
        .start_ms = settings_ms(s->comm.start_s),
        .slice_bytes = (size_t)s->comm.slice_mb << 20,
        .slices_ahead = 2,
    };
}

struct judge_config job_judge_config(const struct job *job, int threads)
{
    const struct settings *s = &job->settings;
    return (struct judge_config){
        .servers = s->judge.servers > 0 ? (int)s->judge.servers : threads,
        .timeout_ms = settings_ms(s->judge.timeout_s),
        .memory_mb = s->judge.memory_mb,
        .accept_no_sandbox = strcmp(s->judge.sandbox, "weak") == 0,
    };
}

struct worker_config job_worker_config(const struct job *job, int threads)
{
    const struct settings *s = &job->settings;
    size_t page = kv_cache_page_bytes(&job->model.config);
    int32_t pages = (int32_t)(((size_t)s->rollout.kv_mb << 20) / page);
    return (struct worker_config){
        .learner_rank = 0,
        .incarnation = clock_incarnation(),
        .model_hash = job->model_hash,
        .max_rows = (int32_t)s->rollout.max_rows,
        .kv_pages = job->gpu.device ? gpu_pages(job) : pages,
        .prefetch = (int32_t)s->rollout.prefetch,
        .heartbeat_ms = settings_ms(s->comm.heartbeat_s),
        .silence_ms = settings_ms(s->comm.silence_s),
        .delimiters = job->delimiters.ids,
        .n_delimiters = job->delimiters.len,
        .stops = job->stops.ids,
        .n_stops = job->stops.len,
        .threads = threads,
        .judge = job_judge_config(job, threads),
        .reward = grading_reward(s),
    };
}

enum status job_save_model(struct job *job, const char *folder)
{
    TRY(model_fetch(&job->model));
    TRY(companions_write(&job->companions, folder));
    TRY(tokenizer_save(job->tokenizer, folder));
    TRY(prompts_save(&job->prompts, folder));
    return model_save(&job->model, folder);
}

int job_threads(const struct settings *s, int is_learner, int ranks_on_host)
{
    if (s->run.threads > 0)
        return (int)s->run.threads;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long sharers = is_learner || ranks_on_host < 3 ? 1 : ranks_on_host - 1;
    long share = cores / sharers;
    return share < 1 ? 1 : (int)share;
}
