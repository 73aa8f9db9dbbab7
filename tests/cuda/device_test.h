// What the tests of GPU code share.  One body runs on both: linked with the kernels on
// the CPU (tests/cuda_on_host, in every build) or with those of a GPU (tests/gpu/run).
#ifndef CUDA_DEVICE_TEST_H
#define CUDA_DEVICE_TEST_H

#include "base/status.h"
#include "tensor/cuda/gemm.h"
#include "tensor/cuda/ops.h"

#include "../unit/tensor/tensor_test.h"

enum { MOST_BUFFERS = 64 };

static struct gpu *device;
static void *device_buffers[MOST_BUFFERS];
static int n_device_buffers;

static inline void assert_ok(enum status st)
{
    if (st != OK)
        fail_msg("%s: %s", status_name(st), status_message());
}

static inline int device_setup(void **state)
{
    (void)state;
    return gpu_open(&device, 0) == OK ? 0 : -1;
}

static inline void device_wait(void)
{
    assert_ok(gpu_wait(device, GPU_MAIN, 60000, "test"));
}

// Of one test: freed by device_clear.
static inline void *device_new(size_t bytes)
{
    assert_true(n_device_buffers < MOST_BUFFERS);
    assert_ok(gpu_memory_new(device, &device_buffers[n_device_buffers], bytes));
    return device_buffers[n_device_buffers++];
}

static inline int device_clear(void **state)
{
    (void)state;
    while (n_device_buffers > 0)
        gpu_memory_free(device, device_buffers[--n_device_buffers]);
    return 0;
}

// Of all comparisons so far, by type.
static double largest_error[2];

static inline int device_teardown(void **state)
{
    print_message("largest error, of the largest value: f32 %.1e, bf16 %.1e\n",
                  largest_error[GPU_F32], largest_error[GPU_BF16]);
    gpu_close(device);
    return device_clear(state);
}

static inline void *device_bytes(const void *host, size_t bytes)
{
    void *d = device_new(bytes);
    gpu_upload(device, GPU_MAIN, d, host, bytes);
    device_wait();
    return d;
}

static inline uint16_t bf16_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, 4);
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}
static inline float of_bf16(uint16_t b)
{
    uint32_t u = (uint32_t)b << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
}

// n floats as elements of `type`; the host's copy is rounded likewise, so that both
// sides begin with the same numbers.
static inline void *device_array(enum gpu_type type, float *host, size_t n)
{
    if (type == GPU_F32)
        return device_bytes(host, n * sizeof *host);
    uint16_t *half = test_new(n, sizeof *half);
    for (size_t i = 0; i < n; i++) {
        half[i] = bf16_of(host[i]);
        host[i] = of_bf16(half[i]);
    }
    void *d = device_bytes(half, n * sizeof *half);
    mem_free(half);
    return d;
}

static inline float *host_array(enum gpu_type type, const void *d, size_t n)
{
    float *host = new_floats(n);
    uint16_t *half = test_new(n, sizeof *half);
    if (type == GPU_F32)
        gpu_download(device, GPU_MAIN, host, d, n * sizeof *host);
    else
        gpu_download(device, GPU_MAIN, half, d, n * sizeof *half);
    device_wait();
    for (size_t i = 0; type == GPU_BF16 && i < n; i++)
        host[i] = of_bf16(half[i]);
    mem_free(half);
    return host;
}

// Largest difference, relative to the largest wanted value.
static inline double far_apart(const float *got, const float *want, size_t n)
{
    double most = 0.0, scale = 1e-30;
    for (size_t i = 0; i < n; i++) {
        scale = fmax(scale, fabs((double)want[i]));
        if (isnan(got[i]) || isnan(want[i]))
            return INFINITY;
        most = fmax(most, fabs((double)got[i] - (double)want[i]));
    }
    return most / scale;
}

// bf16 keeps 8 bits; sums are float on both sides.
static inline double tolerance_of(enum gpu_type type)
{
    return type == GPU_F32 ? 2e-5 : 8e-3;
}

static inline void assert_close(enum gpu_type type, const char *what, const float *got,
                                const float *want, size_t n)
{
    double apart = far_apart(got, want, n);
    largest_error[type] = fmax(largest_error[type], apart);
    if (!(apart <= tolerance_of(type)))
        fail_msg("%s: %.3g of the largest value apart", what, apart);
}

static inline void assert_device(enum gpu_type type, const char *what, const void *d,
                                 const float *want, size_t n)
{
    float *got = host_array(type, d, n);
    assert_close(type, what, got, want, n);
    mem_free(got);
}

static const enum gpu_type both_types[] = {GPU_F32, GPU_BF16};

#endif
