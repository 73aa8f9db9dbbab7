#include "reason.h"

#include <stdarg.h>
#include <stdio.h>

void verify_because(struct verify_reason *reason, const char *format, ...)
{
    if (!reason || reason->text[0])
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(reason->text, sizeof reason->text, format, args);
    va_end(args);
}
