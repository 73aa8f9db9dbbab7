#include "decode.h"

#include "decode_state.h"
#include "shape.h"

#include "base/mem.h"

#include <string.h>

enum { DEVICE_PROMPT_ROWS = 2048 };

static int32_t most_rows(const struct decoder *d)
{
    return d->prompt_rows > d->max_rows ? d->prompt_rows : d->max_rows;
}

enum status decoder_new(struct decoder **out, const struct model *m, int32_t max_rows)
{
    struct decoder *d = NULL;
    enum status st = OK;
    if (max_rows < 1)
        return status_fail(ERR_INPUT, "decoder: %d rows", max_rows);
    TRY_OUT(mem_new(&d, 1, sizeof *d));
    d->max_rows = max_rows;
    d->prompt_rows = m->accelerator ? decoder_prompt_rows(&m->config) : max_rows;
    TRY_OUT(mem_new(&d->order, (size_t)max_rows, sizeof *d->order));
    TRY_OUT(mem_new(&d->tokens, (size_t)most_rows(d), sizeof *d->tokens));
    TRY_OUT(decode_plan_new(&d->plan, most_rows(d)));
    TRY_OUT(m->accelerator ? decode_device_new(d) : decode_host_new(d, m));
    *out = d;
    d = NULL;
out:
    decoder_free(d);
    return status_wrap(st, "decoder");
}

void decoder_free(struct decoder *d)
{
    if (!d)
        return;
    decode_plan_free(&d->plan);
    decode_host_free(d);
    decode_device_free(d);
    mem_free(d->order);
    mem_free(d->tokens);
    mem_free(d);
}

double decoder_flops(const struct decoder *d)
{
    return d->flops;
}

int32_t decoder_prompt_rows(const struct model_config *c)
{
    return c->max_positions < DEVICE_PROMPT_ROWS ? c->max_positions
                                                 : DEVICE_PROMPT_ROWS;
}

// What a call may allocate, it allocates before anything is fed.
static enum status reserve(struct decoder *d, const struct decode_call *c)
{
    TRY(decode_plan_reserve(&d->plan, c->cache, most_rows(d)));
    return c->m->accelerator ? decode_device_reserve(d) : decode_host_reserve(d, c);
}

// The planned rows through all layers.
static enum status compute(struct decoder *d, const struct decode_call *call,
                           int prompt)
{
    const struct model_config *c = &call->m->config;
    double attention = 0;
    for (int32_t i = 0; i < call->n; i++)
        attention += attention_row_flops(c, (double)d->plan.positions[i] + 1);
    d->flops += c->layers * (attention + call->n * layer_row_flops(c));
    if (call->m->accelerator)
        return decode_device_rows(d, call, prompt);
    decode_host_rows(d, call);
    return OK;
}

static enum status check_token(const struct model *m, int32_t token)
{
    if (token < 0 || token >= m->config.vocab)
        return status_fail(ERR_INPUT, "decode: token %d: the model has %d tokens",
                           token, m->config.vocab);
    return OK;
}

static enum status check_position(const struct model *m, int64_t length)
{
    if (length > m->config.max_positions)
        return status_fail(ERR_LIMIT,
                           "decode: a path of %lld tokens: the model holds %d",
                           (long long)length, m->config.max_positions);
    return OK;
}

static enum status check_pages(const struct kv_cache *cache, int64_t wanted)
{
    if (wanted > cache->n_free_pages)
        return status_fail(ERR_LIMIT, "kv cache: %lld pages wanted, %d of %d are free",
                           (long long)wanted, cache->n_free_pages, cache->max_pages);
    return OK;
}

// One row of a step; adds the pages it takes and raises the longest path.
static enum status check_row(const struct model *m, const struct kv_cache *cache,
                             int32_t branch, int32_t token, int64_t *pages,
                             int *longest)
{
    TRY(kv_branch_check(cache, branch));
    TRY(check_token(m, token));
    int length = kv_branch_length(cache, branch) + 1;
    TRY(check_position(m, length));
    *pages += kv_pages_wanted(cache, branch, 1);
    if (length > *longest)
        *longest = length;
    return OK;
}

