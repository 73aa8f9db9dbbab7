// Rows and heads on the device against the CPU's.
#include "device_test.h"

#include "tensor/cuda/groups.h"

enum { M = 37, D = 104, V = 51, P = 23 };

// Rows and widths that fill no block, one, and just more than one; widths are
// multiples of 8.
static const struct {
    int rows, width;
} sizes[] = {{37, 104}, {1, 8}, {63, 1032}, {65, 504}, {600, 24}, {3, 4104}, {2, 8200}};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void embeddings(enum gpu_type type)
{
    float *table = random_floats((size_t)V * D, 1), *X = new_floats((size_t)M * D);
    int32_t *tokens = random_ints(M, V, 2), order[M], first[M + 1], token[M];
    void *d_table = device_array(type, table, (size_t)V * D);
    int32_t *d_tokens = device_bytes(tokens, M * sizeof *tokens);
    float *d_X = device_new((size_t)M * D * sizeof *d_X);
    gpu_embedding(device, type, d_X, d_table, d_tokens, M, D);
    embedding_forward(X, table, tokens, M, D);
    assert_device(GPU_F32, "embedding", d_X, X, (size_t)M * D);

    float *dX = random_floats((size_t)M * D, 3),
          *want = random_floats((size_t)V * D, 4);
    float *d_grad = device_array(GPU_F32, want, (size_t)V * D);
    float *d_dX = device_array(GPU_F32, dX, (size_t)M * D);
    int n = token_groups(order, first, token, tokens, M);
    gpu_embedding_backward(device, d_grad, d_dX, device_bytes(order, sizeof order),
                           device_bytes(first, sizeof first),
                           device_bytes(token, sizeof token), n, D);
    embedding_backward(want, dX, tokens, M, D);
    assert_device(GPU_F32, "embedding's gradient", d_grad, want, (size_t)V * D);
    mem_free(table);
    mem_free(X);
    mem_free(tokens);
    mem_free(dX);
    mem_free(want);
}

static void norms(enum gpu_type type, int rows, int width)
{
    size_t n = (size_t)rows * (size_t)width, across = (size_t)width;
    float *X = random_floats(n, 5), *gain = random_floats(across, 6),
          *Y = new_floats(n);
    float *dY = random_floats(n, 7), *dX = random_floats(n, 8),
          *d_gain = random_floats(across, 9);
    float *inv = new_floats((size_t)rows);
    void *d_gains = device_array(type, gain, across), *d_dY = device_array(type, dY, n);
    void *d_Y = device_new(n * 4), *d_copy = device_new(n * 4);
    float *d_X = device_array(GPU_F32, X, n), *d_inv = device_new((size_t)rows * 4);
    float *d_dX = device_array(GPU_F32, dX, n),
          *d_dgain = device_array(GPU_F32, d_gain, across);
    float *parts = device_new((size_t)GPU_PARTS * across * 4);
    const struct gpu_norm norm = {.gain = d_gains, .epsilon = 1e-5f};
    gpu_rmsnorm(device, type, d_Y, d_inv, d_X, &norm, rows, width);
    rmsnorm_forward(Y, inv, X, gain, 1e-5f, rows, width);
    assert_device(type, "rmsnorm", d_Y, Y, n);
    assert_device(GPU_F32, "inv_rms", d_inv, inv, (size_t)rows);
    const struct gpu_norm_grad back = {d_dX, d_copy,  d_dY,  d_dgain, d_dY,
                                       d_X,  d_gains, d_inv, parts};
    gpu_rmsnorm_backward(device, type, &back, rows, width);
    rmsnorm_backward(dX, d_gain, dY, X, gain, inv, rows, width);
    assert_device(GPU_F32, "rmsnorm's gradient", d_dX, dX, n);
    assert_device(type, "its copy", d_copy, dX, n);
    assert_device(type, "rmsnorm again", d_dY, Y, n);
    assert_device(GPU_F32, "the gain's gradient", d_dgain, d_gain, across);
    mem_free(X);
    mem_free(gain);
    mem_free(Y);
    mem_free(dY);
    mem_free(dX);
    mem_free(d_gain);
    mem_free(inv);
}

// Maps of rows, gather, scatter with several outputs of one row.
static void maps(void)
{
    float *X = random_floats((size_t)M * D, 10), *d = random_floats((size_t)P * D, 11);
    float *gathered = new_floats((size_t)P * D), *spread = new_floats((size_t)M * D);
    int32_t row[P];
    for (int j = 0; j < P; j++) {
        row[j] = j * 2 / 3 + (j > 9 ? 5 : 0);
        memcpy(gathered + (size_t)j * D, X + (size_t)row[j] * D, D * sizeof *X);
        for (int c = 0; c < D; c++)
            spread[(size_t)row[j] * D + (size_t)c] += d[(size_t)j * D + (size_t)c];
    }
    float *d_X = device_array(GPU_F32, X, (size_t)M * D);
    float *d_out = device_new((size_t)M * D * 4);
    int32_t *d_row = device_bytes(row, sizeof row);
    gpu_gather(device, d_out, d_X, d_row, P, D);
    assert_device(GPU_F32, "gather", d_out, gathered, (size_t)P * D);
    float *d_d = device_array(GPU_F32, d, (size_t)P * D);
    gpu_scatter(device, d_out, d_d, d_row, P, M, D);
    assert_device(GPU_F32, "scatter", d_out, spread, (size_t)M * D);
    mem_free(X);
    mem_free(d);
    mem_free(gathered);
    mem_free(spread);
}

