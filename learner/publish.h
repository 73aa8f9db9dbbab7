// A model's parameters as an immutable blob for the dispatcher.
#ifndef LEARNER_PUBLISH_H
#define LEARNER_PUBLISH_H

#include "learner/dispatch.h"
#include "model/model.h"

// Copies the parameters (as they are on the host: model_fetch) and publishes them as the model's version.  ERR_NOMEM.
CHECKED enum status publish(struct dispatch *d, const struct model *m,
                            struct outbox *out);

#endif
