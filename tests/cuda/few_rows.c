// Products of few rows against plain loops, odd sizes included, and bit for bit against
// themselves in batches of other sizes.
#include "tensor/cuda/few_rows.h"

#include "device_test.h"

enum { MOST = 130, SLOTS = 140, POSITIONS = 50 };

struct product {
    int M, N, K;
    float *x, *w, *bias, *want; // want (M, N) = x w^T + bias
    void *d_x, *d_w, *d_bias;
};

static struct product product_new(int M, int N, int K)
{
    struct product p = {.M = M, .N = N, .K = K};
    size_t m = (size_t)M, n = (size_t)N, k = (size_t)K;
    p.x = random_floats(m * k, 1);
    p.w = random_floats(n * k, 2);
    p.bias = random_floats(n, 3);
    p.want = new_floats(m * n);
    p.d_x = device_array(GPU_BF16, p.x, m * k);
    p.d_w = device_array(GPU_BF16, p.w, n * k);
    p.d_bias = device_array(GPU_BF16, p.bias, n);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = p.bias[j];
            for (size_t c = 0; c < k; c++)
                sum += (double)p.x[i * k + c] * (double)p.w[j * k + c];
            p.want[i * n + j] = (float)sum;
        }
    return p;
}

static void product_free(struct product *p)
{
    mem_free(p->x);
    mem_free(p->w);
    mem_free(p->bias);
    mem_free(p->want);
}

static struct few_product call_of(const struct product *p)
{
    return (struct few_product){p->M,   p->N,      p->K,          p->d_x,
                                p->d_w, p->d_bias, {p->d_w, 1000}};
}

static void plain(const struct product *p)
{
    struct few_product call = call_of(p);
    size_t n = (size_t)p->M * (size_t)p->N;
    void *y = device_new(n * 2);
    gpu_few_plain(device, y, &call);
    assert_device(GPU_BF16, "product", y, p->want, n);
}

// Columns behind the vocabulary stay as they were.
static void logits(const struct product *p)
{
    struct few_product call = call_of(p);
    size_t ld = (size_t)p->N + 8, n = (size_t)p->M * ld;
    float *y = device_new(n * sizeof *y);
    gpu_zero(device, GPU_MAIN, y, n * sizeof *y);
    gpu_few_logits(device, y, (int)ld, &call);
    float *got = host_array(GPU_F32, y, n);
    for (int i = 0; i < p->M; i++) {
        assert_close(GPU_F32, "logits", got + (size_t)i * ld,
                     p->want + (size_t)(i * p->N), (size_t)p->N);
        for (int c = p->N; c < p->N + 8; c++)
            assert_true(got[(size_t)i * ld + (size_t)c] == 0.0f);
    }
    mem_free(got);
}

static void swiglu(const struct product *p)
{
    struct few_product call = call_of(p);
    int F = p->N / 2;
    float *want = new_floats((size_t)(p->M * F));
    void *y = device_new((size_t)(p->M * F) * 2);
    for (int i = 0; i < p->M; i++)
        for (int f = 0; f < F; f++) {
            double gate = p->want[i * p->N + f], up = p->want[i * p->N + F + f];
            want[i * F + f] = (float)(gate / (1 + exp(-gate)) * up);
        }
    gpu_few_swiglu(device, y, &call);
    // Gate and up are rounded as well.
    float *got = host_array(GPU_BF16, y, (size_t)(p->M * F));
    assert_true(far_apart(got, want, (size_t)(p->M * F)) < 3 * tolerance_of(GPU_BF16));
    mem_free(got);
    mem_free(want);
}

static void products_agree(void **state)
{
    const int shapes[][3] = {{1, 16, 8},     {3, 200, 152}, {16, 136, 64},
                             {17, 64, 328},  {64, 272, 72}, {65, 144, 136},
                             {128, 48, 200}, {33, 1040, 24}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct product p = product_new(shapes[i][0], shapes[i][1], shapes[i][2]);
        plain(&p);
        logits(&p);
        swiglu(&p);
        product_free(&p);
        (void)device_clear(state);
    }
}

// ---- the residual stream

