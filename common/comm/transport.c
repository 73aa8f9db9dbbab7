#include "transport.h"

#include "base/mem.h"

enum status outgoing_check(const struct transport *t, const struct outgoing *out)
{
    if (out->rank < 0 || out->rank >= t->size || out->rank == t->rank)
        return status_fail(ERR_INTERNAL, "send to rank %d from rank %d of %d",
                           out->rank, t->rank, t->size);
    size_t room = out->tail ? out->tail->len : 0;
    size_t offset = out->tail_len > 0 ? out->tail_offset : 0; // of nothing: any
    if (offset > room || out->tail_len > room - offset)
        return status_fail(ERR_INTERNAL, "send to rank %d: bytes %zu + %zu of %zu",
                           out->rank, out->tail_offset, out->tail_len, room);
    if (out->head_len > MAX_MESSAGE_BYTES ||
        out->tail_len > MAX_MESSAGE_BYTES - out->head_len)
        return status_fail(ERR_LIMIT, "send to rank %d: a message of %zu + %zu bytes",
                           out->rank, out->head_len, out->tail_len);
    return OK;
}

void incoming_free(struct incoming *in)
{
    mem_free(in->data);
    *in = (struct incoming){0};
}
