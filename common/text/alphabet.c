#include "internal.h"

#include <string.h>

static const char END_OF_TEXT[] = "<|endoftext|>";

static enum status add_bytes(struct tokenizer *t, const char *text, size_t len)
{
    uint8_t occurs[256] = {0};
    for (size_t i = 0; i < len; i++)
        occurs[(unsigned char)text[i]] = 1;
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        if (occurs[byte])
            TRY(vocab_add(&t->vocab, tokenizer_vocab(t), &c, 1, PIECE_TEXT));
    }
    return OK;
}

enum status tokenizer_of_alphabet(struct tokenizer **out, const char *text, size_t len)
{
    struct tokenizer *t = NULL;
    enum status st = OK;
    TRY_OUT(tokenizer_new(&t));
    TRY_OUT(splitter_add(&t->splitter, TOKENIZER_PATTERN_QWEN2, 0));
    TRY_OUT(add_bytes(t, text, len));
    TRY_OUT(vocab_add(&t->vocab, tokenizer_vocab(t), END_OF_TEXT, strlen(END_OF_TEXT),
                      PIECE_SPECIAL));
    TRY_OUT(tokenizer_finish(t, END_OF_TEXT));
    *out = t;
    t = NULL;
out:
    tokenizer_free(t);
    return st;
}
