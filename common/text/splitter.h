// The pre-tokenizer: cuts text into the words that byte-pair encoding works on.
//
// Each stage is a regular expression (PCRE2); its matches, and what lies between them,
// are words of their own ("Isolated"), which the next stage cuts further.  Bytes that
// are not UTF-8 form words of their own before the first stage.  The words in order are
// the text, byte for byte.
#ifndef TEXT_SPLITTER_H
#define TEXT_SPLITTER_H

#include "base/status.h"

#include <stddef.h>

enum { SPLITTER_MAX_STAGES = 16 };

struct splitter_stage; // holds compiled PCRE2 code

struct splitter {
    struct splitter_stage *stages[SPLITTER_MAX_STAGES];
    size_t n;
};

void splitter_free(struct splitter *s);

// ERR_INPUT: not a regular expression (and why), or too many stages.
CHECKED enum status splitter_add(struct splitter *s, const char *pattern, int literal);

const char *splitter_pattern(const struct splitter *s, size_t stage, int *literal);

typedef enum status splitter_emit(void *context, const char *word, size_t len);

// Calls emit for each word; stops at its first failure.  Thread-safe.
CHECKED enum status splitter_run(const struct splitter *s, const char *text, size_t len,
                                 splitter_emit *emit, void *context);

#endif
