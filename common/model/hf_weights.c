#include "hf.h"
#include "safetensors.h"
#include "tensors.h"

#include "base/file.h"
#include "base/mem.h"
#include "json/json.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_MAX_BYTES = 64 << 20, NAME_SHOWN = 200 };

// A tied model's matrix, read under its other name: the embedding's own overrides it.
enum found { NOT_FOUND, FOUND, FOUND_AS_HEAD };

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

// Tables of rotary positions that old checkpoints store along with the weights; they
// follow from the config.
static int is_rope_table(const char *name)
{
    return strstr(name, "rotary_emb.") != NULL;
}

// What wrappers of a model put before its tensors' names (torch.compile, data
// parallelism, peft).
static const char *without_wrappers(const char *name)
{
    static const char *const wrappers[] = {"_orig_mod.", "module.",
                                           "base_model.model."};
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
        size_t n = strlen(wrappers[i]);
        if (strncmp(name, wrappers[i], n) == 0) {
            name += n;
            i = (size_t)-1; // from the first again
        }
    }
    return name;
}

// The name in the model: a decoder that was saved without its head lacks "model.". Some
// tools store a tied model's matrix under both its names, or under the head's alone.
static const struct model_tensor *find(const struct weights *w, const char *name,
                                       enum found *as)
{
    char inner[NAME_SHOWN];
    name = without_wrappers(name);
    *as = FOUND;
    if (w->m->config.tied && strcmp(name, "lm_head.weight") == 0) {
        *as = FOUND_AS_HEAD;
        name = "model.embed_tokens.weight";
    }
    const struct model_tensor *t =
        bsearch(name, w->tensors, w->n, sizeof *w->tensors, name_of);
    if (t)
        return t;
    (void)snprintf(inner, sizeof inner, "model.%s", name);
    return bsearch(inner, w->tensors, w->n, sizeof *w->tensors, name_of);
}

static enum status read_tensor(struct weights *w, const struct safetensors *file,
                               const struct safetensor *t)
{
    enum found as;
    const struct model_tensor *want = find(w, t->name, &as);
    if (!want && is_rope_table(t->name))
        return OK;
    if (!want)
        return status_fail(ERR_INPUT, "the model has no such tensor");
    uint8_t *found = &w->found[want - w->tensors];
    if (as == FOUND_AS_HEAD && *found)
        return OK;
    if (*found == FOUND)
        return status_fail(ERR_INPUT, "it stands there twice, or in two files");
    if (t->type == TENSOR_OTHER)
        return status_fail(ERR_INPUT, "dtype %s is not F32, F16, BF16 or F64",
                           t->type_name);
    TRY(check_shape(want, t));
    safetensors_read(w->m->params + want->offset, file, t);
    *found = (uint8_t)as;
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
    if (!file_exists(path))
        return status_fail(ERR_INPUT,
                           "%s is not there: its part of the weights is missing, fetch "
                           "the folder's other files",
                           path);
    return read_file(w, path);
}

static enum status read_shards(struct weights *w, const char *folder, const char *index)
{
    json_t *root = NULL, *done = json_object(), *name;
    const char *tensor;
    enum status st = OK;
    TRY_OUT(json_parse_file(&root, NULL, index, INDEX_MAX_BYTES));
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
