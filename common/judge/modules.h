// The modules that tests import, against those that the judge's Python has here.
#ifndef JUDGE_MODULES_H
#define JUDGE_MODULES_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>

enum modules_where {
    MODULES_ALWAYS,   // imports at the start of a line: the tests do nothing without
    MODULES_ANYWHERE, // within functions and blocks too
};

// Appends to *names (words, each once) the top-level modules that a problem's tests
// (JSON, tests.md) import; of a form without source, none.  ERR_INPUT, ERR_NOMEM.
CHECKED enum status modules_note(struct buf *names, const char *tests, size_t len,
                                 enum modules_where where);

// Asks this machine's Python for these modules; without names, asks nothing.
// ERR_INPUT names those that it lacks and the Debian packages that hold them; ERR_IO.
CHECKED enum status modules_check(const struct buf *names);

#endif
