// Importance weights of steps that an earlier policy sampled.
#include "pack.h"
#include "trainer_state.h"

#include "base/mem.h"

#include <math.h>

// The log-probs of a pack's outputs under the policy as it is: to now[tree], by token.
static enum status pack_log_probs(struct trainer *t, const struct pack *p,
                                  const struct pack_origin *origins, float *const *now,
                                  double *flops)
{
    float inverse = 1.0f / t->config.temperature;
    TRY(trainer_reserve(t, (size_t)p->n_outputs));
    TRY(training_log_probs(t->training, POLICY_TRAINED, p, inverse, t->log_prob, NULL));
    *flops += model_forward_flops(&t->model->config, p);
    for (int32_t j = 0; j < p->n_outputs; j++)
        now[origins[j].tree][origins[j].token] = t->log_prob[j];
    return OK;
}

static enum status score_part(struct trainer *t, const struct pack_part *part,
                              float *now, double *flops)
{
    struct pack p = {0};
    struct pack_origin *origins = NULL;
    enum status st = pack_parts(&p, &origins, part, 1, 0);
    if (st == OK)
        st = pack_log_probs(t, &p, origins, &now, flops);
    mem_free(origins);
    pack_free(&p);
    return st;
}

static enum status score_in_parts(struct trainer *t, const struct tree *tree,
                                  float *now, double *flops)
{
    struct pack_part part = {.end = 1};
    while (part.end < (int32_t)tree->n_nodes) {
        part = pack_next_part(tree, part.end, (size_t)t->config.pack_tokens);
        TRY(score_part(t, &part, now, flops));
    }
    return OK;
}

static enum status score_together(struct trainer *t, struct tree *const *trees,
                                  size_t n, float *const *now, double *flops)
{
    struct pack p = {0};
    struct pack_origin *origins = NULL;
    enum status st = pack_trees(&p, &origins, trees, n, trainer_common(t, trees, n));
    if (st == OK)
        st = pack_log_probs(t, &p, origins, now, flops);
    mem_free(origins);
    pack_free(&p);
    return st;
}

// Each step's ratio; the log-probs are replaced.
static void replace_log_probs(struct tree *tree, const float *now)
{
    for (size_t i = 1; i < tree->n_nodes; i++) {
        struct tree_node *n = &tree->nodes[i];
        double log_ratio = 0.0;
        for (int32_t k = n->token_begin; k < n->token_begin + n->token_count; k++) {
            log_ratio += (double)now[k] - (double)tree->log_probs[k];
            tree->log_probs[k] = now[k];
        }
        n->ratio = (float)fmin(exp(log_ratio), TRAINER_MAX_RATIO);
    }
}

// The trees of one pack.
static enum status reweigh_pack(struct trainer *t, struct tree *const *trees, size_t n,
                                double *flops)
{
    float **now = NULL;
    enum status st;
    TRY(mem_new(&now, n, sizeof *now));
    for (size_t i = 0; i < n; i++)
        TRY_OUT(mem_new(&now[i], trees[i]->n_tokens, sizeof **now));
    if (n == 1)
        st = score_in_parts(t, trees[0], now[0], flops);
    else
        st = score_together(t, trees, n, now, flops);
    for (size_t i = 0; i < n && st == OK; i++)
        replace_log_probs(trees[i], now[i]);
out:
    for (size_t i = 0; i < n; i++)
        mem_free(now[i]);
    mem_free(now);
    return st;
}

enum status trainer_reweigh(struct trainer *t, struct tree *const *trees, size_t n,
                            double *flops)
{
    for (size_t first = 0, take; first < n; first += take) {
        take = trainer_pack_size(t, trees + first, n - first, 1);
        TRY(reweigh_pack(t, trees + first, take, flops));
    }
    return OK;
}
