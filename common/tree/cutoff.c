#include "cutoff.h"

#include "base/mem.h"

#include <string.h>

static const char *const names[CUTOFF_MODES] = {"off", "zero", "roulette"};

enum status cutoff_mode_by_name(enum cutoff_mode *out, const char *name)
{
    for (int i = 0; i < CUTOFF_MODES; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum cutoff_mode)i;
            return OK;
        }
    return status_fail(ERR_INPUT, "cutoff '%.32s' is none of off, zero, roulette",
                       name);
}

// Both estimates of a node's value from its children's, 0 where it was cut.
struct worth {
    double share;
    double as_zero, unbiased;
};

static void look_at(struct cutoff_stats *s, const struct tree_node *n,
                    const struct worth *w)
{
    if (n->end != NODE_BRANCHED && n->end != NODE_CUT)
        return;
    s->steps += w->share;
    if (!cutoff_flagged(n))
        return;
    s->flagged += w->share;
    if (n->end == NODE_CUT) {
        s->cut += w->share;
        return;
    }
    s->probes += 1.0;
    s->kept += w->share;
    s->right += w->share * w->unbiased;
}

enum status cutoff_add(struct cutoff_stats *s, const struct tree *t)
{
    struct worth *worth = NULL;
    TRY(mem_new(&worth, t->n_nodes, sizeof *worth));
    worth[0].share = 1.0;
    for (size_t i = 1; i < t->n_nodes; i++) {
        int32_t parent = t->nodes[i].parent;
        worth[i].share = worth[parent].share / (double)t->nodes[parent].branching;
    }
    for (size_t i = t->n_nodes; i-- > 1;) {
        const struct tree_node *n = &t->nodes[i];
        struct worth *w = &worth[i], *up = &worth[n->parent];
        if (tree_is_leaf(n) && n->end != NODE_CUT)
            w->as_zero = w->unbiased = (double)n->reward;
        look_at(s, n, w);
        if (cutoff_flagged(n) && n->end == NODE_BRANCHED)
            w->unbiased /= (double)n->keep;
        double children = (double)t->nodes[n->parent].branching;
        up->as_zero += w->as_zero / children;
        up->unbiased += w->unbiased / children;
    }
    s->bias += worth[0].as_zero - worth[0].unbiased;
    s->trees += 1.0;
    mem_free(worth);
    return OK;
}

void cutoff_fade(struct cutoff_stats *s, double keep)
{
    double *const sums[] = {&s->steps, &s->flagged, &s->cut,  &s->kept,
                            &s->right, &s->probes,  &s->bias, &s->trees};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        *sums[i] *= keep;
}

double cutoff_false_rate(const struct cutoff_stats *s)
{
    return s->kept > 0.0 ? s->right / s->kept : 0.0;
}
