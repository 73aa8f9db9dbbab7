// Statistics, gradient and sampling of softmax(inv_temperature * logits), row by row.
#include "cut.h"

#include "base/par.h"
#include "tensor/ops.h"
#include "tensor/simd.h"

#include <math.h>

struct rows {
    float *log_prob, *entropy;
    float *gradient; // the logits, to be overwritten
    const float *logits, *coef;
    const int32_t *targets;
    size_t ld;
    float inv_temperature;
    int M, V;
};

// A tail is filled with -inf: it has probability 0 and is no maximum.
static vf scaled(const float *logits, int j, int V, float inv_temperature)
{
    vf x = vf_load_part(logits + j, V - j, -INFINITY);
    return vf_mul(x, vf_set1(inv_temperature));
}

static float row_max(const float *logits, float inv_temperature, int V)
{
    vf most = vf_set1(-INFINITY);
    for (int j = 0; j < V; j += VF_LANES)
        most = vf_max(scaled(logits, j, V, inv_temperature), most);
    return vf_largest(most);
}

static float row_sum(const float *logits, float inv_temperature, int V, float max)
{
    vf sum = vf_zero();
    for (int j = 0; j < V; j += VF_LANES)
        sum = vf_add(
            sum, vf_exp(vf_sub(scaled(logits, j, V, inv_temperature), vf_set1(max))));
    return vf_sum(sum);
}

// H = ln S - sum e^z z / S, z = x - max, S = sum e^z.  z is kept finite: 0 x inf is
// NaN.
static float row_entropy(const float *logits, float inv_temperature, int V, float max,
                         float sum, double log_sum)
{
    vf total = vf_zero();
    for (int j = 0; j < V; j += VF_LANES) {
        vf z = vf_sub(scaled(logits, j, V, inv_temperature), vf_set1(max));
        total = vf_fma(vf_exp(z), vf_max(z, vf_set1(-88.0F)), total);
    }
    double h = log_sum - (double)vf_sum(total) / (double)sum;
    return h > 0.0 ? (float)h : 0.0F;
}

static void stats_row(const struct rows *r, int i)
{
    const float *logits = r->logits + (size_t)i * r->ld;
    float max = row_max(logits, r->inv_temperature, r->V);
    float sum = row_sum(logits, r->inv_temperature, r->V, max);
    double log_sum = log_fixed((double)sum);
    if (r->log_prob) {
        float z = logits[r->targets[i]] * r->inv_temperature - max;
        r->log_prob[i] = (float)((double)z - log_sum);
    }
    if (r->entropy)
        r->entropy[i] =
            row_entropy(logits, r->inv_temperature, r->V, max, sum, log_sum);
}

static void stats_task(void *context, int index, int thread)
{
    const struct rows *r = context;
    (void)thread;
    int rows = rows_a_task(r->V), end = min_int((index + 1) * rows, r->M);
    for (int i = index * rows; i < end; i++)
        stats_row(r, i);
}

void softmax_stats(float *log_prob, float *entropy, const float *logits, int ld,
                   const int32_t *targets, float inv_temperature, int M, int V)
{
    struct rows r = {.log_prob = log_prob,
                     .entropy = entropy,
                     .logits = logits,
                     .targets = targets,
                     .ld = (size_t)ld,
                     .inv_temperature = inv_temperature,
                     .M = M,
                     .V = V};
    par_for(ceil_div(M, rows_a_task(V)), stats_task, &r);
}

static void backward_row(const struct rows *r, int i)
{
    float *logits = r->gradient + (size_t)i * r->ld;
    float max = row_max(logits, r->inv_temperature, r->V);
    float sum = row_sum(logits, r->inv_temperature, r->V, max);
    float coef = r->coef[i] * r->inv_temperature;
    vf scale = vf_set1(-coef / sum);
    for (int j = 0; j < r->V; j += VF_LANES) {
        vf z = vf_sub(scaled(logits, j, r->V, r->inv_temperature), vf_set1(max));
        vf_store_part(logits + j, vf_mul(vf_exp(z), scale), r->V - j);
    }
    logits[r->targets[i]] += coef;
}

static void backward_task(void *context, int index, int thread)
{
    const struct rows *r = context;
    (void)thread;
    int rows = rows_a_task(r->V), end = min_int((index + 1) * rows, r->M);
    for (int i = index * rows; i < end; i++)
        backward_row(r, i);
}

void softmax_backward(float *logits, int ld, const int32_t *targets, const float *coef,
                      float inv_temperature, int M, int V)
{
    struct rows r = {.gradient = logits,
                     .coef = coef,
                     .targets = targets,
                     .ld = (size_t)ld,
                     .inv_temperature = inv_temperature,
                     .M = M,
                     .V = V};
    par_for(ceil_div(M, rows_a_task(V)), backward_task, &r);
}

// The token within the sixteen from j on at which `below` first passes `target`; the
// last likely one where rounding keeps it from passing.
static int32_t token_in_block(vf e, int j, double below, double target)
{
    float lanes[VF_LANES];
    int32_t token = j;
    vf_store(lanes, e);
    for (int k = 0; k < VF_LANES; k++) {
        if (lanes[k] <= 0.0F)
            continue;
        token = j + k;
        below += (double)lanes[k];
        if (below > target)
            break;
    }
    return token;
}

int32_t sample_token(const float *logits, float inv_temperature, double u, int V)
{
    float max = row_max(logits, inv_temperature, V);
    double total = 0.0, below = 0.0;
    for (int j = 0; j < V; j += VF_LANES)
        total += (double)vf_sum(
            vf_exp(vf_sub(scaled(logits, j, V, inv_temperature), vf_set1(max))));
    double target = u * total;
    int32_t last = 0;
    for (int j = 0; j < V; j += VF_LANES) {
        vf e = vf_exp(vf_sub(scaled(logits, j, V, inv_temperature), vf_set1(max)));
        double sum = (double)vf_sum(e);
        if (below + sum > target)
            return token_in_block(e, j, below, target);
        if (sum > 0.0)
            last = token_in_block(e, j, 0.0, INFINITY);
        below += sum;
    }
    return last;
}

int32_t argmax_token(const float *logits, int V)
{
    float max = row_max(logits, 1.0F, V);
    for (int32_t t = 0; t < V; t++)
        if (logits[t] == max)
            return t;
    return 0;
}
