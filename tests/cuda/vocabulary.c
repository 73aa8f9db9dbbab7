// Log-probs, entropies, losses and draws over the vocabulary against the CPU's.
#include "device_test.h"

enum { M = 9 };

struct table {
    float *logits, *d_logits;
    int32_t targets[M], *d_targets;
    int V, ld;
};

static struct table table_new(int V, float scale)
{
    struct table t = {.V = V, .ld = (V + 7) / 8 * 8};
    size_t n = (size_t)M * (size_t)t.ld;
    t.logits = random_floats(n, (uint64_t)V);
    for (size_t i = 0; i < n; i++)
        t.logits[i] *= scale;
    for (int i = 0; i < M; i++)
        t.targets[i] = (i * 37 + 5) % V;
    t.d_logits = device_array(GPU_F32, t.logits, n);
    t.d_targets = device_bytes(t.targets, sizeof t.targets);
    return t;
}

static void stats(int V, float scale, float inv_temperature)
{
    struct table t = table_new(V, scale);
    float lp[M], entropy[M], *d_lp = device_new(sizeof lp),
                             *d_entropy = device_new(sizeof lp);
    softmax_stats(lp, entropy, t.logits, t.ld, t.targets, inv_temperature, M, V);
    gpu_softmax_stats(device, d_lp, d_entropy, t.d_logits, t.ld, t.d_targets,
                      inv_temperature, M, V);
    assert_device(GPU_F32, "log-probs", d_lp, lp, M);
    assert_device(GPU_F32, "entropies", d_entropy, entropy, M);
    mem_free(t.logits);
}

static void stats_agree(void **state)
{
    (void)state;
    stats(1, 1.0f, 1.0f);
    stats(7, 2.0f, 0.7f);
    stats(1000, 1.0f, 1.0f);
    stats(4099, 30.0f, 1.3f); // one token has nearly all
    stats(8191, 1.0f, 1.0f);  // a vector less than all threads read at once
    stats(8197, 1.0f, 1.0f);
    stats(20001, 0.01f, 1.0f);
}

static float *array(uint64_t stream, float scale, float **d)
{
    float *x = random_floats(M, stream);
    for (int i = 0; i < M; i++)
        x[i] *= scale;
    *d = device_array(GPU_F32, x, M);
    return x;
}

// The gradient by given coefficients, and by the policy's loss.
static void losses(enum gpu_type type, int V, int by_rule)
{
    struct table t = table_new(V, 2.0f);
    size_t n = (size_t)M * (size_t)t.ld;
    float lp[M], *d_lp = device_new(sizeof lp), *d[5], *x[5];
    void *d_grad = device_new(n * 4);
    softmax_stats(lp, NULL, t.logits, t.ld, t.targets, 0.8f, M, V);
    for (uint64_t i = 0; i < 5; i++)
        x[i] = array(50 + i, i < 3 ? 1.0f : 0.2f, &d[i]);
    for (int i = 0; i < M;
         i++) { // near the policy that sampled, on both sides of the clip
        x[3][i] += lp[i];
        x[4][i] += lp[i];
    }
    d[3] = device_array(GPU_F32, x[3], M);
    d[4] = device_array(GPU_F32, x[4], M);
    struct gpu_loss loss = {.coef = by_rule ? NULL : d[0],
                            .rule = {0.2f, 0.2f, 0.1f},
                            .weight = d[1],
                            .advantage = d[2],
                            .behaviour = d[3],
                            .reference = d[4]};
    for (int i = 0; by_rule && i < M; i++) {
        const struct loss_token token = {x[1][i], x[2][i], lp[i], x[3][i], x[4][i]};
        x[0][i] = loss_of_token(&loss.rule, &token).d_log_prob;
    }
    gpu_loss_backward(device, type, d_grad, d_lp, t.d_logits, t.ld, t.d_targets, &loss,
                      0.8f, M, V);
    softmax_backward(t.logits, t.ld, t.targets, x[0], 0.8f, M, V);
    for (int i = 0; i < M; i++)
        for (int c = V; c < t.ld; c++)
            t.logits[(size_t)i * (size_t)t.ld + (size_t)c] = 0.0f;
    assert_device(type, "gradient of the logits", d_grad, t.logits, n);
    assert_device(GPU_F32, "log-probs of the loss", d_lp, lp, M);
    for (int i = 0; i < 5; i++)
        mem_free(x[i]);
    mem_free(t.logits);
}

