#include "tree_rows.h"

#include "base/mem.h"

#include <string.h>

enum { TREE_COLUMNS = NODE_PARENT, NODE_COLUMNS = TOKEN_ID - NODE_PARENT };

void tree_rows_free(struct tree_rows *r)
{
    for (int c = 0; c < COLUMNS; c++)
        mem_free(r->data[c]);
    *r = (struct tree_rows){0};
}

enum column tree_rows_order(int i)
{
    return (enum column)((i + TREE_COLUMNS) % COLUMNS);
}

static enum status make_room(struct tree_rows *r, struct tree *const *trees, size_t n)
{
    size_t nodes = 0, tokens = 0;
    for (size_t i = 0; i < n; i++) {
        nodes += trees[i]->n_nodes;
        tokens += trees[i]->n_tokens;
    }
    for (int c = 0; c < COLUMNS; c++) {
        r->n[c] = c < NODE_PARENT ? n : c < TOKEN_ID ? nodes : tokens;
        TRY(mem_new(&r->data[c], r->n[c], column_size((enum column)c)));
    }
    return OK;
}

// Every item is 8 bytes in the trees' columns but for the control, else 4.
static void put_head(struct tree_rows *r, size_t at, const struct tree *t,
                     uint64_t nodes, uint64_t tokens)
{
    const uint64_t whole[TREE_COLUMNS] = {[TREE_PROMPT_ID] = t->prompt_id,
                                          [TREE_STEP] = t->step,
                                          [TREE_POLICY_VERSION] = t->policy_version,
                                          [TREE_TOKEN_END] = tokens,
                                          [TREE_NODE_END] = nodes};
    for (int c = 0; c < TREE_COLUMNS; c++)
        if (c == TREE_CONTROL)
            ((float *)r->data[c])[at] = t->control;
        else
            ((uint64_t *)r->data[c])[at] = whole[c];
}

static void put_node(struct tree_rows *r, size_t at, const struct tree_node *n)
{
    enum { WHOLE = NODE_REWARD - NODE_PARENT };
    const int32_t whole[] = {n->parent,      n->child_index, n->branching,   n->depth,
                             n->token_begin, n->token_count, (int32_t)n->end};
    const float real[] = {n->reward, n->keep,      n->ratio,
                          n->value,  n->advantage, n->weight};
    for (int c = 0; c < NODE_COLUMNS; c++) {
        const void *item =
            c < WHOLE ? (const void *)&whole[c] : (const void *)&real[c - WHOLE];
        memcpy((char *)r->data[NODE_PARENT + c] + at * sizeof(int32_t), item,
               sizeof(int32_t));
    }
}

static void put_tokens(struct tree_rows *r, size_t at, const struct tree *t)
{
    const void *const from[] = {t->tokens, t->log_probs, t->entropies};
    for (int c = 0; c < COLUMNS - TOKEN_ID; c++)
        if (t->n_tokens)
            memcpy((char *)r->data[TOKEN_ID + c] + at * sizeof(int32_t), from[c],
                   t->n_tokens * sizeof(int32_t));
}

enum status tree_rows_gather(struct tree_rows *out, struct tree *const *trees, size_t n,
                             uint64_t *nodes, uint64_t *tokens)
{
    struct tree_rows r = {0};
    size_t node = 0, token = 0;
    enum status st;
    TRY_OUT(make_room(&r, trees, n));
    for (size_t i = 0; i < n; i++) {
        const struct tree *t = trees[i];
        put_tokens(&r, token, t);
        for (size_t k = 0; k < t->n_nodes; k++)
            put_node(&r, node + k, &t->nodes[k]);
        node += t->n_nodes;
        token += t->n_tokens;
        put_head(&r, i, t, *nodes + node, *tokens + token);
    }
    *nodes += node;
    *tokens += token;
    *out = r;
    r = (struct tree_rows){0};
out:
    tree_rows_free(&r);
    return st;
}
