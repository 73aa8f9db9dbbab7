// What a path is that should name a model's folder, by the names of the files in it.
#include "hf.h"

#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

// Which kinds of file the folder holds.
struct kinds {
    int any, config, weights, index, adapter, gguf, pickles, meta, snapshots, model;
};

static int ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static void look_at(struct kinds *k, const char *name)
{
    k->any = 1;
    k->config |= strcmp(name, "config.json") == 0;
    k->weights |= strcmp(name, "model.safetensors") == 0;
    k->index |= strcmp(name, "model.safetensors.index.json") == 0;
    k->adapter |= strcmp(name, "adapter_config.json") == 0;
    k->snapshots |= strcmp(name, "snapshots") == 0;
    k->model |= strcmp(name, "model") == 0;
    k->gguf |= ends_with(name, ".gguf");
    k->pickles |= ends_with(name, ".bin") || ends_with(name, ".pt");
    k->meta |= strncmp(name, "consolidated.", strlen("consolidated.")) == 0;
}

static enum status list(struct kinds *k, const char *folder)
{
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    if (!dir)
        return status_fail(ERR_INPUT, "%s: cannot be listed", folder);
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            look_at(k, entry->d_name);
    (void)closedir(dir);
    return OK;
}

#define FOLDER "the folder with config.json, model.safetensors and tokenizer.json"

static enum status refuse_absent(const char *path)
{
    const char *slash = strchr(path, '/');
    int is_hub_name = slash && slash != path && *path != '.' && !strchr(slash + 1, '/');
    return status_fail(
        ERR_INPUT, "%s: no such folder%s", path,
        is_hub_name ? "; nothing is downloaded: fetch it first (hf download NAME "
                      "--local-dir DIR) and name DIR"
                    : "");
}

static enum status refuse_file(const char *path)
{
    if (ends_with(path, ".gguf"))
        return status_fail(ERR_INPUT,
                           "%s: a GGUF file, which is not read: name " FOLDER
                           " that it was made from, or make one of it with "
                           "transformers (from_pretrained(DIR, gguf_file=...))",
                           path);
    return status_fail(ERR_INPUT, "%s: a file: name " FOLDER, path);
}

static enum status refuse_without_config(const char *path, const struct kinds *k)
{
    const char *what = "";
    if (k->gguf)
        what = "; it holds GGUF files, which are not read: the folder that they were "
               "made from is";
    else if (k->snapshots)
        what = "; it is a cache of the Hub's: name its snapshots/REVISION";
    else if (k->model)
        what = "; name the folder model/ in it?";
    else if (k->meta)
        what = "; it holds consolidated weights, another form of the model: take the "
               "Hugging Face one";
    else if (!k->any)
        what = "; it is empty";
    return status_fail(ERR_INPUT, "%s: no config.json in it%s", path, what);
}

static enum status refuse_without_weights(const char *path, const struct kinds *k)
{
    if (k->pickles)
        return status_fail(ERR_INPUT,
                           "%s: its weights are pickles (.bin, .pt), which are not "
                           "read: save them as safetensors (transformers: "
                           "AutoModelForCausalLM.from_pretrained(DIR)"
                           ".save_pretrained(OUT))",
                           path);
    return status_fail(ERR_INPUT,
                       "%s: neither model.safetensors nor model.safetensors.index.json "
                       "in it%s",
                       path,
                       k->gguf   ? ", but GGUF files, which are not read"
                       : k->meta ? ", but consolidated weights, which are not read"
                                 : "");
}

enum status model_folder_check(const char *folder)
{
    struct stat info;
    struct kinds k = {0};
    if (stat(folder, &info) != 0)
        return refuse_absent(folder);
    if (!S_ISDIR(info.st_mode))
        return refuse_file(folder);
    TRY(list(&k, folder));
    if (k.adapter)
        return status_fail(ERR_INPUT,
                           "%s: an adapter (adapter_config.json): merge it into its "
                           "model first (peft: merge_and_unload, save_pretrained)",
                           folder);
    if (!k.config)
        return refuse_without_config(folder, &k);
    if (!k.weights && !k.index)
        return refuse_without_weights(folder, &k);
    return OK;
}
