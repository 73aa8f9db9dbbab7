// The laws of a tree, checked as if its maker were hostile: every index is held against
// its array before it is used, in one pass over nodes and one over tokens.
#include "tree.h"

#include "base/mem.h"

#include <math.h>

static enum status broken(size_t node, const char *law)
{
    return status_fail(ERR_PROTOCOL, "tree: node %zu: %s", node, law);
}

// How far rounding may carry a log-prob above 0 and an entropy (nats) below it.
static const float log_prob_slack = 1e-4F, entropy_slack = 1e-3F;

static enum status check_tokens(const struct tree *t, size_t i, int32_t vocab)
{
    const struct tree_node *n = &t->nodes[i];
    size_t begin = (size_t)n->token_begin, end = begin + (size_t)n->token_count;
    for (size_t k = begin; k < end; k++) {
        if (t->tokens[k] < 0 || t->tokens[k] >= vocab)
            return broken(i, "a token outside the vocabulary");
        float log_prob = t->log_probs[k], entropy = t->entropies[k];
        if (!isfinite(log_prob) || log_prob > log_prob_slack)
            return broken(i, "a log-prob that is no log-prob");
        if (!isfinite(entropy) || entropy < -entropy_slack)
            return broken(i, "an entropy that is no entropy");
        if (i == 0 && (log_prob != 0.0F || entropy != 0.0F))
            return broken(i, "a prompt that was sampled");
    }
    return OK;
}

static enum status check_root(const struct tree *t)
{
    const struct tree_node *root = &t->nodes[0];
    if (root->parent != -1 || root->depth != 0 || root->child_index != 0)
        return broken(0, "not a root");
    if (root->end != NODE_BRANCHED || root->branching < 1)
        return broken(0, "a root without children");
    // The first token of a step is predicted by the token before it.
    if (root->token_count < 1)
        return broken(0, "a root without a prompt");
    if (root->reward != 0.0F)
        return broken(0, "a reward that is no leaf's");
    if (root->keep != 1.0F || root->ratio != 1.0F)
        return broken(0, "a root that was flagged or used again");
    if (!(t->control >= 0.0F && t->control <= 1.0F))
        return broken(0, "a control outside [0, 1]");
    return OK;
}

static enum status check_keep(const struct tree *t, size_t i)
{
    const struct tree_node *n = &t->nodes[i];
    int fits = n->end == NODE_BRANCHED ? n->keep > 0.0F && n->keep <= 1.0F
               : n->end == NODE_CUT    ? n->keep >= 0.0F && n->keep < 1.0F
                                       : n->keep == 1.0F;
    if (!fits)
        return broken(i, "a keep that does not fit its end");
    if (n->end == NODE_CUT && n->reward != t->control)
        return broken(i, "cut, but its reward is not the control");
    if (!isfinite(n->ratio) || n->ratio < 0.0F)
        return broken(i, "a ratio that is no ratio");
    return OK;
}

// What can be said of node i from itself and its parent, which comes before it.
static enum status check_node(const struct tree *t, size_t i)
{
    const struct tree_node *n = &t->nodes[i];
    if (n->parent < 0 || (size_t)n->parent >= i)
        return broken(i, "its parent does not come before it");
    const struct tree_node *parent = &t->nodes[n->parent];
    if (parent->end != NODE_BRANCHED)
        return broken(i, "hangs below a leaf");
    if (n->child_index < 0 || n->child_index >= parent->branching)
        return broken(i, "its child index is not below its parent's branching");
    if (n->depth != parent->depth + 1 || n->depth > TREE_MAX_DEPTH)
        return broken(i, "wrong depth");
    if (n->token_count < 1)
        return broken(i, "a step without tokens");
    if (n->end != NODE_BRANCHED && (n->end < NODE_EOS || n->end > NODE_CUT))
        return broken(i, "no such end");
    if (n->end == NODE_BRANCHED ? n->branching < 1 : n->branching != 0)
        return broken(i, "branching does not fit its end");
    if (!isfinite(n->reward) || n->reward < 0.0f || n->reward > 1.0f)
        return broken(i, "a reward outside [0, 1]");
    if (n->end == NODE_BRANCHED && n->reward != 0.0F)
        return broken(i, "a reward that is no leaf's");
    return check_keep(t, i);
}

