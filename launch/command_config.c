// etreerpo config: every key, as a Markdown table.
#include "launch/commands.h"
#include "launch/settings.h"

#include <stdio.h>

enum status command_config(int argc, char **argv)
{
    struct buf out = {0};
    (void)argv;
    if (argc > 0)
        return status_fail(ERR_INPUT, "config takes no arguments");
    enum status st = settings_describe(&out);
    if (st == OK)
        (void)fwrite(out.data, 1, out.len, stdout);
    buf_free(&out);
    return st;
}
