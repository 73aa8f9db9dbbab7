// A finished task becomes a tree, and its leaves get their rewards.
#include "task_state.h"

#include "base/mem.h"
#include "verify/verify.h"

// Arrays for the longest node, and the text of one path.
struct scratch {
    int32_t *tokens;
    float *log_probs, *entropies;
    int32_t *path;
    struct buf text;
};

static enum status scratch_new(struct scratch *s, const struct task_state *t)
{
    size_t longest = 0;
    for (size_t i = 0; i < t->n_nodes; i++)
        if (t->nodes[i].n_tokens > longest)
            longest = t->nodes[i].n_tokens;
    TRY(mem_new(&s->tokens, longest, sizeof *s->tokens));
    TRY(mem_new(&s->log_probs, longest, sizeof *s->log_probs));
    TRY(mem_new(&s->entropies, longest, sizeof *s->entropies));
    return mem_new(&s->path, t->spec.n_prompt + (size_t)t->limit, sizeof *s->path);
}

static void scratch_free(struct scratch *s)
{
    mem_free(s->tokens);
    mem_free(s->log_probs);
    mem_free(s->entropies);
    mem_free(s->path);
    buf_free(&s->text);
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
    return OK;
}

// Only a text that the model ended is an answer: a leaf out of tokens has reward 0.
static enum status reward_leaf(struct tree *tree, const struct task_state *t,
                               int32_t node, const struct tokenizer *text,
                               struct scratch *s)
{
    if (tree->nodes[node].end != NODE_EOS)
        return OK;
    buf_clear(&s->text);
    tree_path_tokens(tree, node, s->path);
    size_t n = tree_path_length(tree, node);
    for (size_t i = t->spec.n_prompt; i < n; i++) {
        size_t len = 0;
        const char *piece = tokenizer_piece(text, s->path[i], &len);
        if (piece)
            buf_append(&s->text, piece, len);
    }
    TRY(s->text.status);
    tree->nodes[node].reward =
        verify_final(buf_cstr(&s->text), s->text.len, t->spec.answer);
    return OK;
}

enum status task_tree(const struct task_state *t, const struct tokenizer *text,
                      struct tree *out)
{
    struct tree tree = {0};
    struct scratch s = {0};
    enum status st;
    TRY_OUT(scratch_new(&s, t));
    TRY_OUT(tree_init(&tree, t->spec.prompt_id, t->spec.prompt, t->spec.n_prompt));
    tree.step = t->spec.step;
    tree.policy_version = t->spec.policy_version;
    tree.nodes[0].end = NODE_BRANCHED;
    tree.nodes[0].branching = t->spec.branch[0];
    for (size_t i = 1; i < t->n_nodes; i++)
        TRY_OUT(add_node(&tree, t, i, &s));
    for (size_t i = 1; i < tree.n_nodes; i++)
        TRY_OUT(reward_leaf(&tree, t, (int32_t)i, text, &s));
    TRY_OUT(tree_canonical(&tree));
    *out = tree;
    tree = (struct tree){0};
out:
    tree_free(&tree);
    scratch_free(&s);
    return status_wrap(st, "prompt %llu", (unsigned long long)t->spec.prompt_id);
}
