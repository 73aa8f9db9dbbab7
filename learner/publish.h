// A model's parameters as an immutable blob for the dispatcher.
#ifndef LEARNER_PUBLISH_H
#define LEARNER_PUBLISH_H

#include "learner/dispatch.h"
#include "model/model.h"

// Copies the parameters (as they are on the host: model_fetch) and publishes them as
// the model's version.  ERR_NOMEM.
CHECKED enum status publish(struct dispatch *d, const struct model *m,
                            struct outbox *out);

// The same in two steps, for a version that goes to most workers another way: nothing
// is fetched or copied unless somebody needs slices of what is published now.
void publish_announce(struct dispatch *d, const struct model *m);
CHECKED enum status publish_supply(struct dispatch *d, struct model *m,
                                   struct outbox *out);

#endif
