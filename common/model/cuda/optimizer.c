#include "optimizer.h"

#include "model/layout.h"

#include <string.h>

static enum status check_role(const struct device *d)
{
    return d->optimizer.grad
               ? OK
               : status_fail(ERR_INTERNAL, "GPU %d does not learn", d->setup.ordinal);
}

enum status optimizer_clear(struct device *d)
{
    TRY(check_role(d));
    gpu_zero(d->gpu, GPU_MAIN, d->optimizer.grad, d->layout.total * sizeof(float));
    return OK;
}

enum status optimizer_norm(struct device *d, double *out)
{
    struct optimizer_state *o = &d->optimizer;
    TRY(check_role(d));
    gpu_squared_norm(d->gpu, o->norm, o->grad, o->norm_parts, d->layout.total);
    gpu_download(d->gpu, GPU_MAIN, o->host_norm, o->norm, sizeof *o->norm);
    TRY(gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: gradient norm"));
    *out = *o->host_norm;
    return OK;
}

// The image is final up to element `end`, in the order of the main stream.
static enum status tell(struct device *d, const struct training_watch *watch,
                        size_t end)
{
    if (!watch)
        return OK;
    gpu_after(d->gpu, GPU_BROADCAST, GPU_MAIN);
    return watch->ready(watch->context, end * gpu_type_bytes(d->type));
}

// ---- moments on the device

static void update_range(struct device *d, const struct adamw *a,
                         const struct param_range *r)
{
    struct optimizer_state *o = &d->optimizer;
    gpu_adamw(d->gpu, d->type, element(d, d->weights[DEVICE_LEARNER], r->begin),
              o->master + r->begin, o->m + r->begin, o->v + r->begin,
              o->grad + r->begin, r->end - r->begin, a, r->matrix);
}

// ---- moments in host memory: stretches go up, are updated and come back, with two
// stretches in turn, so that the copies of one overlap with the update of the other.

struct stretch {
    size_t begin, n;
    int matrix;
};

static void stretch_copy(struct device *d, const struct stretch *s, float *staging,
                         int up)
{
    struct optimizer_state *o = &d->optimizer;
    float *host[3] = {o->master + s->begin, o->m + s->begin, o->v + s->begin};
    size_t bytes = s->n * sizeof(float);
    for (int i = 0; i < 3; i++) {
        float *on = staging + (size_t)i * STAGING_FLOATS;
        if (up)
            gpu_upload(d->gpu, GPU_SIDE, on, host[i], bytes);
        else
            gpu_download(d->gpu, GPU_SIDE, host[i], on, bytes);
    }
}

static void stretch_update(struct device *d, const struct adamw *a,
                           const struct stretch *s, float *staging)
{
    gpu_adamw(d->gpu, d->type, element(d, d->weights[DEVICE_LEARNER], s->begin),
              staging, staging + STAGING_FLOATS, staging + 2 * (size_t)STAGING_FLOATS,
              d->optimizer.grad + s->begin, s->n, a, s->matrix);
}

// The stretch from `begin` on; n == 0 at the end.
static struct stretch stretch_at(const struct device *d, size_t begin)
{
    struct stretch s = {begin, 0, 0};
    if (begin >= d->layout.total)
        return s;
    struct param_range r = layout_range(&d->layout, &d->c, begin);
    s.n = r.end - begin < STAGING_FLOATS ? r.end - begin : STAGING_FLOATS;
    s.matrix = r.matrix;
    return s;
}

static enum status update_from_host(struct device *d, const struct adamw *a,
                                    const struct training_watch *watch)
{
    float *const *staging = d->optimizer.staging;
    struct stretch now = stretch_at(d, 0);
    gpu_after(d->gpu, GPU_SIDE, GPU_MAIN);
    stretch_copy(d, &now, staging[0], 1);
    for (int turn = 0; now.n > 0; turn = !turn) {
        struct stretch next = stretch_at(d, now.begin + now.n);
        gpu_after(d->gpu, GPU_MAIN, GPU_SIDE);
        stretch_update(d, a, &now, staging[turn]);
        TRY(tell(d, watch, now.begin + now.n));
        if (next.n > 0)
            stretch_copy(d, &next, staging[!turn], 1);
        gpu_after(d->gpu, GPU_SIDE, GPU_MAIN);
        stretch_copy(d, &now, staging[turn], 0);
        now = next;
    }
    gpu_after(d->gpu, GPU_MAIN, GPU_SIDE);
    return OK;
}

enum status optimizer_update(struct device *d, const struct adamw *a,
                             const struct training_watch *watch)
{
    TRY(check_role(d));
    if (d->setup.limits.host_optimizer) {
        TRY(update_from_host(d, a, watch));
        return gpu_check(d->gpu, "GPU: AdamW");
    }
    for (size_t at = 0; at < d->layout.total;) {
        struct param_range r = layout_range(&d->layout, &d->c, at);
        update_range(d, a, &r);
        TRY(tell(d, watch, r.end));
        at = r.end;
    }
    return gpu_check(d->gpu, "GPU: AdamW");
}

// ---- a fingerprint of the master weights

static void hash_from_host(struct device *d)
{
    struct optimizer_state *o = &d->optimizer;
    size_t room = 3 * (size_t)STAGING_FLOATS, total = d->layout.total;
    for (size_t at = 0; at < total; at += room) {
        size_t n = total - at < room ? total - at : room;
        gpu_upload(d->gpu, GPU_MAIN, o->staging[0], o->master + at,
                   n * sizeof *o->master);
        gpu_fingerprint(d->gpu, o->hash, o->staging[0], at, n);
    }
}

enum status optimizer_hash(struct device *d, uint64_t *out)
{
    struct optimizer_state *o = &d->optimizer;
    TRY(check_role(d));
    gpu_zero(d->gpu, GPU_MAIN, o->hash, sizeof *o->hash);
    if (d->setup.limits.host_optimizer)
        hash_from_host(d);
    else
        gpu_fingerprint(d->gpu, o->hash, o->master, 0, d->layout.total);
    gpu_download(d->gpu, GPU_MAIN, o->host_hash, o->hash, sizeof *o->hash);
    TRY(gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: fingerprint"));
    *out = *o->host_hash;
    return OK;
}

// ---- reading and writing

static float *state_of(struct device *d, enum device_state s)
{
    struct optimizer_state *o = &d->optimizer;
    return s == DEVICE_MASTER     ? o->master
           : s == DEVICE_MOMENT_1 ? o->m
           : s == DEVICE_MOMENT_2 ? o->v
                                  : o->grad;
}

static int on_host(const struct device *d, enum device_state s)
{
    return d->setup.limits.host_optimizer && s != DEVICE_GRADIENT;
}

enum status optimizer_get(struct device *d, enum device_state s, float *out)
{
    size_t bytes = d->layout.total * sizeof *out;
    TRY(check_role(d));
    if (!on_host(d, s))
        gpu_download(d->gpu, GPU_MAIN, out, state_of(d, s), bytes);
    TRY(gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: reading weights"));
    if (on_host(d, s))
        memcpy(out, state_of(d, s), bytes);
    return OK;
}

enum status optimizer_set(struct device *d, enum device_state s, const float *in)
{
    size_t bytes = d->layout.total * sizeof *in;
    TRY(check_role(d));
    if (!on_host(d, s))
        gpu_upload(d->gpu, GPU_MAIN, state_of(d, s), in, bytes);
    TRY(gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: writing weights"));
    if (on_host(d, s))
        memcpy(state_of(d, s), in, bytes);
    return OK;
}
