// etreerpo: reinforcement learning from verifiable rewards with step-level credit.
#include "base/log.h"
#include "launch/cluster.h"
#include "launch/commands.h"
#include "launch/signals.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *usage;
    command_fn *run;
} commands[] = {
    {"data",
     "data algebra --out DIR [key=value ...]   generate problems and a tokenizer",
     command_data},
    {"sft", "sft CONFIG [key=value ...]               warm start from worked solutions",
     command_sft},
    {"train",
     "train CONFIG [key=value ...]             tree rollouts and policy updates",
     command_train},
    {"eval",
     "eval CONFIG [key=value ...]              Pass@1, Pass@k, length, step accuracy",
     command_eval},
    {"sample",
     "sample CONFIG --prompt TEXT [--answer N]  draw one tree in the terminal",
     command_sample},
    {"study",
     "study NAME --out DIR [--cell K]          variance, branching, cutoff, reuse, "
     "when",
     command_study},
    {"report", "report DIR ... [--out FILE.html]         one page of runs and studies",
     command_report},
    {"grade", "grade FILE.jsonl [--out FILE]            rewards of replies, and why",
     command_grade},
    {"config",
     "config                                   every key: default, bounds, meaning",
     command_config},
};

static void usage(FILE *to)
{
    (void)fprintf(to, "usage: etreerpo COMMAND ...\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        (void)fprintf(to, "  etreerpo %s\n", commands[i].usage);
    (void)fprintf(to,
                  "\ntrain and eval use every rank that mpirun starts; without mpirun "
                  "one process does it all.\n");
}

// Blocks from 1 MiB on are mapped and leave when they are freed, in place of a bound
// that grows with every block: so what a run takes can be told before (footprint.h).
static void steady_heap(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

int main(int argc, char **argv)
{
    steady_heap();
    log_setup(-1, LOG_INFO);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        enum status st = commands[i].run(argc - 2, argv + 2);
        if (st != OK)
            log_error("%s: %s", argv[1], status_message());
        int code = st == ERR_INPUT ? 2 : 1;
        if (st == OK)
            code = signals_obeyed() ? EXIT_AGAIN : 0;
        if (cluster_torn()) {
            (void)fflush(NULL);
            _exit(code);
        }
        return code;
    }
    (void)fprintf(stderr, "etreerpo: unknown command '%s'\n\n", argv[1]);
    usage(stderr);
    return 2;
}
