#include "safetensors.h"
#include "tensors.h"

#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ALIGNMENT = 8 }; // of the data section

static void append_entry(struct buf *b, const struct model_tensor *t)
{
    size_t begin = t->offset * sizeof(float);
    size_t end = begin + t->rows * t->columns * sizeof(float);
    buf_printf(b, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", t->name);
    if (t->rank == 2)
        buf_printf(b, "%zu,", t->rows);
    buf_printf(b, "%zu],\"data_offsets\":[%zu,%zu]}", t->columns, begin, end);
}

// The 8-byte length and the JSON, padded with spaces.
static void append_header(struct buf *b, const struct model_tensor *tensors, size_t n)
{
    uint64_t length = 0;
    buf_append(b, &length, sizeof length);
    buf_str(b, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < n; i++)
        append_entry(b, &tensors[i]);
    buf_char(b, '}');
    while (b->status == OK && b->len % ALIGNMENT)
        buf_char(b, ' ');
    if (b->status != OK)
        return;
    length = b->len - sizeof length;
    memcpy(b->data, &length, sizeof length);
}

static enum status write_aside(const char *aside, const struct buf *header,
                               const float *data, size_t floats)
{
    FILE *f = fopen(aside, "wb");
    if (!f)
        return status_fail(ERR_IO, "%s: %s", aside, strerror(errno));
    int failed = fwrite(header->data, 1, header->len, f) != header->len ||
                 fwrite(data, sizeof *data, floats, f) != floats || fflush(f) != 0 ||
                 fsync(fileno(f)) != 0;
    int why = errno;
    if (fclose(f) != 0 && !failed) {
        failed = 1;
        why = errno;
    }
    if (!failed)
        return OK;
    (void)unlink(aside);
    return status_fail(ERR_IO, "%s: %s", aside, strerror(why));
}

enum status safetensors_write(const char *path, const struct model_tensor *tensors,
                              size_t n, const float *data)
{
    char aside[PATH_MAX];
    struct buf header = {0};
    enum status st = OK;
    size_t floats = 0;
    for (size_t i = 0; i < n; i++)
        floats += tensors[i].rows * tensors[i].columns;
    int length = snprintf(aside, sizeof aside, "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof aside)
        return status_fail(ERR_INPUT, "%.64s...: path too long", path);
    append_header(&header, tensors, n);
    TRY_OUT(status_wrap(header.status, "%s", path));
    TRY_OUT(write_aside(aside, &header, data, floats));
    TRY_OUT(file_rename(aside, path));
out:
    buf_free(&header);
    return st;
}
