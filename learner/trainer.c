#include "trainer.h"

#include "pack.h"
#include "trainer_state.h"

#include "base/mem.h"
#include "base/pages.h"
#include "tensor/token_loss.h"

#include <math.h>
#include <string.h>

static enum status keep_reference(struct trainer *t)
{
    if (t->config.kl_coef <= 0.0f)
        return OK;
    TRY(model_new(&t->reference, &t->model->config));
    memcpy(t->reference.params, t->model->params,
           t->model->layout.total * sizeof *t->model->params);
    model_repack(&t->reference);
    return activations_new(&t->reference_activations, &t->reference);
}

enum status trainer_new(struct trainer **out, const struct trainer_config *c,
                        struct model *m)
{
    struct trainer *t = NULL;
    size_t n = m->layout.total;
    enum status st;
    TRY(mem_new(&t, 1, sizeof *t));
    t->config = *c;
    t->model = m;
    TRY_OUT(pages_new(&t->grad, n));
    TRY_OUT(pages_new(&t->state.m, n));
    TRY_OUT(pages_new(&t->state.v, n));
    pages_touch(t->grad, n);
    pages_touch(t->state.m, n);
    pages_touch(t->state.v, n);
    TRY_OUT(activations_new(&t->activations, m));
    TRY_OUT(keep_reference(t));
    *out = t;
    return OK;
out:
    trainer_free(t);
    return st;
}

void trainer_free(struct trainer *t)
{
    if (!t)
        return;
    activations_free(t->activations);
    activations_free(t->reference_activations);
    model_free(&t->reference);
    size_t n = t->model->layout.total;
    pages_free(t->state.m, n);
    pages_free(t->state.v, n);
    pages_free(t->grad, n);
    mem_free(t->log_prob);
    mem_free(t->coef);
    mem_free(t->reference_log_prob);
    mem_free(t);
}

struct trainer_state *trainer_state(struct trainer *t)
{
    return &t->state;
}

void trainer_set_prior(struct trainer *t, const struct credit_prior *prior)
{
    t->config.credit.prior = *prior;
}

enum status trainer_begin(struct trainer *t)
{
    memset(t->grad, 0, t->model->layout.total * sizeof *t->grad);
    t->normaliser = 0.0;
    return OK;
}

size_t trainer_pack_size(const struct trainer *t, struct tree *const *trees, size_t n,
                         int last)
{
    size_t rows = 0;
    for (size_t i = 0; i < n; i++) {
        rows += trees[i]->n_tokens;
        if (i > 0 && rows > (size_t)t->config.pack_tokens)
            return i;
    }
    return last ? n : 0;
}

enum status trainer_reserve(struct trainer *t, size_t outputs)
{
    size_t a = t->capacity, b = a, c = a;
    TRY(mem_grow(&t->log_prob, &a, 0, outputs, sizeof *t->log_prob));
    TRY(mem_grow(&t->coef, &b, 0, outputs, sizeof *t->coef));
    TRY(mem_grow(&t->reference_log_prob, &c, 0, outputs,
                 sizeof *t->reference_log_prob));
    t->capacity = a;
    return OK;
}

// ---- policy gradient

static size_t generated(const struct tree *t)
{
    return t->n_tokens - (size_t)t->nodes[0].token_count;
}

static int64_t flattened_rows(const struct tree *t)
{
    int64_t rows = 0;
    for (size_t i = 0; i < t->n_nodes; i++)
        if (tree_is_leaf(&t->nodes[i]))
            rows += (int64_t)tree_path_length(t, (int32_t)i);
    return rows;
}

// Credit and statistics of one tree; *train = 1 where it has a gradient.
static enum status take_tree(struct trainer *t, struct tree *tree,
                             struct batch_stats *stats, int *train)
{
    double weight = stats->credit.weight_tokens;
    TRY(credit_assign(tree, &t->config.credit, &stats->credit));
    weight = stats->credit.weight_tokens - weight;
    stats->prompts++;
    stats->signal_prompts += weight > 0.0;
    stats->generated_tokens += (int64_t)generated(tree);
    for (size_t i = (size_t)tree->nodes[0].token_count; i < tree->n_tokens; i++)
        stats->entropy_sum += (double)tree->entropies[i];
    t->normaliser += t->config.norm == LOSS_NORM_TOKEN ? weight : weight > 0.0;
    *train = weight > 0.0 || t->config.kl_coef > 0.0f;
    if (!*train)
        return OK;
    stats->unique_tokens += (int64_t)tree->n_tokens;
    stats->path_tokens += flattened_rows(tree);
    return OK;
}

