// GSM8K's calculator annotations: <<expression=value>> within one line.
#ifndef VERIFY_ANNOTATION_H
#define VERIFY_ANNOTATION_H

#include "verify.h"

#include <gmp.h>
#include <stddef.h>

// What the complete annotations of a text say together.
struct annotations {
    int right, wrong, unreadable; // how many of each
    const char *last;             // the last one's text after its last '='; NULL: none
    size_t last_len;
};

// Linear in len.
void annotations_scan(const char *text, size_t len, struct annotations *out);

enum verdict annotations_verdict(const struct annotations *a);

#endif
