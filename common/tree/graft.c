#include "graft.h"

#include "base/mem.h"

// Copies everything that is below `from` of `t` below `to` of `out`; child indices of
// `from` itself are moved by `shift`, those below `first` are left out.  Children stand
// behind their parents, so one pass does it.
static enum status copy_subtrees(struct tree *out, int32_t to, const struct tree *t,
                                 int32_t from, int32_t first, int32_t shift)
{
    int32_t *place = NULL; // of t's node in out; 0: not copied
    enum status st;
    TRY_OUT(mem_new(&place, t->n_nodes, sizeof *place));
    for (size_t i = (size_t)from + 1; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        int top = n->parent == from;
        if (top ? n->child_index < first : place[n->parent] == 0)
            continue;
        TRY_OUT(tree_add(
            out, top ? to : place[n->parent], n->child_index + (top ? shift : 0),
            n->end, t->tokens + n->token_begin, t->log_probs + n->token_begin,
            t->entropies + n->token_begin, (size_t)n->token_count, &place[i]));
        struct tree_node *copy = &out->nodes[place[i]];
        copy->branching = n->branching;
        copy->reward = n->reward;
        copy->keep = n->keep;
        copy->ratio = n->ratio;
    }
out:
    mem_free(place);
    return st;
}

static void copy_head(struct tree *out, const struct tree *t)
{
    out->step = t->step;
    out->policy_version = t->policy_version;
    out->control = t->control;
}

enum status tree_below(struct tree *out, const struct tree *t, int32_t node)
{
    struct tree part = {0};
    int32_t *path = NULL;
    size_t n = tree_path_length(t, node);
    enum status st;
    if (tree_is_leaf(&t->nodes[node]))
        return status_fail(ERR_INPUT, "tree: node %d is a leaf", node);
    TRY_OUT(mem_new(&path, n, sizeof *path));
    tree_path_tokens(t, node, path);
    TRY_OUT(tree_init(&part, t->prompt_id, path, n));
    copy_head(&part, t);
    part.nodes[0].branching = t->nodes[node].branching;
    TRY_OUT(copy_subtrees(&part, 0, t, node, 0, 0));
    *out = part;
    part = (struct tree){0};
out:
    mem_free(path);
    tree_free(&part);
    return st;
}

static enum status copy_tree(struct tree *out, const struct tree *t)
{
    TRY(tree_init(out, t->prompt_id, t->tokens, (size_t)t->nodes[0].token_count));
    copy_head(out, t);
    out->nodes[0].branching = t->nodes[0].branching;
    return copy_subtrees(out, 0, t, 0, 0, 0);
}

enum status tree_graft(struct tree *t, int32_t node, const struct tree *below,
                       int32_t first)
{
    struct tree whole = {0};
    int32_t own = t->nodes[node].branching;
    enum status st;
    TRY_OUT(copy_tree(&whole, t)); // canonical: its nodes keep their numbers
    TRY_OUT(copy_subtrees(&whole, node, below, 0, first, own - first));
    whole.nodes[node].branching = own + below->nodes[0].branching - first;
    TRY_OUT(tree_canonical(&whole));
    tree_free(t);
    *t = whole;
    whole = (struct tree){0};
out:
    tree_free(&whole);
    return st;
}
