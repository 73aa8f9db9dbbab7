// One GPU behind the table of model/device.h.
#include "decode.h"
#include "decode_few.h"
#include "optimizer.h"
#include "train.h"

#include "base/mem.h"
#include "model/layout.h"
#include "model/rope.h"

#include <math.h>
#include <string.h>

// What our kernels' 16-byte loads and the tensor cores ask for.
static enum status check_shape(const struct model_config *c)
{
    if (c->dim % 8 != 0 || c->ffn % 8 != 0 || c->head_dim % 8 != 0)
        return status_fail(
            ERR_INPUT,
            "device cuda: hidden size %d, inner size %d and head size %d "
            "must be multiples of 8",
            c->dim, c->ffn, c->head_dim);
    if (c->dim > GPU_WIDEST_NORM)
        return status_fail(ERR_INPUT,
                           "device cuda: hidden size %d, at most %d are made", c->dim,
                           GPU_WIDEST_NORM);
    if (c->head_dim > 256)
        return status_fail(ERR_INPUT, "device cuda: head size %d, at most 256 are made",
                           c->head_dim);
    return OK;
}

static int wants_fast(const struct device *d)
{
    return !d->setup.deterministic && gpu_attention_is_fast(d->type, &d->heads) &&
           d->c.heads / d->c.kv_heads <= TILE;
}

void device_shape(struct device *d, const struct device_setup *s)
{
    d->setup = *s;
    d->c = s->config;
    d->type = s->type == DEVICE_F32 ? GPU_F32 : GPU_BF16;
    d->heads = (struct gpu_heads){d->c.heads, d->c.kv_heads, d->c.head_dim};
    d->fast = wants_fast(d);
    d->few = few_shape_fits(d);
    d->ld = (int)arena_rows((size_t)d->c.vocab, 8);
    d->padding = s->deterministic ? FIXED_ROWS : TILE;
}

static enum status describe_gpu(struct device *d)
{
    struct gpu_info g;
    TRY(gpu_describe(d->gpu, &g));
    memcpy(d->info.name, g.name, sizeof d->info.name);
    memcpy(d->info.uuid, g.uuid, sizeof d->info.uuid);
    d->info.major = g.major;
    d->info.minor = g.minor;
    d->info.multiprocessors = g.multiprocessors;
    d->info.total_bytes = g.total_bytes;
    d->info.free_bytes = g.free_bytes;
    return OK;
}

// Bytes for what comes later and not from the arena: the code of products' kernels,
// graphs, NCCL's buffers.
static const size_t LEFT_FREE = (size_t)512 << 20;

// Bytes with so many key/value pages.
static enum status arena_bytes(struct device *d, int32_t kv_pages, size_t *on_device,
                               size_t *on_host)
{
    struct arena on = {0}, host = {0};
    d->setup.limits.kv_pages = kv_pages;
    TRY(device_place(d, &on, &host));
    *on_device = on.used;
    *on_host = host.used;
    return OK;
}

// Where the setup leaves it open: the most pages that fit into its share of what is
// free; one, where not even that fits (make_arena says so).
static enum status choose_pages(struct device *d)
{
    struct device_limits *l = &d->setup.limits;
    double usable = (double)d->info.free_bytes - (double)LEFT_FREE;
    double most = fmin(l->memory_share * (double)d->info.free_bytes, usable);
    int32_t low = 1, high = MOST_PAGES;
    if (l->decode_rows < 1 || l->kv_pages > 0)
        return OK;
    while (low < high) {
        int32_t middle = low + (high - low + 1) / 2;
        size_t on = 0, host = 0;
        enum status st = arena_bytes(d, middle, &on, &host);
        if (st == OK && (double)on <= most)
            low = middle;
        else
            high = middle - 1;
    }
    l->kv_pages = low;
    return OK;
}

