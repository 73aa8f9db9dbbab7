#include "decode.h"

#include "decode_few.h"
#include "decode_rows.h"
#include "layers.h"

#include <string.h>

// A step is recorded for every so many rows: 1, 2, 4, 8, 16, then by eighths of the
// power of two below.
void cuda_make_buckets(struct device *d)
{
    int rows = d->decode.rows;
    for (int at = 1; d->n_buckets < MAX_BUCKETS - 1 && at < rows;) {
        d->buckets[d->n_buckets++] = at;
        int power = 1;
        while (power * 2 <= at)
            power *= 2;
        at += power <= 16 ? power : power <= 128 ? power / 4 : power / 2;
    }
    d->buckets[d->n_buckets++] = rows;
}

void cuda_drop_graphs(struct device *d)
{
    for (int i = 0; i < 2 * MAX_BUCKETS; i++) {
        struct graph_slot *slots[2] = {&d->feeds[0][0] + i, &d->draws[0][0] + i};
        for (int k = 0; k < 2; k++) {
            gpu_graph_free(slots[k]->graph);
            *slots[k] = (struct graph_slot){0};
        }
    }
}

static int bucket_of(const struct device *d, int n)
{
    int i = 0;
    while (d->buckets[i] < n)
        i++;
    return i;
}

// Runs `work` as a graph: the first time as it is, which lets libraries load what they
// load, the second time recorded, then repeated.
static enum status run_graph(struct device *d, struct graph_slot *slot, int bucket,
                             enum status (*work)(struct device *d, int rows))
{
    int rows = d->buckets[bucket];
    if (slot->used++ == 0)
        return work(d, rows);
    if (!slot->graph) {
        TRY(gpu_capture_begin(d->gpu));
        enum status st = work(d, rows), ended = gpu_capture_end(d->gpu, &slot->graph);
        if (st != OK) { // what was recorded is not all of it
            gpu_graph_free(slot->graph);
            slot->graph = NULL;
            return st;
        }
        TRY(ended);
    }
    return gpu_graph_launch(d->gpu, slot->graph);
}

// ---- rows through the layers

struct gpu_kv decode_layer_cache(const struct device *d, int layer)
{
    size_t width = (size_t)(2 * kv_width(&d->c));
    size_t slots = ((size_t)d->decode.kv_pages + 1) * KV_PAGE;
    char *base = element(d, d->decode.cache, (size_t)layer * slots * width);
    return (struct gpu_kv){base, base + width / 2 * gpu_type_bytes(d->type), width};
}

typedef void attend_rows(struct device *d, const struct gpu_kv *kv, int rows);

static enum status rows_through(struct device *d, const struct rows_control *on, int n,
                                attend_rows *attend)
{
    const struct decode_buffers *b = &d->decode;
    const void *base = d->weights[DEVICE_ROLLOUT];
    gpu_embedding(d->gpu, d->type, b->stream, weight_at(d, base, d->layout.embedding),
                  on->tokens, n, d->c.dim);
    for (int i = 0; i < d->c.layers; i++) {
        const struct gpu_layer l = {d, base, i, n};
        const struct gpu_kv kv = decode_layer_cache(d, i);
        struct gpu_rotate r = layer_rotation(&l, on->positions);
        r.cache = (void *)kv.k;
        r.slots = on->slots;
        TRY(layer_qkv(&l, b->qkv, b->row, NULL, b->stream));
        gpu_rotate(d->gpu, d->type, b->qkv, NULL, b->qkv, &r, n);
        attend(d, &kv, n);
        TRY(layer_attention_out(&l, b->stream, b->stream, b->attended));
        TRY(layer_gate_up(&l, b->gate_up, b->row, NULL, b->stream));
        TRY(layer_down(&l, b->stream, b->stream, b->wide, b->gate_up));
    }
    gpu_place_rows(d->gpu, b->hidden, b->stream, on->hidden, n, d->c.dim);
    return OK;
}

static struct gpu_paths rows_paths(const struct rows_control *on)
{
    return (struct gpu_paths){.stretches = on->stretches,
                              .list = on->list,
                              .first = on->path_first,
                              .path = on->path,
                              .length = on->length,
                              .pages = on->pages};
}

static void attend_plain(struct device *d, const struct rows_control *on,
                         const struct gpu_kv *kv, int n)
{
    const struct gpu_paths paths = rows_paths(on);
    gpu_attention_plain(d->gpu, d->type, d->decode.attended, NULL, d->decode.qkv,
                        (size_t)qkv_width(&d->c), kv, &paths, &d->heads, n);
}

static void attend_step(struct device *d, const struct gpu_kv *kv, int n)
{
    const struct decode_buffers *b = &d->decode;
    const struct rows_control *on = &b->step.on;
    const struct cascade_view plan = {on->n_items, on->items, on->part_first, on->parts,
                                      on->pages};
    const struct few_ahead none = {NULL, 0};
    if (!d->fast)
        attend_plain(d, on, kv, n);
    else
        gpu_attention_cascade(d->gpu, b->attended, b->qkv, (size_t)qkv_width(&d->c), kv,
                              &plan, &none, b->parts, &d->heads, n);
}

