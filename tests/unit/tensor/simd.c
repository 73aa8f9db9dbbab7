// Sixteen lanes: accuracy of exp and log, reductions, and the same bits on any machine.
#include "tensor/simd.h"

#include "tensor_test.h"

#include <float.h>

static float exp_of(float x)
{
    float lanes[VF_LANES];
    vf_store(lanes, vf_exp(vf_set1(x)));
    return lanes[0];
}

static void exp_is_accurate(void **state)
{
    (void)state;
    double worst = 0.0;
    for (int i = 0; i < 400000; i++) {
        float x = -86.99F + 174.9F * (float)i / 400000.0F;
        double want = exp((double)x);
        double ulp = (double)(nextafterf((float)want, INFINITY) - (float)want);
        double error = fabs((double)exp_of(x) - want) / ulp;
        worst = error > worst ? error : worst;
    }
    if (worst > 1.5)
        fail_msg("exp is off by %g ulp", worst);
}

static void exp_at_the_edges(void **state)
{
    (void)state;
    assert_true(exp_of(0.0F) == 1.0F);
    assert_true(exp_of(-0.0F) == 1.0F);
    assert_true(exp_of(-INFINITY) == 0.0F);
    assert_true(!signbit(exp_of(-INFINITY)));
    assert_true(exp_of(-1000.0F) == 0.0F);
    assert_true(exp_of(-87.0F) >= FLT_MIN);
    assert_true(exp_of(INFINITY) == exp_of(88.0F));
    assert_true(isnan(exp_of(NAN)));
}

static void log_is_accurate(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        double x = exp(-40.0 + 80.0 * i / 100000.0);
        assert_near(log_fixed(x), log(x), 4e-16 * (1.0 + fabs(log(x))));
    }
    assert_true(log_fixed(1.0) == 0.0);
}

static void parts_of_a_vector(void **state)
{
    (void)state;
    float from[VF_LANES], to[VF_LANES + 1];
    for (int i = 0; i < VF_LANES; i++)
        from[i] = (float)(i + 1);
    for (int n = 0; n <= VF_LANES; n++) {
        for (int i = 0; i <= VF_LANES; i++)
            to[i] = -1.0F;
        vf x = vf_load_part(from, n, 0.0F);
        assert_true(vf_sum(x) == (float)(n * (n + 1) / 2));
        assert_true(vf_largest(vf_load_part(from, n, -5.0F)) == (n ? (float)n : -5.0F));
        vf_store_part(to, x, n);
        for (int i = 0; i <= VF_LANES; i++)
            assert_true(to[i] == (i < n ? from[i] : -1.0F));
    }
}

// Every operation into one hash; the constant was made with AVX-512 and must come out
// of AVX2 and of plain C too.
static void bits_are_the_same_everywhere(void **state)
{
    (void)state;
    enum { N = 4096 };
    float *x = random_floats(N, 1), *y = random_floats(N, 2), *out = new_floats(N);
    for (int i = 0; i < N; i += VF_LANES) {
        vf a = vf_load(x + i), b = vf_load(y + i);
        vf e = vf_exp(vf_mul(a, vf_set1(30.0F)));
        vf q = vf_div(vf_fma(a, b, e), vf_add(vf_mul(b, b), vf_set1(0.5F)));
        q = vf_max(vf_min(q, vf_set1(1e6F)), vf_sub(a, vf_sqrt(vf_mul(b, b))));
        q = vf_add(q, vf_set1((float)log_fixed((double)vf_sum(vf_mul(a, a)))));
        vf_store(out + i, vf_zero_below(b, -1.5F, q));
    }
    assert_int_equal(hash_floats(out, N), UINT64_C(0x40b9a3565b37b09e));
    mem_free(x);
    mem_free(y);
    mem_free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_accurate),
        cmocka_unit_test(exp_at_the_edges),
        cmocka_unit_test(log_is_accurate),
        cmocka_unit_test(parts_of_a_vector),
        cmocka_unit_test(bits_are_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
