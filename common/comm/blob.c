#include "transport.h"

#include "base/mem.h"

enum status blob_new(struct blob **out, size_t len)
{
    struct blob *b = NULL;
    TRY(mem_new(&b, 1, sizeof *b));
    enum status st = mem_new(&b->data, len, 1);
    if (st != OK) {
        mem_free(b);
        return st;
    }
    b->len = len;
    b->references = 1;
    *out = b;
    return OK;
}

struct blob *blob_hold(struct blob *b)
{
    b->references++;
    return b;
}

void blob_drop(struct blob *b)
{
    if (!b || --b->references > 0)
        return;
    mem_free(b->data);
    mem_free(b);
}
