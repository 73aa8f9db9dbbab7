#include "trainer.h"

#include "pack.h"
#include "trainer_state.h"

#include "base/mem.h"

#include <math.h>

static enum status prepare(struct trainer *t)
{
    const struct pack largest = {.n_tokens = t->config.most_rows,
                                 .n_outputs = t->config.most_rows,
                                 .n_spans = t->config.most_rows,
                                 .max_context = t->config.longest_path};
    TRY(trainer_reserve(t, (size_t)largest.n_outputs));
    return training_prepare(t->training, &largest);
}

enum status trainer_new(struct trainer **out, const struct trainer_config *c,
                        struct model *m)
{
    struct trainer *t = NULL;
    TRY(mem_new(&t, 1, sizeof *t));
    t->config = *c;
    t->model = m;
    enum status st = training_new(&t->training, m, c->kl_coef > 0.0f);
    if (st == OK && c->most_rows > 0)
        st = prepare(t);
    if (st != OK) {
        trainer_free(t);
        return st;
    }
    struct training_moments moments = training_moments(t->training);
    t->state = (struct trainer_state){moments.m, moments.v, 0};
    *out = t;
    return OK;
}

void trainer_free(struct trainer *t)
{
    if (!t)
        return;
    training_free(t->training);
    mem_free(t->weight);
    mem_free(t->advantage);
    mem_free(t->behaviour);
    mem_free(t->reference);
    mem_free(t->log_prob);
    mem_free(t);
}

struct trainer_state *trainer_state(struct trainer *t)
{
    return &t->state;
}

enum status trainer_fetch(struct trainer *t)
{
    return training_fetch(t->training);
}

enum status trainer_restore(struct trainer *t)
{
    return training_restore(t->training);
}

void trainer_set_prior(struct trainer *t, const struct credit_prior *prior)
{
    t->config.credit.prior = *prior;
}

enum status trainer_begin(struct trainer *t)
{
    t->normaliser = 0.0;
    return training_clear(t->training);
}

// A common root orders the sums of the gradient anew, and its attention is one tree's
// work: for a few tokens (a template's head) it is not worth it.
enum { LEAST_SAVED = 4 }; // a quarter

static int is_worth_it(size_t saved, size_t rows)
{
    return LEAST_SAVED * saved >= rows;
}

size_t trainer_pack_size(const struct trainer *t, struct tree *const *trees, size_t n,
                         int last)
{
    size_t sum = 0, most = (size_t)t->config.pack_tokens;
    int32_t common = INT32_MAX;
    for (size_t i = 0; i < n; i++) {
        sum += trees[i]->n_tokens;
        common = t->config.common_root ? pack_alike(trees[0], trees[i], common) : 0;
        size_t saved = i * (size_t)common;
        if (i > 0 && (is_worth_it(saved, sum) ? sum - saved : sum) > most)
            return i;
    }
    return last ? n : 0;
}

// Of the trees of one pack.  Some of those that were to share it may have no signal:
// the rest has a root also where it would not fit without.
int32_t trainer_common(const struct trainer *t, struct tree *const *trees, size_t n)
{
    size_t sum = 0;
    if (!t->config.common_root || n < 2)
        return 0;
    int32_t common = pack_common(trees, n);
    for (size_t i = 0; i < n; i++)
        sum += trees[i]->n_tokens;
    return is_worth_it((n - 1) * (size_t)common, sum) ||
                   sum > (size_t)t->config.pack_tokens
               ? common
               : 0;
}

enum status trainer_reserve(struct trainer *t, size_t outputs)
{
    float **arrays[] = {&t->weight, &t->advantage, &t->behaviour, &t->reference,
                        &t->log_prob};
    size_t capacity = t->capacity;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        capacity = t->capacity;
        TRY(mem_grow(arrays[i], &capacity, 0, outputs, sizeof **arrays[i]));
    }
    t->capacity = capacity;
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

// The loss's terms of every output.  Outputs of one tree stand together, trees in
// order.
static enum status fill_terms(struct trainer *t, struct tree *const *trees,
                              const struct pack *p, const struct pack_origin *origins)
{
    int32_t *node_of = NULL, current = -1;
    for (int32_t j = 0; j < p->n_outputs; j++) {
        if (origins[j].tree != current) {
            mem_free(node_of);
            node_of = NULL;
            current = origins[j].tree;
            TRY(token_nodes(trees[current], &node_of));
        }
        const struct tree_node *n = &trees[current]->nodes[node_of[origins[j].token]];
        t->weight[j] = n->weight;
        t->advantage[j] = n->advantage;
        t->behaviour[j] = trees[current]->log_probs[origins[j].token];
    }
    mem_free(node_of);
    return OK;
}

