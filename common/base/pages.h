// Zeroed memory for what may be gigabytes: mapped, in large pages where the system has
// them, so that it is only touched where it is written, by as many threads as write it.
// The small comes from base/mem.h.
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include "base/status.h"

#include <stddef.h>

// *out = n zeroed floats, aligned to 64 bytes; pages_free takes the same n.  ERR_NOMEM.
CHECKED enum status pages_new(float **out, size_t n);
void pages_free(float *pointer, size_t n); // NULL is fine
// Takes fresh memory from the system now, so that a run that does not fit ends at its
// start and not at its first update.
void pages_touch(float *pointer, size_t n);

#endif
