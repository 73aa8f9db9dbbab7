// Plots as SVG, drawn by gnuplot, which must be in PATH.
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>

struct plot_series {
    const char *name; // plain text; "" stands in no key
    const double *x, *y;
    const double *low, *high; // a band; or NULL
    size_t n;
    int points; // 1: points instead of a line
};

struct plot {
    const char *title, *x_label, *y_label;
    int log_both; // logarithmic axes
    int diagonal; // a line y = x
    const struct plot_series *series;
    size_t n;
};

// Appends the picture as an <svg> element.  ERR_INPUT: no gnuplot; ERR_IO: it failed,
// with its words; ERR_NOMEM.
CHECKED enum status plot_svg(struct buf *out, const struct plot *p);

#endif
