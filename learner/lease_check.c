// A result held against its lease.  Whatever a worker sends, a tree that passes is one
// that the task could have given.
#include "lease.h"

#include "base/mem.h"

#include <string.h>

static enum status check_identity(const struct msg_task *task, const struct tree *tree)
{
    if (tree->prompt_id != task->prompt_id || tree->step != task->step ||
        tree->policy_version != task->policy_version ||
        tree->control != task->cutoff.control)
        return status_fail(
            ERR_PROTOCOL,
            "prompt %llu of step %llu, version %llu, control %g, where %llu, %llu, "
            "%llu, "
            "%g was asked",
            (unsigned long long)tree->prompt_id, (unsigned long long)tree->step,
            (unsigned long long)tree->policy_version, (double)tree->control,
            (unsigned long long)task->prompt_id, (unsigned long long)task->step,
            (unsigned long long)task->policy_version, (double)task->cutoff.control);
    return OK;
}

static enum status check_prompt(const struct msg_task *task, const struct tree *tree)
{
    const struct tree_node *root = &tree->nodes[0];
    if ((size_t)root->token_count != task->n_prompt ||
        memcmp(tree->tokens + root->token_begin, task->prompt,
               task->n_prompt * sizeof *task->prompt) != 0)
        return status_fail(ERR_PROTOCOL, "the root is not the prompt");
    return OK;
}

// The root's children are given; below it, an adaptive rule has a bound.
static int may_branch(const struct msg_task *task, const struct tree_node *n)
{
    if (n->depth >= task->n_branch)
        return 0;
    int32_t most = task->branch[n->depth];
    if (n->depth == 0 || !branching_adapts(&task->rule))
        return n->branching == most;
    return n->branching >= 1 && n->branching <= most;
}

// Of a part of the tree, its share of the budget.
static enum status check_budget(const struct msg_task *task, const struct lease *l,
                                const struct tree *tree)
{
    int64_t share = branching_share(task->rule.budget, task->branch[0]);
    int64_t spent = (int64_t)(tree->n_tokens - task->n_prompt);
    if (task->rule.budget == 0 || spent <= share * l->child_count)
        return OK;
    return status_fail(ERR_PROTOCOL, "%lld tokens, %lld are its budget",
                       (long long)spent, (long long)(share * l->child_count));
}

static enum status check_node(const struct msg_task *task, const struct tree_node *n,
                              size_t i, int64_t path_tokens)
{
    if (n->end == NODE_BRANCHED && !may_branch(task, n))
        return status_fail(ERR_PROTOCOL, "node %zu: %d children at depth %d", i,
                           n->branching, n->depth);
    if (i > 0 && n->token_count < 1)
        return status_fail(ERR_PROTOCOL, "node %zu: no tokens", i);
    if (path_tokens > task->max_new_tokens)
        return status_fail(ERR_PROTOCOL, "node %zu: a path of %lld new tokens", i,
                           (long long)path_tokens);
    if (cutoff_flagged(n) && n->keep != 1.0F - task->cutoff.cut)
        return status_fail(ERR_PROTOCOL, "node %zu: keep %g, a cut of %g was asked", i,
                           (double)n->keep, (double)task->cutoff.cut);
    if (n->end == NODE_LENGTH && n->reward != 0)
        return status_fail(ERR_PROTOCOL, "node %zu: a reward for unfinished text", i);
    return OK;
}

static enum status check_nodes(const struct msg_task *task, const struct tree *tree)
{
    int64_t *path = NULL; // generated tokens from the root to the end of each node
    enum status st;
    TRY_OUT(mem_new(&path, tree->n_nodes, sizeof *path));
    for (size_t i = 0; i < tree->n_nodes; i++) {
        const struct tree_node *n = &tree->nodes[i];
        path[i] = i == 0 ? 0 : path[n->parent] + n->token_count;
        TRY_OUT(check_node(task, n, i, path[i]));
    }
out:
    mem_free(path);
    return st;
}

enum status lease_check_tree(const struct lease_table *t, const struct lease *l,
                             const struct tree *tree, int32_t vocab)
{
    const struct msg_task *task = &t->prompts[l->prompt].task;
    TRY(check_identity(task, tree));
    TRY(tree_check_part(tree, vocab, l->first_child, l->child_count));
    TRY(check_prompt(task, tree));
    TRY(check_budget(task, l, tree));
    return check_nodes(task, tree);
}
