// Attention over trees on a GPU.  Two kinds:
//
// The plain one (attention_plain.cu) follows every row's own path, position by
// position, in chunks of 32 fixed by the position alone: a row's bits depend on its
// path only, the same from the key/value cache and from packed rows, so a rollout's
// log-prob is the learner's.  Any type, any head size up to 256.  Slow.
//
// The fast one works on tiles of TILE rows by TILE keys with tensor cores, bf16, head
// sizes 64, 80, 96 and 128: attention_flash*.cu for packed rows and prompts (lists of
// tiles: tiles.h), attention_cascade.cu for decoding (a prefix is read once for all the
// rows that share it: cascade.h).  FlashAttention-2 (arXiv 2307.08691), Hydragen (arXiv
// 2402.05099).
//
// Keys and values are rows of `kv_stride` elements: packed rows [q | k | v], or slots
// of the cache [k | v].
#ifndef TENSOR_CUDA_ATTENTION_H
#define TENSOR_CUDA_ATTENTION_H

#include "cascade.h"
#include "few_rows.h"
#include "runtime.h"
#include "tiles.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gpu_heads {
    int heads, kv_heads, head_dim;
};

// Whether the fast kind takes this shape.
static inline int gpu_attention_is_fast(enum gpu_type type, const struct gpu_heads *h)
{
    int d = h->head_dim;
    return type == GPU_BF16 && (d == 64 || d == 80 || d == 96 || d == 128);
}

// ---- the plain kind

// A stretch of a path: positions [start, start + count) are rows base, base + 1, ...
// or, with pages, the slots of the pages listed from `base` on.
struct gpu_stretch {
    int32_t start, count, base;
};

struct gpu_paths {
    const struct gpu_stretch *stretches;
    const int32_t *list;   // indices of stretches, path after path, from the root down
    const int32_t *first;  // path p is list[first[p]] .. list[first[p + 1] - 1]
    const int32_t *path;   // (M) the path of each row
    const int32_t *length; // (M) positions the row sees, itself the last
    const int32_t *pages;  // NULL: no pages
};

struct gpu_kv {
    const void *k, *v; // of slot or row 0, head 0
    size_t stride;     // elements
};

// O (M, heads * head_dim), lse (M, heads) or NULL.  Q's rows are ldq elements apart.
void gpu_attention_plain(struct gpu *g, enum gpu_type type, void *O, float *lse,
                         const void *Q, size_t ldq, const struct gpu_kv *kv,
                         const struct gpu_paths *p, const struct gpu_heads *h, int M);

// What the backward passes need.  dQKV is overwritten; delta (M, heads) is scratch.
struct gpu_attention_grad {
    void *dQKV;         // (M, (heads + 2 kv_heads) * head_dim)
    const void *dO, *O; // (M, heads * head_dim)
    const float *lse;   // (M, heads)
    const void *QKV;    // rotated
    float *delta;
    const int32_t *ends; // (M) row j is seen by rows j .. ends[j] - 1
};
void gpu_attention_plain_backward(struct gpu *g, enum gpu_type type,
                                  const struct gpu_attention_grad *a,
                                  const struct gpu_paths *p, const struct gpu_heads *h,
                                  int M);

// ---- the fast kind

// Row i of Q is key `shift + i`; key j stands in row slots[j] (NULL: j) and is seen by
// keys j .. ends[j] - 1 (NULL: by all later ones).  n_keys bounds j.
struct gpu_flash {
    const void *Q;
    size_t ldq;
    struct gpu_kv kv;
    const int32_t *slots, *ends;
    int shift, n_keys;
    struct gpu_tiles tiles; // on the device, of the rows
};
void gpu_attention_flash(struct gpu *g, void *O, float *lse, const struct gpu_flash *f,
                         const struct gpu_heads *h, int M);
// Both tile lists on the device: of the rows, and transposed of the keys, whose shares
// (tiles_share) have `parts` of gpu_attention_part_floats each for scratch.
struct gpu_shares {
    const struct tile_share *list; // (n)
    const int32_t *part_first;     // (keys' tiles + 1)
    int n;
    float *parts;
};
static inline size_t gpu_attention_part_floats(const struct gpu_heads *h)
{
    return 2 * (size_t)TILE * (size_t)h->kv_heads * (size_t)h->head_dim;
}
// Pieces to cut the keys' lists into: two for each block that an H100 runs at once,
// over all heads.  More would even out better, and write and read more parts.
static inline int gpu_attention_shares(const struct gpu_heads *h)
{
    return h->kv_heads < 16 ? 512 / h->kv_heads : 32;
}
void gpu_attention_flash_backward(struct gpu *g, const struct gpu_attention_grad *a,
                                  const struct gpu_tiles *rows,
                                  const struct gpu_tiles *keys,
                                  const struct gpu_shares *shares,
                                  const struct gpu_heads *h, int M);

// One decode step: parts[] of scratch (cascade_scratch_floats), then merged into O.
// The plan's arrays are on the device, its counts too, so that the launch is the same
// for every step of a batch size.  Begins while the kernel before it ends: plan and
// pages, and what `ahead` names, must be in place before the last kernel that was
// launched in full order.
void gpu_attention_cascade(struct gpu *g, void *O, const void *Q, size_t ldq,
                           const struct gpu_kv *kv, const struct cascade_view *plan,
                           const struct few_ahead *ahead, float *scratch,
                           const struct gpu_heads *h, int M);

#ifdef __cplusplus
}
#endif

#endif
