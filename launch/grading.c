#include "launch/grading.h"

#include "base/hash.h"
#include "base/log.h"

#include <string.h>

static int is_program(const struct settings *s)
{
    return strcmp(s->data.verifier, "program") == 0;
}

enum status grading_check(const struct settings *s)
{
    int named = strcmp(s->verifier.command, "[]") != 0;
    if (is_program(s) && !named)
        return status_fail(ERR_INPUT, "data.verifier: program needs verifier.command, "
                                      "such as [python3, reward.py]");
    if (!is_program(s) && named)
        log_warn("verifier.command is not used: data.verifier is %s, not program",
                 s->data.verifier);
    return OK;
}

struct dataset_rules grading_rules(const struct settings *s)
{
    return (struct dataset_rules){
        .fields = s->data.fields,
        .by_program = is_program(s),
        .any_answer = strcmp(s->data.verifier, "math") == 0,
        .skip_bad = strcmp(s->data.bad_rows, "skip") == 0,
    };
}

struct reward_config grading_reward(const struct settings *s)
{
    return (struct reward_config){
        .command = is_program(s) ? s->verifier.command : NULL,
        .children = (int)s->verifier.children,
        .timeout_ms = settings_ms(s->verifier.timeout_s),
        .start_ms = settings_ms(s->verifier.start_s),
        .memory_mb = s->verifier.memory_mb,
        .bare = strcmp(s->verifier.sandbox, "none") == 0,
        .zero_on_error = strcmp(s->verifier.on_error, "zero") == 0,
    };
}

void grading_use_verifier(const struct settings *s, struct dataset *set)
{
    enum verifier chosen;
    if (is_program(s) || !verifier_by_name(&chosen, s->data.verifier))
        return;
    for (size_t i = 0; i < set->n; i++)
        if (set->problems[i].verifier == VERIFIER_NUMBER)
            set->problems[i].verifier = chosen;
}

uint64_t grading_hash(const struct settings *s, uint64_t hash)
{
    if (!is_program(s))
        return hash;
    const struct reward_config c = grading_reward(s);
    hash = hash_bytes(hash, c.command, strlen(c.command));
    hash = hash_bytes(hash, &c.timeout_ms, sizeof c.timeout_ms);
    hash = hash_bytes(hash, &c.memory_mb, sizeof c.memory_mb);
    hash = hash_bytes(hash, &c.bare, sizeof c.bare);
    return hash_bytes(hash, &c.zero_on_error, sizeof c.zero_on_error);
}
