#include "model.h"

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

// The bounds keep every size of the model, in floats, far below 2^63.
enum status model_config_check(const struct model_config *c)
{
    const struct bound bounds[] = {
        {"vocab", c->vocab, 1, 1 << 20},
        {"dim", c->dim, 1, 1 << 16},
        {"layers", c->layers, 1, 1 << 10},
        {"heads", c->heads, 1, 1 << 10},
        {"kv_heads", c->kv_heads, 1, c->heads},
        {"head_dim", c->head_dim, 2, 1 << 10},
        {"ffn", c->ffn, 1, 1 << 18},
        {"max_positions", c->max_positions, 1, 1 << 20},
        {"qkv_bias", c->qkv_bias, 0, 1},
        {"tied", c->tied, 0, 1},
        {"eos", c->eos, 0, (int64_t)c->vocab - 1},
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
    return OK;
}
