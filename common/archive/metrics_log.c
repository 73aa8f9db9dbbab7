#include "metrics_log.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct metrics_log {
    FILE *file;
    char *path;
};

// Bytes of the lines that stay: whole lines of steps below `step`.
static long kept_bytes(FILE *f, uint64_t step)
{
    char *line = NULL;
    size_t room = 0;
    long kept = 0;
    for (ssize_t n; (n = getline(&line, &room, f)) > 0;) {
        json_t *object = line[n - 1] == '\n' ? json_loads(line, 0, NULL) : NULL;
        json_t *number = object ? json_object_get(object, "step") : NULL;
        int keep =
            json_is_integer(number) && (uint64_t)json_integer_value(number) < step;
        json_decref(object);
        if (!keep)
            break;
        kept += (long)n;
    }
    free(line);
    return kept;
}

enum status metrics_log_open(struct metrics_log **out, const char *path, uint64_t step)
{
    struct metrics_log *log = NULL;
    enum status st;
    TRY(mem_new(&log, 1, sizeof *log));
    TRY_OUT(mem_strdup(&log->path, path));
    log->file = fopen(path, "a+");
    if (!log->file) {
        st = status_fail(ERR_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    rewind(log->file);
    if (ftruncate(fileno(log->file), kept_bytes(log->file, step)) != 0) {
        st = status_fail(ERR_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    (void)fseek(log->file, 0, SEEK_END);
    *out = log;
    return OK;
out:
    metrics_log_free(log);
    return st;
}

void metrics_log_free(struct metrics_log *log)
{
    if (!log)
        return;
    if (log->file)
        (void)fclose(log->file);
    mem_free(log->path);
    mem_free(log);
}

static void put_field(struct buf *line, const struct metrics_field *f)
{
    buf_printf(line, ", \"%s\": ", f->name);
    if (f->text)
        buf_printf(line, "\"%s\"", f->text);
    else if (!isfinite(f->value))
        buf_str(line, "null");
    else if (f->value == floor(f->value) && fabs(f->value) < 1e15)
        buf_printf(line, "%.0f", f->value);
    else
        buf_printf(line, "%.9g", f->value);
}

enum status metrics_log_append(struct metrics_log *log, uint64_t step,
                               const struct metrics_field *fields, int n)
{
    struct buf line = {0};
    enum status st;
    buf_printf(&line, "{\"step\": %llu", (unsigned long long)step);
    for (int i = 0; i < n; i++)
        put_field(&line, &fields[i]);
    buf_str(&line, "}\n");
    TRY_OUT(line.status);
    if (fwrite(line.data, 1, line.len, log->file) != line.len || fflush(log->file) != 0)
        st = status_fail(ERR_IO, "%s: %s", log->path, strerror(errno));
out:
    buf_free(&line);
    return st;
}

enum status metrics_log_sync(struct metrics_log *log)
{
    if (fflush(log->file) != 0 || fsync(fileno(log->file)) != 0)
        return status_fail(ERR_IO, "%s: %s", log->path, strerror(errno));
    return OK;
}
