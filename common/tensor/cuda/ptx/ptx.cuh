// Instructions that C++ has no words for, sm_80 and newer (PTX ISA 8, "Matrix
// multiply-accumulate" and "ldmatrix").  Included as <ptx.cuh>.
#ifndef PTX_CUH
#define PTX_CUH

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <stdint.h>

// The block's dynamic shared memory, aligned to 16 bytes.
__device__ __forceinline__ void *dynamic_shared()
{
    extern __shared__ uint4 dynamic_shared_words[];
    return dynamic_shared_words;
}

__device__ __forceinline__ uint32_t shared_address(const void *p)
{
    return (uint32_t)__cvta_generic_to_shared(p);
}

// 16 bytes to shared memory without registers; only `valid` (0 to 16) are read, the
// rest becomes zeros.  Both addresses are multiples of 16.
__device__ __forceinline__ void copy_async(void *shared, const void *global, int valid)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                     shared_address(shared)),
                 "l"(global), "r"(valid)
                 : "memory");
}
__device__ __forceinline__ void copy_commit()
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}
// Until at most PENDING of this thread's last groups are on their way.
template <int PENDING> __device__ __forceinline__ void copy_wait()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

// 2^x, tiny results as 0; of -infinity too.
__device__ __forceinline__ float power_of_2(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// Four 8x8 matrices of bf16: lane i gives the address of row i % 8 of matrix i / 8 and
// gets, of each matrix, elements 2 (lane % 4) and the next of row lane / 4.
__device__ __forceinline__ void load_matrix(uint32_t r[4], const void *row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}
// The same of the transposed matrices.
__device__ __forceinline__ void load_matrix_transposed(uint32_t r[4], const void *row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// c (16, 8) += a (16, 16) b (16, 8): bf16 in, fp32 sum.
__device__ __forceinline__ void multiply_add(float c[4], const uint32_t a[4],
                                             const uint32_t b[2])
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

#endif
