// The gradient of attention over packed trees, for loss = sum dO o O: against the
// formulas in double precision, those against finite differences of the loss.
#include "attention_case.h"

static const struct heads shapes[] = {
    {2, 2, 8}, {4, 2, 16}, {6, 1, 24}, {2, 1, 32}, {2, 2, 64}, {1, 1, 80},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };
static const struct tree_size sizes[] = {
    {1, 0, 0, 1, 0},     {3, 3, 3, 12, 0},  {1, 3, 2, 40, 0},
    {2, 1, 3, 160, 0},   {9, 1, 3, 60, 37}, // cut below the root, in groups
    {20, 0, 0, 90, 130},
};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

static void reference_head(const struct attention_case *c, const float *dO, int token,
                           int head, double *dQKV)
{
    int32_t path[MOST_PATH];
    double p[MOST_PATH], lse = 0.0, mean = 0.0;
    int hd = c->h.head_dim, n = case_weights(c, token, head, path, p, &lse);
    const float *q = case_query(c, token, head);
    for (int j = 0; j < n; j++)
        mean += p[j] * dot(dO, case_value(c, path[j], head), hd);
    for (int j = 0; j < n; j++) {
        const float *k = case_key(c, path[j], head), *v = case_value(c, path[j], head);
        double ds = p[j] * (dot(dO, v, hd) - mean) / sqrt(hd);
        for (int d = 0; d < hd; d++) {
            dQKV[q + d - c->QKV] += ds * (double)k[d];
            dQKV[k + d - c->QKV] += ds * (double)q[d];
            dQKV[v + d - c->QKV] += p[j] * (double)dO[d];
        }
    }
}

static double *reference_backward(const struct attention_case *c, const float *dO)
{
    double *dQKV = test_new((size_t)c->n_tokens * case_width(c), sizeof *dQKV);
    for (int i = 0; i < c->n_tokens; i++)
        for (int h = 0; h < c->h.heads; h++)
            reference_head(c, dO + (i * c->h.heads + h) * c->h.head_dim, i, h, dQKV);
    return dQKV;
}

static float *train_backward(const struct attention_case *c, const float *dO)
{
    struct attention_train a = case_train(c);
    size_t rows = (size_t)c->n_tokens, floats = attention_train_scratch(&a);
    float *O = new_floats(rows * case_out_width(c));
    float *lse = new_floats(rows * (size_t)c->h.heads), *scratch = new_floats(floats);
    float *dQKV = random_floats(rows * case_width(c), 3); // overwritten
    attention_forward(O, lse, c->QKV, &a, scratch);
    memset(scratch, 0xff, floats * sizeof *scratch);
    attention_backward(dQKV, dO, O, lse, c->QKV, &a, scratch);
    mem_free(O);
    mem_free(lse);
    mem_free(scratch);
    return dQKV;
}

static void check_backward(struct heads h, struct tree_size size, uint64_t seed)
{
    struct attention_case *c = case_new(h, size, seed);
    size_t rows = (size_t)c->n_tokens, n = rows * case_width(c);
    float *dO = random_floats(rows * case_out_width(c), seed + 2000);
    double *want = reference_backward(c, dO);
    float *got = train_backward(c, dO);
    for (size_t i = 0; i < n; i++)
        assert_near((double)got[i], want[i], 2e-5 * (1.0 + fabs(want[i])));
    assert_int_equal(par_start(3, 0), OK);
    float *threaded = train_backward(c, dO);
    par_stop();
    assert_same_bits(threaded, got, n);
    mem_free(dO);
    mem_free(want);
    mem_free(got);
    mem_free(threaded);
    case_free(c);
}

static void packed_trees_are_right(void **state)
{
    (void)state;
    for (int i = 0; i < N_SHAPES; i++)
        for (int k = 0; k < N_SIZES; k++)
            check_backward(shapes[i], sizes[k], (uint64_t)(10 * i + k));
}

static double loss(const struct attention_case *c, const float *dO)
{
    int32_t path[MOST_PATH];
    double p[MOST_PATH], lse = 0.0, sum = 0.0;
    for (int i = 0; i < c->n_tokens; i++)
        for (int h = 0; h < c->h.heads; h++) {
            int n = case_weights(c, i, h, path, p, &lse);
            const float *row = dO + (i * c->h.heads + h) * c->h.head_dim;
            for (int j = 0; j < n; j++)
                sum += p[j] * dot(row, case_value(c, path[j], h), c->h.head_dim);
        }
    return sum;
}

static void formulas_are_the_derivative(void **state)
{
    (void)state;
    const float step = 0x1p-8F;
    struct attention_case *c =
        case_new(shapes[1], (struct tree_size){2, 2, 2, 6, 0}, 31);
    size_t n = (size_t)c->n_tokens * case_width(c);
    float *dO = random_floats((size_t)c->n_tokens * case_out_width(c), 32);
    double *want = reference_backward(c, dO);
    for (size_t i = 0; i < n; i += 11) {
        float x = c->QKV[i], up = x + step, down = x - step;
        c->QKV[i] = up;
        double high = loss(c, dO);
        c->QKV[i] = down;
        double low = loss(c, dO);
        c->QKV[i] = x;
        assert_near((high - low) / ((double)up - (double)down), want[i], 1e-4);
    }
    mem_free(dO);
    mem_free(want);
    case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_trees_are_right),
        cmocka_unit_test(formulas_are_the_derivative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
