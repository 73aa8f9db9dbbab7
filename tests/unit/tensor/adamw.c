// AdamW against Algorithm 2 of Loshchilov & Hutter (2019), in double; the squared norm.
#include "tensor_test.h"

enum { STEPS = 12 };

static const struct adamw settings = {.lr = 1e-2F,
                                      .beta1 = 0.9F,
                                      .beta2 = 0.95F,
                                      .epsilon = 1e-8F,
                                      .weight_decay = 0.1F,
                                      .grad_scale = 0.25F};

struct reference {
    double w, m, v;
};

static void reference_step(struct reference *r, double g, int64_t t, int decay)
{
    double beta1 = (double)settings.beta1, beta2 = (double)settings.beta2;
    g *= (double)settings.grad_scale;
    r->m = beta1 * r->m + (1.0 - beta1) * g;
    r->v = beta2 * r->v + (1.0 - beta2) * g * g;
    double m_hat = r->m / (1.0 - pow(beta1, (double)t));
    double v_hat = r->v / (1.0 - pow(beta2, (double)t));
    double change = m_hat / (sqrt(v_hat) + (double)settings.epsilon);
    if (decay)
        change += (double)settings.weight_decay * r->w;
    r->w -= (double)settings.lr * change;
}

static void check_adamw(size_t n, int decay)
{
    float *w = random_floats(n, 1), *m = new_floats(n), *v = new_floats(n);
    struct reference *r = test_new(n, sizeof *r);
    for (size_t i = 0; i < n; i++)
        r[i].w = (double)w[i];
    for (int t = 1; t <= STEPS; t++) {
        float *grad = random_floats(n, (uint64_t)(1 + t));
        struct adamw a = settings;
        a.step = t;
        adamw_update(w, m, v, grad, n, &a, decay);
        for (size_t i = 0; i < n; i++)
            reference_step(&r[i], (double)grad[i], t, decay);
        mem_free(grad);
    }
    for (size_t i = 0; i < n; i++) {
        assert_near((double)w[i], r[i].w, 1e-5);
        assert_near((double)m[i], r[i].m, 1e-6);
        assert_near((double)v[i], r[i].v, 1e-6);
    }
    mem_free(w);
    mem_free(m);
    mem_free(v);
    mem_free(r);
}

static void adamw_body(void)
{
    static const size_t sizes[] = {1, 15, 17, 1000, 65536 + 3, 2 * 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_adamw(sizes[i], 0);
        check_adamw(sizes[i], 1);
    }
}

static void follows_the_paper(void **state)
{
    (void)state;
    on_threads(adamw_body);
}

static void norm_of(size_t n)
{
    float *x = random_floats(n, 20);
    double want = 0.0;
    for (size_t i = 0; i < n; i++)
        want += (double)x[i] * (double)x[i];
    double one = squared_norm(x, n);
    assert_near(one, want, 1e-12 * want);
    assert_int_equal(par_start(3, 0), OK);
    double many = squared_norm(x, n);
    par_stop();
    assert_memory_equal(&one, &many, sizeof one);
    mem_free(x);
}

static void norm_does_not_depend_on_threads(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 16, 31, 65535, 65537, 400000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        norm_of(sizes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_paper),
        cmocka_unit_test(norm_does_not_depend_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
