#include "held.h"

#include "base/mem.h"

void held_free(struct held *h)
{
    for (size_t i = 0; i < h->n; i++)
        msg_task_clear(&h->items[i].task);
    mem_free(h->items);
    mem_free(h->leases);
    *h = (struct held){0};
}

struct held_task *held_find(const struct held *h, uint64_t lease)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->items[i].lease == lease)
            return &h->items[i];
    return NULL;
}

enum status held_add(struct held *h, struct msg_task *task)
{
    TRY(mem_grow(&h->items, &h->capacity, h->n, h->n + 1, sizeof *h->items));
    h->items[h->n++] = (struct held_task){
        .lease = task->lease,
        .version = task->policy_version,
        .task = *task,
    };
    *task = (struct msg_task){0};
    return OK;
}

void held_remove(struct held *h, uint64_t lease)
{
    struct held_task *gone = held_find(h, lease);
    if (!gone)
        return;
    msg_task_clear(&gone->task);
    h->n--;
    for (size_t i = (size_t)(gone - h->items); i < h->n; i++)
        h->items[i] = h->items[i + 1];
}

enum status held_leases(struct held *h, uint64_t **leases, size_t *n)
{
    TRY(mem_grow(&h->leases, &h->lease_capacity, 0, h->n, sizeof *h->leases));
    for (size_t i = 0; i < h->n; i++)
        h->leases[i] = h->items[i].lease;
    *leases = h->leases;
    *n = h->n;
    return OK;
}
