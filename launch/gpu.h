// The GPU of this process, where the settings say `device: cuda`.
#ifndef LAUNCH_GPU_H
#define LAUNCH_GPU_H

#include "launch/job.h"

#include <string.h>

enum gpu_role {
    GPU_LEARNS = 1,   // job.model is trained there
    GPU_SAMPLES = 2,  // policies decode there; job.model, where it does not learn
    GPU_RECEIVES = 4, // with GPU_SAMPLES: a second buffer of weights
    GPU_IMITATES = 8, // with GPU_LEARNS: from worked solutions, not from trees
};

// Where this process stands on its host.
struct gpu_place {
    int rank, ranks; // of this host's processes
};

static inline int gpu_wanted(const struct settings *s)
{
    return strcmp(s->device, "cuda") == 0;
}

// All do nothing where the settings say `device: cpu`.
//
// For a configured job, before anything else is loaded or written: loads the backend
// and counts the GPUs.  ERR_INPUT: what is missing, in one line.
CHECKED enum status gpu_find(struct job *job);
// For a loaded job, after gpu_find: opens its GPU for the roles, sends the policy there
// and says so in the log.  ERR_NOMEM: what does not fit.
CHECKED enum status gpu_open_for(struct job *job, int roles,
                                 const struct gpu_place *at);
// Key/value pages that the open GPU holds.
int32_t gpu_pages(const struct job *job);
// What a GPU in these roles would hold, in bytes.  ERR_INPUT: no backend.
CHECKED enum status gpu_measure(const struct job *job, int roles, size_t *device,
                                size_t *host);

#endif
