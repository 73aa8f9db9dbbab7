// Tiny models and random token trees for the model tests.
#ifndef TEST_MODEL_FIXTURE_H
#define TEST_MODEL_FIXTURE_H

// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/rng.h"
#include "model/model.h"
#include "tensor/ops.h"

#include <stdlib.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static inline struct model_config tiny_config(int32_t qkv_bias, int32_t tied)
{
    return (struct model_config){
        .vocab = 37,
        .dim = 24,
        .layers = 2,
        .heads = 4,
        .kv_heads = 2,
        .head_dim = 8,
        .ffn = 40,
        .max_positions = 512,
        .rms_epsilon = 1e-5F,
        .rope_theta = 10000,
        .qkv_bias = qkv_bias,
        .tied = tied,
        .eos = 1,
        .bos = -1,
    };
}

enum family { FAMILY_LLAMA, FAMILY_QWEN2, FAMILY_QWEN3, FAMILY_BIASED, FAMILIES };

// Tiny models of the families: Qwen3 has normalised heads, FAMILY_BIASED is a Llama
// with every bias there is.
static inline struct model_config family_config(enum family family, int32_t tied)
{
    struct model_config c = tiny_config(family == FAMILY_QWEN2, tied);
    c.qk_norm = family == FAMILY_QWEN3;
    if (c.qk_norm)
        c.head_dim = 12;
    if (family == FAMILY_BIASED)
        c.qkv_bias = c.out_bias = c.mlp_bias = 1;
    return c;
}

static inline void add_noise(struct model *m, double scale, size_t offset, size_t n)
{
    struct rng_key key = rng_root(8, RNG_TEST);
    for (size_t i = offset; offset != (size_t)-1 && i < offset + n; i++)
        m->params[i] += (float)(scale * rng_normal(key, i));
}

// A model whose biases and gains are not trivial either.
static inline void tiny_model(struct model *m, const struct model_config *c)
{
    assert_ok(model_new(m, c));
    model_randomize(m, rng_root(7, RNG_TEST));
    size_t dim = (size_t)c->dim, ffn = (size_t)c->ffn;
    size_t width = (size_t)((c->heads + 2 * c->kv_heads) * c->head_dim);
    for (int32_t l = 0; l < c->layers; l++) {
        const struct layer_offsets *o = &m->layout.layers[l];
        add_noise(m, 0.1, o->attn_norm, dim);
        add_noise(m, 0.1, o->ffn_norm, dim);
        add_noise(m, 0.2, o->q_norm, (size_t)c->head_dim);
        add_noise(m, 0.2, o->k_norm, (size_t)c->head_dim);
        add_noise(m, 0.3, o->qkv_bias, width);
        add_noise(m, 0.3, o->out_bias, dim);
        add_noise(m, 0.3, o->gate_up_bias, 2 * ffn);
        add_noise(m, 0.3, o->down_bias, dim);
    }
    model_repack(m);
}

enum { TREE_NODES = 12, SECOND_ROOT = 8, TREE_LONGEST = 40 };

// Nodes of token trees, parents first and depth-first; several roots make several
// trees.
struct token_tree {
    int n_nodes;
    int parent[TREE_NODES]; // -1: a root
    int count[TREE_NODES];
    int start[TREE_NODES]; // position of the first token
    int32_t tokens[TREE_NODES][TREE_LONGEST];
};

static inline int tree_descends(const struct token_tree *t, int node, int above)
{
    while (node > above)
        node = t->parent[node];
    return node == above;
}

// Two trees.  Node i hangs below a random node of the path to node i - 1, so that the
// order is depth-first.
static inline void random_tree(struct token_tree *t, uint64_t seed, int32_t vocab)
{
    struct rng_key key = rng_child(rng_root(9, RNG_TEST), seed);
    uint64_t draw = 0;
    *t = (struct token_tree){.n_nodes = TREE_NODES};
    for (int i = 0; i < TREE_NODES; i++) {
        int up = i == SECOND_ROOT ? -1 : i - 1;
        while (up >= 0 && t->parent[up] >= 0 && rng_below(key, draw++, 2))
            up = t->parent[up];
        t->parent[i] = up;
        t->start[i] = up < 0 ? 0 : t->start[up] + t->count[up];
        // Lengths on both sides of one and two pages.
        int longest = rng_below(key, draw++, 2) ? TREE_LONGEST : 3;
        t->count[i] = 1 + (int)rng_below(key, draw++, (uint64_t)longest);
        for (int k = 0; k < t->count[i]; k++)
            t->tokens[i][k] = (int32_t)rng_below(key, draw++, (uint64_t)vocab);
    }
}

