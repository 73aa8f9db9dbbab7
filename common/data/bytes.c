#include "bytes.h"

#include "sniff.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { CHUNK_BYTES = 1 << 16 };
#define FILE_MAX_BYTES ((size_t)1 << 32)

// The advice with the file's path in it.
static enum status wrong_kind(const char *path, const char *what)
{
    const char *file = strstr(what, "FILE");
    if (!file)
        return status_fail(ERR_INPUT, "%s: %s", path, what);
    return status_fail(ERR_INPUT, "%s: %.*s%s%s", path, (int)(file - what), what, path,
                       file + strlen("FILE"));
}

// `first`: nothing was read before.
static enum status take(struct buf *out, const char *path, const char *chunk, size_t n,
                        int first)
{
    const char *what = first ? sniff(chunk, n) : NULL;
    if (what)
        return wrong_kind(path, what);
    if (out->len > FILE_MAX_BYTES)
        return status_fail(ERR_INPUT, "%s: larger than %zu bytes", path,
                           FILE_MAX_BYTES);
    buf_append(out, chunk, n);
    return out->status;
}

static enum status read_all(struct buf *out, const char *path, gzFile file)
{
    char chunk[CHUNK_BYTES];
    int got, code = 0;
    for (int first = 1; (got = gzread(file, chunk, sizeof chunk)) > 0; first = 0)
        TRY(take(out, path, chunk, (size_t)got, first));
    if (got == 0)
        return OK;
    const char *why = gzerror(file, &code);
    if (code == Z_ERRNO)
        return status_fail(ERR_INPUT, "%s: %s", path, strerror(errno));
    size_t len = strlen(path); // which zlib's message begins with
    if (strncmp(why, path, len) == 0 && strncmp(why + len, ": ", 2) == 0)
        why += len + 2;
    return status_fail(ERR_INPUT, "%s: its gzip stream is damaged: %s", path, why);
}

enum status bytes_read(struct buf *out, const char *path)
{
    struct stat info;
    if (!*path)
        return status_fail(ERR_INPUT, "no file is named");
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return status_fail(ERR_INPUT, "%s: a folder; name a file of JSON lines in it",
                           path);
    gzFile file = gzopen(path, "rb");
    if (!file)
        return status_fail(ERR_INPUT, "%s: %s", path, strerror(errno));
    enum status st = read_all(out, path, file);
    if (gzclose_r(file) == Z_BUF_ERROR && st == OK)
        st = status_fail(ERR_INPUT, "%s: ends within a gzip stream", path);
    return st;
}
