// gemm.h in plain loops, for the kernels' tests without a GPU: bf16 or float in, float
// sums in the order of the summed index.
#include "tensor/cuda/gemm.h"

#include <cuda_bf16.h>
#include <cuda_runtime.h>

extern "C" {
#include "base/mem.h"
}

struct gpu_gemm {
    cudaStream_t stream;
};

static float get(const void *p, enum gpu_type t, size_t at)
{
    return t == GPU_F32 ? ((const float *)p)[at]
                        : __bfloat162float(((const __nv_bfloat16 *)p)[at]);
}
static void put(void *p, enum gpu_type t, size_t at, float v)
{
    if (t == GPU_F32)
        ((float *)p)[at] = v;
    else
        ((__nv_bfloat16 *)p)[at] = __float2bfloat16(v);
}

enum status gpu_gemm_new(struct gpu_gemm **out, struct gpu *g, void *, size_t, int)
{
    TRY(mem_new(out, 1, sizeof **out));
    (*out)->stream = (cudaStream_t)gpu_stream_of(g, GPU_MAIN);
    return OK;
}
void gpu_gemm_free(struct gpu_gemm *m)
{
    mem_free(m);
}

// Element (r, c) of the result sums over n pairs a[r, i] b[i, c].
struct strides {
    size_t a_row, a_sum, b_sum, b_column;
};

static void multiply(const struct gemm_call *c)
{
    int rows = c->kind == GEMM_WEIGHT ? c->N : c->M,
        columns = c->kind == GEMM_FORWARD ? c->N : c->K;
    int sum = c->kind == GEMM_FORWARD ? c->K : c->kind == GEMM_INPUT ? c->N : c->M;
    size_t la = (size_t)c->ld_a, lb = (size_t)c->ld_b;
    struct strides s = c->kind == GEMM_FORWARD ? strides{la, 1, 1, lb}
                       : c->kind == GEMM_INPUT ? strides{la, 1, lb, 1}
                                               : strides{1, la, lb, 1};
    std::vector<float> b((size_t)sum * (size_t)columns);
    for (size_t i = 0; i < (size_t)sum; i++)
        for (size_t j = 0; j < (size_t)columns; j++)
            b[i * (size_t)columns + j] =
                get(c->b, c->type, i * s.b_sum + j * s.b_column);
    std::vector<float> line((size_t)columns);
    for (size_t r = 0; r < (size_t)rows; r++) {
        std::fill(line.begin(), line.end(), 0.0f);
        for (size_t i = 0; i < (size_t)sum; i++) {
            float a = get(c->a, c->type, r * s.a_row + i * s.a_sum);
            for (size_t j = 0; j < (size_t)columns; j++)
                line[j] += a * b[i * (size_t)columns + j];
        }
        for (size_t j = 0; j < (size_t)columns; j++) {
            size_t at = r * (size_t)c->ld_to + j;
            float v = line[j] + (c->bias ? get(c->bias, c->to_type, j) : 0.0f);
            const void *add = c->kind == GEMM_WEIGHT ? c->to : c->add;
            if (add)
                v += get(add, c->to_type, at);
            put(c->to, c->to_type, at, v);
        }
    }
}

enum status gpu_gemm(struct gpu_gemm *m, const struct gemm_call *c)
{
    const struct gemm_call kept = *c;
    host::enqueue(m->stream, [=] { multiply(&kept); });
    return OK;
}
