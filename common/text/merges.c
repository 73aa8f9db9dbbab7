#include "merges.h"

#include "base/mem.h"

void merges_free(struct merges *m)
{
    mem_free(m->items);
    mem_free(m->slots);
    *m = (struct merges){0};
}

// The slot of a pair, or the free one where it would go.
static size_t slot_of(const struct merges *m, int32_t left, int32_t right)
{
    size_t mask = m->n_slots - 1;
    uint64_t pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t i = (pair * 0x9e3779b97f4a7c15u) >> 32 & mask;
    for (; m->slots[i]; i = (i + 1) & mask) {
        const struct merge *other = &m->items[m->slots[i] - 1];
        if (other->left == left && other->right == right)
            break;
    }
    return i;
}

static enum status reserve_slot(struct merges *m)
{
    if (2 * (m->n + 1) <= m->n_slots)
        return OK;
    struct merges grown = *m;
    grown.n_slots = m->n_slots ? 2 * m->n_slots : 1024;
    TRY(mem_new(&grown.slots, grown.n_slots, sizeof *grown.slots));
    for (size_t i = 0; i < m->n_slots; i++) {
        if (!m->slots[i])
            continue;
        const struct merge *item = &m->items[m->slots[i] - 1];
        grown.slots[slot_of(&grown, item->left, item->right)] = m->slots[i];
    }
    mem_free(m->slots);
    *m = grown;
    return OK;
}

enum status merges_add(struct merges *m, struct merge merge)
{
    TRY(reserve_slot(m));
    TRY(mem_grow(&m->items, &m->capacity, m->n, m->n + 1, sizeof *m->items));
    m->items[m->n++] = merge;
    m->slots[slot_of(m, merge.left, merge.right)] = (uint32_t)m->n;
    return OK;
}

void word_free(struct word *w)
{
    mem_free(w->symbols);
    mem_free(w->heap);
    *w = (struct word){0};
}

enum status word_reserve(struct word *w, size_t n)
{
    // At most n - 1 pairs at the start and two new ones for each of n - 1 merges.
    TRY(mem_grow(&w->symbols, &w->symbols_capacity, 0, n, sizeof *w->symbols));
    TRY(mem_grow(&w->heap, &w->heap_capacity, 0, 3 * n, sizeof *w->heap));
    w->n = n;
    return OK;
}

static void heap_push(struct word *w, uint64_t entry)
{
    size_t i = w->heap_len++;
    for (; i > 0 && w->heap[(i - 1) / 2] > entry; i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = entry;
}

static uint64_t heap_pop(struct word *w)
{
    uint64_t top = w->heap[0], last = w->heap[--w->heap_len];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= w->heap_len)
            break;
        if (child + 1 < w->heap_len && w->heap[child + 1] < w->heap[child])
            child++;
        if (w->heap[child] >= last)
            break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return top;
}

// Enters the pair that begins at symbol `at`, if it has a merge.
static void consider(const struct merges *m, struct word *w, int32_t at)
{
    if (at < 0 || w->symbols[at].next < 0)
        return;
    const struct symbol *left = &w->symbols[at];
    uint32_t rank = m->slots[slot_of(m, left->id, w->symbols[left->next].id)];
    if (rank)
        heap_push(w, (uint64_t)(rank - 1) << 32 | (uint32_t)at);
}

static void merge_at(const struct merges *m, struct word *w, int32_t at,
                     int32_t product)
{
    struct symbol *left = &w->symbols[at], *right = &w->symbols[left->next];
    left->id = product;
    right->id = -1;
    left->next = right->next;
    if (left->next >= 0)
        w->symbols[left->next].prev = at;
    consider(m, w, left->prev);
    consider(m, w, at);
}

static void link_symbols(struct word *w)
{
    for (size_t i = 0; i < w->n; i++) {
        w->symbols[i].prev = (int32_t)i - 1;
        w->symbols[i].next = i + 1 < w->n ? (int32_t)i + 1 : -1;
    }
}

void merges_apply(const struct merges *m, struct word *w)
{
    link_symbols(w);
    w->heap_len = 0;
    if (!m->n)
        return;
    for (size_t i = 0; i + 1 < w->n; i++)
        consider(m, w, (int32_t)i);
    while (w->heap_len) {
        uint64_t entry = heap_pop(w);
        const struct merge *item = &m->items[entry >> 32];
        int32_t at = (int32_t)(entry & UINT32_MAX);
        const struct symbol *left = &w->symbols[at];
        // An entry is out of date where either symbol has changed since.
        if (left->id == item->left && left->next >= 0 &&
            w->symbols[left->next].id == item->right)
            merge_at(m, w, at, item->product);
    }
}
