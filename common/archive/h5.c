#include "h5.h"

#include "base/mem.h"

#include <string.h>

void h5_quiet(void)
{
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static herr_t innermost(unsigned n, const H5E_error2_t *error, void *context)
{
    const char **text = context;
    (void)n;
    if (error->desc && *error->desc)
        *text = error->desc;
    return 0;
}

enum status h5_fail(const char *what)
{
    static const char system_error[] = "error message = '";
    const char *why = "HDF5 gives no reason";
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, innermost, &why);
    // A failed system call's own words stand in the middle of HDF5's long line.
    const char *quoted = strstr(why, system_error);
    int len = (int)strlen(why);
    if (quoted) {
        why = quoted + sizeof system_error - 1;
        len = (int)strcspn(why, "'");
    }
    return status_fail(ERR_IO, "%s: %.*s", what, len, why);
}

enum status h5_create(hid_t parent, const char *name, hid_t type, size_t chunk,
                      hid_t *out)
{
    const hsize_t empty = 0, unlimited = H5S_UNLIMITED, step = chunk;
    hid_t space = H5Screate_simple(1, &empty, &unlimited);
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    hid_t set = -1;
    if (space >= 0 && properties >= 0 && H5Pset_chunk(properties, 1, &step) >= 0 &&
        H5Pset_shuffle(properties) >= 0 && H5Pset_deflate(properties, 1) >= 0)
        set =
            H5Dcreate2(parent, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    if (space >= 0)
        (void)H5Sclose(space);
    if (properties >= 0)
        (void)H5Pclose(properties);
    if (set < 0)
        return h5_fail(name);
    *out = set;
    return OK;
}

static enum status length_of(hid_t set, hsize_t *out)
{
    hid_t space = H5Dget_space(set);
    int failed = space < 0 || H5Sget_simple_extent_dims(space, out, NULL) != 1;
    if (space >= 0)
        (void)H5Sclose(space);
    return failed ? h5_fail("length of a dataset") : OK;
}

enum status h5_append(hid_t set, hid_t type, const void *data, size_t n)
{
    hsize_t length = 0, count = n, grown;
    TRY(length_of(set, &length));
    grown = length + count;
    if (n > 0 && H5Dset_extent(set, &grown) < 0)
        return h5_fail("extend");
    if (n > 0) {
        hid_t memory = H5Screate_simple(1, &count, NULL);
        hid_t file = H5Dget_space(set);
        int failed = memory < 0 || file < 0 ||
                     H5Sselect_hyperslab(file, H5S_SELECT_SET, &length, NULL, &count,
                                         NULL) < 0 ||
                     H5Dwrite(set, type, memory, file, H5P_DEFAULT, data) < 0;
        enum status st = failed ? h5_fail("write") : OK;
        if (memory >= 0)
            (void)H5Sclose(memory);
        if (file >= 0)
            (void)H5Sclose(file);
        TRY(st);
    }
    return H5Dflush(set) < 0 ? h5_fail("flush") : OK;
}

enum status h5_read(hid_t file, const char *name, hid_t type, size_t size, void *out,
                    size_t *n)
{
    hsize_t length = 0;
    void *data = NULL;
    enum status st;
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    if (set < 0)
        return status_fail(ERR_INPUT, "no dataset %s", name);
    TRY_OUT(length_of(set, &length));
    TRY_OUT(mem_new(&data, (size_t)length, size));
    if (length > 0 && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) {
        st = h5_fail(name);
        goto out;
    }
    memcpy(out, &data, sizeof data);
    *n = (size_t)length;
    data = NULL;
out:
    mem_free(data);
    (void)H5Dclose(set);
    return st;
}

static enum status write_attribute(hid_t object, const char *name, hid_t type,
                                   const void *data)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute =
        space < 0 ? -1
                  : H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int failed = attribute < 0 || H5Awrite(attribute, type, data) < 0;
    enum status st = failed ? h5_fail(name) : OK;
    if (attribute >= 0)
        (void)H5Aclose(attribute);
    if (space >= 0)
        (void)H5Sclose(space);
    return st;
}

enum status h5_write_text(hid_t object, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0 || H5Tset_size(type, strlen(text) + 1) < 0)
        return h5_fail(name);
    enum status st = write_attribute(object, name, type, text);
    (void)H5Tclose(type);
    return st;
}

enum status h5_write_u64(hid_t object, const char *name, uint64_t value)
{
    return write_attribute(object, name, H5T_NATIVE_UINT64, &value);
}

enum status h5_read_u64(hid_t object, const char *name, uint64_t *out)
{
    uint64_t value = 0;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    int failed = attribute < 0 || H5Aread(attribute, H5T_NATIVE_UINT64, &value) < 0;
    if (attribute >= 0)
        (void)H5Aclose(attribute);
    if (failed)
        return status_fail(ERR_INPUT, "no attribute %s", name);
    *out = value;
    return OK;
}

enum status h5_write_vector(hid_t file, const char *name, hid_t type, const void *data,
                            size_t n)
{
    const hsize_t length = n;
    hid_t space = H5Screate_simple(1, &length, NULL);
    hid_t set = space < 0 ? -1
                          : H5Dcreate2(file, name, type, space, H5P_DEFAULT,
                                       H5P_DEFAULT, H5P_DEFAULT);
    int failed =
        set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0;
    enum status st = failed ? h5_fail(name) : OK;
    if (set >= 0)
        (void)H5Dclose(set);
    if (space >= 0)
        (void)H5Sclose(space);
    return st;
}

enum status h5_create_groups(hid_t file)
{
    static const char *const groups[] = {"/metrics", "/trees", "/nodes", "/tokens"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        hid_t g = H5Gcreate2(file, groups[i], H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        if (g < 0)
            return h5_fail(groups[i]);
        (void)H5Gclose(g);
    }
    return OK;
}
