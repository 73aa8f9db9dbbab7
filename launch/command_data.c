// etreerpo data: problems, and a vocabulary of their characters.
#include "base/config.h"
#include "base/file.h"
#include "base/log.h"
#include "data/algebra.h"
#include "data/countdown.h"
#include "launch/args.h"
#include "launch/commands.h"
#include "launch/data_check.h"
#include "launch/grading.h"
#include "launch/job.h"
#include "text/tokenizer.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct data_settings {
    int64_t seed, train, test, min_steps, max_steps, max_operand, max_factor, max_value;
    int64_t equations, chains, prose;
    int64_t numbers, max_number, max_target;
    int64_t servers, timeout_s, memory_mb, weak;
};

#define INT(field, initial, min, max, unit, doc)                                       \
    {                                                                                  \
#field, CONFIG_INT, offsetof(struct data_settings, field), initial, min, max,  \
            "", unit, doc                                                              \
    }
// clang-format off
static const struct config_key keys[] = {
    INT(seed, "1", 0, 9e15, "", "of the problems"),
    INT(train, "0", 0, 1e7, "problems", "to make; 0: 20000, of countdown 8000"),
    INT(test, "1024", 1, 1e6, "problems", "held out, none of them in train"),
    INT(min_steps, "2", 1, 12, "steps", "of the shortest solution"),
    INT(max_steps, "4", 1, 12, "steps", "of the longest solution"),
    INT(max_operand, "9", 2, 1e6, "", "of + and -"),
    INT(max_factor, "3", 2, 1e6, "", "of * and /"),
    INT(max_value, "30", 2, 1e9, "", "largest intermediate result"),
    INT(equations, "0", 0, 100, "%", "of the problems are equations"),
    INT(chains, "0", 0, 100, "%", "of the problems are plain arithmetic"),
    INT(prose, "0", 0, 1, "", "1: a sentence around each step"),
    INT(numbers, "3", COUNTDOWN_FEWEST, COUNTDOWN_MOST, "", "countdown: given"),
    INT(max_number, "20", 2, 1e6, "", "countdown: largest number given"),
    INT(max_target, "50", 2, 1e6, "", "countdown: largest result, and target"),
    INT(servers, "0", 0, 256, "", "check: programs run at once; 0: one a core"),
    INT(timeout_s, "10", 1, 600, "s", "check: of one program with all its tests"),
    INT(memory_mb, "512", 64, 65536, "MiB", "check: of one program"),
    INT(weak, "0", 0, 1, "", "check: 1 accepts rlimits and seccomp alone"),
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

static enum status save_tokenizer(const struct buf *text, const char *dir)
{
    struct tokenizer *t = NULL;
    enum status st;
    TRY_OUT(text->status);
    TRY_OUT(tokenizer_of_alphabet(&t, buf_cstr(text), text->len));
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

// Both sets and a tokenizer of their texts.
static enum status save_sets(const struct dataset *train, const struct dataset *test,
                             const char *dir)
{
    struct buf text = {0};
    enum status st;
    TRY_OUT(file_make_dirs(dir));
    TRY_OUT(save_set(train, dir, "train.jsonl"));
    TRY_OUT(save_set(test, dir, "test.jsonl"));
    append_texts(&text, train);
    append_texts(&text, test);
    st = save_tokenizer(&text, dir);
out:
    buf_free(&text);
    return st;
}

static enum status make_algebra(const struct data_settings *s, const char *dir)
{
    const struct algebra_config c = {
        .seed = (uint64_t)s->seed,
        .train = (int32_t)(s->train ? s->train : 20000),
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
    TRY(algebra_generate(&c, &train, &test));
    enum status st = save_sets(&train, &test, dir);
    dataset_free(&train);
    dataset_free(&test);
    return st;
}

static enum status make_countdown(const struct data_settings *s, const char *dir)
{
    const struct countdown_config c = {
        .seed = (uint64_t)s->seed,
        .train = (int32_t)(s->train ? s->train : 8000), // of three numbers to 20
        .test = (int32_t)s->test,
        .numbers = (int32_t)s->numbers,
        .max_number = (int32_t)s->max_number,
        .max_target = (int32_t)s->max_target,
    };
    struct dataset train = {0}, test = {0};
    TRY(countdown_generate(&c, &train, &test));
    enum status st = save_sets(&train, &test, dir);
    dataset_free(&train);
    dataset_free(&test);
    return st;
}

static int cores(void)
{
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

// As a run of these settings would read it, and grade it.
static enum status check_set(const struct job *job, const char *path)
{
    const struct settings *s = &job->settings;
    const struct dataset_rules rules = grading_rules(s);
    const struct data_check_by by = {.judge = job_judge_config(job, cores()),
                                     .reward = grading_reward(s),
                                     .prefill = s->prompt.prefill};
    struct dataset set = {0};
    TRY(dataset_load_by(&set, path, 0, &rules));
    grading_use_verifier(s, &set);
    enum status st = data_check_modules(&set, path);
    if (st == OK)
        st = data_check(&set, path, &by);
    dataset_free(&set);
    return st;
}

// The file that is named, or both sets of the config.
static enum status check_by_config(const char *config, const char *path,
                                   const struct args *args)
{
    struct job job = {0};
    enum status st;
    TRY_OUT(job_configure(&job, config, args->n_settings, args->settings));
    const char *const paths[] = {path ? path : job.settings.data.train,
                                 path ? "" : job.settings.data.test};
    if (!*paths[0] && !*paths[1])
        st = status_fail(ERR_INPUT, "%s names no data, nor does --text", config);
    for (int i = 0; i < 2; i++)
        if (*paths[i])
            TRY_OUT(check_set(&job, paths[i]));
out:
    job_free(&job);
    return st;
}

static enum status check_references(const struct data_settings *s, const char *path)
{
    const struct data_check_by by = {
        .judge = {.servers = s->servers > 0 ? (int)s->servers : cores(),
                  .timeout_ms = 1000 * s->timeout_s,
                  .memory_mb = s->memory_mb,
                  .accept_no_sandbox = s->weak != 0},
        .prefill = "",
    };
    struct dataset set = {0};
    if (!path)
        return status_fail(ERR_INPUT, "data check needs --text FILE");
    TRY(dataset_load(&set, path, 0));
    enum status st = data_check_modules(&set, path);
    if (st == OK)
        st = data_check(&set, path, &by);
    dataset_free(&set);
    return st;
}

enum status command_data(int argc, char **argv)
{
    const char *dir = NULL, *text = NULL, *config = NULL;
    const struct option options[] = {
        {"--out", &dir, NULL}, {"--text", &text, NULL}, {"--config", &config, NULL}};
    struct args args;
    struct data_settings s = {0};
    TRY(args_parse(&args, argc, argv, options, 3));
    if (args.first && config && strcmp(args.first, "check") == 0)
        return check_by_config(config, text, &args);
    TRY(read_settings(&s, &args));
    if (args.first && dir && strcmp(args.first, "algebra") == 0)
        return make_algebra(&s, dir);
    if (args.first && dir && strcmp(args.first, "countdown") == 0)
        return make_countdown(&s, dir);
    if (args.first && strcmp(args.first, "check") == 0)
        return check_references(&s, text);
    return status_fail(ERR_INPUT, "usage: etreerpo data algebra|countdown --out DIR "
                                  "[key=value ...], or data check --text FILE | "
                                  "--config CONFIG");
}
