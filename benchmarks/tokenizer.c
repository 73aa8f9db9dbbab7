// Encoding speed of one thread: bench_tokenizer FOLDER CORPUS [ROUNDS]
//
// CORPUS holds documents, each ended by the byte 0x1E.  Prints MB/s and tokens/s of the
// best round and a hash of all ids, as tokenizer.py does for Hugging Face's library.
#include "text/tokenizer.h"

#include "bench.h"

#include "base/file.h"
#include "base/hash.h"

#include <string.h>

enum { SEPARATOR = 0x1E };

static void encode_all(const struct tokenizer *t, const struct buf *corpus,
                       struct tokens *ids)
{
    const char *p = buf_cstr(corpus), *end = p + corpus->len, *stop;
    ids->len = 0;
    for (; p < end && (stop = memchr(p, SEPARATOR, (size_t)(end - p))) != NULL;
         p = stop + 1)
        MUST(tokenizer_encode(t, p, (size_t)(stop - p), ids));
}

int main(int argc, char **argv)
{
    struct tokenizer *t = NULL;
    struct buf corpus = {0};
    struct tokens ids = {0};
    double best_s = 1e30;
    if (argc < 3) {
        (void)fprintf(stderr, "usage: bench_tokenizer FOLDER CORPUS [ROUNDS]\n");
        return 2;
    }
    MUST(tokenizer_load(&t, argv[1]));
    MUST(file_read(&corpus, argv[2], (size_t)1 << 30));
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : 5;
    for (long i = 0; i < rounds; i++) {
        double began_s = clock_seconds();
        encode_all(t, &corpus, &ids);
        double took_s = clock_seconds() - began_s;
        best_s = took_s < best_s ? took_s : best_s;
    }
    uint64_t hash = hash_bytes(HASH_START, ids.ids, ids.len * sizeof *ids.ids);
    (void)printf("%.2f MB/s  %.0f tokens/s  %zu tokens  hash %016llx\n",
                 (double)corpus.len / 1e6 / best_s, (double)ids.len / best_s, ids.len,
                 (unsigned long long)hash);
    tokens_free(&ids);
    buf_free(&corpus);
    tokenizer_free(t);
    return 0;
}
