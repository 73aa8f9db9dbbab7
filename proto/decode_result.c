#include "decode_result.h"

#include "keys.h"

#include "base/mem.h"

#include <string.h>

// The columns of the nodes, unaligned in the message's bytes.
struct columns {
    const uint8_t *parent, *child, *branching, *token_count, *end, *reward, *keep;
};

static int32_t item(const uint8_t *column, size_t i)
{
    int32_t value;
    memcpy(&value, column + i * sizeof value, sizeof value);
    return value;
}

// One column of exactly *n items; *n is set by the first.
static enum status column(const struct fields *f, const char *key, size_t max,
                          size_t *n, const uint8_t **out)
{
    size_t count = 0;
    TRY(field_items(f, key, sizeof(int32_t), max, out, &count));
    if (*n == (size_t)-1)
        *n = count;
    if (count != *n)
        return status_fail(ERR_PROTOCOL, "%s: %s: %zu items, the others have %zu",
                           f->message, key, count, *n);
    return OK;
}

static enum status node_columns(const struct fields *f, struct columns *c, size_t *n)
{
    *n = (size_t)-1;
    TRY(column(f, KEY_PARENT, TREE_MAX_NODES, n, &c->parent));
    TRY(column(f, KEY_CHILD, TREE_MAX_NODES, n, &c->child));
    TRY(column(f, KEY_BRANCHING, TREE_MAX_NODES, n, &c->branching));
    TRY(column(f, KEY_TOKEN_COUNT, TREE_MAX_NODES, n, &c->token_count));
    TRY(column(f, KEY_END, TREE_MAX_NODES, n, &c->end));
    TRY(column(f, KEY_REWARD, TREE_MAX_NODES, n, &c->reward));
    return column(f, KEY_KEEP, TREE_MAX_NODES, n, &c->keep);
}

// Depth and token_begin follow from the rest; parents must come first for that.
static enum status build_nodes(const struct columns *c, struct tree *t)
{
    int64_t begin = 0;
    for (size_t i = 0; i < t->n_nodes; i++) {
        struct tree_node *n = &t->nodes[i];
        int32_t end = item(c->end, i);
        *n = (struct tree_node){
            .parent = item(c->parent, i),
            .child_index = item(c->child, i),
            .branching = item(c->branching, i),
            .token_begin = (int32_t)begin,
            .token_count = item(c->token_count, i),
            .ratio = 1.0F,
        };
        memcpy(&n->reward, c->reward + i * sizeof n->reward, sizeof n->reward);
        memcpy(&n->keep, c->keep + i * sizeof n->keep, sizeof n->keep);
        if (end < NODE_OPEN || end > NODE_CUT)
            return status_fail(ERR_PROTOCOL, "RESULT: node %zu: no such end", i);
        n->end = (enum node_end)end;
        if (n->parent < -1 || n->parent >= (int32_t)i || (n->parent < 0) != (i == 0))
            return status_fail(ERR_PROTOCOL, "RESULT: node %zu: parent out of order",
                               i);
        n->depth = i == 0 ? 0 : t->nodes[n->parent].depth + 1;
        if (n->depth > TREE_MAX_DEPTH)
            return status_fail(ERR_PROTOCOL, "RESULT: node %zu: too deep", i);
        begin += n->token_count;
        if (n->token_count < 0 || begin > (int64_t)t->n_tokens)
            return status_fail(ERR_PROTOCOL, "RESULT: node %zu: more tokens than sent",
                               i);
    }
    if (begin != (int64_t)t->n_tokens)
        return status_fail(ERR_PROTOCOL, "RESULT: tokens that belong to no node");
    return OK;
}

static enum status read_tokens(const struct fields *f, struct tree *t)
{
    const uint8_t *tokens = NULL, *log_probs = NULL, *entropies = NULL;
    size_t n = (size_t)-1;
    TRY(column(f, KEY_TOKENS, TREE_MAX_TOKENS, &n, &tokens));
    TRY(column(f, KEY_LOG_PROBS, TREE_MAX_TOKENS, &n, &log_probs));
    TRY(column(f, KEY_ENTROPIES, TREE_MAX_TOKENS, &n, &entropies));
    TRY(mem_dup(&t->tokens, tokens, n, sizeof *t->tokens));
    TRY(mem_dup(&t->log_probs, log_probs, n, sizeof *t->log_probs));
    TRY(mem_dup(&t->entropies, entropies, n, sizeof *t->entropies));
    t->n_tokens = t->token_capacity = n;
    return OK;
}

enum status decode_result(const struct fields *f, struct msg_result *out)
{
    struct tree *t = &out->tree;
    struct columns c;
    double control = 0.0;
    size_t n = 0;
    TRY(field_u64(f, KEY_LEASE, &out->lease));
    TRY(field_i32(f, KEY_PREFILLED, 0, INT32_MAX, &out->prefilled));
    TRY(field_u64(f, KEY_STEP, &t->step));
    TRY(field_u64(f, KEY_PROMPT_ID, &t->prompt_id));
    TRY(field_u64(f, KEY_VERSION, &t->policy_version));
    TRY(field_double(f, KEY_CONTROL, 0.0, 1.0, &control));
    t->control = (float)control;
    TRY(node_columns(f, &c, &n));
    if (n == 0)
        return status_fail(ERR_PROTOCOL, "RESULT: a tree without nodes");
    TRY(read_tokens(f, t));
    TRY(mem_new(&t->nodes, n, sizeof *t->nodes));
    t->n_nodes = t->node_capacity = n;
    return build_nodes(&c, t);
}
