// Decoding on the model's device: the plan as the device takes it.
#include "decode_state.h"

#include "base/mem.h"

static int32_t most_rows(const struct decoder *d)
{
    return d->prompt_rows > d->max_rows ? d->prompt_rows : d->max_rows;
}

enum status decode_device_new(struct decoder *d)
{
    TRY(mem_new(&d->slots, (size_t)most_rows(d), sizeof *d->slots));
    return mem_new(&d->hidden, (size_t)most_rows(d), sizeof *d->hidden);
}

void decode_device_free(struct decoder *d)
{
    mem_free(d->slots);
    mem_free(d->hidden);
    mem_free(d->segments);
}

enum status decode_device_reserve(struct decoder *d)
{
    return mem_grow(&d->segments, &d->segment_capacity, 0, d->plan.segment_capacity,
                    sizeof *d->segments);
}

enum status decode_device_rows(struct decoder *d, const struct decode_call *c,
                               int prompt)
{
    const struct decode_plan *p = &d->plan;
    const struct accelerator *a = c->m->accelerator;
    for (size_t i = 0; i < p->n_segments; i++)
        d->segments[i] = (struct device_segment){
            .page = (int32_t)(p->segments[i].pages - (float *const *)p->pages),
            .count = p->segments[i].count,
            .parent = p->segments[i].parent,
            .start = p->segments[i].start,
        };
    for (int32_t i = 0; i < c->n; i++) {
        d->slots[i] = p->page[i] * KV_PAGE + p->slot[i];
        // A prompt's earlier rows are followed by the last one, which alone predicts.
        d->hidden[i] = prompt && i + 1 < c->n ? -1 : p->page[i];
    }
    const struct device_rows rows = {
        .n = c->n,
        .tokens = d->tokens,
        .positions = p->positions,
        .slots = d->slots,
        .hidden = d->hidden,
        .leaf = p->leaf,
        .segments = d->segments,
        .n_segments = (int32_t)p->n_segments,
        .pages = p->numbers,
        .n_pages = (int32_t)p->n_pages,
    };
    return prompt ? a->ops->prefill(a->device, &rows) : a->ops->feed(a->device, &rows);
}
