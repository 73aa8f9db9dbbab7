#include "launch/longest.h"

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

enum status longest_of(const struct job *job, const struct dataset *set, int imitates,
                       struct longest *out)
{
    size_t generated = (size_t)job->settings.rollout.max_new_tokens;
    size_t positions = (size_t)job->model.config.max_positions, prompt = 0, path = 0;
    for (size_t i = 0; i < set->n; i++) {
        struct tokens ask = {0}, tell = {0};
        enum status st = prompts_ask(&job->prompts, &set->problems[i], &ask);
        if (st == OK && imitates)
            st = prompts_tell(&job->prompts, &set->problems[i], &tell);
        prompt = larger(prompt, ask.len);
        path = larger(path, ask.len + (imitates ? tell.len + 1 : generated));
        tokens_free(&ask);
        tokens_free(&tell);
        TRY(status_wrap(st, "problem %zu", i));
    }
    *out = (struct longest){(int32_t)at_most(prompt, positions),
                            (int32_t)at_most(path, positions)};
    return OK;
}
