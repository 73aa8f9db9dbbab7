#include "internal.h"
#include "trainer.h"

#include "base/mem.h"

#include <string.h>

static const char SPECIAL_TOKEN[] = "<|endoftext|>";

// Adds the tokens of single bytes, all 256 or those that occur.
static enum status add_bytes(struct tokenizer *t, const char *text, size_t len,
                             int alphabet_only)
{
    uint8_t occurs[256] = {0};
    int64_t id = 0;
    for (size_t i = 0; i < len; i++)
        occurs[(unsigned char)text[i]] = 1;
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        if (occurs[byte] || !alphabet_only)
            TRY(vocab_add(&t->vocab, id++, &c, 1, PIECE_TEXT));
        t->byte_ids[byte] = vocab_find(&t->vocab, &c, 1);
    }
    return OK;
}

static enum status count_word(void *context, const char *bytes, size_t len)
{
    return bpe_trainer_count_word(context, bytes, len);
}

static enum status join(struct buf *out, const struct tokenizer *t, int32_t left,
                        int32_t right)
{
    size_t len;
    const char *bytes = vocab_bytes(&t->vocab, left, &len);
    buf_clear(out);
    buf_append(out, bytes, len);
    bytes = vocab_bytes(&t->vocab, right, &len);
    buf_append(out, bytes, len);
    return out->status;
}

// Learns the best pair's merge.  Two ways to one text share its token.
static enum status learn(struct tokenizer *t, struct trainer *trainer, uint32_t pair,
                         struct buf *joined)
{
    struct merge merge = {trainer->pairs[pair].left, trainer->pairs[pair].right, -1};
    TRY(join(joined, t, merge.left, merge.right));
    merge.product = vocab_find(&t->vocab, buf_cstr(joined), joined->len);
    if (merge.product < 0) {
        merge.product = tokenizer_vocab(t);
        TRY(vocab_add(&t->vocab, merge.product, buf_cstr(joined), joined->len,
                      PIECE_TEXT));
    }
    TRY(merges_add(&t->merges, merge));
    return bpe_trainer_merge(trainer, pair, merge.product);
}

static enum status learn_merges(struct tokenizer *t, const char *text, size_t len,
                                int32_t vocab)
{
    struct trainer trainer = {0};
    struct buf joined = {0};
    uint32_t pair;
    enum status st = OK;
    TRY_OUT(splitter_run(&t->splitter, text, len, count_word, &trainer));
    TRY_OUT(bpe_trainer_start(&trainer, t->byte_ids));
    while (tokenizer_vocab(t) < vocab - 1 && bpe_trainer_best(&trainer, &pair))
        TRY_OUT(learn(t, &trainer, pair, &joined));
out:
    buf_free(&joined);
    bpe_trainer_free(&trainer);
    return st;
}

enum status tokenizer_train(struct tokenizer **out, const char *text, size_t len,
                            int32_t vocab, int alphabet_only)
{
    struct tokenizer *t = NULL;
    enum status st = OK;
    if (!alphabet_only && (vocab < 257 || vocab > VOCAB_MAX_IDS))
        return status_fail(ERR_INPUT, "a vocabulary of %d tokens: must be in 257..%d",
                           vocab, VOCAB_MAX_IDS);
    if (len >= INT32_MAX)
        return status_fail(ERR_INPUT, "training text of %zu bytes", len);
    TRY_OUT(tokenizer_new(&t));
    TRY_OUT(splitter_add(&t->splitter, TOKENIZER_PATTERN_QWEN2, 0));
    TRY_OUT(add_bytes(t, text, len, alphabet_only));
    if (!alphabet_only)
        TRY_OUT(learn_merges(t, text, len, vocab));
    TRY_OUT(vocab_add(&t->vocab, tokenizer_vocab(t), SPECIAL_TOKEN,
                      strlen(SPECIAL_TOKEN), PIECE_SPECIAL));
    TRY_OUT(tokenizer_finish(t, SPECIAL_TOKEN));
    *out = t;
    t = NULL;
out:
    tokenizer_free(t);
    return st;
}
