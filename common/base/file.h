// Whole files in and out.  A write is aside, synced and renamed: a reader sees the old
// file or the new one, never a part.
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "buf.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

// Appends the file's bytes to `out`.  ERR_INPUT names a file that is absent, unreadable
// or larger than max_bytes.
CHECKED enum status file_read(struct buf *out, const char *path, size_t max_bytes);

// Whether these bytes are what git-lfs leaves in a file's place; and what to do then.
int file_is_lfs_pointer(const void *data, size_t len);
#define FILE_LFS_ADVICE                                                                \
    "a git-lfs pointer, not the file: fetch it (git lfs pull, or download the file "   \
    "itself)"

// Replaces `path` by `len` bytes through path.tmp, fsync and rename.  ERR_IO.
CHECKED enum status file_write(const char *path, const void *data, size_t len);

// Flushes a file or directory to the disk.  ERR_IO.
CHECKED enum status file_sync(const char *path);

CHECKED enum status file_make_dirs(const char *path);   // like mkdir -p.  ERR_IO
CHECKED enum status file_remove_tree(const char *path); // like rm -r; absent is fine
CHECKED enum status file_rename(const char *from,
                                const char *to); // and syncs the folder

// Holds `path`, a file that is made if need be, for this process until `fd` is closed;
// a process that dies lets go.  Tries for wait_ms (0: once), as long as `stop` (may be
// NULL) does not say otherwise.  ERR_TIMEOUT: another holds it; ERR_IO.
CHECKED enum status file_lock(const char *path, int64_t wait_ms, int (*stop)(void),
                              int *fd);
int file_exists(const char *path);

// Fails unless a file can be created in `dir` and `bytes` are free there.  ERR_IO.
CHECKED enum status file_check_room(const char *dir, uint64_t bytes);

#endif
