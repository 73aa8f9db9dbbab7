// Splits a command's arguments: one positional (a config, a kind), options --name
// VALUE, flags --name, and key=value settings.  Borrows argv.
#ifndef LAUNCH_ARGS_H
#define LAUNCH_ARGS_H

#include "base/status.h"

struct option {
    const char *name;   // "--out"
    const char **value; // where its value goes
    int *flag;          // or, for an option without a value, where 1 goes
};

struct args {
    const char *first; // the positional argument, NULL: none
    char **settings;   // key=value, in order (argv is reordered in place)
    int n_settings;
};

// ERR_INPUT names an unknown option, a missing value, a second positional argument.
CHECKED enum status args_parse(struct args *out, int argc, char **argv,
                               const struct option *options, int n_options);

#endif
