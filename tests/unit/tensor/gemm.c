// Products: against double precision, and each row's bits in any batch.
#include "tensor_test.h"

struct shape {
    int M, N, K;
};

static const struct shape shapes[] = {
    {1, 1, 1},      {3, 17, 5},    {7, 64, 33},   {8, 100, 64},
    {13, 129, 70},  {40, 48, 256}, {6, 64, 1024}, {5, 80, 1025},
    {11, 70, 2500}, {200, 65, 40}, {400, 24, 24}, {193, 192, 96},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static float *packed_new(const float *W, int N, int K)
{
    float *packed = new_floats(gemm_packed_floats(N, K));
    gemm_pack(packed, W, N, K);
    return packed;
}

// Y's rows are 3 floats longer than N, X's 2 longer than K.
static void check_forward(const struct shape *s, int with_bias, int accumulate)
{
    int ldy = s->N + 3, ldx = s->K + 2;
    float *X = random_floats((size_t)(s->M * ldx), 1);
    float *W = random_floats((size_t)(s->N * s->K), 2);
    float *bias = random_floats((size_t)s->N, 3);
    float *Y = random_floats((size_t)(s->M * ldy), 4);
    float *old = copy_floats(Y, (size_t)(s->M * ldy));
    float *packed = packed_new(W, s->N, s->K);
    gemm_forward(Y, ldy, X, ldx, packed, with_bias ? bias : NULL, s->M, s->N, s->K,
                 accumulate);
    for (int i = 0; i < s->M; i++)
        for (int n = 0; n < ldy; n++) {
            double want = (double)old[i * ldy + n];
            if (n < s->N) {
                want *= accumulate;
                want += with_bias ? (double)bias[n] : 0.0;
                for (int k = 0; k < s->K; k++)
                    want += (double)X[i * ldx + k] * (double)W[n * s->K + k];
            }
            assert_near((double)Y[i * ldy + n], want, 4e-6 * sqrt(s->K) * 4.0);
        }
    mem_free(X);
    mem_free(W);
    mem_free(bias);
    mem_free(Y);
    mem_free(old);
    mem_free(packed);
}

static void forward_body(void)
{
    for (int i = 0; i < N_SHAPES; i++)
        for (int options = 0; options < 4; options++)
            check_forward(&shapes[i], options & 1, options >> 1);
}

static void forward_is_right(void **state)
{
    (void)state;
    on_threads(forward_body);
}

// Every row alone, then in batches of M rows in random order.
static void check_invariance(int N, int K)
{
    enum { ROWS = 40 };
    size_t n = (size_t)N;
    float *X = random_floats((size_t)(ROWS * K), 5),
          *W = random_floats((size_t)(N * K), 6);
    float *packed = packed_new(W, N, K), *bias = random_floats(n, 7);
    float *alone = random_floats(ROWS * n, 8), *start = copy_floats(alone, ROWS * n);
    float *batch = new_floats((size_t)(ROWS * K)), *Y = new_floats(ROWS * n);
    for (int i = 0; i < ROWS; i++)
        gemm_forward(alone + (size_t)i * n, N, X + (size_t)i * (size_t)K, K, packed,
                     bias, 1, N, K, 1);
    for (int M = 1; M <= ROWS; M++) {
        int order[ROWS];
        shuffle(order, ROWS, (uint64_t)(100 + M));
        for (int i = 0; i < M; i++) {
            memcpy(batch + i * K, X + order[i] * K, (size_t)K * sizeof *X);
            memcpy(Y + (size_t)i * n, start + (size_t)order[i] * n, n * sizeof *Y);
        }
        gemm_forward(Y, N, batch, K, packed, bias, M, N, K, 1);
        for (int i = 0; i < M; i++)
            assert_same_bits(Y + (size_t)i * n, alone + (size_t)order[i] * n, n);
    }
    mem_free(X);
    mem_free(W);
    mem_free(packed);
    mem_free(bias);
    mem_free(alone);
    mem_free(start);
    mem_free(batch);
    mem_free(Y);
}

static void invariance_body(void)
{
    check_invariance(200, 96);
    check_invariance(70, 1100);
}

static void rows_do_not_depend_on_the_batch(void **state)
{
    (void)state;
    on_threads(invariance_body);
}

// A batch of several row chunks has the bits of its rows alone, on any thread count.
static void large_batches_too(void **state)
{
    (void)state;
    enum { M = 600, N = 130, K = 40 };
    float *X = random_floats(M * K, 9), *W = random_floats(N * K, 10);
    float *packed = packed_new(W, N, K), *alone = new_floats(M * N),
          *Y = new_floats(M * N);
    for (int i = 0; i < M; i++)
        gemm_forward(alone + i * N, N, X + i * K, K, packed, NULL, 1, N, K, 0);
    gemm_forward(Y, N, X, K, packed, NULL, M, N, K, 0);
    assert_same_bits(Y, alone, M * N);
    assert_int_equal(par_start(3, 0), OK);
    memset(Y, 0, M * N * sizeof *Y);
    gemm_forward(Y, N, X, K, packed, NULL, M, N, K, 0);
    assert_same_bits(Y, alone, M * N);
    par_stop();
    mem_free(X);
    mem_free(W);
    mem_free(packed);
    mem_free(alone);
    mem_free(Y);
}

static void bits_are_the_same_everywhere(void **state)
{
    (void)state;
    enum { M = 9, N = 77, K = 300 };
    float *X = random_floats(M * K, 11), *W = random_floats(N * K, 12);
    float *packed = packed_new(W, N, K), *Y = new_floats(M * N);
    gemm_forward(Y, N, X, K, packed, NULL, M, N, K, 0);
    assert_int_equal(hash_floats(Y, M * N), UINT64_C(0xe03b374aa7bbd73a));
    mem_free(X);
    mem_free(W);
    mem_free(packed);
    mem_free(Y);
}

static void check_backward(const struct shape *s)
{
    size_t M = (size_t)s->M, N = (size_t)s->N, K = (size_t)s->K;
    float *X = random_floats(M * K, 13), *W = random_floats(N * K, 14);
    float *dY = random_floats(M * N, 15), *dX = random_floats(M * K, 16);
    float *dW = random_floats(N * K, 17), *old = copy_floats(dW, N * K);
    float *db = random_floats(N, 18), *old_db = copy_floats(db, N);
    gemm_backward_input(dX, dY, W, s->M, s->N, s->K);
    gemm_backward_weight(dW, db, dY, X, s->M, s->N, s->K);
    for (size_t i = 0; i < M; i++)
        for (size_t k = 0; k < K; k++) {
            double want = 0.0;
            for (size_t n = 0; n < N; n++)
                want += (double)dY[i * N + n] * (double)W[n * K + k];
            assert_near((double)dX[i * K + k], want, 1e-5 * sqrt((double)N));
        }
    for (size_t n = 0; n < N; n++) {
        double sum = (double)old_db[n];
        for (size_t i = 0; i < M; i++)
            sum += (double)dY[i * N + n];
        assert_near((double)db[n], sum, 1e-5 * sqrt((double)M));
        for (size_t k = 0; k < K; k++) {
            double want = (double)old[n * K + k];
            for (size_t i = 0; i < M; i++)
                want += (double)dY[i * N + n] * (double)X[i * K + k];
            assert_near((double)dW[n * K + k], want, 1e-5 * sqrt((double)M));
        }
    }
    mem_free(X);
    mem_free(W);
    mem_free(dY);
    mem_free(dX);
    mem_free(dW);
    mem_free(old);
    mem_free(db);
    mem_free(old_db);
}

static void backward_body(void)
{
    static const struct shape more[] = {{30, 600, 20}, {450, 33, 600}};
    for (int i = 0; i < N_SHAPES; i++)
        check_backward(&shapes[i]);
    check_backward(&more[0]);
    check_backward(&more[1]);
}

static void backward_is_right(void **state)
{
    (void)state;
    on_threads(backward_body);
}

static void backward_bits_do_not_depend_on_threads(void **state)
{
    (void)state;
    enum { M = 450, N = 300, K = 600 };
    float *X = random_floats(M * K, 19), *W = random_floats(N * K, 20);
    float *dY = random_floats(M * N, 21);
    float *dX[2], *dW[2], *db[2];
    for (int run = 0; run < 2; run++) {
        dX[run] = new_floats(M * K);
        dW[run] = new_floats(N * K);
        db[run] = new_floats(N);
        assert_int_equal(par_start(1 + 2 * run, 0), OK);
        gemm_backward_input(dX[run], dY, W, M, N, K);
        gemm_backward_weight(dW[run], db[run], dY, X, M, N, K);
        par_stop();
    }
    assert_same_bits(dX[0], dX[1], M * K);
    assert_same_bits(dW[0], dW[1], N * K);
    assert_same_bits(db[0], db[1], N);
    for (int run = 0; run < 2; run++) {
        mem_free(dX[run]);
        mem_free(dW[run]);
        mem_free(db[run]);
    }
    mem_free(X);
    mem_free(W);
    mem_free(dY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_is_right),
        cmocka_unit_test(rows_do_not_depend_on_the_batch),
        cmocka_unit_test(large_batches_too),
        cmocka_unit_test(bits_are_the_same_everywhere),
        cmocka_unit_test(backward_is_right),
        cmocka_unit_test(backward_bits_do_not_depend_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
