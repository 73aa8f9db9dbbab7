#include "status.h"

#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 1024 };

static _Thread_local char message[MESSAGE_BYTES];

enum status status_fail(enum status code, const char *format, ...)
{
    char fresh[MESSAGE_BYTES]; // an argument may point into the old message
    va_list args;
    va_start(args, format);
    (void)vsnprintf(fresh, sizeof fresh, format, args);
    va_end(args);
    (void)snprintf(message, sizeof message, "%s", fresh);
    return code;
}

enum status status_wrap(enum status code, const char *format, ...)
{
    if (code == OK)
        return OK;
    char grown[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(grown, sizeof grown, format, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n < sizeof grown ? (size_t)n : sizeof grown - 1;
    (void)snprintf(grown + used, sizeof grown - used, ": %.*s", MESSAGE_BYTES, message);
    memcpy(message, grown, sizeof message);
    return code;
}

const char *status_message(void)
{
    return message;
}

const char *status_name(enum status code)
{
    switch (code) {
    case OK:
        return "ok";
    case ERR_INPUT:
        return "bad input";
    case ERR_IO:
        return "input/output error";
    case ERR_NOMEM:
        return "out of memory";
    case ERR_PROTOCOL:
        return "protocol error";
    case ERR_TIMEOUT:
        return "deadline passed";
    case ERR_LIMIT:
        return "limit reached";
    case ERR_INTERNAL:
        return "internal error";
    }
    return "unknown";
}
