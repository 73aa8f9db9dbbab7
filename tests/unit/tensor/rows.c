// Row operations: against double precision, each row's bits in any batch, gradients
// against finite differences of the double-precision forward.
#include "tensor_test.h"

static const int widths[] = {1, 7, 16, 33, 256, 1000};
enum { N_WIDTHS = sizeof widths / sizeof *widths, ROWS = 70 };

// ---- normalisation ----------------------------------------------------------------
static double norm_inverse(const float *x, int D, double epsilon)
{
    double sum = 0.0;
    for (int j = 0; j < D; j++)
        sum += (double)x[j] * (double)x[j];
    return 1.0 / sqrt(sum / D + epsilon);
}

static void check_norm(int D)
{
    size_t n = (size_t)(ROWS * D);
    const float epsilon = 1e-5F;
    float *X = random_floats(n, 1), *gain = random_floats((size_t)D, 2);
    float *Y = new_floats(n), *one = new_floats((size_t)D), inv_rms[ROWS];
    rmsnorm_forward(Y, inv_rms, X, gain, epsilon, ROWS, D);
    for (int i = 0; i < ROWS; i++) {
        double inv = norm_inverse(X + i * D, D, (double)epsilon);
        assert_near((double)inv_rms[i], inv, 1e-6 * inv);
        for (int j = 0; j < D; j++) {
            double want = (double)X[i * D + j] * inv * (double)gain[j];
            assert_near((double)Y[i * D + j], want, 1e-6 * (1.0 + fabs(want)));
        }
        rmsnorm_forward(one, NULL, X + i * D, gain, epsilon, 1, D);
        assert_same_bits(one, Y + i * D, (size_t)D);
    }
    mem_free(X);
    mem_free(gain);
    mem_free(Y);
    mem_free(one);
}

// sum_j dy_j y_j of one row, with x_k moved by `step`.
static double norm_loss(const float *x, const float *gain, const float *dy, int D,
                        int k, double step, double epsilon)
{
    double squares = 0.0, loss = 0.0;
    for (int j = 0; j < D; j++) {
        double v = (double)x[j] + (j == k ? step : 0.0);
        squares += v * v;
        loss += (double)dy[j] * (double)gain[j] * v;
    }
    return loss / sqrt(squares / D + epsilon);
}

static void check_norm_backward(int D)
{
    size_t n = (size_t)(ROWS * D), d = (size_t)D;
    const double epsilon = 1e-2, step = 1e-4;
    float *X = random_floats(n, 3), *gain = random_floats(d, 4),
          *dY = random_floats(n, 5);
    float *dX = random_floats(n, 6), *old = copy_floats(dX, n), *Y = new_floats(n);
    float *d_gain = random_floats(d, 7), *old_gain = copy_floats(d_gain, d), inv[ROWS];
    rmsnorm_forward(Y, inv, X, gain, (float)epsilon, ROWS, D);
    rmsnorm_backward(dX, d_gain, dY, X, gain, inv, ROWS, D);
    for (int i = 0; i < ROWS; i += 7)
        for (int k = 0; k < D; k += 1 + D / 20) {
            const float *x = X + i * D, *dy = dY + i * D;
            double slope = (norm_loss(x, gain, dy, D, k, step, epsilon) -
                            norm_loss(x, gain, dy, D, k, -step, epsilon)) /
                           (2.0 * step);
            double got = (double)dX[i * D + k] - (double)old[i * D + k];
            assert_near(got, slope, 2e-5 * (1.0 + fabs(slope)));
        }
    for (int j = 0; j < D; j++) {
        double want = (double)old_gain[j];
        for (int i = 0; i < ROWS; i++)
            want += (double)dY[i * D + j] * (double)X[i * D + j] *
                    norm_inverse(X + i * D, D, epsilon);
        assert_near((double)d_gain[j], want, 1e-4);
    }
    mem_free(X);
    mem_free(gain);
    mem_free(dY);
    mem_free(dX);
    mem_free(old);
    mem_free(Y);
    mem_free(d_gain);
    mem_free(old_gain);
}

static void norm_body(void)
{
    for (int i = 0; i < N_WIDTHS; i++) {
        check_norm(widths[i]);
        check_norm_backward(widths[i]);
    }
}

static void norm(void **state)
{
    (void)state;
    on_threads(norm_body);
}

// ---- SwiGLU -------------------------------------------------------------------------
static double silu(double x)
{
    return x / (1.0 + exp(-x));
}

