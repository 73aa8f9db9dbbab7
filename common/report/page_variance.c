// The variance study: prediction against measurement.
#include "html.h"
#include "page.h"
#include "plot.h"

#include "base/mem.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static const char *text_of(const json_t *cell, const char *key)
{
    const char *text = json_string_value(json_object_get(cell, key));
    return text ? text : "";
}

static double number_of(const json_t *cell, const char *key)
{
    return json_number_value(json_object_get(cell, key));
}

static int is_variance(const json_t *cell)
{
    return strncmp(text_of(cell, "quantity"), "variance", 8) == 0 &&
           strcmp(text_of(cell, "relation"), "=") == 0;
}

static enum status plot_variances(struct buf *out, const json_t *cells)
{
    double *x = NULL, *y = NULL;
    size_t n = json_array_size(cells), found = 0;
    enum status st;
    TRY_OUT(mem_new(&x, n, sizeof *x));
    TRY_OUT(mem_new(&y, n, sizeof *y));
    for (size_t i = 0; i < n; i++) {
        const json_t *cell = json_array_get(cells, i);
        if (!is_variance(cell))
            continue;
        x[found] = number_of(cell, "predicted");
        y[found++] = number_of(cell, "measured");
    }
    const struct plot_series series = {
        .name = "schedules", .x = x, .y = y, .n = found, .points = 1};
    const struct plot p = {.title = "Variance of a root's value, by schedule",
                           .x_label = "predicted: sum of sigma_d^2 / N_d",
                           .y_label = "measured",
                           .log_both = 1,
                           .diagonal = 1,
                           .series = &series,
                           .n = 1};
    st = found ? plot_svg(out, &p) : OK;
out:
    mem_free(x);
    mem_free(y);
    return st;
}

static void put_row(struct buf *out, const json_t *cell)
{
    static const char *const texts[] = {"claim", "name", "quantity"};
    int ok = json_is_true(json_object_get(cell, "ok"));
    int control = strcmp(text_of(cell, "must"), "fail") == 0;
    buf_str(out, "<tr>");
    for (int i = 0; i < 3; i++) {
        buf_str(out, "<td>");
        html_text(out, text_of(cell, texts[i]), strlen(text_of(cell, texts[i])));
        buf_str(out, "</td>");
    }
    buf_printf(out, "<td>%.6f</td><td>%.6f</td><td>%.1e</td><td>%.2f</td><td%s>%s</td>",
               number_of(cell, "predicted"), number_of(cell, "measured"),
               number_of(cell, "error"), number_of(cell, "z"), ok ? "" : " class='bad'",
               !ok       ? "NOT AS IT MUST BE"
               : control ? "fails, as it must"
                         : "holds");
    buf_str(out, "</tr>\n");
}

enum status page_variance(struct buf *out, const struct buf *json)
{
    json_t *study = json_loadb((const char *)json->data, json->len, 0, NULL);
    const json_t *cells = json_object_get(study, "cells");
    enum status st;
    if (!json_is_array(cells)) {
        json_decref(study);
        return status_fail(ERR_INPUT, "variance.json: no array of cells");
    }
    buf_printf(out,
               "<h2>Theory against measurement</h2>\n<p>%zu cells of %.0f trees each, "
               "sampled from small policies whose values are enumerated; the negative "
               "controls are estimators known to be wrong.</p>\n",
               json_array_size(cells), number_of(study, "trees"));
    TRY_OUT(plot_variances(out, cells));
    buf_str(out, "<details><summary>All cells</summary><table><tr><th>claim</th>"
                 "<th>name</th><th>quantity</th><th>predicted</th><th>measured</th>"
                 "<th>error</th><th>z</th><th>verdict</th></tr>\n");
    for (size_t i = 0; i < json_array_size(cells); i++)
        put_row(out, json_array_get(cells, i));
    buf_str(out, "</table></details>\n");
    st = out->status;
out:
    json_decref(study);
    return st;
}
