#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static int log_rank = -1;
static enum log_level log_least = LOG_INFO;

void log_setup(int rank, enum log_level least)
{
    log_rank = rank;
    log_least = least;
}

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < log_least)
        return;
    struct timespec now = {0};
    struct tm local = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &local);
    char text[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char rank[24] = "";
    if (log_rank >= 0)
        (void)snprintf(rank, sizeof rank, " rank %d", log_rank);
    // One call, so that lines of several threads and ranks stay whole.
    (void)fprintf(stderr, "%02d:%02d:%02d.%03ld%s %s: %s\n", local.tm_hour,
                  local.tm_min, local.tm_sec, now.tv_nsec / 1000000, rank, names[level],
                  text);
}
