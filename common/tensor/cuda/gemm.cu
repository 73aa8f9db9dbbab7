#include "gemm.h"

extern "C" {
#include "base/mem.h"
}

#include <cublasLt.h>

#include <string.h>

enum { PLANS = 512 };

// What a plan depends on.
struct shape {
    int kind, M, N, K, ld_to, ld_a, ld_b, type, to_type, adds, bias;
    int alignment; // bytes, of the least aligned buffer
};

struct plan {
    struct shape of;
    uint64_t used; // number of the last call; 0: empty
    cublasLtMatmulDesc_t product;
    cublasLtMatrixLayout_t a, b, to;
    cublasLtMatmulAlgo_t algorithm;
};

struct gpu_gemm {
    struct gpu *gpu;
    cublasLtHandle_t handle;
    void *workspace;
    size_t workspace_bytes;
    int fixed_rows;
    uint64_t calls;
    struct plan plans[PLANS];
};

static enum status refused(cublasStatus_t e, const char *what)
{
    return e == CUBLAS_STATUS_SUCCESS ? OK
                                      : status_fail(ERR_IO, "cuBLASLt: %s: %s", what,
                                                    cublasLtGetStatusString(e));
}

enum status gpu_gemm_new(struct gpu_gemm **out, struct gpu *g, void *workspace,
                         size_t workspace_bytes, int fixed_rows)
{
    struct gpu_gemm *m = NULL;
    TRY(mem_new(&m, 1, sizeof *m));
    enum status st = refused(cublasLtCreate(&m->handle), "create");
    if (st != OK) {
        mem_free(m);
        return st;
    }
    m->gpu = g;
    m->workspace = workspace;
    m->workspace_bytes = workspace_bytes;
    m->fixed_rows = fixed_rows;
    *out = m;
    return OK;
}

static void plan_clear(struct plan *p)
{
    (void)cublasLtMatrixLayoutDestroy(p->a);
    (void)cublasLtMatrixLayoutDestroy(p->b);
    (void)cublasLtMatrixLayoutDestroy(p->to);
    (void)cublasLtMatmulDescDestroy(p->product);
    memset(p, 0, sizeof *p);
}

void gpu_gemm_free(struct gpu_gemm *m)
{
    if (!m)
        return;
    for (int i = 0; i < PLANS; i++)
        if (m->plans[i].used)
            plan_clear(&m->plans[i]);
    (void)cublasLtDestroy(m->handle);
    mem_free(m);
}

static cudaDataType_t data_type(int type)
{
    return type == GPU_F32 ? CUDA_R_32F : CUDA_R_16BF;
}

// cuBLASLt's matrices are column-major: what is (rows, columns) here is (columns, rows)
// there, and to^T = b^T a^T.  Of the stored matrices, FORWARD turns b, WEIGHT turns a.
static cublasStatus_t describe(struct plan *p, const void *bias)
{
    const struct shape *s = &p->of;
    int transposed = CUBLAS_OP_T, epilogue = CUBLASLT_EPILOGUE_BIAS;
    int rows_b = s->kind == GEMM_WEIGHT ? s->M : s->N;
    int columns_a = s->kind == GEMM_FORWARD ? s->K : s->N;
    int rows_to = s->kind == GEMM_WEIGHT ? s->N : s->M;
    int columns_to = s->kind == GEMM_FORWARD ? s->N : s->K;
    cublasStatus_t e[8] = {CUBLAS_STATUS_SUCCESS};
    e[0] = cublasLtMatmulDescCreate(&p->product, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    e[1] = cublasLtMatrixLayoutCreate(&p->a, data_type(s->type), (uint64_t)s->K,
                                      (uint64_t)rows_b, s->ld_b);
    e[2] = cublasLtMatrixLayoutCreate(&p->b, data_type(s->type), (uint64_t)columns_a,
                                      (uint64_t)s->M, s->ld_a);
    e[3] =
        cublasLtMatrixLayoutCreate(&p->to, data_type(s->to_type), (uint64_t)columns_to,
                                   (uint64_t)rows_to, s->ld_to);
    if (s->kind == GEMM_FORWARD)
        e[4] = cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_TRANSA,
                                              &transposed, sizeof transposed);
    if (s->kind == GEMM_WEIGHT)
        e[5] = cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_TRANSB,
                                              &transposed, sizeof transposed);
    if (s->bias)
        e[6] = cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_EPILOGUE,
                                              &epilogue, sizeof epilogue);
    if (s->bias) // the heuristic looks at its alignment
        e[7] = cublasLtMatmulDescSetAttribute(
            p->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias);
    for (int i = 0; i < 8; i++)
        if (e[i] != CUBLAS_STATUS_SUCCESS)
            return e[i];
    return CUBLAS_STATUS_SUCCESS;
}

// Left alone, the heuristic takes it that all buffers begin at multiples of 256 bytes.
static cublasStatus_t ask_alignment(cublasLtMatmulPreference_t wish, uint32_t bytes)
{
    const cublasLtMatmulPreferenceAttributes_t sides[4] = {
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES};
    cublasStatus_t e = CUBLAS_STATUS_SUCCESS;
    for (int i = 0; i < 4 && e == CUBLAS_STATUS_SUCCESS; i++)
        e = cublasLtMatmulPreferenceSetAttribute(wish, sides[i], &bytes, sizeof bytes);
    return e;
}