// Checks all, orders the rows and allocates; nothing is fed yet.
static enum status prepare_step(struct decoder *d, const struct model *m,
                                struct kv_cache *cache, const int32_t *branches,
                                const int32_t *tokens, int32_t n, int *max_context)
{
    int64_t pages = 0;
    int longest = 0;
    if (n > d->max_rows)
        return status_fail(ERR_LIMIT, "decode: %d rows, made for %d", n, d->max_rows);
    for (int32_t i = 0; i < n; i++)
        TRY(check_row(m, cache, branches[i], tokens[i], &pages, &longest));
    kv_branch_order(cache, branches, d->order, n);
    for (int32_t i = 1; i < n; i++)
        if (branches[d->order[i]] == branches[d->order[i - 1]])
            return status_fail(ERR_INTERNAL, "decode: branch %d stands twice in a step",
                               branches[d->order[i]]);
    TRY(check_pages(cache, pages));
    for (int32_t i = 0; i < n; i++)
        TRY(kv_branch_room(cache, branches[i], 1));
    TRY(reserve(d, &(struct decode_call){m, cache, n, longest}));
    *max_context = longest;
    return OK;
}

enum status decode_step(struct decoder *d, const struct model *m,
                        struct kv_cache *cache, const int32_t *branches,
                        const int32_t *tokens, int32_t n)
{
    int max_context = 0;
    if (n < 1)
        return OK;
    TRY(prepare_step(d, m, cache, branches, tokens, n, &max_context));
    for (int32_t i = 0; i < n; i++) {
        kv_branch_grow(cache, branches[d->order[i]], 1);
        d->tokens[i] = tokens[d->order[i]];
    }
    decode_plan_step(&d->plan, cache, branches, d->order, n);
    return compute(d, &(struct decode_call){m, cache, n, max_context}, 0);
}

static int32_t chunk_rows(const struct decoder *d, int32_t rest)
{
    return rest < d->prompt_rows ? rest : d->prompt_rows;
}

static enum status prepare_prefill(struct decoder *d, const struct model *m,
                                   struct kv_cache *cache, int32_t branch,
                                   const int32_t *tokens, int32_t n)
{
    if (n < 1)
        return status_fail(ERR_INPUT, "decode: a prompt of %d tokens", n);
    TRY(kv_branch_check(cache, branch));
    int32_t before = kv_branch_length(cache, branch), rows = 0;
    TRY(check_position(m, (int64_t)before + n));
    for (int32_t i = 0; i < n; i++)
        TRY(check_token(m, tokens[i]));
    TRY(check_pages(cache, kv_pages_wanted(cache, branch, n)));
    TRY(kv_branch_room(cache, branch, n));
    for (int32_t done = 0; done < n; done += rows) {
        rows = chunk_rows(d, n - done);
        TRY(reserve(d, &(struct decode_call){m, cache, rows, before + done + rows}));
    }
    return OK;
}

enum status decode_prefill(struct decoder *d, const struct model *m,
                           struct kv_cache *cache, int32_t branch,
                           const int32_t *tokens, int32_t n)
{
    int32_t rows = 0;
    TRY(prepare_prefill(d, m, cache, branch, tokens, n));
    for (int32_t done = 0; done < n; done += rows) {
        rows = chunk_rows(d, n - done);
        kv_branch_grow(cache, branch, rows);
        memcpy(d->tokens, tokens + done, (size_t)rows * sizeof *tokens);
        if (m->accelerator)
            decode_plan_path(&d->plan, cache, branch, rows);
        else
            decode_plan_prefill(&d->plan, cache, branch, rows);
        TRY(compute(
            d, &(struct decode_call){m, cache, rows, kv_branch_length(cache, branch)},
            1));
    }
    return OK;
}

static enum status find_states(const struct kv_cache *cache, struct decode_draw *draws,
                               int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        TRY(kv_branch_state(cache, draws[i].branch, &draws[i].state));
    return OK;
}

enum status decode_draw(struct decoder *d, const struct model *m,
                        struct kv_cache *cache, struct decode_draw *draws, int32_t n)
{
    const struct accelerator *a = m->accelerator;
    TRY(find_states(cache, draws, n));
    if (a) {
        d->flops += n * head_row_flops(&m->config);
        return a->ops->draw(a->device, draws, n);
    }
    for (int32_t done = 0; done < n; done += d->max_rows) {
        int32_t rest = n - done, rows = rest < d->max_rows ? rest : d->max_rows;
        decode_host_draw(d, &(struct decode_call){m, cache, rows, 0}, draws + done);
    }
    return OK;
}

enum status decode_logits(struct decoder *d, const struct model *m,
                          struct kv_cache *cache, int32_t branch, float *logits)
{
    const struct accelerator *a = m->accelerator;
    int32_t state = -1;
    TRY(kv_branch_state(cache, branch, &state));
    if (a)
        return a->ops->logits(a->device, state, logits);
    decode_host_logits(d, &(struct decode_call){m, cache, 1, 0}, &state, logits);
    return OK;
}
