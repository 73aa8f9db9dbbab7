#include "launch/args.h"

#include <string.h>

static const struct option *find(const char *name, const struct option *options, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

enum status args_parse(struct args *out, int argc, char **argv,
                       const struct option *options, int n_options)
{
    struct args a = {.settings = argv};
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            const struct option *option = find(argv[i], options, n_options);
            if (!option)
                return status_fail(ERR_INPUT, "unknown option %s", argv[i]);
            if (option->flag)
                *option->flag = 1;
            else if (i + 1 == argc)
                return status_fail(ERR_INPUT, "%s needs a value", argv[i]);
            else
                *option->value = argv[++i];
        } else if (strchr(argv[i], '=')) {
            argv[a.n_settings++] = argv[i]; // never overtakes i
        } else if (a.first) {
            return status_fail(ERR_INPUT, "unexpected argument '%s'", argv[i]);
        } else {
            a.first = argv[i];
        }
    }
    *out = a;
    return OK;
}
