#include "weights_in.h"

#include "base/pages.h"

#include <string.h>

static uint64_t total_bytes(const struct model *m)
{
    return (uint64_t)model_param_count(m) * sizeof(float);
}

void weights_in_free(struct weights_in *w)
{
    pages_free(w->buffer, w->floats);
    *w = WEIGHTS_IN_EMPTY;
}

static enum status check_slice(const struct model *m, const struct msg_weights *s)
{
    uint64_t total = total_bytes(m);
    if (s->total_bytes != total)
        return status_fail(ERR_PROTOCOL, "weights of %llu bytes: the model has %llu",
                           (unsigned long long)s->total_bytes,
                           (unsigned long long)total);
    if (s->offset > total || s->len > total - s->offset)
        return status_fail(ERR_PROTOCOL, "%zu bytes of weights at %llu of %llu", s->len,
                           (unsigned long long)s->offset, (unsigned long long)total);
    if (s->version == WEIGHTS_NONE)
        return status_fail(ERR_PROTOCOL, "weights without a version");
    return OK;
}

enum status weights_in_slice(struct weights_in *w, const struct model *m, uint64_t have,
                             const struct msg_weights *slice, int *news)
{
    TRY(check_slice(m, slice));
    if (slice->len == 0 || !weights_newer(slice->version, have))
        return OK;
    if (!w->buffer)
        TRY(pages_new(&w->buffer, model_param_count(m)));
    w->floats = model_param_count(m);
    if (weights_newer(slice->version, w->version)) {
        w->version = slice->version;
        w->bytes = 0;
    }
    if (slice->version != w->version || slice->offset > w->bytes ||
        slice->offset + slice->len <= w->bytes)
        return OK;
    memcpy((char *)w->buffer + slice->offset, slice->data, slice->len);
    w->bytes = slice->offset + slice->len;
    *news = 1;
    return OK;
}

void weights_in_drop_older(struct weights_in *w, uint64_t version)
{
    if (w->version == WEIGHTS_NONE || w->version > version)
        return;
    w->version = WEIGHTS_NONE;
    w->bytes = 0;
}

int weights_in_complete(const struct weights_in *w, const struct model *m)
{
    return w->version != WEIGHTS_NONE && w->bytes == total_bytes(m);
}

enum status weights_in_install(struct weights_in *w, struct model *m)
{
    float *old = m->params;
    m->params = w->buffer;
    m->version = w->version;
    w->buffer = old;
    w->version = WEIGHTS_NONE;
    w->bytes = 0;
    return model_repack(m);
}
