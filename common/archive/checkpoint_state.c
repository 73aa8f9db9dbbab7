#include "checkpoint.h"
#include "h5.h"

#include "base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static void file_of(char *out, const char *folder)
{
    (void)snprintf(out, PATH_MAX, "%s/optimizer.h5", folder);
}

enum status checkpoint_write_state(const char *path, const struct checkpoint_state *s)
{
    char name[PATH_MAX];
    enum status st;
    file_of(name, path);
    h5_quiet();
    hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0)
        return h5_fail(name);
    TRY_OUT(h5_write_u64(file, "step", s->step));
    TRY_OUT(h5_write_u64(file, "updates", (uint64_t)s->updates));
    TRY_OUT(h5_write_u64(file, "weights_hash", s->weights_hash));
    TRY_OUT(h5_write_vector(file, "/m", H5T_NATIVE_FLOAT, s->m, s->n));
    TRY_OUT(h5_write_vector(file, "/v", H5T_NATIVE_FLOAT, s->v, s->n));
    if (s->n_memory)
        TRY_OUT(h5_write_vector(file, "/memory", H5T_NATIVE_DOUBLE, s->memory,
                                s->n_memory));
out:
    if (H5Fclose(file) < 0 && st == OK)
        st = h5_fail(name);
    return status_wrap(st, "%s", name);
}

static enum status read_vector(hid_t file, const char *name, hid_t type, size_t size,
                               void *out, size_t n)
{
    void *data = NULL;
    size_t count = 0;
    TRY(h5_read(file, name, type, size, &data, &count));
    if (count == n)
        memcpy(out, data, n * size);
    mem_free(data);
    return count == n ? OK
                      : status_fail(ERR_INPUT, "%s has %zu numbers, the model %zu",
                                    name, count, n);
}

enum status checkpoint_read_state(const char *path, struct checkpoint_state *s)
{
    char name[PATH_MAX];
    struct checkpoint_state read = *s;
    uint64_t updates = 0;
    enum status st;
    file_of(name, path);
    h5_quiet();
    hid_t file = H5Fopen(name, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0)
        return status_fail(ERR_INPUT, "%s: missing, cut off, or no HDF5 file", name);
    TRY_OUT(h5_read_u64(file, "step", &read.step));
    TRY_OUT(h5_read_u64(file, "updates", &updates));
    TRY_OUT(h5_read_u64(file, "weights_hash", &read.weights_hash));
    TRY_OUT(read_vector(file, "/m", H5T_NATIVE_FLOAT, sizeof *s->m, s->m, s->n));
    TRY_OUT(read_vector(file, "/v", H5T_NATIVE_FLOAT, sizeof *s->v, s->v, s->n));
    if (s->n_memory)
        TRY_OUT(read_vector(file, "/memory", H5T_NATIVE_DOUBLE, sizeof *s->memory,
                            s->memory, s->n_memory));
    read.updates = (int64_t)updates;
    *s = read;
out:
    (void)H5Fclose(file);
    return status_wrap(st, "%s", name);
}
