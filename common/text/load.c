#include "internal.h"

#include "base/file.h"
#include "json/json.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static enum status path_in(char *out, const char *folder, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    if (n < 0 || n >= PATH_MAX)
        return status_fail(ERR_INPUT, "%.64s...: path too long", folder);
    return OK;
}

static int has(const char *folder, const char *name)
{
    char path[PATH_MAX];
    return path_in(path, folder, name) == OK && file_exists(path);
}

static enum status load_json(struct tokenizer *t, const char *folder)
{
    char path[PATH_MAX];
    TRY(path_in(path, folder, "tokenizer.json"));
    TRY(file_read(&t->json, path, TOKENIZER_FILE_MAX_BYTES));
    if (file_is_lfs_pointer(t->json.data, t->json.len))
        return status_fail(ERR_INPUT, "%s: " FILE_LFS_ADVICE, path);
    return status_wrap(tokenizer_read_json(t), "%s", path);
}

static enum status load_pair(struct tokenizer *t, const char *folder, const char *vocab,
                             const char *merges, const struct tokenizer_config *c)
{
    char vocab_path[PATH_MAX], merges_path[PATH_MAX];
    const char *pattern = c->qwen2 ? TOKENIZER_PATTERN_QWEN2 : TOKENIZER_PATTERN_GPT2;
    TRY(path_in(vocab_path, folder, vocab));
    TRY(path_in(merges_path, folder, merges));
    return tokenizer_read_bpe(t, vocab_path, merges_path, pattern, c);
}

// Where tokenizer.json is, it lists the added tokens.
static enum status load_config(struct tokenizer *t, struct tokenizer_config *out,
                               const char *folder)
{
    char path[PATH_MAX], map[PATH_MAX], added[PATH_MAX];
    int wants_added = !has(folder, "tokenizer.json");
    TRY(path_in(path, folder, "tokenizer_config.json"));
    TRY(path_in(map, folder, "special_tokens_map.json"));
    TRY(path_in(added, folder, "added_tokens.json"));
    if (file_exists(path)) {
        TRY(file_read(&t->config, path, TOKENIZER_FILE_MAX_BYTES));
        TRY(status_wrap(tokenizer_config_read(out, &t->config, wants_added), "%s",
                        path));
    }
    return tokenizer_config_add(out, file_exists(map) ? map : NULL,
                                wants_added && file_exists(added) ? added : NULL);
}

// Whether the model in the folder is one of Qwen's, by the start of its model_type.
static int is_qwen(const char *folder)
{
    char path[PATH_MAX];
    json_t *root = NULL;
    int qwen = 0;
    if (has(folder, "config.json") && path_in(path, folder, "config.json") == OK &&
        json_parse_file(&root, NULL, path, TOKENIZER_FILE_MAX_BYTES) == OK) {
        const char *type = json_string_value(json_object_get(root, "model_type"));
        qwen = type && strncmp(type, "qwen", 4) == 0;
    }
    json_decref(root);
    return qwen;
}

static enum status load_files(struct tokenizer *t, const char *folder,
                              const struct tokenizer_config *c)
{
    if (has(folder, "tokenizer.json"))
        return load_json(t, folder);
    if (has(folder, "vocab.json"))
        return load_pair(t, folder, "vocab.json", "merges.txt", c);
    if (has(folder, "encoder.json"))
        return load_pair(t, folder, "encoder.json", "vocab.bpe", c);
    if (!file_exists(folder))
        return status_fail(ERR_INPUT, "%s: no such folder", folder);
    if (has(folder, "tokenizer.model"))
        return status_fail(ERR_INPUT,
                           "%s: tokenizer.model alone is not read: make tokenizer.json "
                           "of it (transformers: AutoTokenizer.from_pretrained(DIR)"
                           ".save_pretrained(DIR))",
                           folder);
    return status_fail(ERR_INPUT,
                       "%s: no tokenizer: neither tokenizer.json nor vocab.json nor "
                       "encoder.json",
                       folder);
}

// tokenizer.json's own post-processor has the first word on what begins a text.
static void use_bos(struct tokenizer *t, const struct tokenizer_config *c)
{
    if (t->bos < 0 && c->bos) {
        t->bos = vocab_find_special(&t->vocab, c->bos);
        t->adds_bos = t->bos >= 0 && c->adds_bos;
    }
}

enum status tokenizer_load(struct tokenizer **out, const char *folder)
{
    struct tokenizer *t = NULL;
    struct tokenizer_config c = {0};
    enum status st = OK;
    TRY_OUT(tokenizer_new(&t));
    TRY_OUT(load_config(t, &c, folder));
    c.qwen2 = c.qwen2 || is_qwen(folder);
    TRY_OUT(load_files(t, folder, &c));
    TRY_OUT(status_wrap(tokenizer_finish(t, c.eos), "%s", folder));
    use_bos(t, &c);
    *out = t;
    t = NULL;
out:
    tokenizer_free(t);
    tokenizer_config_free(&c);
    return st;
}

enum status tokenizer_load_bpe(struct tokenizer **out, const char *vocab_path,
                               const char *merges_path, const char *pattern)
{
    const struct tokenizer_config none = {0};
    struct tokenizer *t = NULL;
    TRY(tokenizer_new(&t));
    enum status st = tokenizer_read_bpe(t, vocab_path, merges_path, pattern, &none);
    if (st == OK)
        st = tokenizer_finish(t, NULL);
    if (st == OK)
        *out = t;
    else
        tokenizer_free(t);
    return st;
}
