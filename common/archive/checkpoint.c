#include "checkpoint.h"

#include "base/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void folder(char *out, const char *run, uint64_t step, const char *suffix)
{
    (void)snprintf(out, PATH_MAX, "%s/checkpoints/step-%06llu%s", run,
                   (unsigned long long)step, suffix);
}

enum status checkpoint_begin(const char *run, uint64_t step, char *path)
{
    folder(path, run, step, ".tmp");
    TRY(file_remove_tree(path));
    return file_make_dirs(path);
}

static enum status sync_files(const char *path)
{
    DIR *d = opendir(path);
    enum status st = OK;
    if (!d)
        return status_fail(ERR_IO, "%s: cannot be listed", path);
    for (struct dirent *entry; st == OK && (entry = readdir(d));) {
        char file[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        st = file_sync(file);
    }
    (void)closedir(d);
    return st == OK ? file_sync(path) : st;
}

// The step of a whole checkpoint's folder name; 0 where it is none.
static int parse(const char *name, uint64_t *step)
{
    char *end;
    if (strncmp(name, "step-", 5) != 0)
        return 0;
    *step = strtoull(name + 5, &end, 10);
    return end != name + 5 && *end == 0;
}

// Counts whole checkpoints, the newest step and the oldest.
static enum status survey(const char *run, int64_t *count, uint64_t *oldest,
                          uint64_t *newest)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/checkpoints", run);
    *count = 0;
    DIR *d = opendir(path);
    if (!d)
        return OK; // none yet
    for (struct dirent *entry; (entry = readdir(d));) {
        uint64_t step;
        if (!parse(entry->d_name, &step))
            continue;
        *oldest = *count == 0 || step < *oldest ? step : *oldest;
        *newest = *count == 0 || step > *newest ? step : *newest;
        ++*count;
    }
    (void)closedir(d);
    return OK;
}

enum status checkpoint_commit(const char *run, uint64_t step, int64_t keep)
{
    char aside[PATH_MAX], whole[PATH_MAX];
    uint64_t oldest = 0, newest = 0;
    int64_t count = 0;
    folder(aside, run, step, ".tmp");
    folder(whole, run, step, "");
    TRY(sync_files(aside));
    TRY(file_remove_tree(whole));
    TRY(file_rename(aside, whole));
    TRY(survey(run, &count, &oldest, &newest));
    for (; count > keep; count--) {
        int64_t left;
        folder(whole, run, oldest, "");
        TRY(file_remove_tree(whole));
        TRY(survey(run, &left, &oldest, &newest));
    }
    return OK;
}

enum status checkpoint_latest(const char *run, uint64_t *step, char *path, int *found)
{
    int64_t count = 0;
    uint64_t oldest = 0;
    TRY(survey(run, &count, &oldest, step));
    *found = count > 0;
    if (*found)
        folder(path, run, *step, "");
    return OK;
}
