#include "launch/companions.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FILES = 256, FILE_BYTES = 64 << 20, ALL_BYTES = 256 << 20 };

#define TEMPLATES "additional_chat_templates"

// One folder's reading.
struct reading {
    struct companions *out;
    const char *folder;
    char real[PATH_MAX], blobs[PATH_MAX]; // where its files may lie
    int of;
    size_t left; // files that were too much
};

void companions_free(struct companions *c)
{
    for (size_t i = 0; i < c->n; i++) {
        mem_free(c->items[i].name);
        buf_free(&c->items[i].bytes);
    }
    mem_free(c->items);
    *c = (struct companions){0};
}

static int is_one_of(const char *name, const char *const *patterns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fnmatch(patterns[i], name, FNM_CASEFOLD) == 0)
            return 1;
    return 0;
}

#define IS_ONE_OF(name, patterns)                                                      \
    is_one_of(name, patterns, sizeof(patterns) / sizeof *(patterns))

// Written by others here (config.json, the weights, the tokenizer as it was read), or
// of no use to who loads the model.
static int stays_behind(const char *name)
{
    static const char *const patterns[] = {
        ".*",
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "*.safetensors",
        "*.index.json",
        "*.bin",
        "*.pt",
        "*.pth",
        "*.ckpt",
        "*.gguf",
        "*.ggml",
        "*.onnx",
        "*.onnx_data",
        "*.h5",
        "*.msgpack",
        "*.ot",
        "*.np[yz]",
        "*.pkl",
        "*.pickle",
        "*.tflite",
        "*.mlmodel",
        "*.zip",
        "*.tar*",
        "*.jsonl",
        "*.parquet",
        "*.arrow",
        "*.csv",
        "*.log",
        "*.lock",
        "*.tmp",
        "trainer_state.json",
        "DONE",
    };
    return IS_ONE_OF(name, patterns);
}

static int is_of_tokenizer(const char *name)
{
    static const char *const patterns[] = {
        "vocab.*",    "merges.txt",     "encoder.json", "special_tokens_map.json",
        "*.model",    "*.tiktoken",     "tekken.json",  "added_tokens.json",
        "*.model.v*", "chat_template*", TEMPLATES "/*", "tokenization_*.py",
        "tokenizer*",
    };
    return IS_ONE_OF(name, patterns);
}

static int is_wanted(const struct reading *r, const char *name)
{
    if (stays_behind(name))
        return 0;
    return r->of &
           (is_of_tokenizer(name) ? COMPANIONS_OF_TOKENIZER : COMPANIONS_OF_MODEL);
}

static int is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return n && strncmp(path, folder, n) == 0 &&
           (path[n] == '/' || folder[n - 1] == '/');
}

// Bytes of a plain file that lies in the folder or, as the Hub's cache links them,
// among its blobs; -1: it is none.
static off_t size_of(const struct reading *r, const char *path)
{
    char real[PATH_MAX];
    struct stat info;
    if (!realpath(path, real) || stat(real, &info) != 0 || !S_ISREG(info.st_mode))
        return -1;
    return is_below(real, r->real) || is_below(real, r->blobs) ? info.st_size : -1;
}

static enum status add(struct companions *c, const char *name, const char *path)
{
    struct companion item = {0};
    enum status st;
    TRY(mem_grow(&c->items, &c->capacity, c->n, c->n + 1, sizeof *c->items));
    TRY_OUT(mem_strdup(&item.name, name));
    TRY_OUT(file_read(&item.bytes, path, FILE_BYTES));
    c->bytes += item.bytes.len;
    c->items[c->n++] = item;
    return OK;
out:
    mem_free(item.name);
    buf_free(&item.bytes);
    return st;
}

static enum status consider(struct reading *r, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", r->folder, name);
    off_t bytes = n < 0 || n >= PATH_MAX ? -1 : size_of(r, path);
    if (bytes < 0 || !is_wanted(r, name))
        return OK;
    if (bytes > FILE_BYTES || (size_t)bytes + r->out->bytes > ALL_BYTES ||
        r->out->n == MOST_FILES) {
        r->left++;
        return OK;
    }
    return add(r->out, name, path);
}

// The files in folder/below ("" or with a slash at its end).
static enum status read_folder(struct reading *r, const char *below)
{
    char path[PATH_MAX], name[PATH_MAX];
    const struct dirent *entry;
    enum status st = OK;
    (void)snprintf(path, sizeof path, "%s/%s", r->folder, below);
    DIR *dir = opendir(path);
    if (!dir)
        return OK;
    while (st == OK && (entry = readdir(dir)) != NULL) {
        (void)snprintf(name, sizeof name, "%s%s", below, entry->d_name);
        if (entry->d_name[0] != '.')
            st = consider(r, name);
    }
    (void)closedir(dir);
    return st;
}

static int by_name(const void *a, const void *b)
{
    const struct companion *x = a, *y = b;
    return strcmp(x->name, y->name);
}

enum status companions_read(struct companions *c, const char *folder, int of)
{
    struct reading r = {.out = c, .folder = folder, .of = of};
    char blobs[PATH_MAX];
    if (!realpath(folder, r.real))
        return OK;
    (void)snprintf(blobs, sizeof blobs, "%s/../../blobs", r.real);
    if (!realpath(blobs, r.blobs))
        r.blobs[0] = 0;
    TRY(read_folder(&r, ""));
    TRY(read_folder(&r, TEMPLATES "/"));
    if (r.left)
        log_warn("%s: %zu files do not travel with the model: at most %d of %d MiB, "
                 "%d MiB of all",
                 folder, r.left, MOST_FILES, FILE_BYTES >> 20, ALL_BYTES >> 20);
    if (c->n)
        qsort(c->items, c->n, sizeof *c->items, by_name);
    return OK;
}

enum status companions_write(const struct companions *c, const char *folder)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < c->n; i++) {
        int n = snprintf(path, sizeof path, "%s/%s", folder, c->items[i].name);
        if (n < 0 || n >= PATH_MAX)
            return status_fail(ERR_INPUT, "%.64s...: path too long", folder);
        char *slash = strchr(c->items[i].name, '/');
        if (slash) {
            char below[PATH_MAX];
            (void)snprintf(below, sizeof below, "%s/%.*s", folder,
                           (int)(slash - c->items[i].name), c->items[i].name);
            TRY(file_make_dirs(below));
        }
        TRY(file_write(path, c->items[i].bytes.data, c->items[i].bytes.len));
    }
    return OK;
}