static void attend_prompt(struct device *d, const struct gpu_kv *kv, int n)
{
    const struct decode_buffers *b = &d->decode;
    const struct rows_control *on = &b->prompt.on;
    const struct gpu_flash flash = {
        .Q = b->qkv,
        .ldq = (size_t)qkv_width(&d->c),
        .kv = *kv,
        .slots = on->key_slots,
        .shift = b->prompt.length - n,
        .n_keys = b->prompt.length,
        .tiles = {on->tiles_first, on->tiles, tiles_count(n)},
    };
    if (!d->fast)
        attend_plain(d, on, kv, n);
    else
        gpu_attention_flash(d->gpu, b->attended, NULL, &flash, &d->heads, n);
}

static enum status step_rows(struct device *d, int rows)
{
    if (!few_fits(d, rows))
        return rows_through(d, &d->decode.step.on, rows, attend_step);
    few_step(d, rows);
    return OK;
}

// Control arrays in pinned memory are written again only when the last copy is done.
static enum status settle(struct device *d, struct call_control *c)
{
    if (c->sent)
        TRY(gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: decoding"));
    c->sent = 1;
    return OK;
}

static enum status check_role(const struct device *d)
{
    return d->decode.rows > 0
               ? OK
               : status_fail(ERR_INTERNAL, "GPU %d does not decode", d->setup.ordinal);
}

enum status cuda_feed(struct device *d, const struct device_rows *rows)
{
    TRY(check_role(d));
    TRY(settle(d, &d->decode.step));
    int bucket = bucket_of(d, rows->n <= d->decode.rows ? rows->n : d->decode.rows);
    TRY(rows_send_step(d, rows, d->buckets[bucket]));
    return run_graph(d, &d->feeds[d->parity][bucket], bucket, step_rows);
}

enum status cuda_prompt(struct device *d, const struct device_rows *rows)
{
    TRY(check_role(d));
    TRY(settle(d, &d->decode.prompt));
    TRY(rows_send_prompt(d, rows));
    d->decode.prompt.length = rows->positions[rows->n - 1] + 1;
    return rows_through(d, &d->decode.prompt.on, rows->n, attend_prompt);
}

// ---- draws

// Logits of the states decode.from.
static enum status predict_rows(struct device *d, int rows)
{
    const struct decode_buffers *b = &d->decode;
    const void *base = d->weights[DEVICE_ROLLOUT];
    if (few_fits(d, rows)) {
        few_predict(d, rows);
        return OK;
    }
    final_norm(d, base, b->row, NULL, b->hidden, b->from, rows);
    return head_logits(d, base, b->logits, b->row, rows);
}

static enum status draw_rows(struct device *d, int rows)
{
    const struct decode_buffers *b = &d->decode;
    TRY(predict_rows(d, rows));
    gpu_sample(d->gpu, b->drawn, b->logits, d->ld, b->draws, b->sampling, rows,
               d->c.vocab);
    return OK;
}

static void send_draws(struct device *d, const struct decode_draw *draws, int n,
                       int padded)
{
    const struct decode_buffers *b = &d->decode;
    for (int i = 0; i < padded; i++) {
        const struct decode_draw *from = &draws[i < n ? i : 0];
        b->host_from[i] = from->state;
        b->host_draws[i] = (struct gpu_draw){
            .row = i,
            .greedy = from->temperature <= 0.0f,
            .inv_temperature =
                from->temperature > 0.0f ? 1.0f / from->temperature : 1.0f,
            .u = from->u,
        };
    }
    gpu_upload(d->gpu, GPU_MAIN, b->from, b->host_from,
               (size_t)padded * sizeof *b->from);
    gpu_upload(d->gpu, GPU_MAIN, b->draws, b->host_draws,
               (size_t)padded * sizeof *b->draws);
}

// One wait fetches the tokens; all that was enqueued before is done with it.
static enum status draw_some(struct device *d, struct decode_draw *draws, int n)
{
    struct decode_buffers *b = &d->decode;
    int bucket = bucket_of(d, n);
    send_draws(d, draws, n, d->buckets[bucket]);
    TRY(run_graph(d, &d->draws[d->parity][bucket], bucket, draw_rows));
    gpu_download(d->gpu, GPU_MAIN, b->host_drawn, b->drawn,
                 (size_t)n * sizeof *b->drawn);
    TRY(gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: decode step"));
    b->step.sent = b->prompt.sent = 0;
    for (int i = 0; i < n; i++) {
        draws[i].token = b->host_drawn[i].token;
        draws[i].log_prob = b->host_drawn[i].log_prob;
        draws[i].entropy = b->host_drawn[i].entropy;
    }
    return OK;
}

enum status cuda_draw(struct device *d, struct decode_draw *draws, int32_t n)
{
    TRY(check_role(d));
    for (int32_t i = 0; i < n; i++)
        if (draws[i].state < 0 || draws[i].state >= d->decode.kv_pages)
            return status_fail(ERR_INTERNAL, "GPU: a draw from state %d of %d",
                               draws[i].state, d->decode.kv_pages);
    for (int32_t done = 0; done < n; done += d->decode.rows)
        TRY(draw_some(d, draws + done,
                      n - done < d->decode.rows ? n - done : d->decode.rows));
    return OK;
}

enum status cuda_logits(struct device *d, int32_t hidden, float *out)
{
    const struct decode_buffers *b = &d->decode;
    TRY(check_role(d));
    b->host_from[0] = hidden;
    gpu_upload(d->gpu, GPU_MAIN, b->from, b->host_from, sizeof *b->from);
    TRY(predict_rows(d, 1));
    gpu_download(d->gpu, GPU_MAIN, out, b->logits, (size_t)d->c.vocab * sizeof *out);
    return gpu_wait(d->gpu, GPU_MAIN, d->setup.deadline_ms, "GPU: logits");
}