static void losses_agree(void **state)
{
    // The last does not fit into shared memory.
    const int sizes[] = {3, 1003, 4096, 60003};
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < 8; i++) {
            losses(both_types[t], sizes[i / 2], i % 2);
            (void)device_clear(state);
        }
}

// Many draws of each row: the same tokens as the CPU's, the same log-probs.
static void draws(int V)
{
    enum { N = 200 };
    struct table t = table_new(V, 3.0f);
    struct gpu_draw draws[N];
    struct gpu_drawn drawn[N];
    for (int i = 0; i < N; i++)
        draws[i] =
            (struct gpu_draw){i % M, i % 10 == 0, 0.9f,
                              i == 1 ? 0.0 : rng_uniform(test_key(9), (uint64_t)i)};
    struct gpu_drawn *d = device_new(sizeof drawn);
    gpu_sample(device, d, t.d_logits, t.ld, device_bytes(draws, sizeof draws),
               device_new(gpu_sample_scratch(N, t.V)), N, t.V);
    gpu_download(device, GPU_MAIN, drawn, d, sizeof drawn);
    device_wait();
    int different = 0;
    for (int i = 0; i < N; i++) {
        const float *row = t.logits + (size_t)draws[i].row * (size_t)t.ld;
        float temperature = draws[i].greedy ? 1.0f : 0.9f, lp, entropy;
        int32_t want = draws[i].greedy
                           ? argmax_token(row, t.V)
                           : sample_token(row, temperature, draws[i].u, t.V);
        different += want != drawn[i].token;
        softmax_stats(&lp, &entropy, row, t.ld, &drawn[i].token, temperature, 1, t.V);
        assert_near((double)drawn[i].log_prob, (double)lp, 1e-4);
        assert_near((double)drawn[i].entropy, (double)entropy, 1e-4);
    }
    // u may fall between the two roundings of one cumulative sum.
    assert_true(different <= 1);
    mem_free(t.logits);
}

// The lowest of equal logits, wherever in the row they stand.
static void ties_go_to_the_lowest(void **state)
{
    (void)state;
    enum { V = 9000, N = 40 }; // of three chunks
    float *logits = random_floats((size_t)N * V, 71);
    struct gpu_draw draws[N];
    struct gpu_drawn drawn[N];
    int32_t lowest[N];
    for (int i = 0; i < N; i++) {
        float *row = logits + (size_t)i * V;
        lowest[i] = i * 211;
        for (int t = lowest[i]; t < V; t += i % 2 ? 7 : 1 + i)
            row[t] = 5.0f;
        draws[i] = (struct gpu_draw){i, 1, 1.0f, 0.5};
    }
    struct gpu_drawn *d = device_new(sizeof drawn);
    gpu_sample(device, d, device_array(GPU_F32, logits, (size_t)N * V), V,
               device_bytes(draws, sizeof draws), device_new(gpu_sample_scratch(N, V)),
               N, V);
    gpu_download(device, GPU_MAIN, drawn, d, sizeof drawn);
    device_wait();
    for (int i = 0; i < N; i++)
        assert_int_equal(drawn[i].token, lowest[i]);
    mem_free(logits);
}

