#include "study.h"

#include <stdarg.h>
#include <stdio.h>

enum status study_measure(struct study *s, const struct sampling *what,
                          struct means *out)
{
    s->key = rng_child(s->key, 1);
    return measure(out, what, s->trees, s->key);
}

enum status study_cell(struct study *s, struct cell c, const char *name, ...)
{
    va_list args;
    va_start(args, name);
    (void)vsnprintf(c.name, sizeof c.name, name, args);
    va_end(args);
    return cells_add(&s->cells, &c);
}

enum status study_variance(struct study *s, int64_t trees, uint64_t seed)
{
    if (trees < STUDY_LEAST_TREES)
        return status_fail(ERR_INPUT, "trees: %ld are fewer than %d", (long)trees,
                           STUDY_LEAST_TREES);
    *s = (struct study){.trees = trees, .key = rng_root(seed, RNG_TEST)};
    TRY(study_values(s));
    TRY(study_advantages(s));
    TRY(study_gradients(s));
    TRY(study_stopping(s));
    TRY(study_cutoff(s));
    return study_reuse(s);
}
