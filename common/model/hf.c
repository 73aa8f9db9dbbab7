#include "hf.h"

#include "layout.h"
#include "safetensors.h"
#include "tensors.h"

#include "base/mem.h"

#include <limits.h>
#include <stdio.h>

enum status hf_path(char *out, size_t size, const char *folder, const char *name)
{
    int n = snprintf(out, size, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= size)
        return status_fail(ERR_INPUT, "%.64s...: path too long", folder);
    return OK;
}

enum status model_load(struct model *m, const char *folder)
{
    return model_load_within(m, folder, INT32_MAX);
}

static enum status load(struct model *m, const char *folder, int32_t most, int weights)
{
    char path[PATH_MAX];
    struct model_config config;
    struct buf text = {0};
    struct model fresh = {0};
    enum status st = OK;
    TRY(hf_path(path, sizeof path, folder, "config.json"));
    TRY_OUT(hf_config_read(&config, &text, path));
    if (config.max_positions > most)
        config.max_positions = most;
    TRY_OUT(model_new(&fresh, &config));
    fresh.source = text;
    text = (struct buf){0};
    if (weights)
        TRY_OUT(hf_weights_read(&fresh, folder));
    *m = fresh;
out:
    if (st != OK)
        model_free(&fresh);
    buf_free(&text);
    return st;
}

enum status model_load_within(struct model *m, const char *folder, int32_t most)
{
    TRY(load(m, folder, most, 1));
    return model_repack(m);
}

enum status model_load_bare(struct model *m, const char *folder, int weights)
{
    return load(m, folder, INT32_MAX, weights);
}

enum status model_reload(struct model *m, const char *folder)
{
    char path[PATH_MAX];
    struct model_config config;
    TRY(hf_path(path, sizeof path, folder, "config.json"));
    TRY(hf_config_read(&config, NULL, path));
    if (layout_floats(&config) != m->layout.total)
        return status_fail(ERR_INPUT, "%s: a model of another shape", folder);
    return hf_weights_read(m, folder);
}

enum status model_save(const struct model *m, const char *folder)
{
    char config[PATH_MAX], weights[PATH_MAX];
    struct model_tensor *tensors = NULL;
    size_t n = 0;
    enum status st = OK;
    TRY(hf_path(config, sizeof config, folder, "config.json"));
    TRY(hf_path(weights, sizeof weights, folder, "model.safetensors"));
    TRY(model_tensors_new(&tensors, &n, m));
    TRY_OUT(safetensors_write(weights, tensors, n, m->params));
    TRY_OUT(hf_config_write(m, config));
out:
    mem_free(tensors);
    return st;
}
