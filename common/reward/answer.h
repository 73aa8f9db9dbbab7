// One line of the program's output.  Private to reward; jansson's door.
#ifndef REWARD_ANSWER_H
#define REWARD_ANSWER_H

#include "base/status.h"
#include "verify/verify.h"

#include <stddef.h>
#include <stdint.h>

struct answer {
    int has_id;
    uint64_t id;
    int has_reward, has_verdict;
    float reward;
    enum verdict verdict;
    // Why the reward or the verdict cannot be taken, "" if it can: this one question's
    // failure.
    char wrong[96];
};

// ERR_INPUT: not a JSON object with an id that is a whole number or none, and why.
CHECKED enum status answer_read(struct answer *out, const char *line, size_t len);

// *out = the texts of a JSON array of texts and numbers, NULL behind them; `*n` of
// them; one block, mem_free.  ERR_INPUT: no such array, or an empty one.
CHECKED enum status command_words(char ***out, size_t *n, const char *json);

#endif
