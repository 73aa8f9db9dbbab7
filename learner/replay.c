#include "replay.h"

#include "base/mem.h"

#include <string.h>

void replay_free(struct replay *r)
{
    for (size_t i = 0; i < r->n; i++)
        tree_free(&r->entries[i]);
    mem_free(r->entries);
    *r = (struct replay){0};
}

static size_t bytes_of(const struct tree *t)
{
    size_t a_token = sizeof *t->tokens + sizeof *t->log_probs + sizeof *t->entropies;
    return t->n_nodes * sizeof *t->nodes + t->n_tokens * a_token;
}

enum status replay_add(struct replay *r, struct tree *entry)
{
    enum status st =
        mem_grow(&r->entries, &r->capacity, r->n, r->n + 1, sizeof *r->entries);
    if (st != OK) {
        tree_free(entry);
        return st;
    }
    r->entries[r->n++] = *entry;
    r->bytes += bytes_of(entry);
    *entry = (struct tree){0};
    return OK;
}

void replay_evict(struct replay *r, uint64_t oldest, size_t max_bytes)
{
    size_t gone = 0;
    while (gone < r->n &&
           (r->entries[gone].policy_version < oldest || r->bytes > max_bytes)) {
        r->bytes -= bytes_of(&r->entries[gone]);
        tree_free(&r->entries[gone++]);
    }
    r->n -= gone;
    if (gone > 0 && r->n > 0)
        memmove(r->entries, r->entries + gone, r->n * sizeof *r->entries);
}

const struct tree *replay_find(const struct replay *r, uint64_t prompt_id,
                               const int32_t *prefix, size_t n, size_t *at)
{
    while (*at < r->n) {
        const struct tree *t = &r->entries[r->n - 1 - (*at)++];
        if (t->prompt_id == prompt_id && (size_t)t->nodes[0].token_count == n &&
            memcmp(t->tokens, prefix, n * sizeof *prefix) == 0)
            return t;
    }
    return NULL;
}
