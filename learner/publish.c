#include "publish.h"

#include <string.h>

enum status publish(struct dispatch *d, const struct model *m, struct outbox *out)
{
    struct blob *weights = NULL;
    size_t bytes = m->layout.total * sizeof *m->params;
    // Two published copies at once would double what they cost.
    dispatch_retire(d);
    TRY(blob_new(&weights, bytes));
    memcpy(weights->data, m->params, bytes);
    enum status st = dispatch_publish(d, m->version, weights, out);
    blob_drop(weights); // the dispatcher holds it
    return status_wrap(st, "publish version %llu", (unsigned long long)m->version);
}
