// The decoder against bytes that nobody would send: every golden message, damaged in
// seeded ways.  What is decoded can be encoded, and then decodes to the same; nothing
// crashes, nothing takes much memory.
//
// Also a target for libFuzzer: see README.md.
#include "base/file.h"
#include "base/rng.h"
#include "proto/message.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int truth, const char *what)
{
    if (truth)
        return;
    (void)fprintf(stderr, "decode: %s: %s\n", what, status_message());
    abort();
}

static void encode(struct buf *out, const struct message *m)
{
    demand(message_encode(out, m) == OK, "a decoded message cannot be encoded");
    if (m->type == MSG_WEIGHTS)
        buf_append(out, m->as.weights.data, m->as.weights.len);
    demand(out->status == OK, "out of memory");
}

// 1 where the bytes are a message.  Encodings are equal only where messages are: every
// field is in them.
static int check(const uint8_t *data, size_t size)
{
    struct message first = {0}, second = {0};
    struct buf once = {0}, twice = {0};
    enum status st = message_decode(&first, data, size);
    if (st != OK) {
        demand(st == ERR_PROTOCOL, "refused for another reason");
        return 0;
    }
    encode(&once, &first);
    demand(message_decode(&second, once.data, once.len) == OK,
           "an encoding is refused");
    encode(&twice, &second);
    demand(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0,
           "a message changes on its way");
    message_free(&first);
    message_free(&second);
    buf_free(&once);
    buf_free(&twice);
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)check(data, size);
    return 0;
}

#ifndef FUZZ_WITH_LIBFUZZER

enum {
    ROUNDS = 200000, // of each message
    MAX_SEEDS = 64,
    MAX_GROWTH_KB = 64 << 10, // of memory: a count that is believed asks for far more
};

struct corpus {
    struct buf items[MAX_SEEDS];
    size_t n;
};

static int is_message(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end && strcmp(end, ".msgpack") == 0;
}

static void corpus_read(struct corpus *c, const char *folder)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, is_message, alphasort);
    for (int i = 0; i < n; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        demand(c->n < MAX_SEEDS, "too many messages");
        demand(file_read(&c->items[c->n++], path, 1 << 20) == OK, "cannot read");
        free(entries[i]);
    }
    free(entries);
    demand(c->n > 0, "no messages to start from");
}

// Damage, chosen by `key`: a few bytes, a wide length, a cut, a piece moved or another
// message's piece put in.
static void damage(struct buf *b, const struct corpus *c, struct rng_key key)
{
    static const char lengths[][6] = {"\xdd\xff\xff\xff\xff", "\xdf\x10\x00\x00\x00",
                                      "\xc6\x7f\xff\xff\xff", "\xdb\xff\xff\xff\xf0"};
    uint64_t dice = 0;
    size_t at = (size_t)rng_below(key, dice++, b->len);
    size_t room = b->len - at, len = 1 + (size_t)rng_below(key, dice++, room);
    const struct buf *other = &c->items[rng_below(key, dice++, c->n)];
    switch (rng_below(key, dice++, 6)) {
    case 0:
        b->data[at] = (uint8_t)rng_u64(key, dice);
        break;
    case 1:
        b->data[at] = (uint8_t)(b->data[at] ^ (1u << rng_below(key, dice, 8)));
        break;
    case 2:
        memcpy(b->data + at, lengths[rng_below(key, dice, 4)], room < 5 ? room : 5);
        break;
    case 3:
        b->len = at ? at : 1;
        break;
    case 4:
        memmove(b->data + at, b->data + rng_below(key, dice, b->len - len + 1), len);
        break;
    default:
        len = len < other->len ? len : other->len;
        memcpy(b->data + at, other->data, len);
        break;
    }
}

// Returns how many of the damaged messages were decoded.
static int replay(const struct corpus *c, size_t seed)
{
    int decoded = 0;
    struct rng_key mine = rng_child(rng_root(1, RNG_TEST), seed);
    (void)check(c->items[seed].data, c->items[seed].len);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct rng_key key = rng_child(mine, round);
        struct buf b = {0};
        buf_append(&b, c->items[seed].data, c->items[seed].len);
        demand(b.status == OK, "out of memory");
        for (uint64_t i = 0; i <= rng_below(key, 0, 4); i++)
            damage(&b, c, rng_child(key, i));
        decoded += check(b.data, b.len);
        buf_free(&b);
    }
    return decoded;
}

static long peak_kb(void)
{
    struct rusage usage = {0};
    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

int main(void)
{
    struct corpus c = {0};
    corpus_read(&c, TEST_DATA "/proto");
    long before_kb = peak_kb();
    int decoded = 0;
    for (size_t i = 0; i < c.n; i++)
        decoded += replay(&c, i);
    demand(decoded > ROUNDS / 10, "the damage lets nothing through");
#ifndef __SANITIZE_ADDRESS__ // which keeps what is freed
    demand(peak_kb() - before_kb < MAX_GROWTH_KB, "memory");
#else
    (void)before_kb;
#endif
    for (size_t i = 0; i < c.n; i++)
        buf_free(&c.items[i]);
    return 0;
}

#endif
