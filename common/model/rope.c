#include "rope.h"

#include "shape.h"

#include "base/mem.h"
#include "tensor/ops.h"

#include <math.h>

static const double two_pi = 6.28318530717958647692;

static enum status check_positive(const char *field, double value)
{
    if (isfinite(value) && value > 0)
        return OK;
    return status_fail(ERR_INPUT, "rope: %s %g is not above 0", field, value);
}

static enum status check_llama3(const struct rope_scaling *r)
{
    TRY(check_positive("low_freq_factor", r->low_frequency));
    TRY(check_positive("high_freq_factor", r->high_frequency));
    if (r->high_frequency <= r->low_frequency)
        return status_fail(ERR_INPUT,
                           "rope: high_freq_factor %g is not above "
                           "low_freq_factor %g",
                           r->high_frequency, r->low_frequency);
    return check_positive("original_max_position_embeddings", r->original_positions);
}

static enum status check_yarn(const struct model_config *c)
{
    const struct rope_scaling *r = &c->rope;
    if (c->rope_theta <= 1)
        return status_fail(ERR_INPUT, "rope: yarn needs a rope_theta above 1");
    TRY(check_positive("beta_fast", r->beta_fast));
    TRY(check_positive("beta_slow", r->beta_slow));
    TRY(check_positive("attention_factor", r->attention_factor));
    return check_positive("original_max_position_embeddings", r->original_positions);
}

enum status rope_check(const struct model_config *c)
{
    const struct rope_scaling *r = &c->rope;
    if (r->type == ROPE_DEFAULT)
        return OK;
    TRY(check_positive("factor", r->factor));
    switch (r->type) {
    case ROPE_LINEAR:
        return OK;
    case ROPE_LLAMA3:
        return check_llama3(r);
    case ROPE_YARN:
        return check_yarn(c);
    default:
        return status_fail(ERR_INPUT, "rope: type %d is unknown", (int)r->type);
    }
}

// Llama 3.1 (Meta 2024): long waves are stretched by the factor, short ones not at all,
// those between in proportion to the turns they make over the original length.
static double llama3_frequency(double f, const struct rope_scaling *r)
{
    double turns = r->original_positions * f / two_pi;
    if (turns < r->low_frequency)
        return f / r->factor;
    if (turns > r->high_frequency)
        return f;
    double smooth = (turns - r->low_frequency) / (r->high_frequency - r->low_frequency);
    return (1 - smooth) * f / r->factor + smooth * f;
}

// The (fractional) frequency index that makes `turns` turns over the original length.
static double yarn_index(double turns, const struct model_config *c)
{
    return c->head_dim * log(c->rope.original_positions / (turns * two_pi)) /
           (2 * log(c->rope_theta));
}

// YaRN (Peng et al. 2023), eq. 23: between two indices, a ramp from the original to the
// stretched frequency.
static void yarn_frequencies(double *inv_freq, const struct model_config *c)
{
    const struct rope_scaling *r = &c->rope;
    double low = yarn_index(r->beta_fast, c), high = yarn_index(r->beta_slow, c);
    low = fmax(r->truncate ? floor(low) : low, 0);
    high = fmin(r->truncate ? ceil(high) : high, c->head_dim - 1);
    if (low == high)
        high += 0.001;
    for (int j = 0; j < c->head_dim / 2; j++) {
        double ramp = fmin(fmax((j - low) / (high - low), 0), 1);
        inv_freq[j] = inv_freq[j] / r->factor * ramp + inv_freq[j] * (1 - ramp);
    }
}

// theta^(-2j / head_dim) (RoFormer, Su et al. 2021), then the stretch.
double rope_frequencies(double *inv_freq, const struct model_config *c)
{
    const struct rope_scaling *r = &c->rope;
    int half = c->head_dim / 2;
    for (int j = 0; j < half; j++)
        inv_freq[j] = pow(c->rope_theta, -2.0 * j / c->head_dim);
    for (int j = 0; j < half && r->type == ROPE_LINEAR; j++)
        inv_freq[j] /= r->factor;
    for (int j = 0; j < half && r->type == ROPE_LLAMA3; j++)
        inv_freq[j] = llama3_frequency(inv_freq[j], r);
    if (r->type != ROPE_YARN)
        return 1;
    yarn_frequencies(inv_freq, c);
    return r->attention_factor;
}

static double yarn_mscale(double factor, double mscale)
{
    return factor <= 1 ? 1 : 0.1 * mscale * log(factor) + 1;
}

double yarn_attention_factor(double factor, double mscale, double mscale_all_dim)
{
    if (mscale != 0 && mscale_all_dim != 0)
        return yarn_mscale(factor, mscale) / yarn_mscale(factor, mscale_all_dim);
    return yarn_mscale(factor, 1);
}

enum status rope_tables_new(float **cosine, float **sine, const struct model_config *c)
{
    size_t n = (size_t)c->max_positions * (size_t)(c->head_dim / 2);
    double inv_freq[MODEL_MAX_HEAD_DIM / 2];
    TRY(mem_new(cosine, n, sizeof **cosine));
    TRY(mem_new(sine, n, sizeof **sine));
    double scale = rope_frequencies(inv_freq, c);
    rope_fill(*cosine, *sine, inv_freq, c->max_positions, c->head_dim);
    for (size_t i = 0; scale != 1 && i < n; i++) {
        (*cosine)[i] *= (float)scale;
        (*sine)[i] *= (float)scale;
    }
    return OK;
}
