// Cutoff and reuse over the steps of the runs that use them.
#include "curve.h"
#include "html.h"
#include "page.h"
#include "plot.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static int any(const struct run *runs, size_t n, enum run_series which)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < runs[i].n; k++)
            if (runs[i].series[which][k] != 0.0)
                return 1;
    return 0;
}

// One plot of a series against generated tokens, a line for each arm in which `used`
// is ever not 0.  *shown: how many.
static enum status plot_used(struct buf *out, const struct runs *r,
                             enum run_series used, enum run_series y, const char *title,
                             size_t *shown)
{
    struct curve *curves = NULL;
    struct plot_series *series = NULL;
    char(*names)[120] = NULL;
    size_t n = 0;
    enum status st;
    TRY_OUT(mem_new(&curves, r->n, sizeof *curves));
    TRY_OUT(mem_new(&series, r->n, sizeof *series));
    TRY_OUT(mem_new(&names, r->n, sizeof *names));
    for (size_t i = 0, same; i < r->n; i += same) {
        same = runs_same_arm(r, i);
        const struct run *a = &r->items[i];
        if (!any(a, same, used))
            continue;
        TRY_OUT(curve_of(&curves[n], a, same, RUN_TOKENS, y, 0));
        for (size_t k = 0; k < curves[n].n; k++)
            curves[n].x[k] /= 1e6;
        (void)snprintf(names[n], sizeof names[n], "%s %s", a->task, a->arm);
        series[n] = (struct plot_series){
            .name = names[n], .x = curves[n].x, .y = curves[n].y, .n = curves[n].n};
        n++;
    }
    const struct plot p = {.title = title,
                           .x_label = "generated Mtokens",
                           .y_label = "",
                           .series = series,
                           .n = n};
    st = n > 0 ? plot_svg(out, &p) : OK;
    *shown = n;
out:
    for (size_t i = 0; curves && i < r->n; i++)
        curve_free(&curves[i]);
    mem_free(curves);
    mem_free(series);
    mem_free(names);
    return st;
}

enum status page_cutoff(struct buf *out, const struct runs *runs)
{
    size_t n = 0;
    buf_str(out,
            "<h2>Early cutoff</h2>\n<p>What scoring cut paths 0 adds to a prompt's "
            "value, measured each step by the share that goes on all the same; and "
            "of the paths called invalid that went on, the share that came "
            "right.</p>\n");
    TRY(plot_used(out, runs, RUN_CUT_SHARE, RUN_CUT_BIAS, "Bias of scoring 0", &n));
    if (n == 0)
        buf_str(out, "<p>No run here cuts off.</p>\n");
    TRY(plot_used(out, runs, RUN_CUT_SHARE, RUN_FALSE_CUT, "False-cut rate", &n));
    return plot_used(out, runs, RUN_CUT_SHARE, RUN_CUT_SHARE, "Share of steps cut off",
                     &n);
}

enum status page_reuse(struct buf *out, const struct runs *runs)
{
    size_t n = 0;
    buf_str(out,
            "<h2>Subtree reuse</h2>\n<p>Effective sample size, of 1 a path, of the "
            "subtrees that earlier policies sampled.</p>\n");
    TRY(plot_used(out, runs, RUN_REUSED, RUN_REUSE_ESS, "Effective sample size", &n));
    if (n == 0)
        buf_str(out, "<p>No run here reuses subtrees.</p>\n");
    return out->status;
}
