// From a problem to the tokens that the policy sees, and to those that sft teaches it
// to write.  One place for training, evaluation, sampling and sft.
#ifndef LAUNCH_PROMPTS_H
#define LAUNCH_PROMPTS_H

#include "data/dataset.h"
#include "launch/conversations.h"
#include "launch/settings.h"
#include "text/tokenizer.h"

// The owner calls prompts_close; a zeroed struct is empty.
struct prompts {
    const struct settings *settings;   // borrowed
    const struct tokenizer *tokenizer; // borrowed
    struct conversations chat;         // without a template: plain texts are asked
    struct dataset examples;           // shown before every problem
};

// Finds the chat template and loads prompt.examples; `folder`: the tokenizer's.  `p`
// stays where it is until prompts_close.  ERR_INPUT, ERR_NOMEM.
CHECKED enum status prompts_open(struct prompts *p, const struct settings *s,
                                 const struct tokenizer *t, const char *folder);
void prompts_close(struct prompts *p);

// Renders data sets once for all that follows; without a chat template there is nothing
// to do.  The sets are borrowed; `n` up to CONVERSATIONS_MAX_SETS, 0: the template is
// asked only how it ends a reply.  ERR_INPUT, ERR_NOMEM, ERR_IO.
CHECKED enum status prompts_render(struct prompts *p,
                                   const struct conversations_set *sets, int n);

// Writes folder/chat_template.jinja where prompt.template chose another template than
// the checkpoint's own default, so that what was trained with it is asked with it.
// ERR_IO.
CHECKED enum status prompts_save(const struct prompts *p, const char *folder);

// The token that ends a reply, known after prompts_render; -1: the one that ends a
// text.
int32_t prompts_end(const struct prompts *p);

// Appends the prompt's text: with a chat template a conversation (system prompt,
// examples as turns, the problem), else their texts one after the other; prompt.prefill
// at its end.  ERR_INPUT, ERR_NOMEM.
CHECKED enum status prompts_text(const struct prompts *p, const struct problem *problem,
                                 struct buf *out);
// Appends its ids.  A conversation is encoded as one text in which the special tokens
// are recognised, as transformers does.
CHECKED enum status prompts_ask(const struct prompts *p, const struct problem *problem,
                                struct tokens *out);
// Appends the problem's own solution as a reply, without the token that ends it and
// without the prefill, where the solution begins so.
// ERR_INPUT: the problem has none; ERR_NOMEM.
CHECKED enum status prompts_tell(const struct prompts *p, const struct problem *problem,
                                 struct tokens *out);

#endif
