// BPE tokenizers: byte-level (GPT-2, Llama 3, Qwen, SmolLM2) and SentencePiece's with
// byte fallback (Llama 2, Mistral), from Hugging Face's tokenizer.json; GPT-2's and
// Qwen2's also from vocabulary and merges.
//
// Text is bytes, and every byte sequence encodes.  decode(encode(x)) == x, but for what
// the tokenizer itself changes: composition to NFC where it asks for it, the space that
// SentencePiece puts before a text, and characters that the vocabulary has no token
// for: those become its unk_token or, where it has none, nothing, which is counted (so
// do SmolLM2's bytes like 0x06; all as Hugging Face's).  Bytes that are not UTF-8 are
// words of their own.  A tokenizer is immutable once loaded, but for that count, and
// may be used by several threads.
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
// added tokens; what it leaves unsaid special_tokens_map.json and added_tokens.json
// say. These forms are Qwen2's where it or the folder's config.json says so, else
// GPT-2's. An end-of-text token that is not named is the first special one of
// <|endoftext|>
// <|im_end|> <|end_of_text|> </s> <eos>.  ERR_INPUT names the file, the place and the
// reason; so does a component of tokenizer.json that is not supported.
CHECKED enum status tokenizer_load(struct tokenizer **out, const char *folder);
// The second form, with files and a pattern of the caller's choice.
CHECKED enum status tokenizer_load_bpe(struct tokenizer **out, const char *vocab_path,
                                       const char *merges_path, const char *pattern);
void tokenizer_free(struct tokenizer *t);

// One token for each byte that occurs in text, in byte order, and <|endoftext|>: the
// vocabulary of generated problems.  For one with merges there is Hugging Face's
// library.  ERR_NOMEM.
CHECKED enum status tokenizer_of_alphabet(struct tokenizer **out, const char *text,
                                          size_t len);
// Writes folder/tokenizer.json and tokenizer_config.json, loadable by Hugging Face
// tokenizers; what was read from files of these names is written back byte for byte.
// ERR_IO.
CHECKED enum status tokenizer_save(const struct tokenizer *t, const char *folder);

int32_t tokenizer_vocab(const struct tokenizer *t); // ids are below this
int32_t tokenizer_eos(const struct tokenizer *t);   // -1: none known
int32_t tokenizer_bos(const struct tokenizer *t);   // -1: none known
int tokenizer_adds_bos(const struct tokenizer *t);  // 1: a text begins with it
// Bytes that encoding has dropped so far, of a text that was encoded several times
// once; appends their names, like 0x06, to `which`.
uint64_t tokenizer_dropped(const struct tokenizer *t, struct buf *which);
int32_t tokenizer_special(const struct tokenizer *t, const char *name); // -1: none

// A growing array of token ids; the owner calls tokens_free.
struct tokens {
    int32_t *ids;
    size_t len, capacity;
};
void tokens_free(struct tokens *t);
CHECKED enum status tokens_push(struct tokens *t, int32_t id);

// Appends the ids of `text` (no special tokens are added, none are recognised in it).
// ERR_NOMEM; ERR_INPUT where a character has no token and the vocabulary not even the
// unk_token that it names.  `out` is as before on failure.
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
// Whether encoding plain text can give this id.
int tokenizer_is_text(const struct tokenizer *t, int32_t id);
// The bytes of one token; NULL and 0 for a special or unknown one.
const char *tokenizer_piece(const struct tokenizer *t, int32_t id, size_t *len);

// Every id whose bytes contain `needle` (step delimiters such as "\n").
CHECKED enum status tokenizer_find(const struct tokenizer *t, const char *needle,
                                   struct tokens *out);

#endif
