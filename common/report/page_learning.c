// Learning curves of one task's arms, and what each level costs.
#include "curve.h"
#include "html.h"
#include "page.h"
#include "plot.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

// The arms of one task, each with its curve against one measure of cost.
struct arms {
    struct curve *curves;
    const struct run **first; // of its runs
    size_t *n, count;
};

static void arms_free(struct arms *a)
{
    for (size_t i = 0; a->curves && i < a->count; i++)
        curve_free(&a->curves[i]);
    mem_free(a->curves);
    mem_free(a->first);
    mem_free(a->n);
}

static enum status arms_of(struct arms *out, const struct runs *r, size_t first,
                           size_t n, enum run_series x)
{
    TRY(mem_new(&out->curves, n, sizeof *out->curves));
    TRY(mem_new(&out->first, n, sizeof *out->first));
    TRY(mem_new(&out->n, n, sizeof *out->n));
    for (size_t i = first; i < first + n; i += out->n[out->count - 1]) {
        size_t arm = out->count++;
        out->first[arm] = &r->items[i];
        out->n[arm] = runs_same_arm(r, i);
        TRY(curve_of(&out->curves[arm], &r->items[i], out->n[arm], x, RUN_PASS, 0));
    }
    return OK;
}

static enum status plot_arms(struct buf *out, const struct arms *a, const char *x_label,
                             double unit)
{
    struct plot_series *series = NULL;
    enum status st;
    TRY_OUT(mem_new(&series, a->count, sizeof *series));
    for (size_t i = 0; i < a->count; i++) {
        struct curve *c = &a->curves[i];
        for (size_t k = 0; k < c->n; k++)
            c->x[k] /= unit;
        series[i] = (struct plot_series){.name = a->first[i]->arm,
                                         .x = c->x,
                                         .y = c->y,
                                         .low = a->n[i] > 1 ? c->low : NULL,
                                         .high = a->n[i] > 1 ? c->high : NULL,
                                         .n = c->n};
    }
    const struct plot p = {.title = "Pass@1 in training (moving mean; band: all seeds)",
                           .x_label = x_label,
                           .y_label = "Pass@1",
                           .series = series,
                           .n = a->count};
    st = plot_svg(out, &p);
out:
    mem_free(series);
    return st;
}

static void put_cost(struct buf *out, double cost, double reference)
{
    if (!isfinite(cost))
        buf_str(out, "<td>not reached</td>");
    else if (isfinite(reference) && reference > 0.0)
        buf_printf(out, "<td>%.3f <small>(%.0f %%)</small></td>", cost,
                   100.0 * cost / reference);
    else
        buf_printf(out, "<td>%.3f</td>", cost);
}

static double evaluated(const struct run *runs, size_t n)
{
    double sum = 0.0, count = 0.0;
    for (size_t i = 0; i < n; i++)
        if (runs[i].after >= 0.0) {
            sum += runs[i].after;
            count += 1.0;
        }
    return count > 0.0 ? sum / count : (double)NAN;
}

// Costs of three levels on the way of the reference's curve; `a` in the curves' units.
static void put_table(struct buf *out, const struct arms *a,
                      const struct run *reference, const char *unit)
{
    static const double shares[] = {0.5, 0.75, 1.0};
    const struct curve *r = &a->curves[0];
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->first[i]->arm, reference->arm) == 0)
            r = &a->curves[i];
    if (r->n == 0)
        return;
    double begin = r->y[0], end = r->y[r->n - 1];
    buf_printf(out, "<table><tr><th>arm</th><th>seeds</th><th>evaluated Pass@1</th>");
    for (int k = 0; k < 3; k++)
        buf_printf(out, "<th>%s to %.3f</th>", unit, begin + shares[k] * (end - begin));
    buf_str(out, "</tr>\n");
    for (size_t i = 0; i < a->count; i++) {
        double after = evaluated(a->first[i], a->n[i]);
        buf_str(out, "<tr><td>");
        html_text(out, a->first[i]->arm, strlen(a->first[i]->arm));
        buf_printf(out, "</td><td>%zu</td>", a->n[i]);
        if (isfinite(after))
            buf_printf(out, "<td>%.3f</td>", after);
        else
            buf_str(out, "<td>-</td>");
        for (int k = 0; k < 3; k++) {
            double level = begin + shares[k] * (end - begin);
            put_cost(out, curve_reaches(&a->curves[i], level), curve_reaches(r, level));
        }
        buf_str(out, "</tr>\n");
    }
    buf_str(out, "</table>\n");
}

static enum status put_measure(struct buf *out, const struct page *p, size_t first,
                               size_t n, enum run_series x, const char *label,
                               double unit)
{
    struct arms a = {0};
    const struct run *reference = &p->runs->items[page_reference(p, first, n)];
    enum status st;
    TRY_OUT(arms_of(&a, p->runs, first, n, x));
    TRY_OUT(plot_arms(out, &a, label, unit));
    buf_printf(out, "<p>Cost to reach a Pass@1, in brackets the share of ");
    html_text(out, reference->arm, strlen(reference->arm));
    buf_str(out, "'s cost:</p>\n");
    put_table(out, &a, reference, label);
    st = out->status;
out:
    arms_free(&a);
    return st;
}

enum status page_learning(struct buf *out, const struct page *p, size_t first, size_t n)
{
    TRY(put_measure(out, p, first, n, RUN_TOKENS, "generated Mtokens", 1e6));
    return put_measure(out, p, first, n, RUN_FLOPS, "TFLOP of rollout and training",
                       1e12);
}