static cublasStatus_t choose(const struct gpu_gemm *m, struct plan *p)
{
    cublasLtMatmulPreference_t wish = NULL;
    cublasLtMatmulHeuristicResult_t best;
    int found = 0;
    uint32_t reduction = CUBLASLT_REDUCTION_SCHEME_NONE;
    cublasStatus_t e = cublasLtMatmulPreferenceCreate(&wish);
    if (e == CUBLAS_STATUS_SUCCESS)
        e = ask_alignment(wish, (uint32_t)p->of.alignment);
    if (e == CUBLAS_STATUS_SUCCESS)
        e = cublasLtMatmulPreferenceSetAttribute(
            wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &m->workspace_bytes,
            sizeof m->workspace_bytes);
    if (e == CUBLAS_STATUS_SUCCESS && m->fixed_rows)
        e = cublasLtMatmulPreferenceSetAttribute(
            wish, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &reduction,
            sizeof reduction);
    if (e == CUBLAS_STATUS_SUCCESS)
        e = cublasLtMatmulAlgoGetHeuristic(m->handle, p->product, p->a, p->b, p->to,
                                           p->to, wish, 1, &best, &found);
    if (e == CUBLAS_STATUS_SUCCESS && found < 1)
        e = CUBLAS_STATUS_NOT_SUPPORTED;
    if (e == CUBLAS_STATUS_SUCCESS)
        p->algorithm = best.algo;
    (void)cublasLtMatmulPreferenceDestroy(wish);
    return e;
}

// The plan of this shape, made where there is none in place of the longest unused.
static enum status plan_of(struct gpu_gemm *m, const struct shape *s, const void *bias,
                           struct plan **out)
{
    struct plan *oldest = &m->plans[0];
    for (int i = 0; i < PLANS; i++) {
        struct plan *p = &m->plans[i];
        if (p->used && memcmp(&p->of, s, sizeof *s) == 0) {
            *out = p;
            return OK;
        }
        if (p->used < oldest->used)
            oldest = p;
    }
    if (oldest->used)
        plan_clear(oldest);
    oldest->of = *s;
    cublasStatus_t e = describe(oldest, bias);
    if (e == CUBLAS_STATUS_SUCCESS)
        e = choose(m, oldest);
    if (e != CUBLAS_STATUS_SUCCESS) {
        plan_clear(oldest);
        return status_fail(ERR_IO,
                           "cuBLASLt: product %d of %d rows, %d outputs, %d inputs: %s",
                           s->kind, s->M, s->N, s->K, cublasLtGetStatusString(e));
    }
    *out = oldest;
    return OK;
}

static int alignment_of(const struct gemm_call *c)
{
    uintptr_t bits = (uintptr_t)c->to | (uintptr_t)c->a | (uintptr_t)c->b |
                     (uintptr_t)c->bias | (uintptr_t)c->add | 256;
    return (int)(bits & (~bits + 1));
}

static enum status multiply(struct gpu_gemm *m, const struct gemm_call *c)
{
    const struct shape s = {
        c->kind, c->M,    c->N,       c->K,           c->ld_to,        c->ld_a,
        c->ld_b, c->type, c->to_type, c->add != NULL, c->bias != NULL, alignment_of(c)};
    struct plan *p = NULL;
    TRY(plan_of(m, &s, c->bias, &p));
    p->used = ++m->calls;
    if (c->bias)
        TRY(refused(cublasLtMatmulDescSetAttribute(p->product,
                                                   CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                                   &c->bias, sizeof c->bias),
                    "bias"));
    const void *add = c->kind == GEMM_WEIGHT ? c->to : c->add;
    float one = 1.0f, old = add ? 1.0f : 0.0f;
    return refused(cublasLtMatmul(m->handle, p->product, &one, c->b, p->a, c->a, p->b,
                                  &old, add ? add : c->to, p->to, c->to, p->to,
                                  &p->algorithm, m->workspace, m->workspace_bytes,
                                  (cudaStream_t)gpu_stream_of(m->gpu, GPU_MAIN)),
                   "product");
}

enum status gpu_gemm(struct gpu_gemm *m, const struct gemm_call *c)
{
    if (!m->fixed_rows || c->kind != GEMM_FORWARD)
        return multiply(m, c);
    for (int row = 0; row < c->M; row += m->fixed_rows) {
        struct gemm_call part = *c;
        part.M = m->fixed_rows;
        part.a = (const char *)c->a +
                 (size_t)row * (size_t)c->ld_a * gpu_type_bytes(c->type);
        size_t at = (size_t)row * (size_t)c->ld_to * gpu_type_bytes(c->to_type);
        part.to = (char *)c->to + at;
        part.add = c->add ? (const char *)c->add + at : NULL;
        TRY(multiply(m, &part));
    }
    return OK;
}
