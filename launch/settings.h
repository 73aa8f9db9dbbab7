// Everything a user can set, resolved from defaults, a YAML file and key=value
// arguments.  settings.c's table is the one place that names the keys.
// The owner calls settings_free.
#ifndef LAUNCH_SETTINGS_H
#define LAUNCH_SETTINGS_H

#include "base/buf.h"
#include "base/config.h"
#include "base/status.h"

#include <stdint.h>
#include <string.h>

struct settings {
    char *device, *deterministic; // choices
    struct {
        char *dir;
        int64_t seed, threads, checkpoint_every, keep_checkpoints;
        int64_t archive_trees; // 0/1
    } run;
    struct {
        char *path; // Hugging Face folder; "": fresh parameters of the shape below
        int64_t dim, layers, heads, kv_heads, ffn, max_positions;
    } model;
    struct {
        char *train, *test, *tokenizer; // paths
        int64_t train_limit;
        char *verifier;
        char *fields; // a JSON object
        char *bad_rows;
    } data;
    struct {
        char *command; // a JSON array
        int64_t children, memory_mb;
        double timeout_s, start_s;
        char *on_error, *sandbox;
    } verifier;
    struct {
        char *template, *template_kwargs, *date;
        char *system, *instruction, *examples, *prefill;
        char *common_root; // a choice
    } prompt;
    struct {
        int64_t servers, memory_mb;
        double timeout_s;
        char *sandbox;
    } judge;
    struct {
        int64_t steps, batch, warmup, eval_every, eval_problems, max_seconds;
        double lr, beta2, weight_decay, stop_at;
    } sft;
    struct {
        struct config_ints branch;
        char *delimiter;
        char *schedule;
        int64_t most_children, budget_tokens;
        int64_t step_tokens, max_new_tokens, parts, max_rows, kv_mb, prefetch;
        double temperature, sharpness;
    } rollout;
    struct {
        char *mode;
        double keep, most_false;
        int64_t least_probes;
    } cutoff;
    struct {
        char *weights;
        int64_t visits, again, children, depth, max_age, max_mb;
        double most, min_ess;
    } reuse;
    struct {
        int64_t steps, prompts, warmup, pack_tokens;
        char *credit, *norm, *weight, *baseline, *loss_norm;
        double lr, beta1, beta2, epsilon, weight_decay;
        double stop_tokens, stop_flops;
        double clip_low, clip_high, kl_coef, max_grad_norm;
    } train;
    struct {
        int64_t problems, samples, chunk;
        double temperature;
    } eval;
    struct {
        char *type, *recompute, *optimizer, *weights; // choices
        int64_t ordinal;
        double memory_share, deadline_s;
    } gpu;
    struct {
        double lease_s, silence_s, start_s, heartbeat_s, send_s;
        int64_t slice_mb;
    } comm;
};

// Seconds, as the settings have them, in milliseconds.
static inline int64_t settings_ms(double seconds)
{
    return (int64_t)(seconds * 1000.0);
}

static inline int settings_common_root(const struct settings *s)
{
    return strcmp(s->prompt.common_root, "true") == 0;
}

// Defaults, then the file (NULL: none), then each key=value argument.
// ERR_INPUT names file, line, key and reason.
CHECKED enum status settings_load(struct settings *out, const char *path, int argc,
                                  char **argv);
void settings_free(struct settings *s);

// The resolved settings as YAML that loads back to the same.
CHECKED enum status settings_print(const struct settings *s, struct buf *out);
// Every key as a Markdown table.
CHECKED enum status settings_describe(struct buf *out);

#endif
