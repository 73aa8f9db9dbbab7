#include "publish.h"

#include <string.h>

static size_t host_bytes(const struct model *m)
{
    return m->layout.total * sizeof *m->params;
}

static enum status copy(const struct model *m, struct blob **out)
{
    TRY(blob_new(out, host_bytes(m)));
    memcpy((*out)->data, m->params, host_bytes(m));
    return OK;
}

enum status publish(struct dispatch *d, const struct model *m, struct outbox *out)
{
    struct blob *weights = NULL;
    // Two published copies at once would double what they cost.
    dispatch_retire(d);
    TRY(copy(m, &weights));
    enum status st = dispatch_publish(d, m->version, weights, out);
    blob_drop(weights); // the dispatcher holds it
    return status_wrap(st, "publish version %llu", (unsigned long long)m->version);
}

void publish_announce(struct dispatch *d, const struct model *m)
{
    dispatch_announce(d, m->version, host_bytes(m));
}

enum status publish_supply(struct dispatch *d, struct model *m, struct outbox *out)
{
    struct blob *weights = NULL;
    if (!dispatch_wants_weights(d) || dispatch_version(d) != m->version)
        return OK;
    TRY(model_fetch(m));
    TRY(copy(m, &weights));
    enum status st = dispatch_supply(d, weights, out);
    blob_drop(weights);
    return status_wrap(st, "publish version %llu", (unsigned long long)m->version);
}
