// BPE tokenizers: byte-level (GPT-2, Llama 3, Qwen, SmolLM2) and SentencePiece's with
// byte fallback (Llama 2, Mistral), from Hugging Face's tokenizer.json; GPT-2's and
// Qwen2's also from vocabulary and merges.
//
// Text is bytes, and every byte sequence encodes.  decode(encode(x)) == x, but for what
// the tokenizer itself changes: composition to NFC where it asks for it, and the space
// that SentencePiece puts before a text.  Bytes that are not UTF-8 are words of their
// own.  A tokenizer is immutable once loaded and may be used by several threads.
#ifndef TEXT_TOKENIZER_H
#define TEXT_TOKENIZER_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct tokenizer;

// How GPT-2 and Qwen2 cut text into words, as PCRE2 regular expressions.
extern const char TOKENIZER_PATTERN_GPT2[], TOKENIZER_PATTERN_QWEN2[];

// Reads folder/tokenizer.json, else folder/vocab.json + merges.txt, else
// folder/encoder.json + vocab.bpe.  A folder/tokenizer_config.json, where there is one,
// names the tokens that begin and end a text and, for the second and third form, the
// added tokens; these forms are Qwen2's where it or the folder's config.json says so,
// else GPT-2's.  Without it the end-of-text token is the first special one of
// <|endoftext|> <|im_end|> <|end_of_text|> </s> <eos>.  ERR_INPUT names the file, the
// place and the reason; so does a component of tokenizer.json that is not supported.
CHECKED enum status tokenizer_load(struct tokenizer **out, const char *folder);
// The second form, with files and a pattern of the caller's choice.
CHECKED enum status tokenizer_load_bpe(struct tokenizer **out, const char *vocab_path,
                                       const char *merges_path, const char *pattern);
void tokenizer_free(struct tokenizer *t);

// Trains a byte-level BPE of at most `vocab` tokens (256 bytes, merges of pairs that
// occur at least twice, <|endoftext|>) on text; digits stay single tokens.  With
// `alphabet_only` != 0 no merges are learnt and the vocabulary is the bytes that occur,
// in byte order, plus <|endoftext|>; `vocab` is ignored.  Deterministic.
CHECKED enum status tokenizer_train(struct tokenizer **out, const char *text,
                                    size_t len, int32_t vocab, int alphabet_only);
// Writes folder/tokenizer.json and tokenizer_config.json, loadable by Hugging Face
// tokenizers; what was read from files of these names is written back byte for byte.
// ERR_IO.
CHECKED enum status tokenizer_save(const struct tokenizer *t, const char *folder);

int32_t tokenizer_vocab(const struct tokenizer *t); // ids are below this
int32_t tokenizer_eos(const struct tokenizer *t);   // -1: none known
int32_t tokenizer_bos(const struct tokenizer *t);   // -1: none known
int tokenizer_adds_bos(const struct tokenizer *t);  // 1: a text begins with it
int32_t tokenizer_special(const struct tokenizer *t, const char *name); // -1: none

// A growing array of token ids; the owner calls tokens_free.
struct tokens {
    int32_t *ids;
    size_t len, capacity;
};
void tokens_free(struct tokens *t);
CHECKED enum status tokens_push(struct tokens *t, int32_t id);

// Appends the ids of `text` (no special tokens are added, none are recognised in it).
// ERR_NOMEM; ERR_INPUT where a byte has no token (alphabet-only vocabularies).  `out`
// is as before on failure.
CHECKED enum status tokenizer_encode(const struct tokenizer *t, const char *text,
                                     size_t len, struct tokens *out);
// As above, for text that goes on where other text ended: SentencePiece puts no space
// before it.
CHECKED enum status tokenizer_encode_more(const struct tokenizer *t, const char *text,
                                          size_t len, struct tokens *out);
// As tokenizer_encode, but the added tokens that occur in the text become their ids.
CHECKED enum status tokenizer_encode_special(const struct tokenizer *t,
                                             const char *text, size_t len,
                                             struct tokens *out);
// The same for text that goes on where other text ended.
CHECKED enum status tokenizer_encode_special_more(const struct tokenizer *t,
                                                  const char *text, size_t len,
                                                  struct tokens *out);
// The first added token in text and the bytes [*from, *to) that become it; -1: none.
int32_t tokenizer_added_in(const struct tokenizer *t, const char *text, size_t len,
                           size_t *from, size_t *to);
// Appends the text of the ids; special tokens give nothing.  ERR_INPUT: id unknown.
CHECKED enum status tokenizer_decode(const struct tokenizer *t, const int32_t *ids,
                                     size_t n, struct buf *out);
// The bytes of one token; NULL and 0 for a special or unknown one.
const char *tokenizer_piece(const struct tokenizer *t, int32_t id, size_t *len);

// Every id whose bytes contain `needle` (step delimiters such as "\n").
CHECKED enum status tokenizer_find(const struct tokenizer *t, const char *needle,
                                   struct tokens *out);

#endif
