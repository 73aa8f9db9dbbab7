// A finished task becomes a tree.
#include "task_state.h"

#include "base/mem.h"

// Arrays for the longest node.
struct scratch {
    int32_t *tokens;
    float *log_probs, *entropies;
};

static enum status scratch_new(struct scratch *s, const struct task_state *t)
{
    size_t longest = 0;
    for (size_t i = 0; i < t->n_nodes; i++)
        if (t->nodes[i].n_tokens > longest)
            longest = t->nodes[i].n_tokens;
    TRY(mem_new(&s->tokens, longest, sizeof *s->tokens));
    TRY(mem_new(&s->log_probs, longest, sizeof *s->log_probs));
    return mem_new(&s->entropies, longest, sizeof *s->entropies);
}

static void scratch_free(struct scratch *s)
{
    mem_free(s->tokens);
    mem_free(s->log_probs);
    mem_free(s->entropies);
}

static enum status add_node(struct tree *tree, const struct task_state *t, size_t i,
                            struct scratch *s)
{
    const struct live_node *n = &t->nodes[i];
    for (size_t k = 0; k < n->n_tokens; k++) {
        s->tokens[k] = n->tokens[k].token;
        s->log_probs[k] = n->tokens[k].log_prob;
        s->entropies[k] = n->tokens[k].entropy;
    }
    int32_t index = -1;
    TRY(tree_add(tree, n->parent, n->child_index, n->end, s->tokens, s->log_probs,
                 s->entropies, n->n_tokens, &index));
    tree->nodes[index].branching = n->end == NODE_BRANCHED ? n->end_child : 0;
    tree->nodes[index].reward = n->reward;
    tree->nodes[index].keep = n->keep;
    return OK;
}

enum status task_tree(const struct task_state *t, struct tree *out)
{
    struct tree tree = {0};
    struct scratch s = {0};
    enum status st;
    TRY_OUT(scratch_new(&s, t));
    TRY_OUT(tree_init(&tree, t->spec.prompt_id, t->spec.prompt, t->spec.n_prompt));
    tree.step = t->spec.step;
    tree.policy_version = t->spec.policy_version;
    tree.control = t->spec.cutoff.control;
    tree.nodes[0].end = NODE_BRANCHED;
    tree.nodes[0].branching = t->spec.branch[0];
    for (size_t i = 1; i < t->n_nodes; i++)
        TRY_OUT(add_node(&tree, t, i, &s));
    TRY_OUT(tree_canonical(&tree));
    *out = tree;
    tree = (struct tree){0};
out:
    tree_free(&tree);
    scratch_free(&s);
    return status_wrap(st, "prompt %llu", (unsigned long long)t->spec.prompt_id);
}
