// The files of a Hugging Face folder that this program has no use for and others have:
// generation_config.json, chat templates, vocabularies in other forms, licences.  They
// are kept from when the folder was read, and written beside what was made of it.
//
// A zeroed struct holds none; the owner calls companions_free.  One thread.
#ifndef LAUNCH_COMPANIONS_H
#define LAUNCH_COMPANIONS_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>

struct companions {
    struct companion {
        char *name; // below the folder
        struct buf bytes;
    } * items;
    size_t n, capacity;
    size_t bytes; // of all
};

enum companions_of {
    COMPANIONS_OF_MODEL = 1,     // what a policy's folder has beside its tokenizer
    COMPANIONS_OF_TOKENIZER = 2, // the tokenizer's files alone
};

// Adds the files of these kinds, as bytes.  Weights, data and what trainers leave stay
// behind, and links out of the folder, but for those into the Hub's cache, and what is
// too large, which is said.  ERR_NOMEM, ERR_INPUT.
CHECKED enum status companions_read(struct companions *c, const char *folder, int of);
// Writes them into an existing folder.  ERR_IO.
CHECKED enum status companions_write(const struct companions *c, const char *folder);
void companions_free(struct companions *c);

#endif
