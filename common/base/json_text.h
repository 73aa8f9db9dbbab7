// Bytes of a model as a JSON string.
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include "buf.h"

// Appends the string with its quotes.  What is not UTF-8 becomes U+FFFD, one for each
// piece that no character begins with, as Unicode recommends (3.9) and Hugging Face's
// tokenizers decode.  The buffer keeps any failure.
void json_text(struct buf *out, const void *bytes, size_t len);

#endif
