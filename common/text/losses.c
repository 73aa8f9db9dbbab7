#include "losses.h"

#include "base/hash.h"
#include "base/mem.h"

#include <pthread.h>
#include <string.h>

enum { SLOTS = 1 << 14 }; // texts told apart, at most half as many

struct losses {
    pthread_mutex_t mutex;
    uint64_t of_byte[256];
    uint64_t seen[SLOTS]; // fingerprints, by open addressing; 0: free
    size_t n;
};

enum status losses_new(struct losses **out)
{
    struct losses *l = NULL;
    TRY(mem_new(&l, 1, sizeof *l));
    if (pthread_mutex_init(&l->mutex, NULL) != 0) {
        mem_free(l);
        return status_fail(ERR_NOMEM, "no memory for a lock");
    }
    *out = l;
    return OK;
}

void losses_free(struct losses *l)
{
    if (l)
        (void)pthread_mutex_destroy(&l->mutex);
    mem_free(l);
}

// Whether it was not there; beyond the table's half every text is taken for a new one.
static int note(struct losses *l, uint64_t fingerprint)
{
    size_t i = fingerprint % SLOTS;
    for (; l->seen[i]; i = (i + 1) % SLOTS)
        if (l->seen[i] == fingerprint)
            return 0;
    if (l->n < SLOTS / 2) {
        l->seen[i] = fingerprint;
        l->n++;
    }
    return 1;
}

int losses_add(struct losses *l, const char *text, size_t len, const uint32_t *of_byte)
{
    uint64_t fingerprint = hash_bytes(HASH_START, text, len) | 1;
    (void)pthread_mutex_lock(&l->mutex);
    int first = l->n == 0;
    if (note(l, fingerprint))
        for (int byte = 0; byte < 256; byte++)
            l->of_byte[byte] += of_byte[byte];
    (void)pthread_mutex_unlock(&l->mutex);
    return first;
}

void losses_read(struct losses *l, uint64_t *of_byte)
{
    (void)pthread_mutex_lock(&l->mutex);
    memcpy(of_byte, l->of_byte, sizeof l->of_byte);
    (void)pthread_mutex_unlock(&l->mutex);
}