static void swiglus(enum gpu_type type, int rows, int width)
{
    size_t n = (size_t)rows * (size_t)width, across = (size_t)width;
    float *GU = random_floats(2 * n, 12), *dY = random_floats(n, 13);
    float *Y = new_floats(n), *dGU = new_floats(2 * n),
          *bias = random_floats(across, 14);
    void *d_GU = device_array(type, GU, 2 * n), *d_dY = device_array(type, dY, n);
    void *d_Y = device_new(n * 4), *d_bias = device_array(type, bias, across);
    gpu_swiglu(device, type, d_Y, d_GU, rows, width);
    swiglu_forward(Y, GU, rows, width);
    assert_device(type, "swiglu", d_Y, Y, n);
    void *d_again = device_array(type, dY, n);
    gpu_swiglu_backward(device, type, d_GU, d_again, d_again, d_GU, rows, width);
    swiglu_backward(dGU, dY, GU, rows, width);
    assert_device(type, "swiglu's gradient", d_GU, dGU, 2 * n);
    assert_device(type, "swiglu again", d_again, Y, n);

    float *X = random_floats(n, 15), *db = random_floats(across, 16);
    float *d_X = device_array(GPU_F32, X, n), *d_db = device_array(GPU_F32, db, across);
    float *parts = device_new((size_t)GPU_PARTS * across * 4);
    gpu_add_bias(device, type, d_X, d_bias, rows, width);
    gpu_bias_backward(device, type, d_db, d_dY, parts, rows, width);
    for (size_t i = 0; i < n; i++) {
        X[i] += bias[i % across];
        db[i % across] += dY[i];
    }
    assert_device(GPU_F32, "bias", d_X, X, n);
    assert_device(GPU_F32, "the bias's gradient", d_db, db, across);
    mem_free(GU);
    mem_free(dY);
    mem_free(Y);
    mem_free(dGU);
    mem_free(bias);
    mem_free(X);
    mem_free(db);
}

static void heads(enum gpu_type type, int with_norm, int head_dim)
{
    enum { H = 6, KV = 2, POSITIONS = 64, SLOTS = 128 };
    const int width = (H + 2 * KV) * head_dim;
    const size_t HD = (size_t)head_dim, WIDTH = (size_t)width, n = M * WIDTH;
    float *QKV = random_floats(n, 20), *cosine = new_floats(POSITIONS * HD / 2);
    float *sine = new_floats(POSITIONS * HD / 2), *gains = random_floats(2 * HD, 21);
    double frequency[128];
    int32_t *positions = random_ints(M, POSITIONS, 22), slots[M];
    for (int j = 0; j < head_dim / 2; j++)
        frequency[j] = 1.0 / (1 + j);
    for (int i = 0; i < M; i++)
        slots[i] = SLOTS - 1 - 3 * i;
    rope_fill(cosine, sine, frequency, POSITIONS, head_dim);
    void *in = device_array(type, QKV, n), *out = device_new(n * 4);
    void *in_place = device_array(type, QKV, n);
    void *d_gains = device_array(type, gains, 2 * HD);
    char *k_gain = (char *)d_gains + HD * gpu_type_bytes(type);
    void *cache = device_new((size_t)SLOTS * 2 * KV * HD * 4);
    float *d_inv = device_new((size_t)M * (H + KV) * 4);
    const struct gpu_rotate r = {
        .heads = H,
        .kv_heads = KV,
        .head_dim = head_dim,
        .cosine = device_array(GPU_F32, cosine, POSITIONS * HD / 2),
        .sine = device_array(GPU_F32, sine, POSITIONS * HD / 2),
        .positions = device_bytes(positions, M * sizeof *positions),
        .q_gain = with_norm ? d_gains : NULL,
        .k_gain = with_norm ? k_gain : NULL,
        .epsilon = 1e-6f,
        .cache = cache,
        .slots = device_bytes(slots, sizeof slots),
    };
    gpu_rotate(device, type, out, d_inv, in, &r, M);
    float *want = copy_floats(QKV, n), *q_inv = new_floats(M * H),
          *k_inv = new_floats(M * KV);
    if (with_norm) {
        headnorm_forward(want, width, q_inv, gains, 1e-6f, M, H, head_dim);
        headnorm_forward(want + H * HD, width, k_inv, gains + HD, 1e-6f, M, KV,
                         head_dim);
    }
    rope_apply(want, width, positions, cosine, sine, M, H + KV, head_dim, 1);
    assert_device(type, "rotated heads", out, want, n);
    float *cached = host_array(type, cache, (size_t)SLOTS * 2 * KV * HD);
    for (int i = 0; i < M; i++)
        assert_close(type, "cached key and value",
                     cached + (size_t)slots[i] * 2 * KV * HD,
                     want + (size_t)i * WIDTH + H * HD, 2 * KV * HD);

    struct gpu_rotate no_cache = r;
    no_cache.slots = NULL;
    gpu_rotate(device, type, in_place, NULL, in_place, &no_cache, M);
    assert_device(type, "heads rotated in place", in_place, want, n);

    float *d = random_floats(n, 23), *dq = random_floats(HD, 24),
          *dk = random_floats(HD, 25);
    void *d_d = device_array(type, d, n);
    float *d_dq = device_array(GPU_F32, dq, HD), *d_dk = device_array(GPU_F32, dk, HD);
    float *parts = device_new((size_t)GPU_PARTS * 2 * HD * 4);
    gpu_rotate_backward(device, type, d_d, d_dq, d_dk, in, d_inv, &r, parts, M);
    rope_apply(d, width, positions, cosine, sine, M, H + KV, head_dim, -1);
    if (with_norm) {
        headnorm_backward(d, dq, QKV, width, gains, q_inv, M, H, head_dim);
        headnorm_backward(d + H * HD, dk, QKV + H * HD, width, gains + HD, k_inv, M, KV,
                          head_dim);
    }
    assert_device(type, "the heads' gradient", d_d, d, n);
    assert_device(GPU_F32, "the gain of q", d_dq, dq, HD);
    assert_device(GPU_F32, "the gain of k", d_dk, dk, HD);
    mem_free(QKV);
    mem_free(cosine);
    mem_free(sine);
    mem_free(gains);
    mem_free(positions);
    mem_free(want);
    mem_free(q_inv);
    mem_free(k_inv);
    mem_free(cached);
    mem_free(d);
    mem_free(dq);
    mem_free(dk);
}

