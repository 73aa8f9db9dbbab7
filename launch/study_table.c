// The table of a study's results.
#include "base/share.h"
#include "launch/study_cell.h"
#include "launch/study_result.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

// What is known of one task and arm: the mean of each number over its seeds.
struct row {
    double pass[GRID_MAX_SEEDS];
    double sums[STUDY_NUMBERS];
    size_t n;
};

static enum status fill_row(struct row *r, const struct grid *g, const char *dir,
                            size_t task, size_t arm)
{
    for (size_t i = 0; i < grid_cells(g); i++) {
        const struct grid_cell cell = grid_cell_at(g, i);
        struct study_result result;
        char folder[PATH_MAX], path[PATH_MAX + 16];
        if (cell.task != &g->tasks[task] || cell.arm != &g->arms[arm] ||
            !study_cell_done(dir, &cell))
            continue;
        TRY(study_cell_folder(folder, dir, &cell));
        (void)snprintf(path, sizeof path, "%s/result.json", folder);
        TRY(study_result_read(&result, path));
        r->pass[r->n++] = result.numbers[STUDY_PASS];
        for (int k = 0; k < STUDY_NUMBERS; k++)
            r->sums[k] += result.numbers[k];
    }
    return OK;
}

// Half of the 95 % interval of a mean over few seeds: Student's t.
static double seed_interval(const double *x, size_t n, double mean)
{
    static const double t[] = {12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26};
    double squares = 0.0;
    if (n < 2)
        return 0.0;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    double quantile = n - 2 < sizeof t / sizeof *t ? t[n - 2] : 2.0;
    return quantile * sqrt(squares / ((double)n - 1.0) / (double)n);
}

static void print_row(const struct row *r, const char *arm, struct buf *out)
{
    double x[STUDY_NUMBERS], n = (double)r->n;
    for (int k = 0; k < STUDY_NUMBERS; k++)
        x[k] = r->sums[k] / n;
    double gain = x[STUDY_PASS] - x[STUDY_BEFORE];
    double tflop = (x[STUDY_ROLLOUT_FLOPS] + x[STUDY_TRAIN_FLOPS]) / 1e12;
    buf_printf(out,
               "  %-22s %5zu  %.3f +- %.3f  %+.3f  %7.3f  %7.3f  %8.4f  %8.4f  %6.1f  "
               "%5.3f  %5.2f  %5.2f\n",
               arm, r->n, x[STUDY_PASS], seed_interval(r->pass, r->n, x[STUDY_PASS]),
               gain, x[STUDY_TOKENS] / 1e6, tflop, share(gain, x[STUDY_SAMPLES] / 1e3),
               share(gain, tflop), x[STUDY_LENGTH], x[STUDY_STEP_ACC], x[STUDY_UNIQUE],
               share(x[STUDY_TOKENS], x[STUDY_SAMPLES] * x[STUDY_LENGTH]));
}

enum status study_table(const struct grid *g, const char *dir, struct buf *out)
{
    for (size_t task = 0; task < g->n_tasks; task++) {
        buf_printf(out,
                   "%s: %s\n  %-22s %5s  %14s  %6s  %7s  %7s  %8s  %8s  %6s  %5s  %5s  "
                   "%5s\n",
                   g->study, g->tasks[task].name, "arm", "seeds", "Pass@1", "gain",
                   "Mtokens", "TFLOP", "gain/ks", "gain/TF", "length", "steps", "rows",
                   "chain");
        for (size_t arm = 0; arm < g->n_arms; arm++) {
            struct row r = {.n = 0};
            TRY(fill_row(&r, g, dir, task, arm));
            if (r.n > 0)
                print_row(&r, g->arms[arm].name, out);
        }
    }
    buf_str(
        out,
        "gain/ks, gain/TF: Pass@1 gained per thousand samples and per TFLOP of "
        "rollout and\ntraining; steps: share as in the reference; rows: trained rows "
        "over those of flattened\npaths; chain: generated tokens over those of as "
        "many whole chains\n");
    return out->status;
}
