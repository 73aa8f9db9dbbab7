// What the algebra tests share: the quickstart's task.
#ifndef TEST_ALGEBRA_H
#define TEST_ALGEBRA_H

#include "data_test.h"

static inline struct algebra_config quickstart(void)
{
    return (struct algebra_config){.seed = 1,
                                   .train = 400,
                                   .test = 100,
                                   .min_steps = 2,
                                   .max_steps = 4,
                                   .max_operand = 9,
                                   .max_factor = 3,
                                   .max_value = 30};
}

static inline void generate(const struct algebra_config *c, struct dataset *train,
                            struct dataset *test)
{
    assert_ok(algebra_generate(c, train, test));
    assert_int_equal(train->n, c->train);
    assert_int_equal(test->n, c->test);
}

#endif
