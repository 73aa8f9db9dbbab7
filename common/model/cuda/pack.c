// A pack's control arrays: made in pinned memory, sent as one copy.
#include "train.h"

#include "model/activations.h" // pack_check
#include "tensor/cuda/groups.h"

#include <string.h>

// Tiles and `ends` hold for depth-first order only: each span hangs on the one before
// it or on one above that.
static enum status check_order(const struct pack *p)
{
    for (int32_t s = 1; s < p->n_spans; s++) {
        int32_t parent = p->spans[s].parent, up = s - 1;
        while (up > parent)
            up = p->spans[up].parent;
        if (up != parent)
            return status_fail(ERR_INTERNAL,
                               "pack: span %d is not in depth-first order", s);
    }
    return OK;
}

static enum status check_room(const struct device *d, const struct pack *p)
{
    const struct train_buffers *t = &d->train;
    TRY(pack_check(p, &d->c));
    TRY(check_order(p));
    if (p->n_tokens > t->M || p->n_outputs > t->P)
        return status_fail(
            ERR_LIMIT,
            "a pack of %d tokens and %d predictions: the GPU's memory was "
            "shared out for %d and %d (train.pack_tokens, or trees with "
            "fewer leaves)",
            p->n_tokens, p->n_outputs, t->M, t->P);
    return OK;
}

// Path s of a pack is span s's, from the root down.
static enum status list_paths(const struct device *d, const struct pack *p)
{
    const struct pack_control *h = &d->train.host;
    size_t room = (size_t)PATH_STRETCHES * (size_t)d->train.M, used = 0;
    for (int32_t s = 0; s < p->n_spans; s++) {
        const struct attention_span *span = &p->spans[s];
        int32_t above = span->parent;
        size_t depth =
            above < 0 ? 0 : (size_t)(h->path_first[above + 1] - h->path_first[above]);
        h->stretches[s] = (struct gpu_stretch){span->start, span->count, span->begin};
        h->path_first[s] = (int32_t)used;
        if (used + depth + 1 > room)
            return status_fail(
                ERR_LIMIT,
                "a pack of %d spans: their paths take more than %d places "
                "a token; smaller packs (train.pack_tokens) would fit",
                p->n_spans, PATH_STRETCHES);
        if (depth > 0)
            memcpy(h->list + used, h->list + h->path_first[above],
                   depth * sizeof *h->list);
        h->list[used + depth] = s;
        used += depth + 1;
        h->path_first[s + 1] = (int32_t)used;
        for (int32_t i = 0; i < span->count; i++) {
            h->path[span->begin + i] = s;
            h->length[span->begin + i] = span->start + i + 1;
        }
    }
    return OK;
}

static void list_tiles(struct device *d, const struct pack *p)
{
    const struct pack_control *h = &d->train.host;
    int M = p->n_tokens;
    (void)tiles_list(h->tiles_first, h->tiles, h->ends, M, 0, M, 0);
    (void)tiles_list(h->turned_first, h->turned, h->ends, M, 0, M, 1);
    d->train.n_shares = tiles_share(h->shares, h->part_first, h->turned_first,
                                    tiles_count(M), gpu_attention_shares(&d->heads));
}

static void copy_floats(float *to, const float *from, int32_t n)
{
    if (from)
        memcpy(to, from, (size_t)n * sizeof *to);
}

static void list_loss(const struct pack_control *h, const struct pack *p,
                      const struct pack_loss *loss)
{
    copy_floats(h->coef, loss->coef, p->n_outputs);
    copy_floats(h->weight, loss->weight, p->n_outputs);
    copy_floats(h->advantage, loss->advantage, p->n_outputs);
    copy_floats(h->behaviour, loss->behaviour, p->n_outputs);
    copy_floats(h->reference, loss->reference, p->n_outputs);
}

enum status pack_send(struct device *d, const struct pack *p,
                      const struct pack_loss *loss, int *groups)
{
    struct train_buffers *t = &d->train;
    const struct pack_control *h = &t->host;
    TRY(check_room(d, p));
    size_t M = (size_t)p->n_tokens, P = (size_t)p->n_outputs;
    memcpy(h->tokens, p->tokens, M * sizeof *h->tokens);
    memcpy(h->positions, p->positions, M * sizeof *h->positions);
    memcpy(h->row, p->row, P * sizeof *h->row);
    memcpy(h->target, p->target, P * sizeof *h->target);
    tiles_ends(h->ends, p->spans, p->n_spans, p->n_tokens);
    if (d->fast)
        list_tiles(d, p);
    else
        TRY(list_paths(d, p));
    if (loss) {
        *groups = token_groups(h->order, h->first, h->token, p->tokens, p->n_tokens);
        list_loss(h, p, loss);
    }
    gpu_upload(d->gpu, GPU_MAIN, t->control, t->host_control, t->control_bytes);
    return OK;
}
