#include "tree.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

void tree_free(struct tree *t)
{
    mem_free(t->nodes);
    mem_free(t->tokens);
    mem_free(t->log_probs);
    mem_free(t->entropies);
    *t = (struct tree){0};
}

// Room for n more tokens in all three token arrays, or none of them changed in use.
static enum status grow_tokens(struct tree *t, size_t n)
{
    if (n > TREE_MAX_TOKENS - t->n_tokens)
        return status_fail(ERR_LIMIT, "tree of more than %d tokens", TREE_MAX_TOKENS);
    size_t wanted = t->n_tokens + n, a = t->token_capacity, b = a, c = a;
    TRY(mem_grow(&t->tokens, &a, t->n_tokens, wanted, sizeof *t->tokens));
    TRY(mem_grow(&t->log_probs, &b, t->n_tokens, wanted, sizeof *t->log_probs));
    TRY(mem_grow(&t->entropies, &c, t->n_tokens, wanted, sizeof *t->entropies));
    t->token_capacity = a;
    return OK;
}

static void put_tokens(struct tree *t, const int32_t *tokens, const float *log_probs,
                       const float *entropies, size_t n)
{
    if (n == 0)
        return;
    memcpy(t->tokens + t->n_tokens, tokens, n * sizeof *tokens);
    if (log_probs) {
        memcpy(t->log_probs + t->n_tokens, log_probs, n * sizeof *log_probs);
        memcpy(t->entropies + t->n_tokens, entropies, n * sizeof *entropies);
    }
    t->n_tokens += n;
}

enum status tree_init(struct tree *t, uint64_t prompt_id, const int32_t *prompt,
                      size_t n)
{
    struct tree fresh = {.prompt_id = prompt_id};
    enum status st;
    TRY_OUT(grow_tokens(&fresh, n));
    TRY_OUT(mem_grow(&fresh.nodes, &fresh.node_capacity, 0, 1, sizeof *fresh.nodes));
    put_tokens(&fresh, prompt, NULL, NULL, n);
    fresh.nodes[0] = (struct tree_node){.parent = -1,
                                        .token_count = (int32_t)n,
                                        .end = NODE_BRANCHED,
                                        .keep = 1.0F,
                                        .ratio = 1.0F};
    fresh.n_nodes = 1;
    *t = fresh;
    return OK;
out:
    tree_free(&fresh);
    return st;
}

enum status tree_add(struct tree *t, int32_t parent, int32_t child_index,
                     enum node_end end, const int32_t *tokens, const float *log_probs,
                     const float *entropies, size_t n, int32_t *index)
{
    if (parent < 0 || (size_t)parent >= t->n_nodes)
        return status_fail(ERR_LIMIT, "tree: no node %d to hang a child on", parent);
    if (t->n_nodes >= TREE_MAX_NODES || t->nodes[parent].depth >= TREE_MAX_DEPTH)
        return status_fail(ERR_LIMIT, "tree of more than %d nodes or depth %d",
                           TREE_MAX_NODES, TREE_MAX_DEPTH);
    TRY(grow_tokens(t, n));
    TRY(mem_grow(&t->nodes, &t->node_capacity, t->n_nodes, t->n_nodes + 1,
                 sizeof *t->nodes));
    t->nodes[t->n_nodes] = (struct tree_node){
        .parent = parent,
        .child_index = child_index,
        .depth = t->nodes[parent].depth + 1,
        .token_begin = (int32_t)t->n_tokens,
        .token_count = (int32_t)n,
        .end = end,
        .keep = 1.0F,
        .ratio = 1.0F,
    };
    put_tokens(t, tokens, log_probs, entropies, n);
    *index = (int32_t)t->n_nodes++;
    return OK;
}

size_t tree_leaf_count(const struct tree *t)
{
    size_t leaves = 0;
    for (size_t i = 0; i < t->n_nodes; i++)
        leaves += (size_t)tree_is_leaf(&t->nodes[i]);
    return leaves;
}

size_t tree_path_length(const struct tree *t, int32_t node)
{
    size_t tokens = 0;
    for (; node >= 0; node = t->nodes[node].parent)
        tokens += (size_t)t->nodes[node].token_count;
    return tokens;
}

void tree_path_tokens(const struct tree *t, int32_t node, int32_t *out)
{
    size_t end = tree_path_length(t, node);
    for (; node >= 0; node = t->nodes[node].parent) {
        const struct tree_node *n = &t->nodes[node];
        end -= (size_t)n->token_count;
        if (n->token_count)
            memcpy(out + end, t->tokens + n->token_begin,
                   (size_t)n->token_count * sizeof *out);
    }
}

static uint64_t hash_node(uint64_t hash, const struct tree_node *n)
{
    const int32_t shape[] = {n->parent,      n->child_index, n->branching,   n->depth,
                             n->token_begin, n->token_count, (int32_t)n->end};
    hash = hash_bytes(hash, shape, sizeof shape);
    const float real[] = {n->reward, n->keep};
    return hash_bytes(hash, real, sizeof real);
}

uint64_t tree_hash(uint64_t hash, const struct tree *t)
{
    const uint64_t head[] = {t->prompt_id, t->step, t->policy_version, t->n_nodes,
                             t->n_tokens};
    hash = hash_bytes(hash, head, sizeof head);
    hash = hash_bytes(hash, &t->control, sizeof t->control);
    for (size_t i = 0; i < t->n_nodes; i++)
        hash = hash_node(hash, &t->nodes[i]);
    hash = hash_bytes(hash, t->tokens, t->n_tokens * sizeof *t->tokens);
    hash = hash_bytes(hash, t->log_probs, t->n_tokens * sizeof *t->log_probs);
    return hash_bytes(hash, t->entropies, t->n_tokens * sizeof *t->entropies);
}
