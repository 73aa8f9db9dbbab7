// The products of the backward pass, by OpenBLAS on one thread a piece.  Pieces are cut
// by the shape alone, so the bits do not depend on the number of threads.
#include "cut.h"

#include "base/par.h"
#include "tensor/ops.h"
#include "tensor/simd.h"

#include <cblas.h>
#include <pthread.h>

enum { PIECE_ROWS = 192, PIECE_COLUMNS = 512, BIAS_COLUMNS = 4 * VF_LANES };

// C (rows, columns) = beta C + op(A) B, cut into pieces of C.
struct pieces {
    float *C;
    const float *A, *B;
    CBLAS_TRANSPOSE transpose;
    float beta;
    int rows, columns, inner, lda;
    int piece_rows, piece_columns, pieces_across;
};

static void blas_single_threaded(void)
{
    openblas_set_num_threads(1);
}

static void piece_task(void *context, int index, int thread)
{
    const struct pieces *p = context;
    (void)thread;
    int row = index / p->pieces_across * p->piece_rows;
    int column = index % p->pieces_across * p->piece_columns;
    size_t a = (size_t)row * (p->transpose == CblasTrans ? 1 : (size_t)p->lda);
    cblas_sgemm(CblasRowMajor, p->transpose, CblasNoTrans,
                min_int(p->rows - row, p->piece_rows),
                min_int(p->columns - column, p->piece_columns), p->inner, 1.0F,
                p->A + a, p->lda, p->B + column, p->columns, p->beta,
                p->C + (size_t)row * (size_t)p->columns + column, p->columns);
}

// Equal parts of at most `most`, in whole vectors.
static int even_part(int n, int most)
{
    int part = ceil_div(n, ceil_div(n, most));
    return ceil_div(part, VF_LANES) * VF_LANES;
}

static void run_pieces(struct pieces *p)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, blas_single_threaded);
    p->piece_rows = even_part(p->rows, PIECE_ROWS);
    p->piece_columns = even_part(p->columns, PIECE_COLUMNS);
    p->pieces_across = ceil_div(p->columns, p->piece_columns);
    int down = ceil_div(p->rows, p->piece_rows);
    par_for(down * p->pieces_across, piece_task, p);
}

void gemm_backward_input(float *dX, const float *dY, const float *W, int M, int N,
                         int K)
{
    if (M < 1)
        return;
    struct pieces p = {.C = dX,
                       .A = dY,
                       .B = W,
                       .transpose = CblasNoTrans,
                       .beta = 0.0F,
                       .rows = M,
                       .columns = K,
                       .inner = N,
                       .lda = N};
    run_pieces(&p);
}

struct bias_sum {
    float *db;
    const float *dY;
    int M, N;
};

// Adds the column sums of 64 columns, row after row.
static void bias_task(void *context, int index, int thread)
{
    const struct bias_sum *b = context;
    (void)thread;
    int end = min_int((index + 1) * BIAS_COLUMNS, b->N);
    for (int j = index * BIAS_COLUMNS; j < end; j += VF_LANES) {
        int n = end - j;
        vf sum = vf_zero();
        for (int i = 0; i < b->M; i++)
            sum = vf_add(sum,
                         vf_load_part(b->dY + (size_t)i * (size_t)b->N + j, n, 0.0F));
        vf_store_part(b->db + j, vf_add(sum, vf_load_part(b->db + j, n, 0.0F)), n);
    }
}

void gemm_backward_weight(float *dW, float *db, const float *dY, const float *X, int M,
                          int N, int K)
{
    if (M < 1)
        return;
    struct pieces p = {.C = dW,
                       .A = dY,
                       .B = X,
                       .transpose = CblasTrans,
                       .beta = 1.0F,
                       .rows = N,
                       .columns = K,
                       .inner = M,
                       .lda = N};
    run_pieces(&p);
    if (db) {
        struct bias_sum b = {db, dY, M, N};
        par_for(ceil_div(N, BIAS_COLUMNS), bias_task, &b);
    }
}
