// How the program is started: its command line, its sandbox and its environment.
// Private to reward.  The owner calls command_close.
#ifndef REWARD_COMMAND_H
#define REWARD_COMMAND_H

#include "base/status.h"
#include "sandbox/child.h"

struct reward_config;

struct command {
    struct child_spec spec;
    char **words;       // the user's
    char **environment; // this process's, with a few changes
    char *texts;        // what spec.argv points to besides
};

// Without a sandbox the program is started as it is; with one it sees the whole file
// system, read-only, but for /tmp, /var/tmp and /run: these are its own and empty, save
// for the working directory and the folders of the command's words.  No network.
// ERR_INPUT: no command, or no sandbox here; ERR_NOMEM, ERR_LIMIT.
CHECKED enum status command_open(struct command *out, const struct reward_config *c);
void command_close(struct command *c);

#endif
