// Rendering a chat template for a whole data set: one short-lived Python with Debian's
// Jinja2 in the sandbox (a template is somebody's code), under limits and a deadline.
//
// The text is transformers' for the same messages.  Blocks until it is there; one
// thread at a time.
#ifndef CHAT_RENDER_H
#define CHAT_RENDER_H

#include "template.h"

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct chat_message {
    const char *role, *text;
};

struct chat_turn {
    const char *question, *reply; // reply NULL: none is to be rendered
};

struct chat_request {
    const struct chat_template *template;
    const char *kwargs;              // more that the template sees: a JSON object
    const char *date;                // YYYY-MM-DD, of its strftime_now
    const struct chat_message *head; // before every question
    size_t n_head;
    const struct chat_turn *turns;
    size_t n_turns;
};

// Where it runs.
struct chat_runner {
    int accept_no_sandbox;      // 1: where user namespaces are off, limits alone (it is
                                // said)
    int64_t timeout_ms;         // 0: by the number of turns
    const char *bwrap, *python; // NULL: bwrap of the path, /usr/bin/python3
};

// A text for each turn; what all begin with is kept once.
struct chat_texts {
    struct buf head, rests;
    struct chat_span {
        size_t from, to; // in rests
        int there;
    } * spans;
    size_t n;
};

struct chat_rendering {
    struct chat_texts asks;   // up to where the assistant is to write
    struct chat_texts wholes; // with the reply, where there is one
    char *refusal; // why a text of `wholes` that was asked for is not there; NULL
};

// ERR_INPUT: what the template says or does wrong with its line, no sandbox here, no
// Python, no Jinja2, the deadline; ERR_NOMEM, ERR_IO.
CHECKED enum status chat_render(struct chat_rendering *out,
                                const struct chat_request *r,
                                const struct chat_runner *how);
void chat_rendering_free(struct chat_rendering *r);

int chat_has_text(const struct chat_texts *t, size_t i);
void chat_append_text(struct buf *out, const struct chat_texts *t, size_t i);

#endif
