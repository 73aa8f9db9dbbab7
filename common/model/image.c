// A model's parameters as they move: to the host, to other ranks, as a fingerprint.
#include "device.h"
#include "model.h"

#include "base/hash.h"
#include "base/pages.h"

enum status model_fetch(struct model *m)
{
    const struct accelerator *a = m->accelerator;
    if (!a || !m->behind)
        return OK;
    TRY(a->ops->get_state(a->device, DEVICE_MASTER, m->params));
    m->behind = 0;
    return OK;
}

enum status model_weights_hash(const struct model *m, uint64_t *out)
{
    const struct accelerator *a = m->accelerator;
    if (a && m->weights == DEVICE_LEARNER)
        return a->ops->hash(a->device, out);
    *out = hash_bytes(HASH_START, m->params, m->layout.total * sizeof *m->params);
    return OK;
}

struct model_image model_outgoing(const struct model *m)
{
    const struct accelerator *a = m->accelerator;
    if (a)
        return a->ops->image(a->device, 0);
    return (struct model_image){m->params, m->layout.total * sizeof *m->params};
}

enum status model_incoming(struct model *m, struct model_image *out)
{
    const struct accelerator *a = m->accelerator;
    if (!a) {
        if (!m->second)
            TRY(pages_new(&m->second, m->layout.total));
        *out = (struct model_image){m->second, m->layout.total * sizeof *m->second};
        return OK;
    }
    struct model_image image = a->ops->image(a->device, 1);
    if (!image.at)
        return status_fail(ERR_INTERNAL, "the device has no second buffer of weights");
    a->ops->release(a->device);
    *out = image;
    return OK;
}

enum status model_adopt(struct model *m, uint64_t version)
{
    const struct accelerator *a = m->accelerator;
    m->version = version;
    if (a)
        return a->ops->adopt(a->device);
    float *old = m->params;
    m->params = m->second;
    m->second = old;
    return model_repack(m);
}
