// Which function a set of tests is about, where the set names it nowhere.  Pure.
#ifndef DATA_CALLED_H
#define DATA_CALLED_H

#include "base/buf.h"

// Appends the first name that `test` calls and that `code` defines as a function at its
// top level; nothing where there is none.
void called_function(struct buf *out, const char *test, const char *code);

#endif
