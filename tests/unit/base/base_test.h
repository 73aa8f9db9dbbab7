// What the tests of the base layer share.
#ifndef BASE_TEST_H
#define BASE_TEST_H

#include "base/mem.h"
#include "base/status.h"

#include <cmocka.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

// The call fails with that code, and its message says `text`.
#define assert_fails(call, code, text)                                                 \
    do {                                                                               \
        assert_int_equal(call, code);                                                  \
        if (!strstr(status_message(), text))                                           \
            fail_msg("\"%s\" does not say \"%s\"", status_message(), text);            \
    } while (0)

#endif
