// Importance weights of steps that an earlier policy sampled.
#include "pack.h"
#include "trainer_state.h"

#include "base/mem.h"

#include <math.h>

// *log_ratio (nodes): the sum over each node's tokens; the log-probs are replaced.
static enum status replace_log_probs(struct trainer *t, struct tree *tree,
                                     const struct pack *p,
                                     const struct pack_origin *origins,
                                     double *log_ratio)
{
    float *now = NULL;
    enum status st;
    TRY_OUT(mem_new(&now, tree->n_tokens, sizeof *now));
    for (int32_t j = 0; j < p->n_outputs; j++)
        now[origins[j].token] = t->log_prob[j];
    for (size_t i = 1; i < tree->n_nodes; i++) {
        const struct tree_node *n = &tree->nodes[i];
        for (int32_t k = n->token_begin; k < n->token_begin + n->token_count; k++) {
            log_ratio[i] += (double)now[k] - (double)tree->log_probs[k];
            tree->log_probs[k] = now[k];
        }
    }
out:
    mem_free(now);
    return st;
}

enum status trainer_reweigh(struct trainer *t, struct tree *tree, double *flops)
{
    struct pack p = {0};
    struct pack_origin *origins = NULL;
    double *log_ratio = NULL;
    float inverse = 1.0f / t->config.temperature;
    enum status st;
    TRY_OUT(mem_new(&log_ratio, tree->n_nodes, sizeof *log_ratio));
    TRY_OUT(pack_trees(&p, &origins, &tree, 1));
    TRY_OUT(trainer_reserve(t, (size_t)p.n_outputs));
    TRY_OUT(training_log_probs(t->training, POLICY_TRAINED, &p, inverse, t->log_prob,
                               NULL));
    *flops += model_forward_flops(&t->model->config, &p);
    TRY_OUT(replace_log_probs(t, tree, &p, origins, log_ratio));
    for (size_t i = 1; i < tree->n_nodes; i++)
        tree->nodes[i].ratio = (float)fmin(exp(log_ratio[i]), TRAINER_MAX_RATIO);
out:
    mem_free(log_ratio);
    mem_free(origins);
    pack_free(&p);
    return st;
}
