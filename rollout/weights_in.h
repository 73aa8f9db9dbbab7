// The weights that are coming in: slices of one version fill a second buffer, while the
// model goes on with the version it has.  Slices count in order; one that is early is
// dropped and sent again, since the LEASE tells how far we are.
// One thread; starts as WEIGHTS_IN_EMPTY, the owner calls weights_in_free.
#ifndef ROLLOUT_WEIGHTS_IN_H
#define ROLLOUT_WEIGHTS_IN_H

#include "base/status.h"
#include "model/model.h"
#include "proto/message.h"

#define WEIGHTS_NONE ((uint64_t)-1)
static inline int weights_newer(uint64_t version, uint64_t than)
{
    return than == WEIGHTS_NONE || version > than;
}

struct weights_in {
    uint64_t version; // in transfer; WEIGHTS_NONE: none
    uint64_t bytes;   // received from its start on
    float *buffer;    // (floats), made at the first slice, like the model's own
    size_t floats;    // the model's parameters
};
#define WEIGHTS_IN_EMPTY ((struct weights_in){.version = WEIGHTS_NONE})

void weights_in_free(struct weights_in *w);

// Takes a slice; *news = 1 where it brought bytes.  `have`: the version the model has
// (WEIGHTS_NONE: none); a slice of that or an older one is ignored.
// ERR_PROTOCOL: a slice that does not fit the model; ERR_NOMEM.
CHECKED enum status weights_in_slice(struct weights_in *w, const struct model *m,
                                     uint64_t have, const struct msg_weights *slice,
                                     int *news);
// What is in transfer is of no use once the model has `version`, or a newer one.
void weights_in_drop_older(struct weights_in *w, uint64_t version);
// Every byte is here.
int weights_in_complete(const struct weights_in *w, const struct model *m);
// Swaps the complete version into the model and is ready for the next one.  ERR_IO,
// ERR_TIMEOUT: of the model's device.
CHECKED enum status weights_in_install(struct weights_in *w, struct model *m);

#endif
