#include "curve.h"

#include "base/mem.h"

#include <math.h>

enum { POINTS = 80 };

void curve_free(struct curve *c)
{
    mem_free(c->x);
    mem_free(c->y);
    mem_free(c->low);
    mem_free(c->high);
    *c = (struct curve){0};
}

// The mean of the last `steps` numbers, of fewer at the beginning.
static double smoothed(const double *y, size_t at, size_t steps)
{
    size_t n = at + 1 < steps ? at + 1 : steps;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += y[at - i];
    return sum / (double)n;
}

static double run_at(const struct run *r, double x, enum run_series xs,
                     enum run_series ys, size_t steps)
{
    const double *along = r->series[xs], *y = r->series[ys];
    size_t i = 0;
    while (i + 1 < r->n && along[i] < x)
        i++;
    double here = smoothed(y, i, steps);
    if (i == 0 || along[i] <= along[i - 1] || x >= along[i])
        return here;
    double share = (x - along[i - 1]) / (along[i] - along[i - 1]);
    return smoothed(y, i - 1, steps) * (1.0 - share) + here * share;
}

static enum status make_room(struct curve *c)
{
    TRY(mem_new(&c->x, POINTS, sizeof *c->x));
    TRY(mem_new(&c->y, POINTS, sizeof *c->y));
    TRY(mem_new(&c->low, POINTS, sizeof *c->low));
    return mem_new(&c->high, POINTS, sizeof *c->high);
}

enum status curve_of(struct curve *out, const struct run *runs, size_t n,
                     enum run_series x, enum run_series y, size_t steps)
{
    struct curve c = {0};
    double first = 0.0, last = INFINITY;
    enum status st;
    TRY_OUT(make_room(&c));
    for (size_t i = 0; i < n; i++) {
        if (runs[i].n == 0)
            continue;
        first = fmax(first, runs[i].series[x][0]);
        last = fmin(last, runs[i].series[x][runs[i].n - 1]);
    }
    for (; isfinite(last) && c.n < POINTS; c.n++) {
        double sum = 0.0, runs_with = 0.0;
        c.x[c.n] = first + (last - first) * (double)c.n / (POINTS - 1);
        c.low[c.n] = INFINITY;
        c.high[c.n] = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            if (runs[i].n == 0)
                continue;
            size_t window = steps ? steps : runs[i].n / 15 + 1;
            double value = run_at(&runs[i], c.x[c.n], x, y, window);
            sum += value;
            runs_with += 1.0;
            c.low[c.n] = fmin(c.low[c.n], value);
            c.high[c.n] = fmax(c.high[c.n], value);
        }
        c.y[c.n] = sum / runs_with;
    }
    *out = c;
    c = (struct curve){0};
out:
    curve_free(&c);
    return st;
}

double curve_reaches(const struct curve *c, double level)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->y[i] >= level)
            return c->x[i];
    return (double)INFINITY;
}
