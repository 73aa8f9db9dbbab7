// What a file is that holds no JSON, by its first bytes: so that the error can say what
// to do.  Private to data.
#ifndef DATA_SNIFF_H
#define DATA_SNIFF_H

#include <stddef.h>

// A name and an advice in one line, with "FILE" for the file's path; NULL: nothing that
// is known, it may be JSON.
const char *sniff(const char *bytes, size_t len);

#endif
