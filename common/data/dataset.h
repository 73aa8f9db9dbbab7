// Problems with worked solutions, in GSM8K's JSONL format: `question`, `answer`; the
// answer has one step a line, <<a*b=c>> annotations, and ends in "#### n".
// The dataset owns its strings.
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

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

// Reads a JSONL file, at most `limit` problems (0: all).  ERR_INPUT names file, line
// and reason.
CHECKED enum status dataset_load(struct dataset *out, const char *path, size_t limit);
void dataset_free(struct dataset *d);

// The prompt as the policy sees it, and the text it is taught to write after it.
// (question + "\n", solution): one template for training, evaluation and sft.
struct buf;
void problem_prompt(struct buf *out, const struct problem *p);

// The order in which epoch `epoch` visits n problems: item `i` of a seeded permutation.
uint64_t dataset_shuffled(uint64_t seed, uint64_t epoch, uint64_t n, uint64_t i);

#endif
