#include "generation.h"

#include "hf.h"
#include "hf_keys.h"

#include "base/file.h"
#include "base/mem.h"

#include <limits.h>

enum { GENERATION_MAX_BYTES = 1 << 20 };

void generation_free(struct generation *g)
{
    mem_free(g->ends);
    buf_free(&g->sampling);
    *g = (struct generation){0};
}

// A number that is none is nobody's temperature.
static void describe(struct generation *g, const json_t *root, const char *key,
                     double plain)
{
    const json_t *value = json_object_get(root, key);
    if (json_is_number(value) && json_number_value(value) != plain)
        buf_printf(&g->sampling, "%s%s %g", g->sampling.len ? ", " : "", key,
                   json_number_value(value));
}

static enum status read_file(struct generation *g, const char *path, int32_t vocab,
                             json_t **root)
{
    TRY(json_parse_file(root, NULL, path, GENERATION_MAX_BYTES));
    return status_wrap(key_ids(*root, "eos_token_id", vocab, &g->ends, &g->n_ends),
                       "%s", path);
}

static enum status read_generation(struct generation *g, const char *path,
                                   int32_t vocab, double temperature)
{
    json_t *root = NULL;
    enum status st = read_file(g, path, vocab, &root);
    describe(g, root, "temperature", temperature);
    describe(g, root, "top_p", 1);
    describe(g, root, "top_k", 0);
    describe(g, root, "min_p", 0);
    describe(g, root, "repetition_penalty", 1);
    json_decref(root);
    return st == OK ? g->sampling.status : st;
}

enum status generation_read(struct generation *out, const char *folder, int32_t vocab,
                            double temperature)
{
    struct generation g = {0};
    json_t *root = NULL;
    char path[PATH_MAX];
    enum status st;
    TRY_OUT(hf_path(path, sizeof path, folder, "config.json"));
    TRY_OUT(read_file(&g, path, vocab, &root));
    TRY_OUT(hf_path(path, sizeof path, folder, "generation_config.json"));
    if (file_exists(path))
        TRY_OUT(read_generation(&g, path, vocab, temperature));
    *out = g;
    g = (struct generation){0};
out:
    json_decref(root);
    generation_free(&g);
    return st;
}
