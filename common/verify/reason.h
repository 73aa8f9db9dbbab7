// Why two answers are not equal, in words for a person.  Pure, any thread.
#ifndef VERIFY_REASON_H
#define VERIFY_REASON_H

#include <stddef.h>

enum { VERIFY_REASON_BYTES = 200 };

struct verify_reason {
    char text[VERIFY_REASON_BYTES]; // "": none given
};

// Keeps the first reason that is given: it stands nearest to the fault.  Cut where it
// is too long; NULL takes none.
__attribute__((format(printf, 2, 3))) void verify_because(struct verify_reason *reason,
                                                          const char *format, ...);

#endif
