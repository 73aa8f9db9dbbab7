#include "archive.h"

#include "h5.h"
#include "tree_rows.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA = 1, CHUNK_METRICS = 256, CHUNK_ROWS = 4096, MAX_METRICS = 128 };

struct archive {
    hid_t file;
    hid_t columns[COLUMNS];
    hid_t step, metrics[MAX_METRICS]; // opened at the first step
    size_t n_metrics;
    uint64_t nodes, tokens; // written so far
    int started;            // SWMR is on
    char live[PATH_MAX], sealed[PATH_MAX];
};

void archive_free(struct archive *a)
{
    if (!a)
        return;
    for (int c = 0; c < COLUMNS; c++)
        if (a->columns[c] > 0)
            (void)H5Dclose(a->columns[c]);
    for (size_t i = 0; i < a->n_metrics; i++)
        (void)H5Dclose(a->metrics[i]);
    if (a->step > 0)
        (void)H5Dclose(a->step);
    if (a->file > 0)
        (void)H5Fclose(a->file);
    mem_free(a);
}

// SWMR needs the newest format.
static enum status create_file(struct archive *a)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0 ||
        H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) < 0)
        return h5_fail("file properties");
    a->file = H5Fcreate(a->live, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    (void)H5Pclose(access);
    return a->file < 0 ? h5_fail(a->live) : OK;
}

enum status archive_open(struct archive **out, const char *dir, uint64_t first,
                         const char *config_yaml)
{
    struct archive *a = NULL;
    enum status st;
    h5_quiet();
    TRY(mem_new(&a, 1, sizeof *a));
    (void)snprintf(a->sealed, sizeof a->sealed, "%s/steps-%06llu.h5", dir,
                   (unsigned long long)first);
    (void)snprintf(a->live, sizeof a->live, "%s/steps-%06llu.h5.live", dir,
                   (unsigned long long)first);
    TRY_OUT(create_file(a));
    TRY_OUT(h5_create_groups(a->file));
    TRY_OUT(h5_write_text(a->file, "config", config_yaml));
    TRY_OUT(h5_write_u64(a->file, "schema", SCHEMA));
    TRY_OUT(h5_create(a->file, "/metrics/step", H5T_NATIVE_UINT64, CHUNK_METRICS,
                      &a->step));
    for (enum column c = 0; c < COLUMNS; c++)
        TRY_OUT(h5_create(a->file, column_table[c].name, column_type(c), CHUNK_ROWS,
                          &a->columns[c]));
    *out = a;
    return OK;
out:
    archive_free(a);
    return status_wrap(st, "archive %s", dir);
}

// The metrics' names come with the first step; then nothing new may be created and
// readers may come.
static enum status start(struct archive *a, const char *const *names, size_t n)
{
    if (n > MAX_METRICS)
        return status_fail(ERR_LIMIT, "%zu metrics, at most %d", n, MAX_METRICS);
    for (size_t i = 0; i < n; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "/metrics/%s", names[i]);
        TRY(h5_create(a->file, path, H5T_NATIVE_DOUBLE, CHUNK_METRICS, &a->metrics[i]));
        a->n_metrics = i + 1;
    }
    if (H5Fstart_swmr_write(a->file) < 0)
        return h5_fail("start of SWMR");
    a->started = 1;
    return OK;
}

static enum status append_trees(struct archive *a, struct tree *const *trees, size_t n)
{
    struct tree_rows rows = {0};
    enum status st;
    TRY_OUT(tree_rows_gather(&rows, trees, n, &a->nodes, &a->tokens));
    for (int i = 0; i < COLUMNS; i++) {
        enum column c = tree_rows_order(i);
        TRY_OUT(h5_append(a->columns[c], column_type(c), rows.data[c], rows.n[c]));
    }
out:
    tree_rows_free(&rows);
    return st;
}

enum status archive_append(struct archive *a, uint64_t step, const char *const *names,
                           const double *values, size_t n_metrics,
                           struct tree *const *trees, size_t n)
{
    enum status st = OK;
    if (!a->started)
        TRY_OUT(start(a, names, n_metrics));
    if (n_metrics != a->n_metrics)
        return status_fail(ERR_INTERNAL, "archive: %zu metrics, %zu before", n_metrics,
                           a->n_metrics);
    TRY_OUT(append_trees(a, trees, n));
    for (size_t i = 0; i < n_metrics; i++)
        TRY_OUT(h5_append(a->metrics[i], H5T_NATIVE_DOUBLE, &values[i], 1));
    TRY_OUT(h5_append(a->step, H5T_NATIVE_UINT64, &step, 1));
out:
    return status_wrap(st, "archive %s", a->live);
}

enum status archive_seal(struct archive *a)
{
    char live[PATH_MAX], sealed[PATH_MAX];
    memcpy(live, a->live, sizeof live);
    memcpy(sealed, a->sealed, sizeof sealed);
    int failed = H5Fflush(a->file, H5F_SCOPE_GLOBAL) < 0;
    enum status st = failed ? h5_fail(live) : OK;
    archive_free(a);
    TRY(st);
    TRY(file_sync(live));
    return file_rename(live, sealed);
}

// The step that a segment's name begins with; 0 where it is no segment.
static int segment_step(const char *name, uint64_t *step, int *live)
{
    char *end;
    if (strncmp(name, "steps-", 6) != 0)
        return 0;
    *step = strtoull(name + 6, &end, 10);
    *live = strcmp(end, ".h5.live") == 0;
    return *live || strcmp(end, ".h5") == 0;
}

enum status archive_resume(const char *dir, uint64_t step)
{
    DIR *d = opendir(dir);
    enum status st = OK;
    if (!d)
        return OK; // nothing was archived yet
    for (struct dirent *entry; st == OK && (entry = readdir(d));) {
        char path[PATH_MAX];
        uint64_t first = 0;
        int live = 0;
        if (!segment_step(entry->d_name, &first, &live) || (!live && first < step))
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        st = file_remove_tree(path);
    }
    (void)closedir(d);
    return st;
}
