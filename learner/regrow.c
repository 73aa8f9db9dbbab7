#include "regrow.h"

#include "base/mem.h"
#include "tree/graft.h"
#include "tree/reuse.h"

#include <math.h>

// An age is judged by at least so many paths, which fade.
#define JUDGED_BY 16.0
#define KEEP_SEEN 0.8

static int usable(const struct reuse_config *c, const struct reuse_memory *m,
                  uint64_t age)
{
    if (age < 1 || age > (uint64_t)c->max_age)
        return 0;
    const struct reuse_weights *w = &m->ages[age];
    return w->n < JUDGED_BY || reuse_ess(w->sum, w->square_sum) >= c->min_ess * w->n;
}

static void add_weight(struct reuse_weights *w, double weight)
{
    w->n += 1.0;
    w->sum += weight;
    w->square_sum += weight * weight;
}

// The weights of whole paths from the root's children to the leaves.
static enum status weigh_paths(const struct tree *t, int32_t first,
                               struct reuse_weights *age, struct reuse_stats *stats)
{
    double *weight = NULL; // of a path; < 0: not used again
    TRY(mem_new(&weight, t->n_nodes, sizeof *weight));
    weight[0] = 1.0;
    for (size_t i = 1; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        int unused = n->parent == 0 ? n->child_index < first : weight[n->parent] < 0.0;
        weight[i] = unused ? -1.0 : weight[n->parent] * (double)n->ratio;
        if (unused)
            continue;
        stats->nodes++;
        stats->tokens += n->token_count;
        if (tree_is_leaf(n)) {
            add_weight(age, weight[i]);
            add_weight(&stats->weights, weight[i]);
        }
    }
    mem_free(weight);
    return OK;
}

// One entry's children for one node, at most `room` of them: its last.
static enum status take_entry(struct tree *tree, int32_t node, const struct tree *entry,
                              struct trainer *trainer, int32_t room,
                              struct reuse_weights *age, struct reuse_stats *stats)
{
    struct tree scored = {0};
    int32_t first = entry->nodes[0].branching - room;
    enum status st;
    TRY_OUT(tree_below(&scored, entry, 0));
    TRY_OUT(trainer_reweigh(trainer, &scored, &stats->flops));
    first = first < 0 ? 0 : first;
    TRY_OUT(weigh_paths(&scored, first, age, stats));
    TRY_OUT(tree_graft(tree, node, &scored, first));
out:
    tree_free(&scored);
    return st;
}

static enum status take_for_node(struct tree *tree, int32_t node,
                                 const struct reuse_config *c,
                                 const struct replay *store,
                                 const struct reuse_memory *memory,
                                 struct trainer *trainer, struct reuse_memory *seen,
                                 struct reuse_stats *stats)
{
    int32_t *prefix = NULL, room = c->children;
    size_t n = tree_path_length(tree, node), at = 0;
    enum status st;
    TRY_OUT(mem_new(&prefix, n, sizeof *prefix));
    tree_path_tokens(tree, node, prefix);
    while (room > 0) {
        const struct tree *entry = replay_find(store, tree->prompt_id, prefix, n, &at);
        if (!entry)
            break;
        uint64_t age = tree->policy_version - entry->policy_version;
        if (!usable(c, memory, age) || entry->control != tree->control)
            continue;
        TRY_OUT(take_entry(tree, node, entry, trainer, room, &seen->ages[age], stats));
        room -= entry->nodes[0].branching;
    }
out:
    mem_free(prefix);
    return st;
}

enum status regrow(struct tree *out, const struct tree *fresh,
                   const struct reuse_config *c, const struct replay *store,
                   const struct reuse_memory *memory, struct trainer *trainer,
                   struct reuse_memory *seen, struct reuse_stats *stats)
{
    struct tree tree = {0};
    enum status st;
    TRY_OUT(tree_below(&tree, fresh, 0));
    // Behind a node that takes children the numbers move up: from the back.
    for (size_t i = tree.n_nodes; i-- > 0;)
        if (tree.nodes[i].depth == c->depth && !tree_is_leaf(&tree.nodes[i]))
            TRY_OUT(take_for_node(&tree, (int32_t)i, c, store, memory, trainer, seen,
                                  stats));
    *out = tree;
    tree = (struct tree){0};
out:
    tree_free(&tree);
    return st;
}

int regrow_again(const struct tree *entry, const struct reuse_config *c,
                 const struct reuse_memory *memory, uint64_t version)
{
    uint64_t age = version - entry->policy_version;
    return age <= (uint64_t)c->again && usable(c, memory, age);
}

enum status regrow_weighted(struct tree *out, const struct tree *entry,
                            struct trainer *trainer, uint64_t version,
                            struct reuse_memory *seen, struct reuse_stats *stats)
{
    struct tree scored = {0};
    struct reuse_weights *age = &seen->ages[version - entry->policy_version];
    enum status st;
    TRY_OUT(tree_below(&scored, entry, 0));
    TRY_OUT(trainer_reweigh(trainer, &scored, &stats->flops));
    TRY_OUT(weigh_paths(&scored, 0, age, stats));
    *out = scored;
    scored = (struct tree){0};
out:
    tree_free(&scored);
    return st;
}

void regrow_gap(const struct tree *grown, int32_t own, const struct reuse_rule *rule,
                struct reuse_stats *stats)
{
    double fresh = 0.0, reused = 0.0, weights = 0.0;
    int32_t more = grown->nodes[0].branching - own;
    if (more <= 0)
        return;
    for (size_t i = 1; i < grown->n_nodes; i++) {
        const struct tree_node *n = &grown->nodes[i];
        if (n->parent != 0)
            continue;
        double weight =
            n->child_index < own ? 1.0 : reuse_factor(rule, (double)n->ratio);
        double *sum = n->child_index < own ? &fresh : &reused;
        *sum += weight * (double)n->value;
        weights += n->child_index < own ? 0.0 : weight;
    }
    if (rule->weight != REUSE_SNIS)
        weights = (double)more;
    stats->gap += (weights > 0.0 ? reused / weights : 0.0) - fresh / (double)own;
    stats->gaps += 1.0;
}

enum status regrow_store(struct replay *store, const struct tree *fresh,
                         const struct reuse_config *c)
{
    for (size_t i = 0; i < fresh->n_nodes; i++) {
        struct tree entry = {0};
        if (fresh->nodes[i].depth != c->depth || tree_is_leaf(&fresh->nodes[i]))
            continue;
        TRY(tree_below(&entry, fresh, (int32_t)i));
        TRY(replay_add(store, &entry));
    }
    uint64_t next = fresh->policy_version + 1, age = (uint64_t)c->max_age;
    replay_evict(store, next > age ? next - age : 0, c->max_bytes);
    return OK;
}

void regrow_learn(struct reuse_memory *memory, const struct reuse_memory *seen)
{
    for (int age = 0; age <= REUSE_MAX_AGE; age++) {
        struct reuse_weights *m = &memory->ages[age];
        const struct reuse_weights *s = &seen->ages[age];
        m->n = KEEP_SEEN * m->n + s->n;
        m->sum = KEEP_SEEN * m->sum + s->sum;
        m->square_sum = KEEP_SEEN * m->square_sum + s->square_sum;
    }
}
