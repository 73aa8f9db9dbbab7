#include "tensors.h"

#include "shape.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

enum { PER_LAYER = 9, BIASES = 3, GLOBAL = 3 };

struct list {
    struct model_tensor *items;
    size_t n;
    size_t offset;
};

__attribute__((format(printf, 4, 5))) static void
add(struct list *l, int rows, int columns, const char *format, ...)
{
    struct model_tensor *t = &l->items[l->n++];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(t->name, sizeof t->name, format, args);
    va_end(args);
    t->rank = rows ? 2 : 1;
    t->rows = rows ? (size_t)rows : 1;
    t->columns = (size_t)columns;
    t->offset = l->offset;
    l->offset += t->rows * t->columns;
}

static void add_layer(struct list *l, const struct model_config *c, int i)
{
    int q = q_width(c), kv = kv_width(c);
    add(l, 0, c->dim, "model.layers.%d.input_layernorm.weight", i);
    add(l, q, c->dim, "model.layers.%d.self_attn.q_proj.weight", i);
    add(l, kv, c->dim, "model.layers.%d.self_attn.k_proj.weight", i);
    add(l, kv, c->dim, "model.layers.%d.self_attn.v_proj.weight", i);
    if (c->qkv_bias) {
        add(l, 0, q, "model.layers.%d.self_attn.q_proj.bias", i);
        add(l, 0, kv, "model.layers.%d.self_attn.k_proj.bias", i);
        add(l, 0, kv, "model.layers.%d.self_attn.v_proj.bias", i);
    }
    add(l, c->dim, q, "model.layers.%d.self_attn.o_proj.weight", i);
    add(l, 0, c->dim, "model.layers.%d.post_attention_layernorm.weight", i);
    add(l, c->ffn, c->dim, "model.layers.%d.mlp.gate_proj.weight", i);
    add(l, c->ffn, c->dim, "model.layers.%d.mlp.up_proj.weight", i);
    add(l, c->dim, c->ffn, "model.layers.%d.mlp.down_proj.weight", i);
}

enum status model_tensors_new(struct model_tensor **out, size_t *n,
                              const struct model *m)
{
    const struct model_config *c = &m->config;
    struct list l = {0};
    size_t most = (size_t)c->layers * (PER_LAYER + BIASES) + GLOBAL;
    TRY(mem_new(&l.items, most, sizeof *l.items));
    add(&l, c->vocab, c->dim, "model.embed_tokens.weight");
    for (int i = 0; i < c->layers; i++)
        add_layer(&l, c, i);
    add(&l, 0, c->dim, "model.norm.weight");
    if (!c->tied)
        add(&l, c->vocab, c->dim, "lm_head.weight");
    *out = l.items;
    *n = l.n;
    return OK;
}
