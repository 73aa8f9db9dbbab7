// What the data tests share: temporary files.
#ifndef TEST_DATA_H
#define TEST_DATA_H

// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/file.h"
#include "base/mem.h"
#include "data/algebra.h"
#include "data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

struct temporary {
    char path[40];
};

static inline struct temporary temporary_make(void)
{
    struct temporary t = {"/tmp/etreerpo-data-XXXXXX"};
    int fd = mkstemp(t.path);
    assert_true(fd >= 0);
    (void)close(fd);
    return t;
}

static inline void temporary_put(const struct temporary *t, const char *text,
                                 size_t len)
{
    assert_ok(file_write(t->path, text, len));
}

static inline void temporary_remove(const struct temporary *t)
{
    assert_int_equal(unlink(t->path), 0);
}

#endif
