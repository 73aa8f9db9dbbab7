// From a problem to the tokens that the policy sees, and to those that sft teaches it
// to write.  One place for training, evaluation, sampling and sft.
#ifndef LAUNCH_PROMPTS_H
#define LAUNCH_PROMPTS_H

#include "data/dataset.h"
#include "launch/settings.h"
#include "text/chat.h"
#include "text/tokenizer.h"

// The owner calls prompts_close; a zeroed struct is empty.
struct prompts {
    const struct settings *settings;   // borrowed
    const struct tokenizer *tokenizer; // borrowed
    struct chat chat;
    struct dataset examples; // shown before every problem
};

// Finds the chat template and loads prompt.examples.  ERR_INPUT, ERR_NOMEM.
CHECKED enum status prompts_open(struct prompts *out, const struct settings *s,
                                 const struct tokenizer *t);
void prompts_close(struct prompts *p);

// The token that ends a reply; -1: the one that ends a text.
int32_t prompts_end(const struct prompts *p);

// Appends the prompt: with a chat template a conversation (system prompt, examples as
// turns, the problem), else their texts one after the other.  ERR_INPUT, ERR_NOMEM.
CHECKED enum status prompts_ask(const struct prompts *p, const struct problem *problem,
                                struct tokens *out);
// Appends the problem's own solution as a reply, without the token that ends it and
// without the prefill, where the solution begins so.
// ERR_INPUT: the problem has none; ERR_NOMEM.
CHECKED enum status prompts_tell(const struct prompts *p, const struct problem *problem,
                                 struct tokens *out);

#endif
