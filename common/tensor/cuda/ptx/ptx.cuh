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
    asm volatile(
        "cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)),
        "l"(global), "r"(valid)
        : "memory");
}
// Likewise of what is read once only: it is the first to leave the L2 cache, so that
// the stream pushes nothing else out.  `first_out` is first_out_policy's.
__device__ __forceinline__ uint64_t first_out_policy()
{
    uint64_t policy;
    asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
    return policy;
}
__device__ __forceinline__ void copy_async_once(void *shared, const void *global,
                                                int valid, uint64_t first_out)
{
    asm volatile(
        "cp.async.cg.shared.global.L2::cache_hint [%0], [%1], 16, %2, %3;" ::"r"(
            shared_address(shared)),
        "l"(global), "r"(valid), "l"(first_out)
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

// A hint: the 128 bytes around p are wanted in the L2 cache.
__device__ __forceinline__ void prefetch_line(const void *p)
{
    asm volatile("prefetch.global.L2 [%0];" ::"l"(p));
}

// Of kernels that were launched to overlap (launch_early of kernel.cuh).  Until the
// kernels before this one have ended and all that they wrote can be seen; a kernel
// neither reads what they write nor writes anything before.  From sm_90; older
// processors start kernels in full order.
__device__ __forceinline__ void wait_for_earlier()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
// The next kernel may start as soon as all blocks of this one have begun.
__device__ __forceinline__ void let_next_begin()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
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
