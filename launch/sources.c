#include "launch/sources.h"

#include "archive/checkpoint.h"
#include "base/file.h"
#include "base/log.h"
#include "model/model.h"

#include <stdio.h>
#include <string.h>

static int is_gone(const char *path)
{
    return *path && !file_exists(path);
}

static enum status take(char *out, const char *key, const char *path)
{
    int n = snprintf(out, PATH_MAX, "%s", path);
    return n < 0 || n >= PATH_MAX ? status_fail(ERR_INPUT, "%s: path too long", key)
                                  : OK;
}

enum status sources_find(struct sources *out, const struct settings *s, int resumes)
{
    struct sources found = {0};
    const char *model = s->model.path, *tokenizer = s->data.tokenizer;
    char checkpoint[PATH_MAX] = "";
    uint64_t step;
    int there = 0;
    if ((is_gone(model) || is_gone(tokenizer)) && resumes && s->train.kl_coef == 0.0)
        TRY(checkpoint_latest(s->run.dir, &step, checkpoint, &there));
    if (there && is_gone(model)) {
        log_info("model.path: %s is gone: the newest checkpoint stands in", model);
        model = checkpoint;
    }
    if (there && is_gone(tokenizer))
        tokenizer = checkpoint;
    if (*model)
        TRY(status_wrap(model_folder_check(model), "model.path"));
    if (!*model && !*tokenizer)
        return status_fail(
            ERR_INPUT, "no tokenizer: set data.tokenizer or model.path to a folder");
    TRY(take(found.model, "model.path", model));
    TRY(take(found.tokenizer, "data.tokenizer", *tokenizer ? tokenizer : model));
    *out = found;
    return OK;
}
