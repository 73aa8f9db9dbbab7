// One question to the program, as the line that is sent.  Private to reward.
#ifndef REWARD_QUESTION_H
#define REWARD_QUESTION_H

#include "base/status.h"
#include "verify/verify.h"

#include <stddef.h>
#include <stdint.h>

struct question {
    struct question *next;
    uint64_t ticket, id;
    int whole;
    int cancelled; // no result comes of it
    int failed;    // 1: a process has failed with it; it is asked alone
    float reward;  // what came of it
    enum verdict verdict;
    size_t len, sent;
    char line[]; // with its end
};

// *out = a question; mem_free.  ERR_LIMIT, ERR_NOMEM.
CHECKED enum status question_new(struct question **out, uint64_t ticket, uint64_t id,
                                 const char *problem, const char *reply, size_t len,
                                 int whole);

// Questions in order.  A zeroed one is empty; the owner of what is in it frees it.
struct questions {
    struct question *first, *last;
    size_t n;
};

void questions_push(struct questions *list, struct question *q);
struct question *questions_pop(struct questions *list); // NULL: it is empty
struct question *questions_take(struct questions *list, uint64_t id); // likewise
// Moves all of `from` to the front of `to`, in order.
void questions_prepend(struct questions *to, struct questions *from);
void questions_free(struct questions *list);

#endif
