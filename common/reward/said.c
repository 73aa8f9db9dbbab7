#include "said.h"

#include "base/log.h"

#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 14, MOST_CHUNKS = 16, BURST_LINES = 20 };
#define LINES_A_SECOND 2.0

static void refill(struct said *s, int64_t now_ms)
{
    if (!s->begun)
        s->room = BURST_LINES;
    else
        s->room += LINES_A_SECOND * (double)(now_ms - s->at_ms) / 1000.0;
    if (s->room > BURST_LINES)
        s->room = BURST_LINES;
    s->begun = 1;
    s->at_ms = now_ms;
}

static void put_line(struct said *s, int64_t now_ms)
{
    s->line[s->len] = 0;
    s->len = 0;
    if (!s->line[strspn(s->line, " \t\r?")])
        return;
    memcpy(s->last, s->line, sizeof s->last);
    refill(s, now_ms);
    if (s->room < 1.0) {
        s->left_out++;
        return;
    }
    if (s->left_out)
        log_info("verifier: %llu lines of its standard error are left out",
                 (unsigned long long)s->left_out);
    s->left_out = 0;
    s->room -= 1.0;
    log_info("verifier: %s", s->line);
}

static void take(struct said *s, const char *bytes, size_t n, int64_t now_ms)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n')
            put_line(s, now_ms);
        else if (s->len + 1 < sizeof s->line)
            s->line[s->len++] =
                (unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f ? '?' : bytes[i];
    }
}

int said_read(struct said *s, int fd, int64_t now_ms)
{
    char chunk[CHUNK];
    for (int i = 0; i < MOST_CHUNKS; i++) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n <= 0)
            return n == 0;
        take(s, chunk, (size_t)n, now_ms);
    }
    return 0;
}

void said_end(struct said *s, int64_t now_ms)
{
    if (s->len)
        put_line(s, now_ms);
    if (s->left_out)
        log_info("verifier: %llu lines of its standard error are left out",
                 (unsigned long long)s->left_out);
    s->left_out = 0;
}
