#include "tensors.h"

#include "shape.h"

#include "base/mem.h"

#include <stdio.h>

enum { PER_LAYER = 18, GLOBAL = 3 };

struct list {
    struct model_tensor *items;
    size_t n;
    size_t offset;
};

static struct model_tensor *add(struct list *l, int rows, int columns)
{
    struct model_tensor *t = &l->items[l->n++];
    t->rank = rows ? 2 : 1;
    t->rows = rows ? (size_t)rows : 1;
    t->columns = (size_t)columns;
    t->offset = l->offset;
    l->offset += t->rows * t->columns;
    return t;
}

// rows 0: a vector.
static void add_global(struct list *l, int rows, int columns, const char *name)
{
    struct model_tensor *t = add(l, rows, columns);
    (void)snprintf(t->name, sizeof t->name, "%s", name);
}

static void add_local(struct list *l, int rows, int columns, const char *name,
                      int layer)
{
    struct model_tensor *t = add(l, rows, columns);
    (void)snprintf(t->name, sizeof t->name, "model.layers.%d.%s", layer, name);
}

static void add_attention(struct list *l, const struct model_config *c, int i)
{
    int q = q_width(c), kv = kv_width(c);
    add_local(l, 0, c->dim, "input_layernorm.weight", i);
    add_local(l, q, c->dim, "self_attn.q_proj.weight", i);
    add_local(l, kv, c->dim, "self_attn.k_proj.weight", i);
    add_local(l, kv, c->dim, "self_attn.v_proj.weight", i);
    if (c->qkv_bias) {
        add_local(l, 0, q, "self_attn.q_proj.bias", i);
        add_local(l, 0, kv, "self_attn.k_proj.bias", i);
        add_local(l, 0, kv, "self_attn.v_proj.bias", i);
    }
    add_local(l, c->dim, q, "self_attn.o_proj.weight", i);
    if (c->out_bias)
        add_local(l, 0, c->dim, "self_attn.o_proj.bias", i);
    if (c->qk_norm) {
        add_local(l, 0, c->head_dim, "self_attn.q_norm.weight", i);
        add_local(l, 0, c->head_dim, "self_attn.k_norm.weight", i);
    }
}

static void add_ffn(struct list *l, const struct model_config *c, int i)
{
    add_local(l, 0, c->dim, "post_attention_layernorm.weight", i);
    add_local(l, c->ffn, c->dim, "mlp.gate_proj.weight", i);
    add_local(l, c->ffn, c->dim, "mlp.up_proj.weight", i);
    if (c->mlp_bias) {
        add_local(l, 0, c->ffn, "mlp.gate_proj.bias", i);
        add_local(l, 0, c->ffn, "mlp.up_proj.bias", i);
    }
    add_local(l, c->dim, c->ffn, "mlp.down_proj.weight", i);
    if (c->mlp_bias)
        add_local(l, 0, c->dim, "mlp.down_proj.bias", i);
}

enum status model_tensors_new(struct model_tensor **out, size_t *n,
                              const struct model *m)
{
    const struct model_config *c = &m->config;
    struct list l = {0};
    size_t most = (size_t)c->layers * PER_LAYER + GLOBAL;
    TRY(mem_new(&l.items, most, sizeof *l.items));
    add_global(&l, c->vocab, c->dim, "model.embed_tokens.weight");
    for (int i = 0; i < c->layers; i++) {
        add_attention(&l, c, i);
        add_ffn(&l, c, i);
    }
    add_global(&l, 0, c->dim, "model.norm.weight");
    if (!c->tied)
        add_global(&l, c->vocab, c->dim, "lm_head.weight");
    *out = l.items;
    *n = l.n;
    return OK;
}
