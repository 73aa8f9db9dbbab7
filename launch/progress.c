#include "launch/progress.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 20 };

void progress_begin(struct progress *p, const char *what, uint64_t first,
                    uint64_t total)
{
    *p = (struct progress){what, first, total, clock_seconds(), isatty(STDERR_FILENO)};
}

void progress_step(struct progress *p, uint64_t done, const char *text)
{
    if (!p->terminal) {
        log_info("%s %llu/%llu  %s", p->what, (unsigned long long)done,
                 (unsigned long long)p->total, text);
        return;
    }
    char bar[BAR + 1];
    int filled = p->total ? (int)(done * BAR / p->total) : BAR;
    double took = clock_seconds() - p->began_s;
    uint64_t here = done - p->first;
    double left = here ? took / (double)here * (double)(p->total - done) : 0.0;
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)filled);
    bar[BAR] = 0;
    (void)fprintf(stderr, "\r\033[K%s [%s] %llu/%llu  %s  %.0f s left", p->what, bar,
                  (unsigned long long)done, (unsigned long long)p->total, text, left);
    (void)fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->terminal)
        (void)fputc('\n', stderr);
}
