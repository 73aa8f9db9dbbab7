// Canonical order (depth-first, children by index) and joining parts.
#include "tree.h"

#include "base/mem.h"

#include <string.h>

// Children of each node as linked lists in ascending child index.
struct links {
    int32_t *first, *next;
};

static void links_free(struct links *l)
{
    mem_free(l->first);
    mem_free(l->next);
}

// The nodes but the root by child index, equal ones in their order: a counting sort,
// since the order in which a hostile maker puts siblings must not cost time.
static enum status sort_nodes(int32_t *sorted, const struct tree *t)
{
    size_t *place = NULL, most = 0;
    for (size_t i = 1; i < t->n_nodes; i++)
        if ((size_t)t->nodes[i].child_index > most)
            most = (size_t)t->nodes[i].child_index;
    TRY(mem_new(&place, most + 2, sizeof *place));
    for (size_t i = 1; i < t->n_nodes; i++)
        place[t->nodes[i].child_index + 1]++;
    for (size_t k = 0; k <= most; k++)
        place[k + 1] += place[k];
    for (size_t i = 1; i < t->n_nodes; i++)
        sorted[place[t->nodes[i].child_index]++] = (int32_t)i;
    mem_free(place);
    return OK;
}

static enum status links_make(struct links *l, const struct tree *t)
{
    int32_t *sorted = NULL;
    enum status st;
    TRY_OUT(mem_new(&l->first, t->n_nodes, sizeof *l->first));
    TRY_OUT(mem_new(&l->next, t->n_nodes, sizeof *l->next));
    TRY_OUT(mem_new(&sorted, t->n_nodes, sizeof *sorted));
    TRY_OUT(sort_nodes(sorted, t));
    for (size_t i = 0; i < t->n_nodes; i++)
        l->first[i] = l->next[i] = -1;
    for (size_t k = t->n_nodes - 1; k-- > 0;) { // from the back: each becomes the first
        int32_t i = sorted[k], *first = &l->first[t->nodes[i].parent];
        l->next[i] = *first;
        *first = i;
    }
out:
    mem_free(sorted);
    return st;
}

// Appends node `from` of `t` (without its parent link) below `parent` of `out`.
static enum status copy_node(struct tree *out, const struct tree *t, int32_t from,
                             int32_t parent, int32_t *index)
{
    const struct tree_node *n = &t->nodes[from];
    TRY(tree_add(out, parent, n->child_index, n->end, t->tokens + n->token_begin,
                 t->log_probs + n->token_begin, t->entropies + n->token_begin,
                 (size_t)n->token_count, index));
    struct tree_node *copy = &out->nodes[*index];
    copy->branching = n->branching;
    copy->reward = n->reward;
    copy->keep = n->keep;
    copy->ratio = n->ratio;
    copy->value = n->value;
    copy->advantage = n->advantage;
    copy->weight = n->weight;
    return OK;
}

// Appends everything below t's root to out, depth-first; iterative, since a hostile
// tree may be deep.
static enum status copy_below(struct tree *out, const struct tree *t)
{
    struct links l = {0};
    int32_t *place = NULL; // of t's node in out
    enum status st;
    TRY_OUT(links_make(&l, t));
    TRY_OUT(mem_new(&place, t->n_nodes, sizeof *place));
    int32_t at = l.first[0];
    while (at > 0) {
        TRY_OUT(copy_node(out, t, at, place[t->nodes[at].parent], &place[at]));
        if (l.first[at] >= 0) {
            at = l.first[at];
            continue;
        }
        while (at > 0 && l.next[at] < 0)
            at = t->nodes[at].parent;
        at = at > 0 ? l.next[at] : 0;
    }
out:
    links_free(&l);
    mem_free(place);
    return st;
}

static enum status copy_root(struct tree *out, const struct tree *t)
{
    TRY(tree_init(out, t->prompt_id, t->tokens, (size_t)t->nodes[0].token_count));
    out->step = t->step;
    out->policy_version = t->policy_version;
    out->control = t->control;
    struct tree_node *root = &out->nodes[0];
    const struct tree_node *from = &t->nodes[0];
    root->branching = from->branching;
    root->value = from->value;
    root->advantage = from->advantage;
    root->weight = from->weight;
    return OK;
}

enum status tree_canonical(struct tree *t)
{
    struct tree ordered = {0};
    enum status st;
    TRY_OUT(copy_root(&ordered, t));
    TRY_OUT(copy_below(&ordered, t));
    tree_free(t);
    *t = ordered;
    return OK;
out:
    tree_free(&ordered);
    return st;
}

static int same_root(const struct tree *a, const struct tree *b)
{
    size_t n = (size_t)a->nodes[0].token_count;
    return a->prompt_id == b->prompt_id && a->step == b->step &&
           a->policy_version == b->policy_version && a->control == b->control &&
           a->nodes[0].branching == b->nodes[0].branching &&
           a->nodes[0].token_count == b->nodes[0].token_count &&
           memcmp(a->tokens, b->tokens, n * sizeof *a->tokens) == 0;
}

// The root's children in `t`: each index once, none missing.
static enum status check_root_children(const struct tree *t)
{
    int32_t found = 0, last = -1;
    for (size_t i = 1; i < t->n_nodes; i++) {
        if (t->nodes[i].parent != 0)
            continue;
        if (t->nodes[i].child_index != last + 1)
            return status_fail(ERR_PROTOCOL, "join: child %d of the root is %s",
                               last + 1,
                               t->nodes[i].child_index > last ? "missing" : "double");
        last = t->nodes[i].child_index;
        found++;
    }
    if (found != t->nodes[0].branching)
        return status_fail(ERR_PROTOCOL, "join: %d of %d children of the root", found,
                           t->nodes[0].branching);
    return OK;
}

enum status tree_join(struct tree *out, const struct tree *parts, size_t n)
{
    struct tree whole = {0};
    enum status st;
    if (n == 0)
        return status_fail(ERR_PROTOCOL, "join: no parts");
    TRY_OUT(copy_root(&whole, &parts[0]));
    for (size_t i = 0; i < n; i++) {
        if (!same_root(&parts[0], &parts[i])) {
            st = status_fail(ERR_PROTOCOL, "join: part %zu has another root", i);
            goto out;
        }
        TRY_OUT(copy_below(&whole, &parts[i]));
    }
    TRY_OUT(tree_canonical(&whole));
    TRY_OUT(check_root_children(&whole));
    *out = whole;
    return OK;
out:
    tree_free(&whole);
    return st;
}
