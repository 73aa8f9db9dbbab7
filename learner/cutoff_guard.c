#include "cutoff_guard.h"

// Of what was seen, from one step to the next: the policy moves on.
#define KEEP_SEEN 0.95

struct cutoff_rule cutoff_next(const struct cutoff_config *c,
                               const struct cutoff_memory *m)
{
    if (c->mode == CUTOFF_OFF || m->ended != 0.0)
        return (struct cutoff_rule){0.0F, 0.0F};
    double control = c->mode == CUTOFF_ROULETTE ? cutoff_false_rate(&m->seen) : 0.0;
    if (!(control >= 0.0 && control <= 1.0)) // nested weights may carry it beyond
        control = control > 1.0 ? 1.0 : 0.0;
    return (struct cutoff_rule){(float)(1.0 - c->keep), (float)control};
}

static void add(struct cutoff_stats *to, const struct cutoff_stats *from)
{
    to->steps += from->steps;
    to->flagged += from->flagged;
    to->cut += from->cut;
    to->kept += from->kept;
    to->right += from->right;
    to->probes += from->probes;
    to->bias += from->bias;
    to->trees += from->trees;
}

void cutoff_learn(const struct cutoff_config *c, struct cutoff_memory *m,
                  const struct cutoff_stats *step)
{
    cutoff_fade(&m->seen, KEEP_SEEN);
    add(&m->seen, step);
    if (c->mode != CUTOFF_OFF && m->seen.probes >= c->least_probes &&
        cutoff_false_rate(&m->seen) > c->most_false)
        m->ended = 1.0;
}
