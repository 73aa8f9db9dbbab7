// A few HDF5 calls with status codes.  Private to archive.
#ifndef ARCHIVE_H5_H
#define ARCHIVE_H5_H

#include "base/status.h"

#include <hdf5.h>

#include <stddef.h>

// ERR_IO with `what` and HDF5's own innermost description.
CHECKED enum status h5_fail(const char *what);

// HDF5 prints no errors of its own from now on; they come as statuses.
void h5_quiet(void);

// Creates an extendable dataset; HDF5 chooses nothing: chunks of `chunk` items,
// shuffled and deflated.
CHECKED enum status h5_create(hid_t parent, const char *name, hid_t type, size_t chunk,
                              hid_t *out);
// Appends n items to a one-dimensional dataset and flushes it.
CHECKED enum status h5_append(hid_t set, hid_t type, const void *data, size_t n);
// Reads the whole of a one-dimensional dataset (mem_free).  ERR_INPUT, ERR_NOMEM.
CHECKED enum status h5_read(hid_t file, const char *name, hid_t type, size_t size,
                            void *out, size_t *n);
// Creates a dataset of n items and writes it.
CHECKED enum status h5_write_vector(hid_t file, const char *name, hid_t type,
                                    const void *data, size_t n);
// The groups of the archive's columns.
CHECKED enum status h5_create_groups(hid_t file);
CHECKED enum status h5_write_text(hid_t object, const char *name, const char *text);
CHECKED enum status h5_write_u64(hid_t object, const char *name, uint64_t value);
CHECKED enum status h5_read_u64(hid_t object, const char *name, uint64_t *out);

#endif
