// The practical guideline: what was cheapest, and what the measured variances say.
#include "curve.h"
#include "html.h"
#include "page.h"

#include "tree/branching.h"

#include <math.h>
#include <string.h>

// ---- what was measured

struct best {
    const char *arm;
    double cost, reference;
};

static enum status find_best(struct best *out, const struct page *p, size_t first,
                             size_t n, enum run_series x, double *level)
{
    const struct runs *r = p->runs;
    size_t at = page_reference(p, first, n);
    struct curve c = {0};
    TRY(curve_of(&c, &r->items[at], runs_same_arm(r, at), x, RUN_PASS, 0));
    *level = c.n ? c.y[c.n - 1] : 0.0;
    *out = (struct best){r->items[at].arm, curve_reaches(&c, *level), 0.0};
    out->reference = out->cost;
    curve_free(&c);
    for (size_t i = first, same; i < first + n; i += same) {
        same = runs_same_arm(r, i);
        TRY(curve_of(&c, &r->items[i], same, x, RUN_PASS, 0));
        double cost = curve_reaches(&c, *level);
        if (c.n > 0 && cost < out->cost) {
            out->cost = cost;
            out->arm = r->items[i].arm;
        }
        curve_free(&c);
    }
    return OK;
}

static enum status put_best(struct buf *out, const struct page *p, size_t first,
                            size_t n, enum run_series x, const char *what, double unit)
{
    const struct run *reference = &p->runs->items[page_reference(p, first, n)];
    struct best best;
    double level = 0.0;
    TRY(find_best(&best, p, first, n, x, &level));
    if (!isfinite(best.cost))
        return OK;
    buf_printf(out, "<li>By %s: <b>", what);
    html_text(out, best.arm, strlen(best.arm));
    buf_printf(out, "</b> reaches %.3f, where ", level);
    html_text(out, reference->arm, strlen(reference->arm));
    buf_printf(out, " ends, after %.3f: %.0f %% of its %.3f.</li>\n", best.cost / unit,
               100.0 * best.cost / best.reference, best.reference / unit);
    return OK;
}

// ---- what the variances say

// A predicted variance that is not below this share of the chains' saves nothing.
#define WORTH 0.95

// Depths whose variance and length the run knows at its end.
static int32_t known_depths(const struct run *r)
{
    int32_t d = 0;
    while (r->n > 0 && d < RUN_DEPTHS && r->series[RUN_SIGMA2 + d][r->n - 1] > 0.0 &&
           r->series[RUN_STEP_TOKENS + d][r->n - 1] > 0.0)
        d++;
    return d;
}

// Mean over the last quarter of the run.
static double late(const struct run *r, int series)
{
    size_t n = r->n / 4 + 1;
    double sum = 0.0;
    for (size_t i = r->n - n; i < r->n; i++)
        sum += r->series[series][i];
    return sum / (double)n;
}

static double variance_of(const struct branching *b, const struct anova *a)
{
    double nodes = 1.0, variance = 0.0;
    for (int32_t d = 0; d < b->depths; d++) {
        nodes *= b->rate[d];
        variance += anova_variance(a, d + 1) / nodes;
    }
    return variance;
}

static const struct run *deepest(const struct page *p, size_t first, size_t n)
{
    const struct run *best = &p->runs->items[first];
    for (size_t i = first; i < first + n; i++)
        if (known_depths(&p->runs->items[i]) > known_depths(best))
            best = &p->runs->items[i];
    return best;
}

static void put_plan(struct buf *out, const struct run *r)
{
    struct branching flat = {.depths = known_depths(r), .most = 64}, planned;
    struct anova a = {0};
    double tokens = 0.0;
    for (int32_t d = 0; d < flat.depths; d++) {
        a.depths[d] = (struct anova_depth){.weight = 1.0,
                                           .variance = late(r, RUN_SIGMA2 + d),
                                           .steps = 1.0,
                                           .tokens = late(r, RUN_STEP_TOKENS + d)};
        flat.rate[d] = d == 0 ? 8.0 : 1.0;
        tokens += 8.0 * anova_tokens(&a, d + 1);
    }
    planned = flat;
    planned.rule = BRANCH_NEYMAN;
    branching_plan(&planned, &a, tokens);
    buf_str(out, "<li>Where the reward is decided (");
    html_text(out, r->arm, strlen(r->arm));
    buf_str(out, ", last quarter): ");
    for (int32_t d = 0; d < flat.depths; d++)
        buf_printf(out, "%sdepth %d: sigma<sup>2</sup> %.4f in %.0f tokens",
                   d ? "; " : "", d + 1, anova_variance(&a, d + 1),
                   anova_tokens(&a, d + 1));
    double share = variance_of(&planned, &a) / variance_of(&flat, &a);
    buf_str(out, ". For the tokens of 8 chains the schedule of least variance is ");
    for (int32_t d = 0; d < flat.depths; d++)
        buf_printf(out, "%s%.2f", d ? " x " : "", planned.rate[d]);
    buf_printf(out,
               ": the value's variance is then predicted as %.0f %% of the chains'. ",
               100.0 * share);
    buf_str(out, share < WORTH
                     ? "Branch so.</li>\n"
                     : "That is not worth it: branch at the prompt alone.</li>\n");
}

enum status page_guide(struct buf *out, const struct page *p, size_t first, size_t n)
{
    const struct run *r = deepest(p, first, n);
    buf_str(out, "<h3>Guideline</h3>\n<ul>\n");
    if (runs_same_arm(p->runs, first) < n) {
        TRY(put_best(out, p, first, n, RUN_TOKENS, "generated tokens (millions)", 1e6));
        TRY(put_best(out, p, first, n, RUN_FLOPS, "operations (TFLOP)", 1e12));
    }
    if (known_depths(r) > 1)
        put_plan(out, r);
    buf_str(out, "</ul>\n");
    return out->status;
}
