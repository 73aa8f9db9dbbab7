// The same model in double precision and in the plainest form: one path, no batching,
// no cache, every sum as the formula has it.  What the engine's numbers are checked
// against.
#ifndef TEST_MODEL_REFERENCE_H
#define TEST_MODEL_REFERENCE_H

#include "fixture.h"

#include <math.h>

enum { REF_DIM = 64, REF_FFN = 64, REF_PATH = 512, REF_VOCAB = 64 };

struct reference {
    const struct model_config *c;
    const struct model_layout *l;
    const double *w;
    int n;
    double x[REF_PATH][REF_DIM]; // the residual stream
    double q[REF_PATH][REF_DIM], k[REF_PATH][REF_DIM], v[REF_PATH][REF_DIM];
    double logits[REF_PATH][REF_VOCAB];
};

static inline const double *ref_bias(const struct reference *r, size_t offset)
{
    return offset == (size_t)-1 ? NULL : r->w + offset;
}

static inline void ref_matrix(double *y, const double *w, const double *bias,
                              const double *x, int outputs, int inputs)
{
    for (int i = 0; i < outputs; i++) {
        y[i] = bias ? bias[i] : 0;
        for (int j = 0; j < inputs; j++)
            y[i] += w[i * inputs + j] * x[j];
    }
}

static inline void ref_norm_of(double *y, const double *x, const double *gain, int n,
                               double epsilon)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * x[i];
    double scale = 1 / sqrt(sum / n + epsilon);
    for (int i = 0; i < n; i++)
        y[i] = x[i] * scale * gain[i];
}

static inline void ref_norm(double *y, const double *x, const double *gain,
                            const struct model_config *c)
{
    ref_norm_of(y, x, gain, c->dim, (double)c->rms_epsilon);
}

static inline void ref_heads(double *x, int heads, const double *gain,
                             const struct model_config *c)
{
    for (int h = 0; c->qk_norm && h < heads; h++, x += c->head_dim)
        ref_norm_of(x, x, gain, c->head_dim, (double)c->rms_epsilon);
}

static inline void ref_rotate(double *x, int heads, int position,
                              const struct model_config *c)
{
    int half = c->head_dim / 2;
    for (int h = 0; h < heads; h++, x += c->head_dim)
        for (int j = 0; j < half; j++) {
            double angle = position * pow(c->rope_theta, -2.0 * j / c->head_dim);
            double a = x[j], b = x[j + half];
            x[j] = a * cos(angle) - b * sin(angle);
            x[j + half] = b * cos(angle) + a * sin(angle);
        }
}

static inline void ref_attend(double *out, const struct reference *r, int row)
{
    const struct model_config *c = r->c;
    int group = c->heads / c->kv_heads, hd = c->head_dim;
    for (int h = 0; h < c->heads; h++) {
        double p[REF_PATH], sum = 0;
        int at = h / group * hd;
        for (int t = 0; t <= row; t++) {
            double dot = 0;
            for (int j = 0; j < hd; j++)
                dot += r->q[row][h * hd + j] * r->k[t][at + j];
            p[t] = exp(dot / sqrt(hd));
            sum += p[t];
        }
        for (int j = 0; j < hd; j++) {
            out[h * hd + j] = 0;
            for (int t = 0; t <= row; t++)
                out[h * hd + j] += p[t] / sum * r->v[t][at + j];
        }
    }
}

static inline void ref_add(double *x, const double *w, const double *bias,
                           const double *from, int outputs, int inputs)
{
    double y[REF_DIM];
    ref_matrix(y, w, bias, from, outputs, inputs);
    for (int i = 0; i < outputs; i++)
        x[i] += y[i];
}

