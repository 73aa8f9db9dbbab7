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

// What fresh trees take from the store: copies of entries, to be weighted together.
struct takings {
    struct tree *trees;
    struct taking {
        size_t fresh;        // number of the tree that takes it
        int32_t node, first; // for this node, its children from `first` on
        uint64_t age;
    } * of;
    size_t n, tree_capacity, capacity;
};

static void takings_free(struct takings *k)
{
    for (size_t i = 0; i < k->n; i++)
        tree_free(&k->trees[i]);
    mem_free(k->trees);
    mem_free(k->of);
}

static enum status take_entry(struct takings *k, const struct tree *entry,
                              struct taking of)
{
    TRY(mem_grow(&k->trees, &k->tree_capacity, k->n, k->n + 1, sizeof *k->trees));
    TRY(mem_grow(&k->of, &k->capacity, k->n, k->n + 1, sizeof *k->of));
    k->trees[k->n] = (struct tree){0};
    TRY(tree_below(&k->trees[k->n], entry, 0));
    k->of[k->n++] = of;
    return OK;
}

// Entries for one node of a tree: the last children of each, while there is room.
static enum status take_for_node(struct takings *k, const struct tree *tree,
                                 struct taking of, const struct reuse_config *c,
                                 const struct replay *store,
                                 const struct reuse_memory *memory)
{
    int32_t *prefix = NULL, room = c->children;
    size_t n = tree_path_length(tree, of.node), at = 0;
    enum status st;
    TRY_OUT(mem_new(&prefix, n, sizeof *prefix));
    tree_path_tokens(tree, of.node, prefix);
    while (room > 0) {
        const struct tree *entry = replay_find(store, tree->prompt_id, prefix, n, &at);
        if (!entry)
            break;
        of.age = tree->policy_version - entry->policy_version;
        if (!usable(c, memory, of.age) || entry->control != tree->control)
            continue;
        int32_t children = entry->nodes[0].branching;
        of.first = children > room ? children - room : 0;
        TRY_OUT(take_entry(k, entry, of));
        room -= children;
    }
out:
    mem_free(prefix);
    return st;
}

// Behind a node that takes children the numbers move up: from the back.
static enum status take_for_tree(struct takings *k, const struct tree *tree,
                                 size_t fresh, const struct reuse_config *c,
                                 const struct replay *store,
                                 const struct reuse_memory *memory)
{
    for (size_t i = tree->n_nodes; i-- > 0;)
        if (tree->nodes[i].depth == c->depth && !tree_is_leaf(&tree->nodes[i]))
            TRY(take_for_node(k, tree, (struct taking){fresh, (int32_t)i, 0, 0}, c,
                              store, memory));
    return OK;
}

static enum status reweigh_all(struct trainer *trainer, struct tree *trees, size_t n,
                               double *flops)
{
    struct tree **views = NULL;
    TRY(mem_new(&views, n, sizeof *views));
    for (size_t i = 0; i < n; i++)
        views[i] = &trees[i];
    enum status st = trainer_reweigh(trainer, views, n, flops);
    mem_free(views);
    return st;
}

enum status regrow(struct tree *out, struct tree *const *fresh, size_t n,
                   const struct reuse_config *c, const struct replay *store,
                   const struct reuse_memory *memory, struct trainer *trainer,
                   struct reuse_memory *seen, struct reuse_stats *stats)
{
    struct takings k = {0};
    size_t done = 0;
    enum status st;
    for (; done < n; done++) {
        TRY_OUT(tree_below(&out[done], fresh[done], 0));
        TRY_OUT(take_for_tree(&k, fresh[done], done, c, store, memory));
    }
    TRY_OUT(reweigh_all(trainer, k.trees, k.n, &stats->flops));
    for (size_t i = 0; i < k.n; i++) {
        const struct taking *of = &k.of[i];
        TRY_OUT(weigh_paths(&k.trees[i], of->first, &seen->ages[of->age], stats));
        TRY_OUT(tree_graft(&out[of->fresh], of->node, &k.trees[i], of->first));
    }
out:
    for (size_t i = 0; i < n && st != OK; i++)
        tree_free(&out[i]);
    takings_free(&k);
    return st;
}

// Whether an entry is trained once more by a policy of `version`.
static int trained_again(const struct tree *entry, const struct reuse_config *c,
                         const struct reuse_memory *memory, uint64_t version)
{
    uint64_t age = version - entry->policy_version;
    return age <= (uint64_t)c->again && usable(c, memory, age);
}

void regrow_pack_free(struct regrow_pack *p)
{
    for (size_t i = 0; i < p->n; i++)
        tree_free(&p->trees[i]);
    mem_free(p->trees);
    mem_free(p->views);
    *p = (struct regrow_pack){0};
}

// Copies of the first n entries listed in the pack's views, which then show them.
static enum status copy_entries(struct regrow_pack *p, size_t n)
{
    TRY(mem_new(&p->trees, n, sizeof *p->trees));
    for (; p->n < n; p->n++) {
        TRY(tree_below(&p->trees[p->n], p->views[p->n], 0));
        p->views[p->n] = &p->trees[p->n];
    }
    return OK;
}

enum status regrow_again(struct regrow_pack *out, const struct replay *store,
                         size_t *at, const struct reuse_config *c,
                         const struct reuse_memory *memory, struct trainer *trainer,
                         uint64_t version, struct reuse_memory *seen,
                         struct reuse_stats *stats)
{
    struct regrow_pack p = {0};
    size_t *where = NULL, found = 0;
    enum status st;
    TRY_OUT(mem_new(&p.views, store->n, sizeof *p.views));
    TRY_OUT(mem_new(&where, store->n, sizeof *where));
    for (size_t i = *at; i < store->n; i++)
        if (trained_again(&store->entries[i], c, memory, version)) {
            p.views[found] = &store->entries[i];
            where[found++] = i;
        }
    size_t n = trainer_pack_size(trainer, p.views, found, 1);
    TRY_OUT(copy_entries(&p, n));
    TRY_OUT(trainer_reweigh(trainer, p.views, n, &stats->flops));
    for (size_t i = 0; i < n; i++) {
        uint64_t age = version - p.trees[i].policy_version;
        TRY_OUT(weigh_paths(&p.trees[i], 0, &seen->ages[age], stats));
    }
    *at = n < found ? where[n] : store->n;
    *out = p;
    p = (struct regrow_pack){0};
out:
    regrow_pack_free(&p);
    mem_free(where);
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