static enum status check_range(const struct tree *t, size_t i, size_t *expected)
{
    const struct tree_node *n = &t->nodes[i];
    if (n->token_begin < 0 || n->token_count < 0 ||
        (size_t)n->token_begin != *expected ||
        (size_t)n->token_count > t->n_tokens - *expected)
        return broken(i, "its tokens are not where they must be");
    *expected += (size_t)n->token_count;
    return OK;
}

// Where each node's children have their bits: [base, base + branching) of *total.  All
// branchings together cannot exceed the nodes there are (plus the root's absent ones in
// a part), so no number that was sent can make the room large.
static enum status place_children(const struct tree *t, size_t *base, size_t *total)
{
    if (t->nodes[0].branching > TREE_MAX_NODES)
        return broken(0, "branching beyond all bounds");
    size_t sum = 0, room = t->n_nodes + (size_t)t->nodes[0].branching;
    for (size_t i = 0; i < t->n_nodes; i++) {
        base[i] = sum;
        sum += (size_t)t->nodes[i].branching;
        if (sum > room)
            return broken(i, "children are missing");
    }
    *total = sum;
    return OK;
}

static enum status mark_children(const struct tree *t, const size_t *base, char *seen,
                                 int32_t first, int32_t count)
{
    for (size_t i = 1; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        if (n->parent == 0 &&
            (n->child_index < first || n->child_index - first >= count))
            return broken(i, "a child of the root that does not belong to this part");
        if (seen[base[n->parent] + (size_t)n->child_index]++)
            return broken(i, "has a double");
    }
    return OK;
}

// Every branched node has each of its children exactly once.
static enum status check_children(const struct tree *t, int32_t first, int32_t count)
{
    size_t *base = NULL, total = 0;
    char *seen = NULL;
    enum status st;
    TRY_OUT(mem_new(&base, t->n_nodes, sizeof *base));
    TRY_OUT(place_children(t, base, &total));
    TRY_OUT(mem_new(&seen, total, 1));
    TRY_OUT(mark_children(t, base, seen, first, count));
    // No child is double, so counting them shows whether one is missing.
    if (t->n_nodes - 1 + (size_t)t->nodes[0].branching != total + (size_t)count)
        st = broken(0, "children are missing");
out:
    mem_free(base);
    mem_free(seen);
    return st;
}

enum status tree_check_part(const struct tree *t, int32_t vocab, int32_t first,
                            int32_t count)
{
    size_t expected = 0;
    if (t->n_nodes < 1 || t->n_nodes > TREE_MAX_NODES || t->n_tokens > TREE_MAX_TOKENS)
        return status_fail(ERR_PROTOCOL, "tree: %zu nodes, %zu tokens", t->n_nodes,
                           t->n_tokens);
    TRY(check_root(t));
    if (first < 0 || count < 1 || count > t->nodes[0].branching - first)
        return status_fail(ERR_PROTOCOL,
                           "tree: no %d children from %d on below the root", count,
                           first);
    for (size_t i = 0; i < t->n_nodes; i++) {
        if (i > 0)
            TRY(check_node(t, i));
        TRY(check_range(t, i, &expected));
        TRY(check_tokens(t, i, vocab));
    }
    if (expected != t->n_tokens)
        return status_fail(ERR_PROTOCOL, "tree: %zu tokens belong to no node",
                           t->n_tokens - expected);
    return check_children(t, first, count);
}

enum status tree_check(const struct tree *t, int32_t vocab)
{
    return tree_check_part(t, vocab, 0, t->n_nodes ? t->nodes[0].branching : 0);
}
