// The program's commands.  Each gets the arguments behind its name and returns a
// status; main turns ERR_INPUT into exit status 2 and any other failure into 1.
#ifndef LAUNCH_COMMANDS_H
#define LAUNCH_COMMANDS_H

#include "base/status.h"

typedef enum status command_fn(int argc, char **argv);

command_fn command_data;   // data algebra --out DIR [key=value ...]
command_fn command_sft;    // sft CONFIG [key=value ...] [--dry-run]
command_fn command_train;  // train CONFIG [key=value ...] [--dry-run]
command_fn command_eval;   // eval CONFIG [key=value ...] [--dry-run]
command_fn command_sample; // sample CONFIG --prompt TEXT [key=value ...]
command_fn command_study;  // study NAME --out DIR [--cell K] [key=value ...]
command_fn command_report; // report DIR ... [--out FILE]
command_fn
    command_grade; // grade --gold G --reply FILE, or grade FILE.jsonl [--out FILE]
command_fn command_config; // config: every key with its default, bounds and meaning

#endif
