#include "cell.h"

#include "base/mem.h"

#include <math.h>

double cell_z(const struct cell *c)
{
    double difference = c->measured - c->predicted;
    if (c->error > 0.0)
        return difference / c->error;
    return difference == 0.0 ? 0.0 : copysign(1e6, difference);
}

double cell_relative_error(const struct cell *c)
{
    return c->predicted == 0.0 ? 0.0 : c->measured / c->predicted - 1.0;
}

// NaN compares false: such a cell is not ok.
static int holds(const struct cell *c)
{
    double z = cell_z(c);
    if (c->tolerance > 0.0 && !(fabs(cell_relative_error(c)) <= c->tolerance))
        return 0;
    switch (c->relation) {
    case CELL_AT_LEAST:
        return z > -CELL_Z;
    case CELL_BELOW:
        return z < -CELL_Z;
    default:
        return fabs(z) < CELL_Z;
    }
}

int cell_ok(const struct cell *c)
{
    return c->must_fail ? fabs(cell_z(c)) > CELL_Z : holds(c);
}

void cells_free(struct cells *cells)
{
    mem_free(cells->items);
    *cells = (struct cells){0};
}

enum status cells_add(struct cells *cells, const struct cell *c)
{
    TRY(mem_grow(&cells->items, &cells->capacity, cells->n, cells->n + 1,
                 sizeof *cells->items));
    cells->items[cells->n++] = *c;
    return OK;
}

size_t cells_failed(const struct cells *cells)
{
    size_t failed = 0;
    for (size_t i = 0; i < cells->n; i++)
        failed += (size_t)!cell_ok(&cells->items[i]);
    return failed;
}

static const char *verdict(const struct cell *c)
{
    if (!cell_ok(c))
        return c->must_fail ? "NOT SEEN" : "DOES NOT HOLD";
    return c->must_fail ? "fails, as it must" : "holds";
}

static const char *relation_name(enum cell_relation relation)
{
    return relation == CELL_AT_LEAST ? ">=" : relation == CELL_BELOW ? "<" : "=";
}

void cells_print(const struct cells *cells, struct buf *out)
{
    buf_printf(out, "%-5s %-41s %-30s %-2s %10s %10s %9s %8s %8s  %s\n", "claim",
               "name", "quantity", "", "predicted", "measured", "error", "relative",
               "z", "verdict");
    for (size_t i = 0; i < cells->n; i++) {
        const struct cell *c = &cells->items[i];
        buf_printf(out, "%-5s %-41s %-30s %-2s %10.6f %10.6f %9.2e %7.2f%% %8.2f  %s\n",
                   c->claim, c->name, c->quantity, relation_name(c->relation),
                   c->predicted, c->measured, c->error, 100.0 * cell_relative_error(c),
                   cell_z(c), verdict(c));
    }
}

static void put_number(struct buf *out, const char *key, double x)
{
    if (isfinite(x))
        buf_printf(out, "\"%s\":%.9g,", key, x);
    else
        buf_printf(out, "\"%s\":null,", key);
}

static void put_cell(struct buf *out, const struct cell *c)
{
    buf_printf(out, "{\"claim\":\"%s\",\"name\":\"%s\",\"quantity\":\"%s\",", c->claim,
               c->name, c->quantity);
    buf_printf(out, "\"relation\":\"%s\",", relation_name(c->relation));
    put_number(out, "predicted", c->predicted);
    put_number(out, "measured", c->measured);
    put_number(out, "error", c->error);
    put_number(out, "relative_error", cell_relative_error(c));
    put_number(out, "z", cell_z(c));
    buf_printf(out, "\"must\":\"%s\",\"ok\":%s}", c->must_fail ? "fail" : "hold",
               cell_ok(c) ? "true" : "false");
}

void cells_json(const struct cells *cells, const char *study, int64_t trees,
                struct buf *out)
{
    buf_printf(out, "{\"study\":\"%s\",\"trees\":%ld,\"cells\":[", study, (long)trees);
    for (size_t i = 0; i < cells->n; i++) {
        buf_str(out, i ? ",\n" : "\n");
        put_cell(out, &cells->items[i]);
    }
    buf_str(out, "\n]}\n");
}