static void rows_agree(void **state)
{
    for (int t = 0; t < 2; t++) {
        embeddings(both_types[t]);
        (void)device_clear(state);
        for (int i = 0; i < SIZES; i++) {
            norms(both_types[t], sizes[i].rows, sizes[i].width);
            (void)device_clear(state);
            swiglus(both_types[t], sizes[i].rows, sizes[i].width);
            (void)device_clear(state);
        }
    }
    maps();
}

static void heads_agree(void **state)
{
    const int sides[] = {8, 40, 80, 128, 256};
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < 10; i++) {
            heads(both_types[t], i % 2, sides[i / 2]);
            (void)device_clear(state);
        }
}

static void optimizer_agrees(void **state)
{
    (void)state;
    enum { N = 1003 };
    float *w = random_floats(N, 30), *m = random_floats(N, 31),
          *v = random_floats(N, 32);
    float *grad = random_floats(N, 33);
    for (int i = 0; i < N; i++)
        v[i] *= v[i];
    const struct adamw a = {.lr = 1e-2f,
                            .beta1 = 0.9f,
                            .beta2 = 0.98f,
                            .epsilon = 1e-8f,
                            .weight_decay = 0.1f,
                            .grad_scale = 0.3f,
                            .step = 3};
    float *d_w = device_array(GPU_F32, w, N), *d_m = device_array(GPU_F32, m, N);
    float *d_v = device_array(GPU_F32, v, N), *d_grad = device_array(GPU_F32, grad, N);
    void *image = device_new(N * 4);
    gpu_adamw(device, GPU_BF16, image, d_w, d_m, d_v, d_grad, N, &a, 1);
    adamw_update(w, m, v, grad, N, &a, 1);
    assert_device(GPU_F32, "weights", d_w, w, N);
    assert_device(GPU_F32, "first moment", d_m, m, N);
    assert_device(GPU_F32, "second moment", d_v, v, N);
    assert_device(GPU_BF16, "image", image, w, N);
    double norm = 0.0, *d_norm = device_new(sizeof norm);
    gpu_squared_norm(device, d_norm, d_grad, device_new(GPU_PARTS * sizeof norm), N);
    gpu_download(device, GPU_MAIN, &norm, d_norm, sizeof norm);
    device_wait();
    assert_near(norm, squared_norm(grad, N), 1e-6 * norm);
    gpu_cast(device, GPU_BF16, image, d_grad, N);
    assert_device(GPU_BF16, "cast", image, grad, N);
    mem_free(w);
    mem_free(m);
    mem_free(v);
    mem_free(grad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(rows_agree, device_clear),
        cmocka_unit_test_teardown(heads_agree, device_clear),
        cmocka_unit_test_teardown(optimizer_agrees, device_clear),
    };
    return cmocka_run_group_tests(tests, device_setup, device_teardown);
}
