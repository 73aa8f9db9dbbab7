#include "file.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum status file_read(struct buf *out, const char *path, size_t max_bytes)
{
    enum status st = OK;
    FILE *f = fopen(path, "rb");
    if (!f)
        return status_fail(ERR_INPUT, "%s: %s", path, strerror(errno));
    char chunk[1 << 16];
    size_t n, total = 0, before = out->len;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) {
        total += n;
        if (total > max_bytes) {
            st = status_fail(ERR_INPUT, "%s: larger than %zu bytes", path, max_bytes);
            goto out;
        }
        buf_append(out, chunk, n);
    }
    if (ferror(f))
        st = status_fail(ERR_INPUT, "%s: %s", path, strerror(errno));
    else
        st = status_wrap(out->status, "%s", path);
out:
    (void)fclose(f);
    if (st != OK && out->data) {
        out->len = before;
        out->data[before] = 0;
    }
    return st;
}

int file_is_lfs_pointer(const void *data, size_t len)
{
    static const char first[] = "version https://git-lfs.github.com/spec/";
    return len >= sizeof first - 1 && memcmp(data, first, sizeof first - 1) == 0;
}

// Writes all of it; errno tells why not.
static int write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static enum status parent_of(char *dir, size_t size, const char *path)
{
    int n = snprintf(dir, size, "%s", path);
    if (n < 0 || (size_t)n >= size)
        return status_fail(ERR_INPUT, "%.64s...: path too long", path);
    char *slash = strrchr(dir, '/');
    if (!slash)
        (void)snprintf(dir, size, ".");
    else if (slash == dir)
        dir[1] = 0;
    else
        *slash = 0;
    return OK;
}

enum status file_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_fail(ERR_IO, "%s: %s", path, strerror(errno));
    int failed = fsync(fd);
    int why = errno;
    (void)close(fd);
    return failed ? status_fail(ERR_IO, "%s: fsync: %s", path, strerror(why)) : OK;
}

enum status file_rename(const char *from, const char *to)
{
    char dir[PATH_MAX];
    TRY(parent_of(dir, sizeof dir, to));
    if (rename(from, to) != 0)
        return status_fail(ERR_IO, "rename %s to %s: %s", from, to, strerror(errno));
    return file_sync(dir);
}

enum status file_write(const char *path, const void *data, size_t len)
{
    char aside[PATH_MAX];
    int n = snprintf(aside, sizeof aside, "%s.tmp", path);
    if (n < 0 || (size_t)n >= sizeof aside)
        return status_fail(ERR_INPUT, "%.64s...: path too long", path);
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return status_fail(ERR_IO, "%s: %s", aside, strerror(errno));
    int failed = write_all(fd, data, len) || fsync(fd);
    int why = errno;
    if (close(fd) && !failed) {
        failed = 1;
        why = errno;
    }
    if (failed) {
        (void)unlink(aside);
        return status_fail(ERR_IO, "%s: %s", path, strerror(why));
    }
    enum status st = file_rename(aside, path);
    if (st != OK)
        (void)unlink(aside); // is gone where only the sync after it failed
    return st;
}

enum status file_make_dirs(const char *path)
{
    char part[PATH_MAX];
    int n = snprintf(part, sizeof part, "%s", path);
    if (n < 0 || (size_t)n >= sizeof part)
        return status_fail(ERR_INPUT, "%.64s...: path too long", path);
    if (n == 0)
        return status_fail(ERR_INPUT, "the name of a folder is empty");
    for (char *p = part + 1;; p++) {
        if (*p != '/' && *p != 0)
            continue;
        char kept = *p;
        *p = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return status_fail(ERR_IO, "%s: %s", part, strerror(errno));
        *p = kept;
        if (!kept)
            break;
    }
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return status_fail(ERR_IO, "%s: not a directory", path);
    return OK;
}

static int remove_entry(const char *path, const struct stat *info, int kind,
                        struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

enum status file_remove_tree(const char *path)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return status_fail(ERR_IO, "remove %s: %s", path, strerror(errno));
    return OK;
}

int file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

enum status file_check_room(const char *dir, uint64_t bytes)
{
    char probe[PATH_MAX];
    int n = snprintf(probe, sizeof probe, "%s/.write-test-%ld", dir, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof probe)
        return status_fail(ERR_INPUT, "%.64s...: path too long", dir);
    int fd = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return status_fail(ERR_IO, "%s: not writable: %s", dir, strerror(errno));
    (void)close(fd);
    (void)unlink(probe);
    struct statvfs fs;
    if (statvfs(dir, &fs) != 0)
        return status_fail(ERR_IO, "%s: %s", dir, strerror(errno));
    uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (free_bytes < bytes)
        return status_fail(ERR_IO, "%s: %.1f MB free, %.1f MB needed", dir,
                           (double)free_bytes / 1e6, (double)bytes / 1e6);
    return OK;
}

enum { LOCK_POLL_US = 100000 };

enum status file_lock(const char *path, int64_t wait_ms, int (*stop)(void), int *out)
{
    int64_t until = clock_ms() + wait_ms;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return status_fail(ERR_IO, "%s: %s", path, strerror(errno));
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (clock_ms() >= until || (stop && stop())) {
            (void)close(fd);
            return status_fail(ERR_TIMEOUT, "%s: another process holds it", path);
        }
        clock_sleep_us(LOCK_POLL_US);
    }
    *out = fd;
    return OK;
}