static void stream(int M, int D, int K, int norm)
{
    struct product p = product_new(M, D, K);
    struct few_product call = call_of(&p);
    size_t n = (size_t)M * (size_t)D;
    float *x = random_floats(n, 5), *gain = random_floats((size_t)D, 6),
          *row = new_floats(n);
    float *stream = device_array(GPU_F32, x, n),
          *hidden = device_new((size_t)(SLOTS * D * 4));
    void *d_gain = device_array(GPU_BF16, gain, (size_t)D), *d_row = device_new(n * 2);
    struct few_cut cut = few_cut_of(D, K);
    float *parts = device_new((size_t)cut.splits * n * sizeof *parts);
    int32_t place[MOST];
    for (int i = 0; i < M; i++)
        place[i] = SLOTS - 1 - i;
    gpu_few_parts(device, parts, &call);
    const struct few_stream s = {.M = M,
                                 .D = D,
                                 .stream = stream,
                                 .parts = parts,
                                 .splits = cut.splits,
                                 .bias = p.d_bias,
                                 .row = norm ? d_row : NULL,
                                 .gain = d_gain,
                                 .epsilon = 1e-5f,
                                 .hidden = norm ? NULL : hidden,
                                 .place = device_bytes(place, sizeof place)};
    gpu_few_stream(device, &s, 0);
    for (size_t i = 0; i < n; i++)
        x[i] += p.want[i];
    assert_device(GPU_F32, "stream", stream, x, n);
    rmsnorm_forward(row, NULL, x, gain, 1e-5f, M, D);
    if (norm)
        assert_device(GPU_BF16, "norm", d_row, row, n);
    for (int i = 0; !norm && i < M; i++)
        assert_device(GPU_F32, "hidden", hidden + place[i] * D, x + i * D, (size_t)D);
    mem_free(x);
    mem_free(gain);
    mem_free(row);
    product_free(&p);
}

static void streams_agree(void **state)
{
    stream(1, 8, 8, 1);
    stream(17, 72, 1000, 1);
    stream(64, 96, 2000, 0);
    (void)device_clear(state);
    stream(70, 136, 456, 1);
    (void)device_clear(state);
}

static void stream_of_tokens(void **state)
{
    (void)state;
    enum { M = 5, D = 40, V = 9 };
    const int32_t tokens[M] = {8, 0, 3, 3, 1};
    float *table = random_floats(V * D, 7), *gain = random_floats(D, 8), want[M * D],
          row[M * D];
    void *d_row = device_new(M * D * 2);
    const struct few_stream s = {.M = M,
                                 .D = D,
                                 .stream = device_new(M * D * 4),
                                 .table = device_array(GPU_BF16, table, V * D),
                                 .tokens = device_bytes(tokens, sizeof tokens),
                                 .row = d_row,
                                 .gain = device_array(GPU_BF16, gain, D),
                                 .epsilon = 1e-6f};
    gpu_few_stream(device, &s, 1);
    for (int i = 0; i < M; i++)
        memcpy(want + i * D, table + tokens[i] * D, D * sizeof *want);
    assert_device(GPU_F32, "embedding", s.stream, want, M * D);
    rmsnorm_forward(row, NULL, want, gain, 1e-6f, M, D);
    assert_device(GPU_BF16, "norm of the embedding", d_row, row, M * D);
    mem_free(table);
    mem_free(gain);
}

// ---- heads

struct heads_case {
    struct gpu_rotate r;
    int32_t positions[MOST], slots[MOST];
    size_t cache; // elements
};

static struct heads_case heads_new(int heads, int kv_heads, int head_dim)
{
    struct heads_case h = {
        .r = {.heads = heads, .kv_heads = kv_heads, .head_dim = head_dim}};
    size_t n = (size_t)(POSITIONS * head_dim / 2);
    float *cosine = new_floats(n), *sine = new_floats(n);
    for (size_t i = 0; i < n; i++) {
        cosine[i] = (float)cos(0.1 * (double)i);
        sine[i] = (float)sin(0.1 * (double)i);
    }
    for (int i = 0; i < MOST; i++) {
        h.positions[i] = i * 7 % POSITIONS;
        h.slots[i] = (i * 11 + 3) % SLOTS; // 11 and 140 share no factor
    }
    h.cache = (size_t)(SLOTS * 2 * kv_heads * head_dim);
    h.r.cosine = device_array(GPU_F32, cosine, n);
    h.r.sine = device_array(GPU_F32, sine, n);
    h.r.positions = device_bytes(h.positions, sizeof h.positions);
    h.r.slots = device_bytes(h.slots, sizeof h.slots);
    mem_free(cosine);
    mem_free(sine);
    return h;
}

static void *zeros(size_t bytes)
{
    void *p = device_new(bytes);
    gpu_zero(device, GPU_MAIN, p, bytes);
    return p;
}

// As the product followed by gpu_rotate.
static void heads(int M, int heads, int kv_heads, int head_dim, int K)
{
    struct heads_case h = heads_new(heads, kv_heads, head_dim);
    int N = (heads + 2 * kv_heads) * head_dim, width = heads * head_dim;
    struct product p = product_new(M, N, K);
    struct few_product call = call_of(&p);
    size_t n = (size_t)M * (size_t)N;
    void *want = device_array(GPU_BF16, p.want, n), *qkv = zeros(n * 2);
    void *caches[2] = {zeros(h.cache * 2), zeros(h.cache * 2)};
    h.r.cache = caches[0];
    gpu_rotate(device, GPU_BF16, want, NULL, want, &h.r, M);
    h.r.cache = caches[1];
    gpu_few_heads(device, qkv, &h.r, &call);
    float *wanted = host_array(GPU_BF16, caches[0], h.cache);
    assert_device(GPU_BF16, "keys and values", caches[1], wanted, h.cache);
    float *q = host_array(GPU_BF16, want, n), *got = host_array(GPU_BF16, qkv, n);
    for (int i = 0; i < M; i++)
        assert_close(GPU_BF16, "queries", got + i * N, q + i * N, (size_t)width);
    mem_free(wanted);
    mem_free(q);
    mem_free(got);
    product_free(&p);
}

