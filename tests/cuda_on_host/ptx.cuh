// The instructions of tensor/cuda/ptx/ptx.cuh in plain C++: a warp's fragments are
// exchanged and each lane computes its own part, in the layouts of the PTX manual.
#ifndef CUDA_ON_HOST_PTX_CUH
#define CUDA_ON_HOST_PTX_CUH

#include <cuda_bf16.h>
#include <cuda_runtime.h>

inline void *dynamic_shared()
{
    return host::shared_memory();
}

inline void copy_async(void *shared, const void *global, int valid)
{
    host::copy_later(shared, global, valid);
}
inline void copy_commit()
{
    host::copy_close();
}
template <int PENDING> void copy_wait()
{
    host::copy_arrive(PENDING);
}

inline float power_of_2(float x)
{
    return exp2f(x);
}
inline uint64_t first_out_policy()
{
    return 0;
}
inline void copy_async_once(void *shared, const void *global, int valid, uint64_t)
{
    copy_async(shared, global, valid);
}

// Blocks run one after another, so what these order is in order.
inline void prefetch_line(const void *)
{
}
inline void wait_for_earlier()
{
    host::wait_for_earlier();
}
inline void let_next_begin()
{
}

inline float half_of(uint32_t pair, int high)
{
    return __uint_as_float(high ? pair & 0xffff0000u : pair << 16);
}
inline const uint16_t *row_of(const host::lane_set &all, int lane)
{
    const uint16_t *p;
    memcpy(&p, all.slot[lane], sizeof p);
    if ((uintptr_t)p % 16)
        host::refuse("ldmatrix of a row that is not aligned to 16 bytes");
    return p;
}

inline void load_matrix(uint32_t r[4], const void *row)
{
    const host::lane_set all = host::exchange(&row, sizeof row);
    int lane = host::lane();
    for (int j = 0; j < 4; j++)
        memcpy(&r[j], row_of(all, 8 * j + lane / 4) + 2 * (lane % 4), 4);
}
inline void load_matrix_transposed(uint32_t r[4], const void *row)
{
    const host::lane_set all = host::exchange(&row, sizeof row);
    int lane = host::lane();
    for (int j = 0; j < 4; j++) {
        uint32_t low = row_of(all, 8 * j + 2 * (lane % 4))[lane / 4];
        uint32_t high = row_of(all, 8 * j + 2 * (lane % 4) + 1)[lane / 4];
        r[j] = low | high << 16;
    }
}

inline void multiply_add(float c[4], const uint32_t a[4], const uint32_t b[2])
{
    const host::lane_set a01 = host::exchange(a, 8), a23 = host::exchange(a + 2, 8),
                         all = host::exchange(b, 8);
    int lane = host::lane();
    for (int i = 0; i < 4; i++) {
        int row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
        for (int k = 0; k < 16; k++) {
            int from = (row % 8) * 4 + (k % 8) / 2;
            uint32_t pair[2], other[2];
            memcpy(pair, (k < 8 ? a01 : a23).slot[from], 8);
            memcpy(other, all.slot[column * 4 + (k % 8) / 2], 8);
            c[i] += half_of(pair[row / 8], k % 2) * half_of(other[k / 8], k % 2);
        }
    }
}

#endif
