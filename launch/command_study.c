// etreerpo study: experiments on tree credit.
#include "launch/args.h"
#include "launch/commands.h"
#include "launch/study_grid.h"
#include "launch/study_variance.h"

#include <stdlib.h>
#include <string.h>

static enum status count_of(const char *option, const char *text, long otherwise,
                            long *out)
{
    char *end = NULL;
    *out = otherwise;
    if (!text)
        return OK;
    *out = strtol(text, &end, 10);
    if (end == text || *end || *out < 0 || *out > 1000000000)
        return status_fail(ERR_INPUT, "%s: '%.20s' is no count", option, text);
    return OK;
}

enum status command_study(int argc, char **argv)
{
    struct study_run run = {0};
    const char *cell = NULL, *jobs = NULL;
    const struct option options[] = {{"--out", &run.dir, NULL},
                                     {"--cell", &cell, NULL},
                                     {"--jobs", &jobs, NULL},
                                     {"--table", NULL, &run.table}};
    struct args args;
    TRY(args_parse(&args, argc, argv, options, 4));
    if (!args.first)
        return status_fail(ERR_INPUT,
                           "usage: etreerpo study variance|branching|cutoff|"
                           "reuse|when|GRID.yaml --out DIR [--cell K] [--jobs "
                           "N] [--table] [key=value ...]");
    if (strcmp(args.first, "variance") == 0)
        return study_variance_run(run.dir, args.n_settings, args.settings);
    if (!run.dir)
        return status_fail(ERR_INPUT, "study %s: --out DIR is missing", args.first);
    run.name = args.first;
    run.settings = args.settings;
    run.n_settings = args.n_settings;
    TRY(count_of("--cell", cell, -1, &run.cell));
    TRY(count_of("--jobs", jobs, 0, &run.jobs));
    return study_grid_run(&run);
}
