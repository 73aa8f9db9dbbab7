// etreerpo study variance: the cells of study/study.h, as a table and as JSON.
#include "launch/study_variance.h"

#include "base/config.h"
#include "base/file.h"
#include "base/log.h"
#include "base/par.h"
#include "launch/study_engine.h"
#include "study/study.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct variance_settings {
    int64_t trees, seed, threads;
};

#define INT(field, initial, min, max, unit, doc)                                       \
    {                                                                                  \
#field, CONFIG_INT, offsetof(struct variance_settings, field), initial, min,   \
            max, "", unit, doc                                                         \
    }
// clang-format off
static const struct config_key keys[] = {
    INT(trees, "500000", STUDY_LEAST_TREES, 1e9, "trees", "of each measurement"),
    INT(seed, "1", 0, 9e15, "", "of the trees"),
    INT(threads, "0", 0, 1024, "", "0: one a core"),
};
// clang-format on
static const struct config_schema schema = {keys, sizeof keys / sizeof *keys};

static enum status write_cells(const struct study *s, const char *dir)
{
    struct buf table = {0}, json = {0};
    char path[PATH_MAX];
    enum status st;
    cells_print(&s->cells, &table);
    cells_json(&s->cells, "variance", s->trees, &json);
    TRY_OUT(table.status);
    TRY_OUT(json.status);
    (void)fputs(buf_cstr(&table), stdout);
    if (dir) {
        (void)snprintf(path, sizeof path, "%s/variance.json", dir);
        TRY_OUT(file_make_dirs(dir));
        TRY_OUT(file_write(path, json.data, json.len));
    }
out:
    buf_free(&table);
    buf_free(&json);
    return st;
}

static enum status verdict(const struct study *s)
{
    size_t failed = cells_failed(&s->cells), controls = 0;
    for (size_t i = 0; i < s->cells.n; i++)
        controls += (size_t)s->cells.items[i].must_fail;
    (void)printf("%zu cells of %ld trees, %zu of them negative controls; %zu not as "
                 "they must be\n",
                 s->cells.n, (long)s->trees, controls, failed);
    if (failed > 0)
        return status_fail(ERR_INTERNAL, "%zu of %zu cells are not as they must be",
                           failed, s->cells.n);
    return OK;
}

static enum status run_variance(const struct variance_settings *v, const char *dir)
{
    struct study s = {0};
    enum status st;
    TRY_OUT(study_variance(&s, v->trees, (uint64_t)v->seed));
    TRY_OUT(study_engine(&s));
    TRY_OUT(write_cells(&s, dir));
    TRY_OUT(verdict(&s));
out:
    cells_free(&s.cells);
    return st;
}

enum status study_variance_run(const char *dir, int n_settings, char **settings)
{
    struct variance_settings v;
    TRY(config_defaults(&schema, &v));
    for (int i = 0; i < n_settings; i++)
        TRY(config_set(&schema, &v, settings[i]));
    TRY(par_start(v.threads ? (int)v.threads : (int)sysconf(_SC_NPROCESSORS_ONLN), 0));
    enum status st = run_variance(&v, dir);
    par_stop();
    return st;
}
