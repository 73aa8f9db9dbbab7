// Problems with worked solutions, in GSM8K's JSONL format: `question`, `answer`; the
// answer has one step a line, <<a*b=c>> annotations, and ends in "#### n".
// The dataset owns its strings.
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct problem {
    char *question;
    char *solution; // the worked solution, with its last line "#### n"
    char *answer;   // n, as written
    int32_t steps;  // lines of the solution before the last
};

struct dataset {
    struct problem *problems;
    size_t n, capacity;
};

// Reads a JSONL file, at most `limit` problems (0: all); a line has at most 1 MB.
// ERR_INPUT names file, line and reason.
CHECKED enum status dataset_load(struct dataset *out, const char *path, size_t limit);
void dataset_free(struct dataset *d);

// The prompt as the policy sees it, and the text it is taught to write after it.
// (question + "\n", solution): one template for training, evaluation and sft.
void problem_prompt(struct buf *out, const struct problem *p);

void problem_free(struct problem *p);

// Builds one problem (copies both texts); ERR_INPUT where the solution does not end in
// a line "#### n".
CHECKED enum status problem_make(struct problem *out, const char *question,
                                 const char *solution);
// Appends *p and takes its strings; *p is empty afterwards.  ERR_NOMEM.
CHECKED enum status dataset_add(struct dataset *d, struct problem *p);

// Writes a set as JSONL, atomically.  ERR_IO.
CHECKED enum status dataset_save(const struct dataset *d, const char *path);

// The order in which epoch `epoch` visits n problems: item `i` < n of a seeded
// permutation.  No state: any item of any epoch costs the same.
uint64_t dataset_shuffled(uint64_t seed, uint64_t epoch, uint64_t n, uint64_t i);

#endif
