// What the GPU's benchmarks share: the device with its measured copy and product,
// device memory, timing, and the published shapes.
//
// Times are wall time around many enqueued repetitions and one wait, recorded as a CUDA
// graph so that launching costs the host nothing; medians of MACHINE_RUNS.
#ifndef BENCHMARKS_GPU_MACHINE_H
#define BENCHMARKS_GPU_MACHINE_H

#include "model/device.h"
#include "tensor/cuda/gemm.h"
#include "tensor/cuda/runtime.h"

#include "../bench.h"

enum { MACHINE_RUNS = 7, MACHINE_BUFFERS = 64 };

struct machine {
    struct gpu *gpu;
    struct gpu_gemm *gemm;
    struct gpu_info info;
    double copy;          // bytes/s of a device copy, read and written, measured
    double product;       // FLOP/s of a large bf16 product, measured
    double nominal_bytes; // bytes/s and FLOP/s as published; 0: not in our table
    double nominal_flops;
    int small; // 1: sizes for a trial without a GPU
    void *buffers[MACHINE_BUFFERS];
    int n_buffers;
};

// Opens GPU $ETREERPO_GPU (0), measures it and prints what it is.
void machine_open(struct machine *m, int small);
void machine_close(struct machine *m); // frees all buffers

void *machine_new(struct machine *m, size_t bytes);
void *machine_ints(struct machine *m, const int32_t *host, size_t n);
// n elements in [-1, 1).  Zeros would draw less power and run faster.
void *machine_random(struct machine *m, enum gpu_type type, size_t n);
void machine_clear(struct machine *m);
void machine_wait(struct machine *m);

// Seconds of one call of `work`, which enqueues.
typedef void machine_work(struct machine *m, void *context);
double machine_seconds(struct machine *m, machine_work *work, void *context);

// Qwen2.5 of 0.5B and 1.5B parameters, or "small" for a trial.
struct model_config machine_shape(const char *name);
double matrix_parameters(const struct model_config *c); // read by every decode step
// The shapes to run: those named in argv, else both; *small: "small" was named.
int machine_shapes(const char *names[2], int argc, char **argv, int *small);

#endif
