#include "rope.h"
#include "shape.h"

#include "base/hash.h"

#include <math.h>

struct bound {
    const char *field;
    int64_t value, least, most;
};

static enum status check_bounds(const struct bound *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (b[i].value < b[i].least || b[i].value > b[i].most)
            return status_fail(ERR_INPUT, "model: %s is %lld, not in [%lld, %lld]",
                               b[i].field, (long long)b[i].value, (long long)b[i].least,
                               (long long)b[i].most);
    return OK;
}

// Only combinations that some family has, so that every model can be saved.
static enum status check_family(const struct model_config *c)
{
    if (c->out_bias && !c->qkv_bias)
        return status_fail(ERR_INPUT, "model: out_bias without qkv_bias");
    if (c->qkv_bias != c->out_bias && (c->qk_norm || c->mlp_bias))
        return status_fail(ERR_INPUT, "model: qkv_bias without out_bias goes with "
                                      "neither qk_norm nor mlp_bias");
    if (c->qk_norm && c->mlp_bias)
        return status_fail(ERR_INPUT, "model: qk_norm does not go with mlp_bias");
    if (c->mistral && (c->qkv_bias || c->mlp_bias || c->qk_norm))
        return status_fail(ERR_INPUT, "model: a mistral has no biases and no qk_norm");
    return OK;
}

// The bounds keep every size of the model, in floats, far below 2^63.
enum status model_config_check(const struct model_config *c)
{
    const struct bound bounds[] = {
        {"vocab", c->vocab, 1, 1 << 20},
        {"dim", c->dim, 1, 1 << 16},
        {"layers", c->layers, 1, 1 << 10},
        {"heads", c->heads, 1, 1 << 10},
        {"kv_heads", c->kv_heads, 1, c->heads},
        {"head_dim", c->head_dim, 2, MODEL_MAX_HEAD_DIM},
        {"ffn", c->ffn, 1, 1 << 18},
        {"max_positions", c->max_positions, 1, 1 << 20},
        {"qkv_bias", c->qkv_bias, 0, 1},
        {"tied", c->tied, 0, 1},
        {"out_bias", c->out_bias, 0, 1},
        {"mlp_bias", c->mlp_bias, 0, 1},
        {"qk_norm", c->qk_norm, 0, 1},
        {"mistral", c->mistral, 0, 1},
        {"eos", c->eos, -1, (int64_t)c->vocab - 1},
        {"bos", c->bos, -1, (int64_t)c->vocab - 1},
    };
    TRY(check_bounds(bounds, sizeof bounds / sizeof bounds[0]));
    if (c->heads % c->kv_heads)
        return status_fail(ERR_INPUT, "model: %d heads do not divide among %d kv_heads",
                           c->heads, c->kv_heads);
    if (c->head_dim % 2)
        return status_fail(ERR_INPUT, "model: head_dim %d is odd", c->head_dim);
    if (!(c->rms_epsilon > 0 && c->rms_epsilon < 1))
        return status_fail(ERR_INPUT, "model: rms_epsilon %g is not in (0, 1)",
                           (double)c->rms_epsilon);
    if (!isfinite(c->rope_theta) || c->rope_theta < 1)
        return status_fail(ERR_INPUT, "model: rope_theta %g is below 1", c->rope_theta);
    TRY(check_family(c));
    return status_wrap(rope_check(c), "model");
}

uint64_t model_config_hash(const struct model_config *c)
{
    const struct rope_scaling *r = &c->rope;
    const int64_t shape[] = {
        c->vocab,     c->dim,      c->layers,        c->heads,
        c->kv_heads,  c->head_dim, c->ffn,           c->qkv_bias,
        c->tied,      c->out_bias, c->mlp_bias,      c->qk_norm,
        (int)r->type, r->truncate, c->max_positions, r->original_positions,
    };
    const double numbers[] = {
        (double)c->rms_epsilon, c->rope_theta, r->factor,    r->low_frequency,
        r->high_frequency,      r->beta_fast,  r->beta_slow, r->attention_factor,
    };
    uint64_t hash = hash_bytes(HASH_START, shape, sizeof shape);
    return hash_bytes(hash, numbers, sizeof numbers);
}