// The node of every token of a tree.
static enum status token_nodes(const struct tree *tree, int32_t **out)
{
    int32_t *node = NULL;
    TRY(mem_new(&node, tree->n_tokens, sizeof *node));
    for (size_t i = 0; i < tree->n_nodes; i++) {
        const struct tree_node *n = &tree->nodes[i];
        for (int32_t k = 0; k < n->token_count; k++)
            node[n->token_begin + k] = (int32_t)i;
    }
    *out = node;
    return OK;
}

static void fill_coef(struct trainer *t, const struct tree *tree,
                      const int32_t *node_of, const struct pack_origin *origin,
                      size_t output, struct batch_stats *stats)
{
    const struct loss_rule rule = {t->config.clip_low, t->config.clip_high,
                                   t->config.kl_coef};
    const struct tree_node *n = &tree->nodes[node_of[origin->token]];
    const struct loss_token token = {
        .weight = n->weight,
        .advantage = n->advantage,
        .log_prob = t->log_prob[output],
        .behaviour = tree->log_probs[origin->token],
        .reference = t->reference_log_prob[output],
    };
    struct loss_value v = loss_of_token(&rule, &token);
    double difference = fabs((double)token.log_prob - (double)token.behaviour);
    t->coef[output] = v.d_log_prob;
    stats->loss += v.loss;
    stats->kl_sum += v.kl;
    stats->clipped += v.clipped;
    stats->log_prob_diff_max = fmax(stats->log_prob_diff_max, difference);
}

// Outputs of one tree stand together, trees in order.
static enum status fill_coefs(struct trainer *t, struct tree *const *trees,
                              const struct pack *p, const struct pack_origin *origins,
                              struct batch_stats *stats)
{
    int32_t *node_of = NULL, current = -1;
    for (int32_t j = 0; j < p->n_outputs; j++) {
        if (origins[j].tree != current) {
            mem_free(node_of);
            node_of = NULL;
            current = origins[j].tree;
            TRY(token_nodes(trees[current], &node_of));
        }
        fill_coef(t, trees[current], node_of, &origins[j], (size_t)j, stats);
    }
    mem_free(node_of);
    return OK;
}

static enum status train_pack(struct trainer *t, struct tree *const *trees,
                              const struct pack *p, const struct pack_origin *origins,
                              struct batch_stats *stats)
{
    float inverse = 1.0f / t->config.temperature;
    double flops = model_forward_flops(&t->model->config, p);
    TRY(trainer_reserve(t, (size_t)p->n_outputs));
    if (t->reference_activations) {
        TRY(model_forward(&t->reference, t->reference_activations, p, inverse,
                          t->reference_log_prob, NULL));
        stats->flops += flops;
    }
    TRY(model_forward(t->model, t->activations, p, inverse, t->log_prob, NULL));
    TRY(fill_coefs(t, trees, p, origins, stats));
    stats->flops += 3.0 * flops;
    return model_backward(t->model, t->activations, p, inverse, t->coef, t->grad);
}

enum status trainer_accumulate(struct trainer *t, struct tree *const *trees, size_t n,
                               struct batch_stats *stats)
{
    struct tree **trained = NULL;
    struct pack p = {0};
    struct pack_origin *origins = NULL;
    size_t kept = 0;
    enum status st;
    TRY_OUT(mem_new(&trained, n, sizeof *trained));
    for (size_t i = 0; i < n; i++) {
        int train = 0;
        TRY_OUT(take_tree(t, trees[i], stats, &train));
        if (train)
            trained[kept++] = trees[i];
    }
    if (kept > 0) {
        TRY_OUT(pack_trees(&p, &origins, trained, kept));
        TRY_OUT(train_pack(t, trained, &p, origins, stats));
    }
out:
    mem_free(trained);
    mem_free(origins);
    pack_free(&p);
    return st;
}

// ---- supervised

enum status trainer_accumulate_supervised(struct trainer *t, struct tree *const *trees,
                                          size_t n, struct batch_stats *stats)
{
    struct pack p = {0};
    struct pack_origin *origins = NULL;
    enum status st;
    TRY_OUT(pack_trees(&p, &origins, trees, n));
    TRY_OUT(trainer_reserve(t, (size_t)p.n_outputs));
    TRY_OUT(model_forward(t->model, t->activations, &p, 1.0f, t->log_prob, NULL));
    for (int32_t j = 0; j < p.n_outputs; j++) {
        stats->loss -= (double)t->log_prob[j];
        t->coef[j] = -1.0f;
    }
    TRY_OUT(model_backward(t->model, t->activations, &p, 1.0f, t->coef, t->grad));
    t->normaliser += p.n_outputs;
    stats->generated_tokens += p.n_outputs;
    stats->unique_tokens += p.n_tokens;
    stats->prompts += (int64_t)n;
    stats->flops += 3.0 * model_forward_flops(&t->model->config, &p);
out:
    mem_free(origins);
    pack_free(&p);
    return st;
}
