// Importance weights of steps that an earlier policy sampled.
#include "pack.h"
#include "trainer_state.h"

#include "base/mem.h"

#include <math.h>

// now (tokens): the log-probs of a part's tokens under the policy as it is.
static enum status part_log_probs(struct trainer *t, const struct pack_part *part,
                                  float *now, double *flops)
{
    struct pack p = {0};
    struct pack_origin *origins = NULL;
    float inverse = 1.0f / t->config.temperature;
    enum status st;
    TRY_OUT(pack_parts(&p, &origins, part, 1, 0));
    TRY_OUT(trainer_reserve(t, (size_t)p.n_outputs));
    TRY_OUT(training_log_probs(t->training, POLICY_TRAINED, &p, inverse, t->log_prob,
                               NULL));
    *flops += model_forward_flops(&t->model->config, &p);
    for (int32_t j = 0; j < p.n_outputs; j++)
        now[origins[j].token] = t->log_prob[j];
out:
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

enum status trainer_reweigh(struct trainer *t, struct tree *tree, double *flops)
{
    size_t most = (size_t)t->config.pack_tokens;
    struct pack_part part = {.end = 1};
    float *now = NULL;
    enum status st = OK;
    TRY(mem_new(&now, tree->n_tokens, sizeof *now));
    while (part.end < (int32_t)tree->n_nodes && st == OK) {
        part = pack_next_part(tree, part.end, most);
        st = part_log_probs(t, &part, now, flops);
    }
    if (st == OK)
        replace_log_probs(tree, now);
    mem_free(now);
    return st;
}