static enum status make_arena(struct device *d)
{
    struct arena on = {0}, host = {0};
    TRY(choose_pages(d));
    d->info.kv_pages = d->setup.limits.kv_pages;
    TRY(arena_bytes(d, d->info.kv_pages, &d->info.arena_bytes, &d->info.host_bytes));
    on.used = d->info.arena_bytes;
    host.used = d->info.host_bytes;
    if (on.used > d->info.free_bytes || d->info.free_bytes - on.used < LEFT_FREE)
        return status_fail(
            ERR_NOMEM,
            "%s: %.1f GiB are wanted (weights, optimizer, activations of "
            "%d tokens, %d key/value pages), %.1f are free, 0.5 of which "
            "must stay so: smaller "
            "train.pack_tokens or rollout.kv_mb, gpu.recompute or "
            "gpu.optimizer: host would fit more",
            d->info.name, (double)on.used / 1073741824.0, d->setup.limits.train_tokens,
            d->setup.limits.kv_pages, (double)d->info.free_bytes / 1073741824.0);
    TRY(gpu_memory_new(d->gpu, &d->arena, on.used));
    TRY(gpu_host_new(d->gpu, &d->host_arena, host.used > 0 ? host.used : 1));
    on = (struct arena){.base = d->arena};
    host = (struct arena){.base = d->host_arena};
    return device_place(d, &on, &host);
}

static enum status send_tables(struct device *d)
{
    size_t n = (size_t)d->c.max_positions * (size_t)(d->c.head_dim / 2);
    float *cosine = NULL, *sine = NULL;
    enum status st;
    TRY_OUT(rope_tables_new(&cosine, &sine, &d->c));
    gpu_upload(d->gpu, GPU_MAIN, d->cosine, cosine, n * sizeof *cosine);
    gpu_upload(d->gpu, GPU_MAIN, d->sine, sine, n * sizeof *sine);
    st = gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: rotary tables");
out:
    mem_free(cosine);
    mem_free(sine);
    return st;
}

// Buffers' rows that no call fills are read by products of padded size: they must be
// numbers.
static void clear_arena(struct device *d)
{
    gpu_zero(d->gpu, GPU_MAIN, d->arena, d->info.arena_bytes);
}

static void cuda_close(struct device *d)
{
    if (!d)
        return;
    cuda_drop_graphs(d);
    gpu_gemm_free(d->gemm);
    if (d->gpu && d->arena)
        gpu_memory_free(d->gpu, d->arena);
    if (d->gpu)
        gpu_host_free(d->gpu, d->host_arena);
    gpu_close(d->gpu);
    mem_free(d->layout.layers);
    mem_free(d->train.layers);
    mem_free(d->decode.segments);
    mem_free(d->decode.low);
    mem_free(d->decode.high);
    mem_free(d);
}

static enum status cuda_measure(const struct device_setup *s, size_t *on_device,
                                size_t *on_host)
{
    struct device *d = NULL;
    enum status st;
    TRY(check_shape(&s->config));
    TRY(mem_new(&d, 1, sizeof *d));
    device_shape(d, s);
    TRY_OUT(layout_new(&d->layout, &d->c));
    st = arena_bytes(d, s->limits.kv_pages, on_device, on_host);
out:
    cuda_close(d);
    return status_wrap(st, "device cuda");
}

static enum status cuda_open(struct device **out, const struct device_setup *s)
{
    struct device *d = NULL;
    enum status st;
    TRY(check_shape(&s->config));
    TRY(mem_new(&d, 1, sizeof *d));
    device_shape(d, s);
    TRY_OUT(layout_new(&d->layout, &d->c));
    TRY_OUT(gpu_open(&d->gpu, s->ordinal));
    TRY_OUT(describe_gpu(d));
    TRY_OUT(make_arena(d));
    clear_arena(d);
    TRY_OUT(gpu_gemm_new(&d->gemm, d->gpu, d->workspace, GPU_GEMM_WORKSPACE,
                         s->deterministic ? FIXED_ROWS : 0));
    TRY_OUT(send_tables(d));
    if (d->decode.rows > 0)
        cuda_make_buckets(d);
    *out = d;
    return OK;
out:
    cuda_close(d);
    return status_wrap(st, "device cuda");
}

