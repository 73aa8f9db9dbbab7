// The arithmetic that keeps the rollout from running out of pages half-way.
#include "rollout/pages.h"

#include "fixture.h"

// A lane covers any way to cut its tokens into nodes: the most by brute force.
static int32_t most_pages(int32_t tokens, int32_t nodes)
{
    int32_t most = pages_of(tokens);
    for (int32_t first = 1; nodes > 1 && first < tokens; first++) {
        int32_t here = pages_of(first) + most_pages(tokens - first, nodes - 1);
        most = here > most ? here : most;
    }
    return most;
}

static void test_lane_is_the_worst_case(void **state)
{
    (void)state;
    for (int32_t tokens = 1; tokens < 70; tokens++)
        for (int32_t nodes = 1; nodes <= 3; nodes++)
            assert_int_equal(pages_lane(tokens, nodes), most_pages(tokens, nodes));
}

static void test_lane_carries_on(void **state)
{
    (void)state;
    for (int32_t tokens = 1; tokens < 200; tokens++)
        for (int32_t nodes = 1; nodes < 20; nodes++)
            for (int32_t first = 1; first <= tokens; first++)
                assert_true(pages_lane(tokens, nodes) >=
                            pages_of(first) + pages_lane(tokens - first, nodes - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lane_is_the_worst_case),
        cmocka_unit_test(test_lane_carries_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
