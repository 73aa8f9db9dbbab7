// The bytes of a data file, decompressed where it is gzip: zlib's door.  Private to
// data.
#ifndef DATA_BYTES_H
#define DATA_BYTES_H

#include "base/buf.h"
#include "base/status.h"

// Appends them.  ERR_INPUT names the file: absent, a folder, damaged, larger than 4
// GiB, or of a kind that holds no JSON (sniff.h); ERR_NOMEM.
CHECKED enum status bytes_read(struct buf *out, const char *path);

#endif
