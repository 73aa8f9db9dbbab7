// prompt.date: the day that chat templates see.  Stateless.
#ifndef LAUNCH_PROMPT_DATE_H
#define LAUNCH_PROMPT_DATE_H

#include "launch/settings.h"

// Sets an empty prompt.date: to that of the run in `run_dir` (NULL: of none) where its
// config.yaml has one, so that a resumed run keeps its prompts, else to today, local
// time.  ERR_INPUT: not a date; ERR_NOMEM.
CHECKED enum status prompt_date_settle(struct settings *s, const char *run_dir);

#endif
