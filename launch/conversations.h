// The problems of data sets as conversations in the checkpoint's chat template,
// rendered once, and what the template says of where a reply ends.
//
// A reply is what follows the prompt in the template's own rendering of the
// conversation with the reply, so that sft and rollouts agree.  The owner calls
// conversations_free; a zeroed struct is empty.  Reading is thread-safe.
#ifndef LAUNCH_CONVERSATIONS_H
#define LAUNCH_CONVERSATIONS_H

#include "chat/render.h"
#include "data/dataset.h"
#include "launch/settings.h"
#include "text/tokenizer.h"

enum { CONVERSATIONS_MAX_SETS = 2 };

struct conversations {
    const struct settings *settings;   // borrowed
    const struct tokenizer *tokenizer; // borrowed
    const struct dataset *examples;    // shown before every problem; borrowed
    struct chat_template template;     // its text NULL: there is none
    struct chat_rendering texts;       // of turn 0, which is no problem's, and the sets
    struct conversations_set {
        const struct dataset *set; // borrowed
        size_t first;              // its first problem's turn
        int replies;               // 1: with their solutions
    } sets[CONVERSATIONS_MAX_SETS];
    int n_sets;
    char *end_text; // of the token that ends a reply; NULL: none is known
    int32_t end;    // its id; -1
};

// Finds the template that prompt.template names; `folder`: the tokenizer's.  ERR_INPUT,
// ERR_NOMEM.
CHECKED enum status conversations_open(struct conversations *out,
                                       const struct settings *s,
                                       const struct tokenizer *t, const char *folder,
                                       const struct dataset *examples);
void conversations_free(struct conversations *c);

// Renders the sets (their `first` is set here).  Without a template nothing is done;
// else a Python is started.  ERR_INPUT: what the template refuses, and the like.
CHECKED enum status conversations_render(struct conversations *c,
                                         const struct conversations_set *sets, int n);

// Appends the text up to where the policy writes, with prompt.prefill; a problem of no
// set that was rendered is rendered now.
CHECKED enum status conversations_ask(const struct conversations *c,
                                      const struct problem *p, struct buf *out);
// Appends what of the solution follows that text, without the token that ends it.
// ERR_INPUT: the template renders a finished reply otherwise than it begins one.
CHECKED enum status conversations_reply(const struct conversations *c,
                                        const struct problem *p, struct buf *out);

#endif
