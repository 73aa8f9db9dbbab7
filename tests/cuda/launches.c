// A launch that the GPU does not take: the work that waits for it must hear of it.
#include "device_test.h"

#include <stdlib.h>

enum { TOO_WIDE = 4 * GPU_WIDEST_NORM, BUSY_BYTES = 64 << 20 };

// Also where other work keeps the stream busy, so that the wait asks more than once.
static void a_failed_launch_is_reported(void **state)
{
    (void)state;
    struct gpu *own = NULL;
    void *memory = NULL;
    assert_ok(gpu_open(&own, 0));
    assert_ok(gpu_memory_new(own, &memory, BUSY_BYTES));
    const struct gpu_norm norm = {.gain = memory};
    gpu_zero(own, GPU_MAIN, memory, BUSY_BYTES);
    assert_ok(gpu_wait(own, GPU_MAIN, 60000, "before"));
    // More threads than a block can have.
    gpu_rmsnorm(own, GPU_F32, memory, NULL, memory, &norm, 1, TOO_WIDE);
    gpu_zero(own, GPU_MAIN, memory, BUSY_BYTES);
    assert_int_equal(gpu_wait(own, GPU_MAIN, 60000, "after"), ERR_IO);
    assert_non_null(strstr(status_message(), "after"));
    gpu_memory_free(own, memory);
    gpu_close(own);
}

int main(void)
{
    setenv("CUDA_ON_HOST_REFUSES", "1", 1); // rather than abort
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_launch_is_reported),
    };
    return cmocka_run_group_tests(tests, device_setup, device_teardown);
}
