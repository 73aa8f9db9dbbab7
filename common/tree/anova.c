#include "anova.h"

#include "base/mem.h"

static const struct anova_depth *at(const struct anova *a, int32_t depth)
{
    static const struct anova_depth none;
    return depth < 1 || depth > ANOVA_MAX_DEPTH ? &none : &a->depths[depth - 1];
}

static double ratio(double sum, double weight)
{
    return weight > 0.0 && sum > 0.0 ? sum / weight : 0.0;
}

static double anova_weight(const struct anova *a, int32_t depth)
{
    return at(a, depth)->weight;
}

// What the walk from the leaves up needs of each node.
struct node_sum {
    double n, mean, squares; // of the children's values: Welford's running sums
    double spread;           // sum of the children's sampling variances
    double error;            // the node's own sampling variance
    double share;            // its share of the tree
    int unknown;             // 1: its error is not known
};

// A leaf's reward has no error.  Of a single child nothing is seen of the variance
// between siblings: what is known of its depth stands in.
static void finish_node(const struct anova *a, struct node_sum *s, int32_t depth)
{
    if (s->n == 1.0) {
        s->unknown |= anova_weight(a, depth + 1) <= 0.0;
        s->error = anova_variance(a, depth + 1) + s->spread;
    } else if (s->n >= 2.0) {
        s->error = s->squares / (s->n - 1.0) / s->n;
    }
}

static void add_child(struct node_sum *parent, const struct node_sum *child,
                      double value)
{
    double delta = value - parent->mean;
    parent->n += 1.0;
    parent->mean += delta / parent->n;
    parent->squares += delta * (value - parent->mean);
    parent->spread += child->error;
    parent->unknown |= child->unknown;
}

static void add_estimate(struct anova *a, const struct tree_node *n,
                         const struct node_sum *s)
{
    if (s->unknown || s->n < 2.0 || n->depth >= ANOVA_MAX_DEPTH)
        return;
    struct anova_depth *d = &a->depths[n->depth];
    d->weight += s->share;
    d->variance += s->share * (s->squares / (s->n - 1.0) - s->spread / s->n);
}

static void add_step(struct anova *a, const struct tree *t, const struct tree_node *n,
                     double share)
{
    if (n->depth < 1 || n->depth > ANOVA_MAX_DEPTH || n->token_count < 1)
        return;
    struct anova_depth *d = &a->depths[n->depth - 1];
    double entropy = 0.0;
    for (int32_t i = 0; i < n->token_count; i++)
        entropy += (double)t->entropies[n->token_begin + i];
    d->steps += share;
    d->tokens += share * n->token_count;
    d->entropy += share * entropy / n->token_count;
}

enum status anova_add(struct anova *a, const struct tree *t)
{
    struct node_sum *sums = NULL;
    TRY(mem_new(&sums, t->n_nodes, sizeof *sums));
    // Parents stand before their children: down for the shares, up for the variances.
    for (size_t i = 0; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        sums[i].share =
            i == 0 ? 1.0
                   : sums[n->parent].share / (double)t->nodes[n->parent].branching;
        add_step(a, t, n, sums[i].share);
    }
    for (size_t i = t->n_nodes; i-- > 0;) {
        const struct tree_node *n = &t->nodes[i];
        finish_node(a, &sums[i], n->depth);
        add_estimate(a, n, &sums[i]);
        if (i > 0)
            add_child(&sums[n->parent], &sums[i], (double)n->value);
    }
    mem_free(sums);
    return OK;
}

void anova_fade(struct anova *a, double keep)
{
    for (int d = 0; d < ANOVA_MAX_DEPTH; d++) {
        a->depths[d].weight *= keep;
        a->depths[d].variance *= keep;
        a->depths[d].steps *= keep;
        a->depths[d].tokens *= keep;
        a->depths[d].entropy *= keep;
    }
}

double anova_variance(const struct anova *a, int32_t depth)
{
    return ratio(at(a, depth)->variance, at(a, depth)->weight);
}

double anova_tokens(const struct anova *a, int32_t depth)
{
    return ratio(at(a, depth)->tokens, at(a, depth)->steps);
}

double anova_entropy(const struct anova *a, int32_t depth)
{
    return ratio(at(a, depth)->entropy, at(a, depth)->steps);
}
