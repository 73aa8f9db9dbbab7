#include "grow.h"

#include <math.h>

// Counters of a node's key.
enum { DRAW_STEP = 0, DRAW_FLAG = 1 };

int32_t grow_by_rule(const void *context, const struct policy *p, int32_t prefix,
                     double uniform)
{
    const struct prefix *s = &p->prefixes[prefix];
    const struct branch_view view = {
        .depth = s->depth,
        .entropy = s->entropy / s->length,
        .uniform = uniform,
        .path_left = 1,
    };
    return branching_children(context, &view);
}

int32_t grow_by_value(const void *context, const struct policy *p, int32_t prefix,
                      double uniform)
{
    (void)context;
    (void)uniform;
    return p->prefixes[prefix].value > p->prefixes[0].value ? 4 : 1;
}

int32_t grow_chain(const void *context, const struct policy *p, int32_t prefix,
                   double uniform)
{
    (void)context;
    (void)p;
    (void)prefix;
    (void)uniform;
    return 1;
}

double grow_mean_children(const struct grower *g, int32_t prefix)
{
    double low = 0.0, high = 1.0 - 0x1p-53;
    int32_t most = g->children(g->context, g->policy, prefix, low);
    int32_t least = g->children(g->context, g->policy, prefix, high);
    if (most == least)
        return most;
    for (int i = 0; i < 60; i++) { // where the count steps down
        double middle = (low + high) / 2.0;
        int32_t n = g->children(g->context, g->policy, prefix, middle);
        *(n == most ? &low : &high) = middle;
    }
    return least + (most - least) * high;
}

double grow_flag_chance(const struct grower *g, int32_t prefix)
{
    const struct policy *p = g->policy;
    if (g->cutoff.cut == 0.0F || prefix == 0 || policy_is_leaf(p, prefix))
        return 0.0;
    return p->prefixes[prefix].value == 0.0 ? 1.0 : g->false_alarm;
}

enum status grow_root(const struct grower *g, struct tree *t, int32_t children)
{
    const int32_t prompt = 0;
    if (t->n_nodes == 0)
        TRY(tree_init(t, 0, &prompt, 1));
    t->n_nodes = t->n_tokens = 1;
    t->nodes[0].branching = children;
    t->control = g->cutoff.control;
    return OK;
}

static enum status put(struct tree *t, const struct policy *p, int32_t parent,
                       int32_t child_index, int32_t prefix, int32_t *node)
{
    const struct prefix *s = &p->prefixes[prefix];
    int32_t tokens[POLICY_MAX_LENGTH], leaf = policy_is_leaf(p, prefix);
    float log_probs[POLICY_MAX_LENGTH], entropies[POLICY_MAX_LENGTH];
    for (int32_t i = 0; i < s->length; i++) {
        tokens[i] = i == 0 ? prefix : 0;
        log_probs[i] = i == 0 ? (float)s->log_probability : 0.0F;
        entropies[i] = i == 0 ? (float)s->entropy : 0.0F;
    }
    TRY(tree_add(t, parent, child_index, leaf ? NODE_EOS : NODE_BRANCHED, tokens,
                 log_probs, entropies, (size_t)s->length, node));
    t->nodes[*node].reward = (float)s->reward;
    return OK;
}

// What the rollout does at a step's end: a flagged path stops here, or goes on.
static void pass_verifier(const struct grower *g, struct tree *t, int32_t node,
                          struct rng_key key)
{
    struct tree_node *n = &t->nodes[node];
    if (rng_uniform(key, DRAW_FLAG) >= grow_flag_chance(g, grow_prefix(t, node)))
        return;
    n->keep = 1.0F - g->cutoff.cut;
    if (rng_uniform(key, CUTOFF_DRAW) < (double)n->keep)
        return;
    n->end = NODE_CUT;
    n->reward = g->cutoff.control;
}

static int32_t children_of(const struct grower *g, int32_t prefix, struct rng_key key)
{
    return g->children(g->context, g->policy, prefix, rng_uniform(key, BRANCH_DRAW));
}

enum status grow_from(const struct grower *g, struct tree *t, int32_t parent,
                      int32_t child_index, int32_t prefix, struct rng_key key,
                      int32_t *out)
{
    int32_t node = -1;
    TRY(put(t, g->policy, parent, child_index, prefix, &node));
    pass_verifier(g, t, node, key);
    if (!tree_is_leaf(&t->nodes[node]))
        t->nodes[node].branching = children_of(g, prefix, key);
    for (int32_t c = 0; c < t->nodes[node].branching; c++)
        TRY(grow_child(g, t, node, c, rng_child(key, (uint64_t)(uint32_t)c)));
    if (out)
        *out = node;
    return OK;
}

enum status grow_child(const struct grower *g, struct tree *t, int32_t parent,
                       int32_t child_index, struct rng_key key)
{
    int32_t prefix =
        policy_draw(g->policy, grow_prefix(t, parent), -1, rng_uniform(key, DRAW_STEP));
    return grow_from(g, t, parent, child_index, prefix, key, NULL);
}

enum status grow_tree(const struct grower *g, struct tree *t, struct rng_key key)
{
    int32_t children = children_of(g, 0, key);
    TRY(grow_root(g, t, children));
    for (int32_t c = 0; c < children; c++)
        TRY(grow_child(g, t, 0, c, rng_child(key, (uint64_t)(uint32_t)c)));
    return OK;
}
