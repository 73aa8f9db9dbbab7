// A file of trees alone, in the archive's columns, written at once.
#include "archive.h"
#include "h5.h"
#include "tree_rows.h"

static enum status write_columns(hid_t file, const struct tree_rows *r)
{
    for (int i = 0; i < COLUMNS; i++) {
        enum column c = tree_rows_order(i);
        TRY(h5_write_vector(file, column_table[c].name, column_type(c), r->data[c],
                            r->n[c]));
    }
    return OK;
}

enum status archive_write_trees(const char *path, struct tree *const *trees, size_t n)
{
    struct tree_rows rows = {0};
    uint64_t nodes = 0, tokens = 0;
    hid_t file = -1;
    enum status st;
    h5_quiet();
    TRY_OUT(tree_rows_gather(&rows, trees, n, &nodes, &tokens));
    file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) {
        st = h5_fail("create");
        goto out;
    }
    TRY_OUT(h5_create_groups(file));
    TRY_OUT(write_columns(file, &rows));
out:
    if (file >= 0 && H5Fclose(file) < 0 && st == OK)
        st = h5_fail("close");
    tree_rows_free(&rows);
    return status_wrap(st, "%s", path);
}
