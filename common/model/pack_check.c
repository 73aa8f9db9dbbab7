#include "activations.h"

static enum status check_span(const struct pack *p, int32_t s, int32_t begin)
{
    const struct attention_span *span = &p->spans[s];
    if (span->begin != begin || span->count < 1 || span->count > p->n_tokens - begin)
        return status_fail(ERR_INTERNAL,
                           "pack: span %d is [%d, +%d), not after token %d", s,
                           span->begin, span->count, begin);
    if (span->parent < -1 || span->parent >= s)
        return status_fail(ERR_INTERNAL, "pack: span %d has parent %d", s,
                           span->parent);
    const struct attention_span *up = span->parent < 0 ? NULL : &p->spans[span->parent];
    int32_t start = up ? up->start + up->count : 0;
    if (span->start != start)
        return status_fail(ERR_INTERNAL, "pack: span %d starts at %d, its path at %d",
                           s, span->start, start);
    if (span->count > p->max_context - start)
        return status_fail(ERR_INTERNAL, "pack: span %d ends behind max_context %d", s,
                           p->max_context);
    for (int32_t i = 0; i < span->count; i++)
        if (p->positions[begin + i] != start + i)
            return status_fail(ERR_INTERNAL, "pack: token %d has position %d, not %d",
                               begin + i, p->positions[begin + i], start + i);
    return OK;
}

static enum status check_spans(const struct pack *p)
{
    int32_t end = 0;
    for (int32_t s = 0; s < p->n_spans; s++) {
        TRY(check_span(p, s, end));
        end += p->spans[s].count;
    }
    if (end != p->n_tokens)
        return status_fail(ERR_INTERNAL, "pack: spans hold %d of %d tokens", end,
                           p->n_tokens);
    return OK;
}

static enum status check_outputs(const struct pack *p, int32_t vocab)
{
    for (int32_t j = 0; j < p->n_outputs; j++) {
        int32_t before = j ? p->row[j - 1] : 0;
        if (p->row[j] < before || p->row[j] >= p->n_tokens)
            return status_fail(ERR_INTERNAL, "pack: output %d is of row %d", j,
                               p->row[j]);
        if (p->target[j] < 0 || p->target[j] >= vocab)
            return status_fail(ERR_INPUT, "pack: target %d: the model has %d tokens",
                               p->target[j], vocab);
    }
    return OK;
}

enum status pack_check(const struct pack *p, const struct model_config *c)
{
    if (p->n_tokens < 0 || p->n_spans < 0 || p->n_outputs < 0)
        return status_fail(ERR_INTERNAL, "pack: negative count");
    if (p->max_context > c->max_positions)
        return status_fail(ERR_INPUT, "pack: a path of %d tokens: the model holds %d",
                           p->max_context, c->max_positions);
    for (int32_t i = 0; i < p->n_tokens; i++)
        if (p->tokens[i] < 0 || p->tokens[i] >= c->vocab)
            return status_fail(ERR_INPUT, "pack: token %d: the model has %d tokens",
                               p->tokens[i], c->vocab);
    TRY(check_spans(p));
    return check_outputs(p, c->vocab);
}