static inline int node_is_leaf(const struct token_tree *t, int node)
{
    for (int i = node + 1; i < t->n_nodes; i++)
        if (t->parent[i] == node)
            return 0;
    return 1;
}

static inline int leaves_below(const struct token_tree *t, int node)
{
    int n = 0;
    for (int i = node; i < t->n_nodes; i++)
        n += node_is_leaf(t, i) && tree_descends(t, i, node);
    return n;
}

// The nodes from the root to `leaf`; returns how many.
static inline int path_nodes(const struct token_tree *t, int leaf, int path[TREE_NODES])
{
    int n = 0;
    for (int i = leaf; i >= 0; i = t->parent[i])
        n++;
    for (int i = leaf, k = n; i >= 0; i = t->parent[i])
        path[--k] = i;
    return n;
}

// One predicted token of a pack.
struct predicted {
    int node, index; // in the token tree
    int leaf;        // of a flattened path, -1 in a tree pack
};

enum { PACK_TOKENS = TREE_NODES * TREE_NODES * TREE_LONGEST };
enum { PACK_SPANS = TREE_NODES * TREE_NODES };

// A pack with the memory it points into, and what each output predicts.
struct test_pack {
    struct pack pack;
    int32_t tokens[PACK_TOKENS], positions[PACK_TOKENS];
    int32_t row[PACK_TOKENS], target[PACK_TOKENS];
    struct attention_span spans[PACK_SPANS];
    struct predicted predicted[PACK_TOKENS];
};

static inline struct test_pack *pack_start(void)
{
    struct test_pack *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->pack = (struct pack){.tokens = p->tokens,
                            .positions = p->positions,
                            .spans = p->spans,
                            .row = p->row,
                            .target = p->target};
    return p;
}

static inline void pack_output(struct test_pack *p, int32_t row, int32_t target,
                               struct predicted what)
{
    // Insertion keeps rows ascending.
    int j = p->pack.n_outputs++;
    for (; j > 0 && p->row[j - 1] > row; j--) {
        p->row[j] = p->row[j - 1];
        p->target[j] = p->target[j - 1];
        p->predicted[j] = p->predicted[j - 1];
    }
    p->row[j] = row;
    p->target[j] = target;
    p->predicted[j] = what;
}

// Appends a node's tokens; all are predicted but a root's first.  `before` is the row
// of the token before the node, -1 at a root.
static inline void pack_tokens(struct test_pack *p, const struct token_tree *t,
                               int node, int32_t before, int leaf)
{
    for (int k = 0; k < t->count[node]; k++) {
        int32_t row = p->pack.n_tokens++;
        p->tokens[row] = t->tokens[node][k];
        p->positions[row] = t->start[node] + k;
        if (before >= 0)
            pack_output(p, before, p->tokens[row], (struct predicted){node, k, leaf});
        before = row;
    }
    int end = t->start[node] + t->count[node];
    if (end > p->pack.max_context)
        p->pack.max_context = end;
}

// A span a node, `copies` times over.
static inline struct test_pack *pack_copies(const struct token_tree *t, int copies)
{
    struct test_pack *p = pack_start();
    for (int n = 0; n < copies; n++) {
        int first = p->pack.n_spans;
        for (int i = 0; i < t->n_nodes; i++) {
            int up = t->parent[i] < 0 ? -1 : first + t->parent[i];
            struct attention_span *span = &p->spans[p->pack.n_spans++];
            *span =
                (struct attention_span){p->pack.n_tokens, t->count[i], up, t->start[i]};
            int32_t before = up < 0 ? -1 : p->spans[up].begin + p->spans[up].count - 1;
            pack_tokens(p, t, i, before, -1);
        }
    }
    return p;
}

static inline struct test_pack *pack_tree(const struct token_tree *t)
{
    return pack_copies(t, 1);
}

// Every leaf's path on its own and in one span, as if the tree shared nothing.
static inline struct test_pack *pack_paths(const struct token_tree *t)
{
    struct test_pack *p = pack_start();
    for (int leaf = 0; leaf < t->n_nodes; leaf++) {
        int path[TREE_NODES], begin = p->pack.n_tokens;
        if (!node_is_leaf(t, leaf))
            continue;
        int n = path_nodes(t, leaf, path);
        for (int k = 0; k < n; k++)
            pack_tokens(p, t, path[k], k ? p->pack.n_tokens - 1 : -1, leaf);
        p->spans[p->pack.n_spans++] =
            (struct attention_span){begin, p->pack.n_tokens - begin, -1, 0};
    }
    return p;
}

#endif
