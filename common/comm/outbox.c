#include "comm/outbox.h"

#include "base/mem.h"

enum status outbox_push(struct outbox *o, int rank, struct buf *head, struct blob *tail,
                        size_t tail_offset, size_t tail_len)
{
    TRY(head->status);
    TRY(mem_grow(&o->items, &o->capacity, o->n, o->n + 1, sizeof *o->items));
    o->items[o->n++] = (struct outgoing){
        .rank = rank,
        .head = head->data,
        .head_len = head->len,
        .tail = tail ? blob_hold(tail) : NULL,
        .tail_offset = tail_offset,
        .tail_len = tail_len,
    };
    *head = (struct buf){0};
    return OK;
}

static void drop(struct outgoing *item)
{
    mem_free(item->head);
    blob_drop(item->tail);
}

enum status outbox_flush(struct outbox *o, struct transport *t)
{
    enum status st = OK;
    size_t sent = 0;
    for (; sent < o->n && st == OK; sent++) {
        st = t->ops->send(t, &o->items[sent]);
        if (st == OK)
            o->items[sent].head = NULL; // the transport's now
        drop(&o->items[sent]);
    }
    for (; sent < o->n; sent++)
        drop(&o->items[sent]);
    o->n = 0;
    return st;
}

void outbox_free(struct outbox *o)
{
    for (size_t i = 0; i < o->n; i++)
        drop(&o->items[i]);
    mem_free(o->items);
    *o = (struct outbox){0};
}