static void add_losses(const struct trainer *t, const struct loss_rule *rule, int32_t n,
                       struct batch_stats *stats)
{
    for (int32_t j = 0; j < n; j++) {
        const struct loss_token token = {
            .weight = t->weight[j],
            .advantage = t->advantage[j],
            .log_prob = t->log_prob[j],
            .behaviour = t->behaviour[j],
            .reference = t->reference[j],
        };
        struct loss_value v = loss_of_token(rule, &token);
        double difference = fabs((double)token.log_prob - (double)token.behaviour);
        stats->loss += v.loss;
        stats->kl_sum += v.kl;
        stats->clipped += v.clipped;
        stats->log_prob_diff_max = fmax(stats->log_prob_diff_max, difference);
        stats->log_prob_diff_sum += difference;
    }
    stats->trained_tokens += n;
}

static enum status train_pack(struct trainer *t, struct tree *const *trees,
                              const struct pack *p, const struct pack_origin *origins,
                              struct batch_stats *stats)
{
    float inverse = 1.0f / t->config.temperature;
    double flops = model_forward_flops(&t->model->config, p);
    TRY(trainer_reserve(t, (size_t)p->n_outputs));
    if (t->config.kl_coef > 0.0f) {
        TRY(training_log_probs(t->training, POLICY_REFERENCE, p, inverse, t->reference,
                               NULL));
        stats->flops += flops;
    }
    TRY(fill_terms(t, trees, p, origins));
    const struct pack_loss loss = {
        .rule = {t->config.clip_low, t->config.clip_high, t->config.kl_coef},
        .weight = t->weight,
        .advantage = t->advantage,
        .behaviour = t->behaviour,
        .reference = t->reference,
    };
    TRY(training_add(t->training, p, &loss, inverse, t->log_prob));
    add_losses(t, &loss.rule, p->n_outputs, stats);
    stats->unique_tokens += p->n_tokens;
    stats->flops += 3.0 * flops;
    return OK;
}

// A tree by itself may be larger than a pack, and is then trained part by part.
static enum status train_parts(struct trainer *t, struct tree *tree,
                               struct batch_stats *stats)
{
    enum status st = OK;
    for (int32_t at = 1; at < (int32_t)tree->n_nodes && st == OK;) {
        struct pack p = {0};
        struct pack_origin *origins = NULL;
        struct pack_part part = pack_next_part(tree, at, (size_t)t->config.pack_tokens);
        st = pack_parts(&p, &origins, &part, 1, 0);
        if (st == OK)
            st = train_pack(t, &tree, &p, origins, stats);
        mem_free(origins);
        pack_free(&p);
        at = part.end;
    }
    return st;
}

static enum status train_together(struct trainer *t, struct tree *const *trees,
                                  size_t n, struct batch_stats *stats)
{
    struct pack p = {0};
    struct pack_origin *origins = NULL;
    enum status st = pack_trees(&p, &origins, trees, n, trainer_common(t, trees, n));
    if (st == OK)
        st = train_pack(t, trees, &p, origins, stats);
    mem_free(origins);
    pack_free(&p);
    return st;
}

enum status trainer_accumulate(struct trainer *t, struct tree *const *trees, size_t n,
                               struct batch_stats *stats)
{
    struct tree **trained = NULL;
    size_t kept = 0;
    enum status st;
    TRY_OUT(mem_new(&trained, n, sizeof *trained));
    for (size_t i = 0; i < n; i++) {
        int train = 0;
        TRY_OUT(take_tree(t, trees[i], stats, &train));
        if (train)
            trained[kept++] = trees[i];
    }
    if (kept == 1)
        st = train_parts(t, trained[0], stats);
    else if (kept > 1)
        st = train_together(t, trained, kept, stats);
out:
    mem_free(trained);
    return st;
}

// ---- supervised

enum status trainer_accumulate_supervised(struct trainer *t, struct tree *const *trees,
                                          size_t n, struct batch_stats *stats)
{
    struct pack p = {0};
    struct pack_origin *origins = NULL;
    enum status st;
    TRY_OUT(pack_trees(&p, &origins, trees, n, trainer_common(t, trees, n)));
    TRY_OUT(trainer_reserve(t, (size_t)p.n_outputs));
    for (int32_t j = 0; j < p.n_outputs; j++)
        t->weight[j] = -1.0f;
    const struct pack_loss loss = {.coef = t->weight};
    TRY_OUT(training_add(t->training, &p, &loss, 1.0f, t->log_prob));
    for (int32_t j = 0; j < p.n_outputs; j++)
        stats->loss -= (double)t->log_prob[j];
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
