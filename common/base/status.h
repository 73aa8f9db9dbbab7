// Status codes and the error message that grows upward.
//
// Convention of the whole program: a function that can fail returns `enum status`,
// writes its outputs last and leaves them untouched on failure.  Whoever detects the
// failure describes it with status_fail(); each caller that knows more prepends its
// own context with status_wrap().  The message is per thread.
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdarg.h>

enum status {
    OK = 0,
    ERR_INPUT,    // bad input from a user or a file: what, where, why (exit status 2)
    ERR_IO,       // the operating system refused a read or a write
    ERR_NOMEM,    // an allocation failed or a size would overflow
    ERR_PROTOCOL, // a message that no correct peer sends
    ERR_TIMEOUT,  // a deadline passed
    ERR_LIMIT,    // a documented bound was reached (pool exhausted, too many nodes)
    ERR_INTERNAL, // a bug in this program
};

#define CHECKED __attribute__((warn_unused_result))

// Sets this thread's message and returns `code`, so that `return status_fail(...)`
// works.
CHECKED __attribute__((format(printf, 2, 3))) enum status
status_fail(enum status code, const char *format, ...);

// Prepends "context: " to this thread's message and returns `code`; OK passes through.
CHECKED __attribute__((format(printf, 2, 3))) enum status
status_wrap(enum status code, const char *format, ...);

// This thread's message; "" if none.  Valid until the next status_fail/wrap here.
const char *status_message(void);

// Short English name of a code, for logs.
const char *status_name(enum status code);

// Return early on failure.
#define TRY(call)                                                                      \
    do {                                                                               \
        enum status try_status_ = (call);                                              \
        if (try_status_ != OK)                                                         \
            return try_status_;                                                        \
    } while (0)

// Go to `out:` on failure; needs a local `enum status st`.
#define TRY_OUT(call)                                                                  \
    do {                                                                               \
        st = (call);                                                                   \
        if (st != OK)                                                                  \
            goto out;                                                                  \
    } while (0)

#endif
