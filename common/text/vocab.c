#include "vocab.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

void vocab_free(struct vocab *v)
{
    mem_free(v->pieces);
    mem_free(v->slots);
    buf_free(&v->bytes);
    *v = (struct vocab){0};
}

const char *vocab_bytes(const struct vocab *v, int32_t id, size_t *len)
{
    *len = v->pieces[id].len;
    return buf_cstr(&v->bytes) + v->pieces[id].at;
}

// The slot of the piece with these bytes, or the free one where it would go.
static size_t slot_of(const struct vocab *v, const char *bytes, size_t len)
{
    size_t mask = v->n_slots - 1;
    size_t i = hash_bytes(HASH_START, bytes, len) & mask;
    for (; v->slots[i]; i = (i + 1) & mask) {
        size_t other_len;
        const char *other = vocab_bytes(v, v->slots[i] - 1, &other_len);
        if (other_len == len && memcmp(other, bytes, len) == 0)
            break;
    }
    return i;
}

int32_t vocab_find(const struct vocab *v, const char *bytes, size_t len)
{
    int32_t id = v->n_slots ? v->slots[slot_of(v, bytes, len)] - 1 : -1;
    return id >= 0 && v->pieces[id].kind == PIECE_TEXT ? id : -1;
}

int32_t vocab_find_special(const struct vocab *v, const char *content)
{
    size_t len, wanted = strlen(content);
    for (size_t id = 0; id < v->n; id++) {
        const char *text = vocab_bytes(v, (int32_t)id, &len);
        if (v->pieces[id].kind == PIECE_SPECIAL && len == wanted &&
            memcmp(text, content, len) == 0)
            return (int32_t)id;
    }
    return -1;
}

// Keeps the table at most half full.
static enum status reserve_slot(struct vocab *v)
{
    if (2 * (v->used + 1) <= v->n_slots)
        return OK;
    struct vocab grown = *v;
    grown.n_slots = v->n_slots ? 2 * v->n_slots : 1024;
    TRY(mem_new(&grown.slots, grown.n_slots, sizeof *grown.slots));
    for (size_t i = 0; i < v->n_slots; i++) {
        if (!v->slots[i])
            continue;
        size_t len;
        const char *bytes = vocab_bytes(v, v->slots[i] - 1, &len);
        grown.slots[slot_of(&grown, bytes, len)] = v->slots[i];
    }
    mem_free(v->slots);
    *v = grown;
    return OK;
}

static enum status check_new(const struct vocab *v, int64_t id, const char *bytes,
                             size_t len, enum piece_kind kind)
{
    if (id < 0 || id >= VOCAB_MAX_IDS)
        return status_fail(ERR_INPUT, "token id %lld is not in 0..%d", (long long)id,
                           VOCAB_MAX_IDS - 1);
    if ((size_t)id < v->n && v->pieces[id].kind != PIECE_NONE)
        return status_fail(ERR_INPUT, "two tokens have the id %lld", (long long)id);
    if (!len || len > UINT32_MAX)
        return status_fail(ERR_INPUT, "token %lld has %zu bytes", (long long)id, len);
    if (kind == PIECE_TEXT && vocab_find(v, bytes, len) >= 0)
        return status_fail(ERR_INPUT, "tokens %lld and %d are the same text",
                           (long long)id, vocab_find(v, bytes, len));
    return OK;
}

enum status vocab_add(struct vocab *v, int64_t id, const char *bytes, size_t len,
                      enum piece_kind kind)
{
    TRY(check_new(v, id, bytes, len, kind));
    TRY(reserve_slot(v));
    size_t index = (size_t)id;
    TRY(mem_grow(&v->pieces, &v->capacity, v->n, index + 1, sizeof *v->pieces));
    size_t at = v->bytes.len;
    buf_append(&v->bytes, bytes, len);
    TRY(v->bytes.status);
    if (kind == PIECE_TEXT) {
        v->slots[slot_of(v, bytes, len)] = (int32_t)id + 1;
        v->used++;
    }
    v->pieces[index] = (struct piece){.at = at, .len = (uint32_t)len, .kind = kind};
    if (index >= v->n)
        v->n = index + 1;
    return OK;
}
