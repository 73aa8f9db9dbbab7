// Products on the device against sums in double on the CPU.
#include "device_test.h"

struct product {
    enum gemm_kind kind;
    int M, N, K;
    enum gpu_type type, to_type;
    int biased;
    int adds; // FORWARD: 1 another buffer, 2 the result's own
};

static struct gpu_gemm *gemm;

static int open_gemm(void **state)
{
    if (device_setup(state) != 0)
        return -1;
    void *workspace = NULL;
    if (gpu_memory_new(device, &workspace, GPU_GEMM_WORKSPACE) != OK)
        return -1;
    *state = workspace;
    return gpu_gemm_new(&gemm, device, workspace, GPU_GEMM_WORKSPACE, 0) == OK ? 0 : -1;
}

static int close_gemm(void **state)
{
    gpu_gemm_free(gemm);
    gpu_memory_free(device, *state);
    return device_teardown(state);
}

struct sides {
    int rows, columns, sum;            // of the result
    int a_row, a_sum, b_sum, b_column; // distances
};

static struct sides sides_of(const struct product *p)
{
    switch (p->kind) {
    case GEMM_FORWARD:
        return (struct sides){p->M, p->N, p->K, p->K, 1, 1, p->K};
    case GEMM_INPUT:
        return (struct sides){p->M, p->K, p->N, p->N, 1, p->K, 1};
    default:
        return (struct sides){p->N, p->K, p->M, 1, p->N, p->K, 1};
    }
}

static void expect(float *want, const struct product *p, const float *a, const float *b,
                   const float *bias, const float *add)
{
    struct sides s = sides_of(p);
    for (int i = 0; i < s.rows; i++)
        for (int j = 0; j < s.columns; j++) {
            double sum = bias ? (double)bias[j] : 0.0;
            for (int k = 0; k < s.sum; k++)
                sum += (double)a[i * s.a_row + k * s.a_sum] *
                       (double)b[k * s.b_sum + j * s.b_column];
            int at = i * s.columns + j;
            want[at] = (float)(sum + (add ? (double)add[at] : 0.0));
        }
}

static void agree(const struct product *p)
{
    struct sides s = sides_of(p);
    size_t n = (size_t)s.rows * (size_t)s.columns;
    size_t n_a = (size_t)s.rows * (size_t)s.sum,
           n_b = (size_t)s.sum * (size_t)s.columns;
    float *a = random_floats(n_a, 1), *b = random_floats(n_b, 2),
          *old = random_floats(n, 3);
    float *bias = random_floats((size_t)s.columns, 4), *want = new_floats(n);
    struct gemm_call c = {
        .kind = p->kind,
        .M = p->M,
        .N = p->N,
        .K = p->K,
        .a = device_array(p->type, a, n_a),
        .b = device_array(p->type, b, n_b),
        .to = device_array(p->to_type, old, n),
        .bias = p->biased ? device_array(p->to_type, bias, (size_t)s.columns) : NULL,
        .ld_to = s.columns,
        .ld_a = p->kind == GEMM_FORWARD ? p->K : p->N,
        .ld_b = p->K,
        .type = p->type,
        .to_type = p->to_type,
    };
    void *other = device_array(p->to_type, old, n);
    c.add = p->adds == 1 ? other : p->adds == 2 ? c.to : NULL;
    expect(want, p, a, b, p->biased ? bias : NULL,
           p->adds || p->kind == GEMM_WEIGHT ? old : NULL);
    assert_ok(gpu_gemm(gemm, &c));
    assert_device(p->to_type, "product", c.to, want, n);
    assert_device(p->to_type, "what was added", other, old, n);
    mem_free(a);
    mem_free(b);
    mem_free(old);
    mem_free(bias);
    mem_free(want);
}

static const struct {
    int M, N, K;
} shapes[] = {{1, 8, 8}, {63, 24, 136}, {65, 200, 40}, {130, 64, 64}};

// All that the layers ask for, in both types.
static void products_agree(void **state)
{
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < 4; i++) {
            enum gpu_type type = both_types[t];
            int M = shapes[i].M, N = shapes[i].N, K = shapes[i].K;
            const struct product all[] = {
                {GEMM_FORWARD, M, N, K, type, type, 0, 0},
                {GEMM_FORWARD, M, N, K, type, type, 1, 0},
                {GEMM_FORWARD, M, N, K, type, GPU_F32, 0, 0},
                {GEMM_FORWARD, M, N, K, type, GPU_F32, 0, 1},
                {GEMM_FORWARD, M, N, K, type, GPU_F32, 0, 2},
                {GEMM_INPUT, M, N, K, type, type, 0, 0},
                {GEMM_WEIGHT, M, N, K, type, GPU_F32, 0, 0},
            };
            for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
                agree(&all[k]);
                (void)device_clear(state);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(products_agree, device_clear),
    };
    return cmocka_run_group_tests(tests, open_gemm, close_gemm);
}
