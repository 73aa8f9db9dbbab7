#include "gradient.h"

#include "exact.h"

#include "base/mem.h"

#include <math.h>

void gradient_free(struct gradient *g)
{
    mem_free(g->score);
    *g = (struct gradient){0};
}

// Of the softmax's logits, the direction's entry less its mean over the siblings.
static void project(struct gradient *g, const struct policy *p, const double *exact,
                    int32_t depth)
{
    double *score = g->score + (size_t)(depth - 1) * (size_t)g->prefixes;
    double *length = &g->length[depth - 1];
    for (int32_t i = 1; i < p->n; i++)
        if (p->prefixes[i].depth == depth)
            *length += exact[i] * exact[i];
    *length = sqrt(*length);
    for (int32_t i = 0; i < p->n; i++) {
        const struct prefix *s = &p->prefixes[i];
        double mean = 0.0;
        if (s->depth != depth || *length == 0.0)
            continue;
        for (int32_t k = p->prefixes[s->parent].first_child, n = 0; n < p->symbols;
             k++, n++)
            mean += p->prefixes[k].probability * exact[k];
        score[i] = (exact[i] - mean) / *length;
    }
}

enum status gradient_of(struct gradient *out, const struct policy *p)
{
    struct gradient g = {.directions = p->depth, .prefixes = p->n};
    double *exact = NULL;
    enum status st;
    TRY_OUT(mem_new(&exact, (size_t)p->n, sizeof *exact));
    TRY_OUT(mem_new(&g.score, (size_t)p->n * (size_t)p->depth, sizeof *g.score));
    exact_gradient(p, exact);
    for (int32_t d = 1; d <= p->depth; d++)
        project(&g, p, exact, d);
    *out = g;
    g = (struct gradient){0};
out:
    gradient_free(&g);
    mem_free(exact);
    return st;
}

struct projection {
    const struct gradient *gradient;
    const struct trial *trial;
};

// A number a depth, and their sum.
static enum status sample_projection(const void *context, struct rng_key key,
                                     struct tree *scratch, double *numbers)
{
    const struct projection *run = context;
    const struct gradient *g = run->gradient;
    TRY(trial_tree(run->trial, key, scratch));
    for (size_t i = 1; i < scratch->n_nodes; i++) {
        const struct tree_node *n = &scratch->nodes[i];
        int32_t d = n->depth - 1, prefix = grow_prefix(scratch, (int32_t)i);
        double x = (double)n->weight * (double)n->advantage *
                   g->score[(size_t)d * (size_t)g->prefixes + (size_t)prefix];
        numbers[d] += x;
        numbers[g->directions] += x;
    }
    return OK;
}

enum status gradient_cells(struct study *s, const struct gradient *g,
                           const struct trial *t, const char *claim, const char *name,
                           int must_fail)
{
    const struct projection run = {g, t};
    const struct sampling sampling = {&run, sample_projection, g->directions + 1};
    struct means m = {0};
    double all = 0.0;
    enum status st;
    TRY_OUT(study_measure(s, &sampling, &m));
    for (int32_t d = 0; d <= g->directions; d++) {
        struct cell c = {.claim = claim,
                         .quantity = "gradient along the exact one",
                         .predicted = d < g->directions ? g->length[d] : all,
                         .measured = m.mean[d],
                         .error = m.error[d],
                         .must_fail = must_fail};
        all += c.predicted;
        if (!must_fail && d < g->directions)
            TRY_OUT(study_cell(s, c, "%s, depth %d", name, d + 1));
        else if (must_fail && d == g->directions)
            TRY_OUT(study_cell(s, c, "%s", name));
    }
out:
    means_free(&m);
    return st;
}
