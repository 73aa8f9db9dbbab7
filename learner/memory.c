#include "memory.h"

// Of what was seen, from one step to the next: the policy moves on.
#define KEEP 0.9

void memory_fade(struct learner_memory *m)
{
    anova_fade(&m->anova, KEEP);
    m->prompts *= KEEP;
    m->value *= KEEP;
}

enum status memory_add(struct learner_memory *m, const struct tree *fresh)
{
    m->prompts += 1.0;
    m->value += (double)fresh->nodes[0].value;
    m->tokens += (double)(fresh->n_tokens - (size_t)fresh->nodes[0].token_count);
    return anova_add(&m->anova, fresh);
}

struct credit_prior memory_prior(const struct learner_memory *m)
{
    struct credit_prior p = {.mean = m->prompts > 0.0 ? m->value / m->prompts : 0.0};
    for (int32_t d = 1; d <= ANOVA_MAX_DEPTH; d++)
        p.sigma2[d - 1] = anova_variance(&m->anova, d);
    return p;
}
