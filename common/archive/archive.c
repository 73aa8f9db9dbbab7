#include "archive.h"

#include "columns.h"
#include "h5.h"

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

static enum status create_groups(struct archive *a)
{
    static const char *const groups[] = {"/metrics", "/trees", "/nodes", "/tokens"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        hid_t g = H5Gcreate2(a->file, groups[i], H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        if (g < 0)
            return h5_fail(groups[i]);
        (void)H5Gclose(g);
    }
    return OK;
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
    TRY_OUT(create_groups(a));
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

static enum status append_column(struct archive *a, enum column c, const void *data,
                                 size_t n)
{
    return h5_append(a->columns[c], column_type(c), data, n);
}

static enum status append_nodes(struct archive *a, const struct tree *t)
{
    enum {
        FIRST = NODE_PARENT,
        WHOLE = NODE_REWARD - FIRST,
        N = NODE_WEIGHT - FIRST + 1,
    };
    int32_t *rows[N] = {0}; // floats as their bits
    enum status st = OK;
    for (int c = 0; c < N; c++)
        TRY_OUT(mem_new(&rows[c], t->n_nodes, sizeof *rows[c]));
    for (size_t i = 0; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        const int32_t whole[] = {n->parent,      n->child_index, n->branching,
                                 n->depth,       n->token_begin, n->token_count,
                                 (int32_t)n->end};
        const float real[] = {n->reward, n->keep,      n->ratio,
                              n->value,  n->advantage, n->weight};
        for (int c = 0; c < WHOLE; c++)
            rows[c][i] = whole[c];
        for (int c = WHOLE; c < N; c++)
            memcpy(&rows[c][i], &real[c - WHOLE], sizeof real[0]);
    }
    for (int c = 0; c < N; c++)
        TRY_OUT(append_column(a, (enum column)(FIRST + c), rows[c], t->n_nodes));
out:
    for (int c = 0; c < N; c++)
        mem_free(rows[c]);
    return st;
}

static enum status append_tree(struct archive *a, const struct tree *t)
{
    TRY(append_nodes(a, t));
    TRY(append_column(a, TOKEN_ID, t->tokens, t->n_tokens));
    TRY(append_column(a, TOKEN_LOG_PROB, t->log_probs, t->n_tokens));
    TRY(append_column(a, TOKEN_ENTROPY, t->entropies, t->n_tokens));
    a->nodes += t->n_nodes;
    a->tokens += t->n_tokens;
    // The index last: a reader that follows it finds everything in place.
    TRY(append_column(a, TREE_PROMPT_ID, &t->prompt_id, 1));
    TRY(append_column(a, TREE_STEP, &t->step, 1));
    TRY(append_column(a, TREE_POLICY_VERSION, &t->policy_version, 1));
    TRY(append_column(a, TREE_CONTROL, &t->control, 1));
    TRY(append_column(a, TREE_TOKEN_END, &a->tokens, 1));
    return append_column(a, TREE_NODE_END, &a->nodes, 1);
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
    for (size_t i = 0; i < n; i++)
        TRY_OUT(append_tree(a, trees[i]));
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
