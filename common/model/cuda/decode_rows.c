#include "decode_rows.h"

#include "base/mem.h"

#include <string.h>

static enum status check_room(const struct device *d, const struct call_control *c,
                              const struct device_rows *rows)
{
    if (rows->n < 1 || rows->n > c->rows)
        return status_fail(ERR_LIMIT, "GPU: %d rows at once, made for %d", rows->n,
                           c->rows);
    if (rows->n_pages > d->decode.kv_pages || rows->n_segments > d->decode.kv_pages)
        return status_fail(ERR_INTERNAL,
                           "GPU: %d pages in %d segments, the cache has %d",
                           rows->n_pages, rows->n_segments, d->decode.kv_pages);
    return OK;
}

static void list_rows(const struct device *d, const struct rows_control *h,
                      const struct device_rows *rows, int padded)
{
    int32_t nobody = d->decode.kv_pages;
    for (int i = 0; i < padded; i++) {
        int from = i < rows->n ? i : 0;
        h->tokens[i] = rows->tokens[from];
        h->positions[i] = rows->positions[from];
        h->slots[i] = i < rows->n ? rows->slots[i] : nobody * KV_PAGE;
        h->hidden[i] = i < rows->n && rows->hidden[i] >= 0 ? rows->hidden[i] : nobody;
    }
    memcpy(h->pages, rows->pages, (size_t)rows->n_pages * sizeof *h->pages);
}

// Path s is that of segment s, from the root down.
static enum status list_paths(const struct device *d, const struct call_control *c,
                              const struct device_rows *rows, int padded)
{
    const struct rows_control *h = &c->host;
    int32_t room = PATH_STRETCHES * (c->rows + 1) + d->decode.kv_pages, used = 0;
    for (int s = 0; s < rows->n_segments; s++)
        h->stretches[s] = (struct gpu_stretch){
            rows->segments[s].start, rows->segments[s].count, rows->segments[s].page};
    for (int i = 0; i < padded; i++) {
        int32_t leaf = i < rows->n ? rows->leaf[i] : rows->leaf[0], depth = 0;
        for (int32_t s = leaf; s >= 0; s = rows->segments[s].parent)
            depth++;
        if (depth > room - used)
            return status_fail(ERR_LIMIT,
                               "decode: paths of %d rows take more than %d "
                               "segments: fewer rows (rollout.max_rows)",
                               rows->n, room);
        h->path_first[i] = used;
        used += depth;
        h->path_first[i + 1] = used;
        for (int32_t s = leaf, at = used; s >= 0; s = rows->segments[s].parent)
            h->list[--at] = s;
        h->path[i] = i;
        h->length[i] = h->positions[i] + 1;
    }
    return OK;
}

static enum status list_cascade(struct device *d, const struct device_rows *rows,
                                int padded)
{
    struct decode_buffers *b = &d->decode;
    const struct rows_control *h = &b->step.host;
    size_t n = (size_t)rows->n_segments;
    TRY(mem_grow(&b->low, &b->low_capacity, 0, n, sizeof *b->low));
    TRY(mem_grow(&b->high, &b->high_capacity, 0, n, sizeof *b->high));
    TRY(mem_grow(&b->segments, &b->segment_capacity, 0, n, sizeof *b->segments));
    for (size_t s = 0; s < n; s++)
        b->segments[s] = (struct cascade_segment){
            rows->segments[s].page, rows->segments[s].count, rows->segments[s].parent};
    struct cascade_plan plan = {.items = h->items,
                                .part_first = h->part_first,
                                .parts = h->parts,
                                .low = b->low,
                                .high = b->high};
    TRY(cascade_build(&plan, &b->limits, b->segments, rows->n_segments, rows->leaf,
                      rows->n));
    *h->n_items = plan.n_items;
    for (int i = rows->n; i < padded; i++) // rows of nobody have no parts
        h->part_first[i + 1] = h->part_first[rows->n];
    return OK;
}

// Only the pages in use are sent, which stand last.
static void send(struct device *d, const struct call_control *c, int n_pages)
{
    size_t before = (size_t)((char *)c->host.pages - (char *)c->host_memory);
    gpu_upload(d->gpu, GPU_MAIN, c->memory, c->host_memory,
               before + (size_t)n_pages * sizeof(int32_t));
}

enum status rows_send_step(struct device *d, const struct device_rows *rows, int padded)
{
    const struct call_control *c = &d->decode.step;
    TRY(check_room(d, c, rows));
    list_rows(d, &c->host, rows, padded);
    if (d->fast)
        TRY(list_cascade(d, rows, padded));
    else
        TRY(list_paths(d, c, rows, padded));
    send(d, c, rows->n_pages);
    return OK;
}

static void list_prompt_keys(const struct device *d, const struct device_rows *rows,
                             int length)
{
    const struct rows_control *h = &d->decode.prompt.host;
    int at = 0;
    for (int s = 0; s < rows->n_segments; s++) {
        const struct device_segment *own = &rows->segments[s];
        for (int32_t i = 0; i < own->count && at < length; i++)
            h->key_slots[at++] =
                rows->pages[own->page + i / KV_PAGE] * KV_PAGE + i % KV_PAGE;
    }
    (void)tiles_list(h->tiles_first, h->tiles, NULL, rows->n, length - rows->n, length,
                     0);
}

static void list_prompt_path(const struct device *d, const struct device_rows *rows)
{
    const struct rows_control *h = &d->decode.prompt.host;
    for (int s = 0; s < rows->n_segments; s++) {
        const struct device_segment *own = &rows->segments[s];
        h->stretches[s] = (struct gpu_stretch){own->start, own->count, own->page};
        h->list[s] = s;
    }
    h->path_first[0] = 0;
    h->path_first[1] = rows->n_segments;
    for (int i = 0; i < rows->n; i++) {
        h->path[i] = 0;
        h->length[i] = rows->positions[i] + 1;
    }
}

enum status rows_send_prompt(struct device *d, const struct device_rows *rows)
{
    const struct call_control *c = &d->decode.prompt;
    TRY(check_room(d, c, rows));
    int length = rows->positions[rows->n - 1] + 1;
    if (length > d->decode.context)
        return status_fail(ERR_LIMIT, "GPU: a path of %d tokens, made for %d", length,
                           d->decode.context);
    list_rows(d, &c->host, rows, rows->n);
    if (d->fast)
        list_prompt_keys(d, rows, length);
    else
        list_prompt_path(d, rows);
    send(d, c, rows->n_pages);
    return OK;
}
