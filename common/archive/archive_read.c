#include "archive.h"
#include "columns.h"
#include "h5.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static enum status open_segment(const char *path, hid_t *out)
{
    size_t len = strlen(path);
    int live = len > 5 && strcmp(path + len - 5, ".live") == 0;
    h5_quiet();
    hid_t file =
        H5Fopen(path, H5F_ACC_RDONLY | (live ? H5F_ACC_SWMR_READ : 0u), H5P_DEFAULT);
    if (file < 0)
        return status_fail(ERR_INPUT, "%s: not a readable archive", path);
    *out = file;
    return OK;
}

struct columns {
    void *data[COLUMNS];
    size_t n[COLUMNS];
};

static void columns_free(struct columns *c)
{
    for (int i = 0; i < COLUMNS; i++)
        mem_free(c->data[i]);
}

static uint64_t u64_at(const struct columns *c, enum column which, size_t i)
{
    return ((const uint64_t *)c->data[which])[i];
}

static int32_t i32_at(const struct columns *c, enum column which, size_t i)
{
    return ((const int32_t *)c->data[which])[i];
}

static float f32_at(const struct columns *c, enum column which, size_t i)
{
    return ((const float *)c->data[which])[i];
}

static struct tree_node node_at(const struct columns *c, size_t i)
{
    return (struct tree_node){
        .parent = i32_at(c, NODE_PARENT, i),
        .child_index = i32_at(c, NODE_CHILD_INDEX, i),
        .branching = i32_at(c, NODE_BRANCHING, i),
        .depth = i32_at(c, NODE_DEPTH, i),
        .token_begin = i32_at(c, NODE_TOKEN_BEGIN, i),
        .token_count = i32_at(c, NODE_TOKEN_COUNT, i),
        .end = (enum node_end)i32_at(c, NODE_END_KIND, i),
        .reward = f32_at(c, NODE_REWARD, i),
        .keep = f32_at(c, NODE_KEEP, i),
        .ratio = f32_at(c, NODE_RATIO, i),
        .value = f32_at(c, NODE_VALUE, i),
        .advantage = f32_at(c, NODE_ADVANTAGE, i),
        .weight = f32_at(c, NODE_WEIGHT, i),
    };
}

// Nodes [node, node_end) and tokens [token, token_end) become a tree.
static enum status build_tree(const struct columns *c, size_t i, uint64_t node,
                              uint64_t token, struct tree *out)
{
    uint64_t node_end = u64_at(c, TREE_NODE_END, i),
             token_end = u64_at(c, TREE_TOKEN_END, i);
    if (node_end < node || node_end > c->n[NODE_WEIGHT] || token_end < token ||
        token_end > c->n[TOKEN_ENTROPY])
        return status_fail(ERR_INPUT, "tree %zu reaches beyond the archive", i);
    struct tree *t = out;
    t->prompt_id = u64_at(c, TREE_PROMPT_ID, i);
    t->step = u64_at(c, TREE_STEP, i);
    t->policy_version = u64_at(c, TREE_POLICY_VERSION, i);
    t->control = f32_at(c, TREE_CONTROL, i);
    t->n_nodes = t->node_capacity = (size_t)(node_end - node);
    t->n_tokens = t->token_capacity = (size_t)(token_end - token);
    TRY(mem_new(&t->nodes, t->n_nodes, sizeof *t->nodes));
    for (size_t k = 0; k < t->n_nodes; k++)
        t->nodes[k] = node_at(c, node + k);
    TRY(mem_dup(&t->tokens, (const int32_t *)c->data[TOKEN_ID] + token, t->n_tokens,
                sizeof *t->tokens));
    TRY(mem_dup(&t->log_probs, (const float *)c->data[TOKEN_LOG_PROB] + token,
                t->n_tokens, sizeof *t->log_probs));
    return mem_dup(&t->entropies, (const float *)c->data[TOKEN_ENTROPY] + token,
                   t->n_tokens, sizeof *t->entropies);
}

static enum status read_columns(hid_t file, struct columns *c)
{
    for (enum column i = 0; i < COLUMNS; i++)
        TRY(h5_read(file, column_table[i].name, column_type(i), column_size(i),
                    &c->data[i], &c->n[i]));
    // The index is written last, so the other columns are at least as long.
    for (enum column i = TREE_PROMPT_ID; i < TREE_NODE_END; i++)
        if (c->n[i] < c->n[TREE_NODE_END])
            return status_fail(ERR_INPUT, "%s is shorter than the index",
                               column_table[i].name);
    for (enum column i = NODE_PARENT; i <= NODE_WEIGHT; i++)
        if (c->n[i] < c->n[NODE_WEIGHT])
            return status_fail(ERR_INPUT, "%s is cut off", column_table[i].name);
    return c->n[TOKEN_ID] < c->n[TOKEN_ENTROPY] ||
                   c->n[TOKEN_LOG_PROB] < c->n[TOKEN_ENTROPY]
               ? status_fail(ERR_INPUT, "the tokens are cut off")
               : OK;
}

enum status archive_read_trees(const char *path, struct tree **trees, size_t *n)
{
    struct columns c = {0};
    struct tree *all = NULL;
    size_t count = 0;
    hid_t file = -1;
    enum status st;
    TRY(open_segment(path, &file));
    TRY_OUT(read_columns(file, &c));
    count = c.n[TREE_NODE_END];
    TRY_OUT(mem_new(&all, count, sizeof *all));
    for (size_t i = 0; i < count; i++)
        TRY_OUT(build_tree(&c, i, i ? u64_at(&c, TREE_NODE_END, i - 1) : 0,
                           i ? u64_at(&c, TREE_TOKEN_END, i - 1) : 0, &all[i]));
    *trees = all;
    *n = count;
    all = NULL;
out:
    for (size_t i = 0; all && i < count; i++)
        tree_free(&all[i]);
    mem_free(all);
    columns_free(&c);
    (void)H5Fclose(file);
    return status_wrap(st, "%s", path);
}

enum status archive_read_metric(const char *path, const char *name, double **values,
                                size_t *n)
{
    char set[160];
    hid_t file = -1;
    (void)snprintf(set, sizeof set, "/metrics/%s", name);
    TRY(open_segment(path, &file));
    enum status st = h5_read(file, set, H5T_NATIVE_DOUBLE, sizeof(double), values, n);
    (void)H5Fclose(file);
    return status_wrap(st, "%s", path);
}