static inline void ref_layer(struct reference *r, int layer)
{
    const struct model_config *c = r->c;
    const struct layer_offsets *o = &r->l->layers[layer];
    int q = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim, dim = c->dim;
    const double *bias = ref_bias(r, o->qkv_bias);
    double h[REF_DIM], wide[2 * REF_FFN], attended[REF_DIM];
    for (int t = 0; t < r->n; t++) {
        const double *w = r->w + o->qkv;
        ref_norm(h, r->x[t], r->w + o->attn_norm, c);
        ref_matrix(r->q[t], w, bias, h, q, dim);
        ref_matrix(r->k[t], w + q * dim, bias ? bias + q : NULL, h, kv, dim);
        ref_matrix(r->v[t], w + (q + kv) * dim, bias ? bias + q + kv : NULL, h, kv,
                   dim);
        ref_heads(r->q[t], c->heads, ref_bias(r, o->q_norm), c);
        ref_heads(r->k[t], c->kv_heads, ref_bias(r, o->k_norm), c);
        ref_rotate(r->q[t], c->heads, t, c);
        ref_rotate(r->k[t], c->kv_heads, t, c);
    }
    for (int t = 0; t < r->n; t++) {
        ref_attend(attended, r, t);
        ref_add(r->x[t], r->w + o->out, ref_bias(r, o->out_bias), attended, dim, q);
        ref_norm(h, r->x[t], r->w + o->ffn_norm, c);
        ref_matrix(wide, r->w + o->gate_up, ref_bias(r, o->gate_up_bias), h, 2 * c->ffn,
                   dim);
        for (int i = 0; i < c->ffn; i++)
            wide[i] = wide[i] / (1 + exp(-wide[i])) * wide[c->ffn + i];
        ref_add(r->x[t], r->w + o->down, ref_bias(r, o->down_bias), wide, dim, c->ffn);
    }
}

// Fills r->logits for the path `tokens` (n).
static inline void reference_run(struct reference *r, const struct model_config *c,
                                 const struct model_layout *l, const double *w,
                                 const int32_t *tokens, int n)
{
    assert_true(c->dim <= REF_DIM && c->ffn <= REF_FFN && n <= REF_PATH);
    assert_true(c->vocab <= REF_VOCAB && c->heads * c->head_dim <= REF_DIM);
    r->c = c;
    r->l = l;
    r->w = w;
    r->n = n;
    for (int t = 0; t < n; t++)
        for (int i = 0; i < c->dim; i++)
            r->x[t][i] = w[l->embedding + (size_t)(tokens[t] * c->dim + i)];
    for (int i = 0; i < c->layers; i++)
        ref_layer(r, i);
    for (int t = 0; t < n; t++) {
        double h[REF_DIM];
        ref_norm(h, r->x[t], w + l->final_norm, c);
        ref_matrix(r->logits[t], w + l->head, NULL, h, c->vocab, c->dim);
    }
}

static inline double ref_log_prob(const double *logits, int vocab,
                                  double inv_temperature, int32_t target,
                                  double *entropy)
{
    double sum = 0, mean = 0;
    for (int i = 0; i < vocab; i++) {
        double e = exp(inv_temperature * logits[i]);
        sum += e;
        mean += e * inv_temperature * logits[i];
    }
    *entropy = log(sum) - mean / sum;
    return inv_temperature * logits[target] - log(sum);
}

// log_prob and entropy (node, index) of every predicted token of a tree.
struct reference_tree {
    double log_prob[TREE_NODES][TREE_LONGEST], entropy[TREE_NODES][TREE_LONGEST];
};

static inline void reference_tree_run(struct reference_tree *out, const struct model *m,
                                      const double *w, double inv_temperature,
                                      const struct token_tree *t)
{
    struct reference *r = calloc(1, sizeof *r);
    assert_non_null(r);
    for (int leaf = 0; leaf < t->n_nodes; leaf++) {
        int32_t tokens[REF_PATH];
        int path[TREE_NODES], n = 0;
        int nodes = node_is_leaf(t, leaf) ? path_nodes(t, leaf, path) : 0;
        for (int i = 0; i < nodes; i++)
            for (int k = 0; k < t->count[path[i]] && n < REF_PATH; k++)
                tokens[n++] = t->tokens[path[i]][k];
        reference_run(r, &m->config, &m->layout, w, tokens, n);
        for (int i = 0; i < nodes; i++)
            for (int k = 0; k < t->count[path[i]]; k++) {
                int at = t->start[path[i]] + k;
                if (at > 0)
                    out->log_prob[path[i]][k] = ref_log_prob(
                        r->logits[at - 1], m->config.vocab, inv_temperature, tokens[at],
                        &out->entropy[path[i]][k]);
            }
    }
    free(r);
}

#endif
