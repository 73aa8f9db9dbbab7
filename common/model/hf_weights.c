#include "hf.h"
#include "safetensors.h"
#include "tensors.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_MAX_BYTES = 64 << 20, NAME_SHOWN = 200 };

// The model's tensors by name, and which were found so far.
struct weights {
    struct model *m;
    struct model_tensor *tensors;
    uint8_t *found;
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    const struct model_tensor *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int name_of(const void *key, const void *item)
{
    const struct model_tensor *t = item;
    return strcmp(key, t->name);
}

static enum status check_shape(const struct model_tensor *want,
                               const struct safetensor *t)
{
    uint64_t rows = t->rank == 2 ? t->shape[0] : 1;
    uint64_t columns = t->rank == 2 ? t->shape[1] : t->shape[0];
    if (t->rank == want->rank && rows == want->rows && columns == want->columns)
        return OK;
    if (want->rank == 1)
        return status_fail(ERR_INPUT, "its shape is not (%zu)", want->columns);
    return status_fail(ERR_INPUT, "its shape is not (%zu, %zu)", want->rows,
                       want->columns);
}

// Tables that old checkpoints store along with the weights; they follow from the
// config.
static int is_rope_table(const char *name)
{
    static const char end[] = ".rotary_emb.inv_freq";
    size_t n = strlen(name);
    return n >= sizeof end - 1 && strcmp(name + n - (sizeof end - 1), end) == 0;
}

// Some tools store the output matrix of a tied model too; it is the embedding.
static int is_tied_head(const struct model *m, const char *name)
{
    return m->config.tied && strcmp(name, "lm_head.weight") == 0;
}

static enum status read_tensor(struct weights *w, const struct safetensors *file,
                               const struct safetensor *t)
{
    const struct model_tensor *want =
        bsearch(t->name, w->tensors, w->n, sizeof *w->tensors, name_of);
    if (!want && (is_rope_table(t->name) || is_tied_head(w->m, t->name)))
        return OK;
    if (!want)
        return status_fail(ERR_INPUT, "the model has no such tensor");
    uint8_t *found = &w->found[want - w->tensors];
    if (*found)
        return status_fail(ERR_INPUT, "it stands in two files");
    TRY(check_shape(want, t));
    safetensors_read(w->m->params + want->offset, file, t);
    *found = 1;
    return OK;
}

static enum status read_file(struct weights *w, const char *path)
{
    struct safetensors file = {0};
    enum status st = OK;
    TRY(safetensors_open(&file, path));
    for (size_t i = 0; i < file.n_tensors && st == OK; i++)
        st = status_wrap(read_tensor(w, &file, &file.tensors[i]), "%s: tensor %.*s",
                         path, NAME_SHOWN, file.tensors[i].name);
    safetensors_close(&file);
    return st;
}

// Reads a shard unless it was read under an earlier tensor's name.
static enum status read_shard(struct weights *w, const char *folder, const json_t *name,
                              json_t *done)
{
    char path[PATH_MAX];
    const char *file = json_string_value(name);
    if (!file || strchr(file, '/'))
        return status_fail(ERR_INPUT, "weight_map holds what is not a file name");
    if (json_object_get(done, file))
        return OK;
    if (json_object_set_new(done, file, json_true()) != 0)
        return status_fail(ERR_NOMEM, "cannot list the shards");
    TRY(hf_path(path, sizeof path, folder, file));
    return read_file(w, path);
}

static enum status read_shards(struct weights *w, const char *folder, const char *index)
{
    struct buf text = {0};
    json_error_t error;
    json_t *root = NULL, *done = json_object(), *name;
    const char *tensor;
    enum status st = OK;
    TRY_OUT(file_read(&text, index, INDEX_MAX_BYTES));
    root = json_loadb(buf_cstr(&text), text.len, JSON_REJECT_DUPLICATES, &error);
    json_t *map = json_object_get(root, "weight_map");
    if (!json_is_object(map)) {
        st = status_fail(ERR_INPUT, "%s: no weight_map", index);
        goto out;
    }
    json_object_foreach(map, tensor, name)
        TRY_OUT(status_wrap(read_shard(w, folder, name, done), "%s", index));
out:
    json_decref(root);
    json_decref(done);
    buf_free(&text);
    return st;
}

static enum status read_files(struct weights *w, const char *folder)
{
    char single[PATH_MAX], index[PATH_MAX];
    TRY(hf_path(single, sizeof single, folder, "model.safetensors"));
    TRY(hf_path(index, sizeof index, folder, "model.safetensors.index.json"));
    if (!file_exists(single) && file_exists(index))
        return read_shards(w, folder, index);
    return read_file(w, single);
}

static enum status check_complete(const struct weights *w, const char *folder)
{
    for (size_t i = 0; i < w->n; i++)
        if (!w->found[i])
            return status_fail(ERR_INPUT, "%s: tensor %s is missing", folder,
                               w->tensors[i].name);
    return OK;
}

enum status hf_weights_read(struct model *m, const char *folder)
{
    struct weights w = {.m = m};
    enum status st = OK;
    TRY_OUT(model_tensors_new(&w.tensors, &w.n, m));
    TRY_OUT(mem_new(&w.found, w.n, sizeof *w.found));
    qsort(w.tensors, w.n, sizeof *w.tensors, by_name);
    TRY_OUT(read_files(&w, folder));
    TRY_OUT(check_complete(&w, folder));
out:
    mem_free(w.tensors);
    mem_free(w.found);
    return st;
}
