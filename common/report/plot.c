#include "plot.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { DEADLINE_MS = 60000, POLL_US = 2000, MAX_SVG_BYTES = 1 << 26 };

// In gnuplot's single quotes a quote is written twice; with noenhanced nothing else is
// special.
static void quote(struct buf *out, const char *text)
{
    buf_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_char(out, '\'');
        buf_char(out, *text < ' ' ? ' ' : *text);
    }
    buf_char(out, '\'');
}

static void put_data(struct buf *out, const struct plot *p)
{
    for (size_t s = 0; s < p->n; s++) {
        const struct plot_series *t = &p->series[s];
        buf_printf(out, "$d%zu << EOD\n", s);
        for (size_t i = 0; i < t->n; i++) {
            double low = t->low ? t->low[i] : t->y[i];
            double high = t->high ? t->high[i] : t->y[i];
            if (isfinite(t->x[i]) && isfinite(t->y[i]))
                buf_printf(out, "%.9g %.9g %.9g %.9g\n", t->x[i], t->y[i], low, high);
        }
        if (t->n == 0)
            buf_str(out, "NaN NaN NaN NaN\n");
        buf_str(out, "EOD\n");
    }
}

static void put_script(struct buf *out, const struct plot *p, const char *svg)
{
    static int number;
    buf_printf(out,
               "set terminal svg noenhanced size 760,420 font 'sans-serif,13' "
               "background '#ffffff' name 'plot%d'\nset output ",
               ++number);
    quote(out, svg);
    buf_str(out, "\nset title ");
    quote(out, p->title);
    buf_str(out, "\nset xlabel ");
    quote(out, p->x_label);
    buf_str(out, "\nset ylabel ");
    quote(out, p->y_label);
    buf_str(out, "\nset key outside right\nset grid lc rgb '#dddddd'\nset border 3\n"
                 "set tics nomirror\n");
    if (p->log_both)
        buf_str(out, "set logscale xy\n");
    put_data(out, p);
    buf_str(out, "plot ");
    for (size_t s = 0; s < p->n; s++)
        if (p->series[s].low)
            buf_printf(out,
                       "$d%zu using 1:3:4 with filledcurves fs transparent solid 0.15 "
                       "lc %zu notitle, ",
                       s, s + 1);
    if (p->diagonal)
        buf_str(out, "x with lines lc rgb '#888888' title 'equal', ");
    for (size_t s = 0; s < p->n; s++) {
        buf_printf(out, "$d%zu using 1:2 with %s lc %zu ", s,
                   p->series[s].points ? "points pt 7 ps 0.6" : "lines lw 2", s + 1);
        buf_str(out, p->series[s].name[0] ? "title " : "notitle");
        if (p->series[s].name[0])
            quote(out, p->series[s].name);
        buf_str(out, s + 1 < p->n ? ", " : "\n");
    }
}

static enum status wait_for(pid_t pid, int *code)
{
    int64_t until = clock_ms() + DEADLINE_MS;
    int status = 0;
    for (;;) {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got == pid)
            break;
        if ((got < 0 && errno != EINTR) || clock_ms() > until) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            return status_fail(ERR_TIMEOUT, "gnuplot: no end after %d s",
                               DEADLINE_MS / 1000);
        }
        clock_sleep_us(POLL_US);
    }
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return OK;
}

static enum status run_gnuplot(const char *script, const char *log)
{
    char *argv[] = {"gnuplot", (char *)script, NULL};
    posix_spawn_file_actions_t files;
    struct buf words = {0};
    pid_t pid = 0;
    int code = 0;
    int failed = posix_spawn_file_actions_init(&files);
    if (failed)
        return status_fail(ERR_NOMEM, "gnuplot: %s", strerror(failed));
    failed = posix_spawn_file_actions_addopen(&files, 2, log, O_WRONLY | O_CREAT, 0600);
    failed =
        failed ? failed : posix_spawnp(&pid, "gnuplot", &files, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    if (failed)
        return status_fail(ERR_INPUT, "gnuplot, which draws the plots: %s",
                           strerror(failed));
    TRY(wait_for(pid, &code));
    if (code == 0)
        return OK;
    if (file_read(&words, log, MAX_SVG_BYTES) != OK)
        buf_clear(&words);
    enum status st =
        status_fail(ERR_IO, "gnuplot ended with %d: %.300s", code, buf_cstr(&words));
    buf_free(&words);
    return st;
}

enum status plot_svg(struct buf *out, const struct plot *p)
{
    char folder[] = "/tmp/etreerpo-plot-XXXXXX", script[PATH_MAX], svg[PATH_MAX],
         log[PATH_MAX];
    struct buf text = {0}, picture = {0};
    enum status st;
    if (!mkdtemp(folder))
        return status_fail(ERR_IO, "%s: %s", folder, strerror(errno));
    (void)snprintf(script, sizeof script, "%s/plot", folder);
    (void)snprintf(svg, sizeof svg, "%s/svg", folder);
    (void)snprintf(log, sizeof log, "%s/log", folder);
    put_script(&text, p, svg);
    TRY_OUT(text.status);
    TRY_OUT(file_write(script, text.data, text.len));
    TRY_OUT(run_gnuplot(script, log));
    TRY_OUT(file_read(&picture, svg, MAX_SVG_BYTES));
    const char *element = strstr(buf_cstr(&picture), "<svg");
    if (!element) {
        st = status_fail(ERR_IO, "gnuplot drew no picture of %s", p->title);
        goto out;
    }
    buf_str(out, element);
    st = out->status;
out:
    buf_free(&text);
    buf_free(&picture);
    if (file_remove_tree(folder) != OK && st == OK)
        st = ERR_IO;
    return st;
}
