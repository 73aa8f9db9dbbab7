// Shared by the tests of chat/: the golden file, folders, and a runner.
#ifndef CHAT_TEST_H
#define CHAT_TEST_H

#include "base/buf.h"
#include "base/file.h"

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static inline const char *string_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

// Writes folder/name.
static inline void put_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(file_write(path, text, strlen(text)));
}

#endif