static void cuda_describe(const struct device *d, struct device_info *out)
{
    *out = d->info;
}

// The floats on their way to a set that has no float copy: any large buffer that is at
// rest between calls.
static float *resting(const struct device *d, size_t *floats)
{
    if (d->decode.rows > 0) {
        *floats =
            arena_rows((size_t)d->decode.rows, (size_t)d->padding) * (size_t)d->ld;
        return d->decode.logits;
    }
    *floats = (size_t)d->train.chunk * (size_t)d->ld;
    return d->train.logits;
}

static enum status cuda_set_weights(struct device *d, enum device_weights w,
                                    const float *params)
{
    size_t n = d->layout.total, room = 0;
    if (!d->weights[w])
        return status_fail(ERR_INTERNAL, "GPU %d holds no such weights",
                           d->setup.ordinal);
    if (w == DEVICE_LEARNER)
        TRY(optimizer_set(d, DEVICE_MASTER, params));
    if (w == DEVICE_LEARNER && !d->setup.limits.host_optimizer) { // they are there now
        gpu_cast(d->gpu, d->type, d->weights[w], d->optimizer.master, n);
        return gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: casting weights");
    }
    float *staging = resting(d, &room);
    for (size_t at = 0; at < n; at += room) {
        size_t count = n - at < room ? n - at : room;
        gpu_upload(d->gpu, GPU_MAIN, staging, params + at, count * sizeof *params);
        gpu_cast(d->gpu, d->type, element(d, d->weights[w], at), staging, count);
    }
    return gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: loading weights");
}

// ---- weights from device to device

static struct model_image cuda_image(struct device *d, int incoming)
{
    void *at = incoming ? d->incoming : d->weights[DEVICE_LEARNER];
    return (struct model_image){at, d->layout.total * gpu_type_bytes(d->type)};
}

static void *cuda_broadcast_stream(struct device *d)
{
    return gpu_stream_of(d->gpu, GPU_BROADCAST);
}

static void cuda_release(struct device *d)
{
    gpu_after(d->gpu, GPU_BROADCAST, GPU_MAIN);
}

static enum status cuda_copy(struct device *d, void *to, const void *from, size_t bytes)
{
    gpu_copy(d->gpu, GPU_BROADCAST, to, from, bytes);
    return gpu_wait(d->gpu, GPU_BROADCAST, d->setup.deadline_ms,
                    "GPU: copying weights");
}

// Decoding's graphs know where the weights lie: each of the two places has its own.
static enum status cuda_adopt(struct device *d)
{
    void *old = d->weights[DEVICE_ROLLOUT];
    if (!d->incoming)
        return status_fail(ERR_INTERNAL, "GPU %d has no second buffer of weights",
                           d->setup.ordinal);
    d->weights[DEVICE_ROLLOUT] = d->incoming;
    d->incoming = old;
    d->parity = !d->parity;
    gpu_after(d->gpu, GPU_MAIN, GPU_BROADCAST);
    return OK;
}

static const struct device_ops ops = {
    .abi = DEVICE_ABI,
    .count = gpu_count,
    .measure = cuda_measure,
    .open = cuda_open,
    .close = cuda_close,
    .describe = cuda_describe,
    .set_weights = cuda_set_weights,
    .clear = optimizer_clear,
    .log_probs = train_log_probs,
    .train = train_pack,
    .squared_norm = optimizer_norm,
    .update = optimizer_update,
    .get_state = optimizer_get,
    .set_state = optimizer_set,
    .hash = optimizer_hash,
    .image = cuda_image,
    .broadcast_stream = cuda_broadcast_stream,
    .release = cuda_release,
    .copy = cuda_copy,
    .adopt = cuda_adopt,
    .feed = cuda_feed,
    .prefill = cuda_prompt,
    .draw = cuda_draw,
    .logits = cuda_logits,
};

__attribute__((visibility("default"))) const struct device_ops *etreerpo_device(void)
{
    return &ops;
}