// The three kernels that compute a log-prob: the same bits.
static void log_probs_are_one(void **state)
{
    (void)state;
    const float inv_temperature = 1.0f / 0.7f;
    struct table t = table_new(9001, 4.0f);
    size_t n = (size_t)M * (size_t)t.ld;
    float *d_stats = device_new(M * 4), *d_loss = device_new(M * 4), *coef;
    float got[3][M];
    struct gpu_draw draws[M];
    struct gpu_drawn drawn[M], *d_drawn = device_new(sizeof drawn);
    for (int i = 0; i < M; i++)
        draws[i] = (struct gpu_draw){i, 0, inv_temperature,
                                     rng_uniform(test_key(8), (uint64_t)i)};
    gpu_sample(device, d_drawn, t.d_logits, t.ld, device_bytes(draws, sizeof draws),
               device_new(gpu_sample_scratch(M, t.V)), M, t.V);
    gpu_download(device, GPU_MAIN, drawn, d_drawn, sizeof drawn);
    device_wait();
    for (int i = 0; i < M; i++) {
        t.targets[i] = drawn[i].token;
        got[0][i] = drawn[i].log_prob;
    }
    t.d_targets = device_bytes(t.targets, sizeof t.targets);
    mem_free(array(72, 1.0f, &coef));
    const struct gpu_loss loss = {.coef = coef};
    gpu_softmax_stats(device, d_stats, NULL, t.d_logits, t.ld, t.d_targets,
                      inv_temperature, M, t.V);
    gpu_loss_backward(device, GPU_BF16, device_new(n * 2), d_loss, t.d_logits, t.ld,
                      t.d_targets, &loss, inv_temperature, M, t.V);
    gpu_download(device, GPU_MAIN, got[1], d_stats, sizeof got[1]);
    gpu_download(device, GPU_MAIN, got[2], d_loss, sizeof got[2]);
    device_wait();
    assert_same_bits(got[1], got[0], M);
    assert_same_bits(got[2], got[0], M);
    mem_free(t.logits);
}

static void draws_agree(void **state)
{
    const int sizes[] = {1, 2501, 4096, 4097, 9003}; // a chunk is 4096 tokens
    for (int i = 0; i < 5; i++) {
        draws(sizes[i]);
        (void)device_clear(state);
    }
}

// A draw's log-prob is the learner's of that token, bit for bit.
static void log_probs_are_the_learners(void **state)
{
    (void)state;
    enum { V = 4999 };
    struct table t = table_new(V, 2.0f);
    struct gpu_draw rows[M];
    struct gpu_drawn drawn[M], *d = device_new(sizeof drawn);
    float lp[M], entropy[M], *d_lp = device_new(sizeof lp),
                             *d_entropy = device_new(sizeof lp);
    for (int i = 0; i < M; i++)
        rows[i] = (struct gpu_draw){i, 0, 1.25f, 0.1 * i};
    gpu_sample(device, d, t.d_logits, t.ld, device_bytes(rows, sizeof rows),
               device_new(gpu_sample_scratch(M, V)), M, V);
    gpu_download(device, GPU_MAIN, drawn, d, sizeof drawn);
    device_wait();
    for (int i = 0; i < M; i++)
        t.targets[i] = drawn[i].token;
    gpu_softmax_stats(device, d_lp, d_entropy, t.d_logits, t.ld,
                      device_bytes(t.targets, sizeof t.targets), 1.25f, M, V);
    gpu_download(device, GPU_MAIN, lp, d_lp, sizeof lp);
    gpu_download(device, GPU_MAIN, entropy, d_entropy, sizeof entropy);
    device_wait();
    for (int i = 0; i < M; i++) {
        assert_same_bits(&drawn[i].log_prob, &lp[i], 1);
        assert_same_bits(&drawn[i].entropy, &entropy[i], 1);
    }
    mem_free(t.logits);
}

static void logits_that_are_no_numbers(void **state)
{
    (void)state;
    float logits[16];
    struct gpu_drawn drawn;
    for (int i = 0; i < 16; i++)
        logits[i] = i == 3 ? NAN : 1.0f;
    const struct gpu_draw draw = {0, 0, 1.0f, 0.5};
    struct gpu_drawn *d = device_new(sizeof drawn);
    gpu_sample(device, d, device_array(GPU_F32, logits, 16), 16,
               device_bytes(&draw, sizeof draw), device_new(gpu_sample_scratch(1, 16)),
               1, 16);
    gpu_download(device, GPU_MAIN, &drawn, d, sizeof drawn);
    device_wait();
    assert_true(isnan(drawn.log_prob));
    assert_in_range(drawn.token, 0, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(stats_agree, device_clear),
        cmocka_unit_test_teardown(losses_agree, device_clear),
        cmocka_unit_test_teardown(draws_agree, device_clear),
        cmocka_unit_test_teardown(ties_go_to_the_lowest, device_clear),
        cmocka_unit_test_teardown(log_probs_are_one, device_clear),
        cmocka_unit_test_teardown(log_probs_are_the_learners, device_clear),
        cmocka_unit_test_teardown(logits_that_are_no_numbers, device_clear),
    };
    return cmocka_run_group_tests(tests, device_setup, device_teardown);
}
