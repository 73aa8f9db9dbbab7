// etreerpo data: problems and tokenizers.
#include "base/config.h"
#include "base/file.h"
#include "base/log.h"
#include "data/algebra.h"
#include "launch/args.h"
#include "launch/commands.h"
#include "text/tokenizer.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MAX_TEXT_BYTES = 1 << 30 };

struct data_settings {
    int64_t seed, train, test, min_steps, max_steps, max_operand, max_factor, max_value;
    int64_t equations, chains, prose, vocab;
};

#define INT(field, initial, min, max, unit, doc)                                       \
    {                                                                                  \
#field, CONFIG_INT, offsetof(struct data_settings, field), initial, min, max,  \
            "", unit, doc                                                              \
    }
// clang-format off
static const struct config_key keys[] = {
    INT(seed, "1", 0, 9e15, "", "of the problems"),
    INT(train, "20000", 1, 1e7, "problems", "to make"),
    INT(test, "1024", 1, 1e6, "problems", "held out, none of them in train"),
    INT(min_steps, "2", 1, 12, "steps", "of the shortest solution"),
    INT(max_steps, "4", 1, 12, "steps", "of the longest solution"),
    INT(max_operand, "9", 2, 1e6, "", "of + and -"),
    INT(max_factor, "3", 2, 1e6, "", "of * and /"),
    INT(max_value, "30", 2, 1e9, "", "largest intermediate result"),
    INT(equations, "0", 0, 100, "%", "of the problems are equations"),
    INT(chains, "0", 0, 100, "%", "of the problems are plain arithmetic"),
    INT(prose, "0", 0, 1, "", "1: a sentence around each step"),
    INT(vocab, "0", 0, 1e6, "tokens", "of the tokenizer; 0: one token a character"),
};
// clang-format on
static const struct config_schema schema = {keys, sizeof keys / sizeof *keys};

static enum status read_settings(struct data_settings *s, const struct args *args)
{
    TRY(config_defaults(&schema, s));
    for (int i = 0; i < args->n_settings; i++)
        TRY(config_set(&schema, s, args->settings[i]));
    return OK;
}

static void append_texts(struct buf *out, const struct dataset *d)
{
    for (size_t i = 0; i < d->n; i++) {
        problem_prompt(out, &d->problems[i]);
        buf_str(out, d->problems[i].solution);
        buf_char(out, '\n');
    }
}

static enum status save_tokenizer(const struct buf *text, int64_t vocab,
                                  const char *dir)
{
    struct tokenizer *t = NULL;
    enum status st;
    TRY_OUT(text->status);
    TRY_OUT(tokenizer_train(&t, buf_cstr(text), text->len, (int32_t)vocab, vocab == 0));
    TRY_OUT(tokenizer_save(t, dir));
    log_info("%s/tokenizer.json: %d tokens", dir, tokenizer_vocab(t));
out:
    tokenizer_free(t);
    return st;
}

static enum status save_set(const struct dataset *d, const char *dir, const char *name)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    TRY(dataset_save(d, path));
    log_info("%s: %zu problems", path, d->n);
    return OK;
}

static enum status make_algebra(const struct data_settings *s, const char *dir)
{
    const struct algebra_config c = {
        .seed = (uint64_t)s->seed,
        .train = (int32_t)s->train,
        .test = (int32_t)s->test,
        .min_steps = (int32_t)s->min_steps,
        .max_steps = (int32_t)s->max_steps,
        .max_operand = (int32_t)s->max_operand,
        .max_factor = (int32_t)s->max_factor,
        .max_value = (int32_t)s->max_value,
        .equations = (int32_t)s->equations,
        .chains = (int32_t)s->chains,
        .prose = (int32_t)s->prose,
    };
    struct dataset train = {0}, test = {0};
    struct buf text = {0};
    enum status st;
    TRY_OUT(algebra_generate(&c, &train, &test));
    TRY_OUT(file_make_dirs(dir));
    TRY_OUT(save_set(&train, dir, "train.jsonl"));
    TRY_OUT(save_set(&test, dir, "test.jsonl"));
    append_texts(&text, &train);
    append_texts(&text, &test);
    st = save_tokenizer(&text, s->vocab, dir);
out:
    dataset_free(&train);
    dataset_free(&test);
    buf_free(&text);
    return st;
}

// A plain file as it is, or the questions and solutions of a .jsonl of problems.
static enum status read_text(struct buf *out, const char *path)
{
    size_t len = strlen(path);
    struct dataset set = {0};
    if (len < 6 || strcmp(path + len - 6, ".jsonl") != 0)
        return file_read(out, path, MAX_TEXT_BYTES);
    TRY(dataset_load(&set, path, 0));
    append_texts(out, &set);
    dataset_free(&set);
    return out->status;
}

static enum status make_tokenizer(const struct data_settings *s, const char *from,
                                  const char *dir)
{
    struct buf text = {0};
    enum status st;
    if (!from)
        return status_fail(ERR_INPUT, "data tokenizer needs --text FILE");
    if (s->vocab < 257)
        return status_fail(ERR_INPUT,
                           "vocab: %ld is below 257, the bytes and one special",
                           (long)s->vocab);
    TRY_OUT(read_text(&text, from));
    TRY_OUT(file_make_dirs(dir));
    st = save_tokenizer(&text, s->vocab, dir);
out:
    buf_free(&text);
    return st;
}

enum status command_data(int argc, char **argv)
{
    const char *dir = NULL, *text = NULL;
    const struct option options[] = {{"--out", &dir, NULL}, {"--text", &text, NULL}};
    struct args args;
    struct data_settings s = {0};
    TRY(args_parse(&args, argc, argv, options, 2));
    TRY(read_settings(&s, &args));
    if (args.first && dir && strcmp(args.first, "algebra") == 0)
        return make_algebra(&s, dir);
    if (args.first && dir && strcmp(args.first, "tokenizer") == 0)
        return make_tokenizer(&s, text, dir);
    return status_fail(ERR_INPUT, "usage: etreerpo data algebra|tokenizer --out DIR "
                                  "[--text FILE] [key=value ...]");
}