static void check_swiglu(int F)
{
    size_t n = (size_t)(ROWS * F);
    const double step = 1e-5;
    float *GU = random_floats(2 * n, 8), *dY = random_floats(n, 9), *Y = new_floats(n);
    float *dGU = random_floats(2 * n, 10), *one = new_floats((size_t)F);
    GU[0] = -200.0F;
    GU[2 * n - (size_t)F - 1] = 200.0F;
    swiglu_forward(Y, GU, ROWS, F);
    swiglu_backward(dGU, dY, GU, ROWS, F);
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < F; j++) {
            int at = 2 * i * F + j;
            double g = (double)GU[at], u = (double)GU[at + F],
                   dy = (double)dY[i * F + j];
            double want = silu(g) * u,
                   slope = (silu(g + step) - silu(g - step)) / (2 * step);
            assert_near((double)Y[i * F + j], want, 1e-6 * (1.0 + fabs(want)));
            assert_near((double)dGU[at], dy * u * slope, 1e-5);
            assert_near((double)dGU[at + F], dy * silu(g), 1e-6 * (1.0 + fabs(dy * g)));
        }
        swiglu_forward(one, GU + 2 * i * F, 1, F);
        assert_same_bits(one, Y + i * F, (size_t)F);
    }
    mem_free(GU);
    mem_free(dY);
    mem_free(Y);
    mem_free(dGU);
    mem_free(one);
}

static void swiglu_body(void)
{
    for (int i = 0; i < N_WIDTHS; i++)
        check_swiglu(widths[i]);
}

static void swiglu(void **state)
{
    (void)state;
    on_threads(swiglu_body);
}

// ---- rotary embedding -------------------------------------------------------------
static void check_rope(int heads, int head_dim)
{
    enum { POSITIONS = 200 };
    int half = head_dim / 2, ldx = heads * head_dim + 5;
    size_t n = (size_t)(ROWS * ldx);
    double inv_freq[64];
    float *cosine = new_floats((size_t)(POSITIONS * half));
    float *sine = new_floats((size_t)(POSITIONS * half));
    float *X = random_floats(n, 11), *old = copy_floats(X, n), *one = copy_floats(X, n);
    int32_t *positions = random_ints(ROWS, POSITIONS, 12);
    for (int j = 0; j < half; j++)
        inv_freq[j] = pow(10000.0, -2.0 * j / head_dim);
    rope_fill(cosine, sine, inv_freq, POSITIONS, head_dim);
    rope_apply(X, ldx, positions, cosine, sine, ROWS, heads, head_dim, 1);
    for (int i = 0; i < ROWS; i++) {
        rope_apply(one + i * ldx, ldx, positions + i, cosine, sine, 1, heads, head_dim,
                   1);
        for (int c = 0; c < ldx; c++) {
            int j = c % head_dim % half, second = c % head_dim >= half;
            double a = (double)old[i * ldx + c], want = a;
            double angle = positions[i] * inv_freq[j];
            if (c < heads * head_dim && second)
                want = a * cos(angle) + (double)old[i * ldx + c - half] * sin(angle);
            else if (c < heads * head_dim)
                want = a * cos(angle) - (double)old[i * ldx + c + half] * sin(angle);
            assert_near((double)X[i * ldx + c], want, 1e-6);
        }
    }
    assert_same_bits(X, one, n);
    rope_apply(X, ldx, positions, cosine, sine, ROWS, heads, head_dim, -1);
    for (size_t i = 0; i < n; i++)
        assert_near((double)X[i], (double)old[i], 1e-6);
    mem_free(cosine);
    mem_free(sine);
    mem_free(X);
    mem_free(old);
    mem_free(one);
    mem_free(positions);
}

static void rope_body(void)
{
    check_rope(1, 2);
    check_rope(3, 24);
    check_rope(8, 32);
    check_rope(2, 128);
}

static void rope(void **state)
{
    (void)state;
    on_threads(rope_body);
}

// ---- embedding ----------------------------------------------------------------------
static void check_embedding(int D)
{
    enum { VOCAB = 9 }; // far fewer than rows: many rows meet in the gradient
    size_t n = (size_t)(ROWS * D), cells = (size_t)(VOCAB * D);
    float *table = random_floats(cells, 13), *Y = new_floats(n),
          *dY = random_floats(n, 14);
    float *d_table = random_floats(cells, 15);
    double *want = test_new(cells, sizeof *want);
    int32_t *tokens = random_ints(ROWS, VOCAB, 16);
    for (size_t i = 0; i < cells; i++)
        want[i] = (double)d_table[i];
    embedding_forward(Y, table, tokens, ROWS, D);
    embedding_backward(d_table, dY, tokens, ROWS, D);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < D; j++) {
            assert_true(Y[i * D + j] == table[tokens[i] * D + j]);
            want[tokens[i] * D + j] += (double)dY[i * D + j];
        }
    for (size_t i = 0; i < cells; i++)
        assert_near((double)d_table[i], want[i], 1e-5);
    mem_free(table);
    mem_free(Y);
    mem_free(dY);
    mem_free(d_table);
    mem_free(want);
    mem_free(tokens);
}

static void embedding_body(void)
{
    for (int i = 0; i < N_WIDTHS; i++)
        check_embedding(widths[i]);
}

static void embedding(void **state)
{
    (void)state;
    on_threads(embedding_body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norm),
        cmocka_unit_test(swiglu),
        cmocka_unit_test(rope),
        cmocka_unit_test(embedding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
