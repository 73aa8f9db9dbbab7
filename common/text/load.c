#include "internal.h"

#include "base/file.h"

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

static enum status load_config(struct tokenizer *t, struct tokenizer_config *out,
                               const char *folder)
{
    char path[PATH_MAX];
    if (!has(folder, "tokenizer_config.json"))
        return OK;
    TRY(path_in(path, folder, "tokenizer_config.json"));
    TRY(file_read(&t->config, path, TOKENIZER_FILE_MAX_BYTES));
    return status_wrap(tokenizer_config_read(out, &t->config), "%s", path);
}

static enum status load_chat(struct tokenizer *t, const char *folder)
{
    char path[PATH_MAX];
    if (!has(folder, "chat_template.jinja"))
        return OK;
    TRY(path_in(path, folder, "chat_template.jinja"));
    return file_read(&t->chat, path, TOKENIZER_FILE_MAX_BYTES);
}

// Whether the model in the folder is one of Qwen's, by the start of its model_type.
static int is_qwen(const char *folder)
{
    char path[PATH_MAX];
    struct buf text = {0};
    int qwen = 0;
    if (path_in(path, folder, "config.json") == OK && file_exists(path) &&
        file_read(&text, path, TOKENIZER_FILE_MAX_BYTES) == OK) {
        const char *key = strstr(buf_cstr(&text), "\"model_type\"");
        const char *value = key ? strchr(key + sizeof "\"model_type\"" - 1, '"') : NULL;
        qwen = value && strncmp(value, "\"qwen", 5) == 0;
    }
    buf_free(&text);
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
    TRY_OUT(load_chat(t, folder));
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
