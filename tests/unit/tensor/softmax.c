// The vocabulary's softmax: statistics, gradient, sampling.
#include "tensor_test.h"

static const int sizes[] = {1, 2, 15, 16, 17, 100, 1024, 5003};
enum { N_SIZES = sizeof sizes / sizeof *sizes, ROWS = 20 };
static const float inv_temperature = 1.25F;

// ln sum_j e^{z_j} and, where wanted, the entropy, in double.
static double log_sum(const float *logits, int V, double *entropy)
{
    double max = -INFINITY, sum = 0.0, weighted = 0.0;
    for (int j = 0; j < V; j++)
        max = fmax(max, (double)inv_temperature * (double)logits[j]);
    for (int j = 0; j < V; j++) {
        double z = (double)inv_temperature * (double)logits[j] - max;
        sum += exp(z);
        weighted += z > -700.0 ? exp(z) * z : 0.0;
    }
    if (entropy)
        *entropy = log(sum) - weighted / sum;
    return max + log(sum);
}

static float *random_logits(int V, int ld)
{
    float *logits = random_floats((size_t)(ROWS * ld), 1);
    for (int i = 0; i < ROWS * ld; i++)
        logits[i] *= 4.0F;
    if (V > 2) { // a masked token, and one that is all but certain
        logits[1] = -INFINITY;
        logits[ld + 2] = 300.0F;
    }
    return logits;
}

static void check_stats(int V)
{
    int ld = V + 3;
    float *logits = random_logits(V, ld), log_prob[ROWS], entropy[ROWS];
    int32_t *targets = random_ints(ROWS, V, 2);
    targets[0] = 0;
    softmax_stats(log_prob, entropy, logits, ld, targets, inv_temperature, ROWS, V);
    for (int i = 0; i < ROWS; i++) {
        const float *row = logits + i * ld;
        double h = 0.0, z = (double)inv_temperature * (double)row[targets[i]];
        double want = z - log_sum(row, V, &h);
        float alone[2];
        assert_near((double)log_prob[i], want, 1e-6 * (1.0 + fabs(want)));
        assert_near((double)entropy[i], h, 4e-6);
        assert_true(entropy[i] >= 0.0F);
        softmax_stats(alone, NULL, row, ld, targets + i, inv_temperature, 1, V);
        softmax_stats(NULL, alone + 1, row, ld, targets + i, inv_temperature, 1, V);
        assert_same_bits(alone, log_prob + i, 1);
        assert_same_bits(alone + 1, entropy + i, 1);
    }
    mem_free(logits);
    mem_free(targets);
}

static void stats_body(void)
{
    for (int i = 0; i < N_SIZES; i++)
        check_stats(sizes[i]);
}

static void stats(void **state)
{
    (void)state;
    on_threads(stats_body);
}

static void check_backward(int V)
{
    int ld = V + 3;
    float *logits = random_logits(V, ld),
          *old = copy_floats(logits, (size_t)(ROWS * ld));
    float *coef = random_floats(ROWS, 3);
    int32_t *targets = random_ints(ROWS, V, 4);
    softmax_backward(logits, ld, targets, coef, inv_temperature, ROWS, V);
    for (int i = 0; i < ROWS; i++) {
        double total = log_sum(old + i * ld, V, NULL);
        for (int j = 0; j < ld; j++) {
            double p = exp((double)inv_temperature * (double)old[i * ld + j] - total);
            double want = (double)coef[i] * (double)inv_temperature *
                          ((j == targets[i] ? 1.0 : 0.0) - p);
            assert_near((double)logits[i * ld + j],
                        j < V ? want : (double)old[i * ld + j], 1e-6);
        }
    }
    mem_free(logits);
    mem_free(old);
    mem_free(coef);
    mem_free(targets);
}

static void backward_body(void)
{
    for (int i = 0; i < N_SIZES; i++)
        check_backward(sizes[i]);
}

static void backward(void **state)
{
    (void)state;
    on_threads(backward_body);
}

// The token at u has the cumulative probability before it <= u < after it, but for the
// rounding of float exponentials.
static void check_sampling(int V)
{
    float *logits = random_logits(V, V);
    double total = log_sum(logits, V, NULL);
    for (int trial = 0; trial < 400; trial++) {
        double u = rng_uniform(test_key(5), (uint64_t)trial), below = 0.0;
        int32_t token = sample_token(logits, inv_temperature, u, V);
        assert_in_range(token, 0, V - 1);
        assert_true(logits[token] > -INFINITY);
        for (int j = 0; j < token; j++)
            below += exp((double)inv_temperature * (double)logits[j] - total);
        double p = exp((double)inv_temperature * (double)logits[token] - total);
        assert_true(below <= u + 2e-6 && u <= below + p + 2e-6);
        assert_int_equal(sample_token(logits, inv_temperature, u, V), token);
    }
    mem_free(logits);
}

static void sampling(void **state)
{
    (void)state;
    for (int i = 0; i < N_SIZES; i++)
        check_sampling(sizes[i]);
}

static void sampling_at_the_edges(void **state)
{
    (void)state;
    enum { V = 40 };
    float logits[V];
    for (int j = 0; j < V; j++)
        logits[j] = -INFINITY;
    logits[5] = 0.0F;
    logits[20] = 0.0F;
    assert_int_equal(sample_token(logits, 1.0F, 0.0, V), 5);
    assert_int_equal(sample_token(logits, 1.0F, 0.49999999, V), 5);
    assert_int_equal(sample_token(logits, 1.0F, 0.5, V), 20); // 0.5 does not exceed 0.5
    assert_int_equal(sample_token(logits, 1.0F, nextafter(1.0, 0.0), V), 20);
    logits[20] = -INFINITY;
    logits[9] = 0.0F;
    assert_int_equal(sample_token(logits, 1.0F, 0.5, V), 9);
}

static void argmax(void **state)
{
    (void)state;
    float logits[] = {-3.0F, 2.0F, 7.0F, -INFINITY, 7.0F, 1.0F};
    assert_int_equal(argmax_token(logits, 6), 2);
    assert_int_equal(argmax_token(logits, 2), 1);
    assert_int_equal(argmax_token(logits, 1), 0);
    float *many = random_floats(1000, 6);
    many[777] = 100.0F;
    assert_int_equal(argmax_token(many, 1000), 777);
    mem_free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stats),    cmocka_unit_test(backward),
        cmocka_unit_test(sampling), cmocka_unit_test(sampling_at_the_edges),
        cmocka_unit_test(argmax),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
