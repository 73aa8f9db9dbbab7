// The parts of bench_gpu_ops.
#ifndef BENCHMARKS_GPU_OPS_H
#define BENCHMARKS_GPU_OPS_H

#include "machine.h"

#include "tensor/cuda/ops.h"

#define OPS_ROWS(m) ((m)->small ? 128 : 16384)

// Times `work` and prints a line; bytes or flops 0: not a measure of this operation.
void ops_report(struct machine *m, const char *name, double bytes, double flops,
                machine_work *work, void *context);

void ops_products(struct machine *m, const struct model_config *c);
void ops_rows(struct machine *m, const struct model_config *c);
void ops_vocabulary(struct machine *m, const struct model_config *c);
void ops_attention(struct machine *m, const struct model_config *c);
void ops_optimizer(struct machine *m);

#endif