static void heads_agree(void **state)
{
    const int shapes[][5] = {{1, 1, 1, 64, 8},
                             {20, 3, 1, 80, 72},
                             {64, 2, 2, 96, 136},
                             {100, 4, 1, 128, 64}};
    for (int i = 0; i < 4; i++) {
        heads(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3], shapes[i][4]);
        (void)device_clear(state);
    }
}

// ---- a row's bits are its own

enum { COPIES = 5, LARGEST = 100 };
static const int batches[COPIES] = {1, 3, 17, 64, LARGEST};

// The row alone, and as the last of larger batches; rows of floats or halves.
static void assert_last_rows(const char *what, void *const y[COPIES], size_t bytes)
{
    char *alone = test_new(bytes, 1), *other = test_new(bytes, 1);
    gpu_download(device, GPU_MAIN, alone, y[0], bytes);
    for (int i = 1; i < COPIES; i++) {
        gpu_download(device, GPU_MAIN, other,
                     (char *)y[i] + (size_t)(batches[i] - 1) * bytes, bytes);
        device_wait();
        if (memcmp(alone, other, bytes) != 0)
            fail_msg("%s: other bits in a batch of %d rows", what, batches[i]);
    }
    mem_free(alone);
    mem_free(other);
}

static void rows_are_alone(void **state)
{
    (void)state;
    enum { N = 192, K = 1000 };
    struct product p = product_new(LARGEST, N, K);
    struct few_cut cut = few_cut_of(N, K);
    void *y[5][COPIES];
    assert_true(cut.splits > 1);
    for (int i = 0; i < COPIES; i++) {
        struct few_product call = call_of(&p);
        struct heads_case h = heads_new(1, 1, 64);
        int32_t positions[MOST] = {0};
        void *parts = device_new((size_t)(cut.splits * LARGEST * N) * 4);
        call.M = batches[i];
        call.x = (char *)p.d_x +
                 (size_t)(LARGEST - batches[i]) * K * 2; // its last row is the same
        for (int k = 0; k < 5; k++)
            y[k][i] = zeros(LARGEST * N * 4);
        gpu_few_plain(device, y[0][i], &call);
        gpu_few_logits(device, y[1][i], N, &call);
        gpu_few_swiglu(device, y[2][i], &call);
        h.r.cache = zeros(h.cache * 2);
        h.r.positions = device_bytes(positions, sizeof positions);
        gpu_few_heads(device, y[3][i], &h.r, &call);
        gpu_few_parts(device, parts, &call);
        const struct few_stream s = {.M = call.M,
                                     .D = N,
                                     .stream = y[4][i],
                                     .parts = parts,
                                     .splits = cut.splits};
        gpu_few_stream(device, &s, 0);
    }
    assert_last_rows("product", y[0], N * 2);
    assert_last_rows("logits", y[1], N * 4);
    assert_last_rows("swiglu", y[2], N / 2 * 2);
    assert_last_rows("heads", y[3], N * 2);
    assert_last_rows("parts", y[4], N * 4);
    product_free(&p);
}

// Every chunk of K belongs to one split, and no split is empty.
static void cuts_cover(void **state)
{
    (void)state;
    for (int N = 8; N < 20000; N += 872)
        for (int K = 8; K < 20000; K += 1192) {
            struct few_cut c = few_cut_of(N, K);
            int chunks = (K + FEW_CHUNK - 1) / FEW_CHUNK;
            assert_in_range(c.warps, 1, 4);
            assert_in_range(c.splits, 1, FEW_SPLITS);
            assert_true(c.chunks * c.splits >= chunks &&
                        c.chunks * (c.splits - 1) < chunks);
        }
    // Qwen2.5-1.5B: about a block for each of an H100's 132 multiprocessors.
    struct few_cut out = few_cut_of(1536, 1536), down = few_cut_of(1536, 8960);
    assert_in_range(1536 / (out.warps * FEW_STRIP) * out.splits, 120, 132);
    assert_in_range(1536 / (down.warps * FEW_STRIP) * down.splits, 120, 132);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_cover),
        cmocka_unit_test_teardown(products_agree, device_clear),
        cmocka_unit_test_teardown(streams_agree, device_clear),
        cmocka_unit_test_teardown(stream_of_tokens, device_clear),
        cmocka_unit_test_teardown(heads_agree, device_clear),
        cmocka_unit_test_teardown(rows_are_alone, device_clear),
    };
    return cmocka_run_group_tests(tests, device_setup, device_teardown);
}
