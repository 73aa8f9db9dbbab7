#include "launch/conversations.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "launch/reply_end.h"
#include "launch/wording.h"

#include <string.h>

static const struct chat_turn probe = {REPLY_END_QUESTION, REPLY_END_REPLY};

// Tokens that only a tokenizer of conversations has.
static const char *chat_token_of(const struct tokenizer *t)
{
    static const char *const names[] = {"<|im_start|>",
                                        "<|start_header_id|>",
                                        "<start_of_turn>",
                                        "[INST]",
                                        "<|assistant|>",
                                        "<|Assistant|>",
                                        "<\xef\xbd\x9c"
                                        "Assistant\xef\xbd\x9c>"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (tokenizer_special(t, names[i]) >= 0)
            return names[i];
    return NULL;
}

enum status conversations_open(struct conversations *out, const struct settings *s,
                               const struct tokenizer *t, const char *folder,
                               const struct dataset *examples)
{
    const char *token = chat_token_of(t);
    *out = (struct conversations){
        .settings = s, .tokenizer = t, .examples = examples, .end = -1};
    TRY(status_wrap(chat_template_find(&out->template, folder, s->prompt.template),
                    "prompt.template"));
    if (!out->template.text && token && strcmp(s->prompt.template, "auto") == 0)
        log_info("%s has no chat template, though its tokenizer has %s: prompts are "
                 "plain text (prompt.template takes a file)",
                 folder, token);
    return OK;
}

void conversations_free(struct conversations *c)
{
    chat_template_free(&c->template);
    chat_rendering_free(&c->texts);
    mem_free(c->end_text);
    *c = (struct conversations){.end = -1};
}

// ---- the texts of a request

// Turns and head, with the memory of their texts.
struct draft {
    struct chat_message *head;
    struct chat_turn *turns;
    struct buf *texts;
    size_t n_head, n_turns, n_texts;
};

static enum status draft_new(struct draft *d, const struct conversations *c,
                             size_t n_turns)
{
    size_t examples = c->examples->n;
    TRY(mem_new(&d->head, 1 + 2 * examples, sizeof *d->head));
    TRY(mem_new(&d->turns, n_turns, sizeof *d->turns));
    return mem_new(&d->texts, 2 * (examples + n_turns), sizeof *d->texts);
}

static void draft_free(struct draft *d)
{
    for (size_t i = 0; i < d->n_texts; i++)
        buf_free(&d->texts[i]);
    mem_free(d->head);
    mem_free(d->turns);
    mem_free(d->texts);
}

static struct buf *next_text(struct draft *d)
{
    return &d->texts[d->n_texts++];
}

static enum status add_question(struct draft *d, const struct conversations *c,
                                const struct problem *p, const char **out)
{
    struct buf *text = next_text(d);
    wording_question(c->settings, p, 1, text);
    *out = buf_cstr(text);
    return text->status;
}

// `prefill`: what it begins with.
static enum status add_reply(struct draft *d, const struct problem *p,
                             const char *prefill, const char **out)
{
    struct buf *text = next_text(d);
    buf_str(text, prefill);
    wording_solution(p, 1, text);
    *out = buf_cstr(text);
    return text->status;
}

static enum status add_head(struct draft *d, const struct conversations *c)
{
    const char *system = c->settings->prompt.system, *text = NULL;
    if (*system)
        d->head[d->n_head++] = (struct chat_message){"system", system};
    for (size_t i = 0; i < c->examples->n; i++) {
        const struct problem *p = &c->examples->problems[i];
        TRY(add_question(d, c, p, &text));
        d->head[d->n_head++] = (struct chat_message){"user", text};
        TRY(add_reply(d, p, "", &text));
        d->head[d->n_head++] = (struct chat_message){"assistant", text};
    }
    return OK;
}

static enum status add_turn(struct draft *d, const struct conversations *c,
                            const struct problem *p, int reply)
{
    struct chat_turn *turn = &d->turns[d->n_turns++];
    TRY(add_question(d, c, p, &turn->question));
    if (!reply || !*p->solution)
        return OK;
    return add_reply(d, p, c->settings->prompt.prefill, &turn->reply);
}

static enum status render(struct chat_rendering *out, const struct conversations *c,
                          const struct draft *d)
{
    const struct settings *s = c->settings;
    const struct chat_request request = {
        .template = &c->template,
        .kwargs = s->prompt.template_kwargs,
        .date = s->prompt.date,
        .head = d->head,
        .n_head = d->n_head,
        .turns = d->turns,
        .n_turns = d->n_turns,
    };
    const struct chat_runner how = {.accept_no_sandbox =
                                        strcmp(s->judge.sandbox, "weak") == 0};
    return status_wrap(chat_render(out, &request, &how), "prompt.template");
}

// ---- sets

// How many problems' own texts hold a special token: it becomes that token, as in
// transformers.
static size_t count_special(const struct conversations *c, const struct draft *d)
{
    size_t n = 0;
    for (size_t i = 1; i < d->n_turns; i++)
        n += reply_end_has_special(c->tokenizer, d->turns[i].question) ||
             (d->turns[i].reply &&
              reply_end_has_special(c->tokenizer, d->turns[i].reply));
    return n;
}

static void say(const struct conversations *c, const struct draft *d, double seconds)
{
    size_t special = count_special(c, d);
    log_info(
        "chat template: %s, rendered for %zu problems in %.2f s; a reply ends with "
        "%s",
        c->template.origin, d->n_turns - 1, seconds,
        c->end_text ? c->end_text : "the end of the text");
    if (special)
        log_warn(
            "special tokens are written out in %zu problems' own texts, where they "
            "become those tokens",
            special);
}

static enum status draft_sets(struct draft *d, struct conversations *c,
                              const struct conversations_set *sets, int n)
{
    size_t turns = 1;
    for (int k = 0; k < n; k++)
        turns += sets[k].set->n;
    TRY(draft_new(d, c, turns));
    TRY(add_head(d, c));
    d->turns[d->n_turns++] = probe;
    for (int k = 0; k < n; k++) {
        c->sets[k] = sets[k];
        c->sets[k].first = d->n_turns;
        for (size_t i = 0; i < sets[k].set->n; i++)
            TRY(add_turn(d, c, &sets[k].set->problems[i], sets[k].replies));
    }
    return OK;
}

enum status conversations_render(struct conversations *c,
                                 const struct conversations_set *sets, int n)
{
    struct draft d = {0};
    enum status st;
    if (!c->template.text)
        return OK;
    double began_s = clock_seconds();
    TRY_OUT(draft_sets(&d, c, sets, n));
    TRY_OUT(render(&c->texts, c, &d));
    c->n_sets = n;
    TRY_OUT(
        status_wrap(reply_end_find(&c->end_text, &c->end, c->tokenizer, &c->texts, 0),
                    "prompt.template: %s", c->template.origin));
    say(c, &d, clock_seconds() - began_s);
out:
    draft_free(&d);
    return st;
}

// ---- one problem

// The turn of a problem in c->texts; 0: it is in no set (or without its reply).
static size_t turn_of(const struct conversations *c, const struct problem *p, int reply)
{
    for (int k = 0; k < c->n_sets; k++) {
        const struct conversations_set *s = &c->sets[k];
        size_t at = (size_t)((uintptr_t)p - (uintptr_t)s->set->problems) / sizeof *p;
        if ((uintptr_t)p >= (uintptr_t)s->set->problems && at < s->set->n &&
            (s->replies || !reply))
            return s->first + at;
    }
    return 0;
}

static enum status render_one(struct chat_rendering *out, const struct conversations *c,
                              const struct problem *p, int reply)
{
    struct draft d = {0};
    enum status st;
    TRY_OUT(draft_new(&d, c, 1));
    TRY_OUT(add_head(&d, c));
    TRY_OUT(add_turn(&d, c, p, reply));
    TRY_OUT(render(out, c, &d));
out:
    draft_free(&d);
    return st;
}

enum status conversations_ask(const struct conversations *c, const struct problem *p,
                              struct buf *out)
{
    struct chat_rendering own = {0};
    size_t turn = turn_of(c, p, 0);
    if (!turn)
        TRY(render_one(&own, c, p, 0));
    chat_append_text(out, turn ? &c->texts.asks : &own.asks, turn);
    buf_str(out, c->settings->prompt.prefill);
    chat_rendering_free(&own);
    return out->status;
}

enum status conversations_reply(const struct conversations *c, const struct problem *p,
                                struct buf *out)
{
    struct chat_rendering own = {0};
    size_t turn = turn_of(c, p, 1);
    if (!turn)
        TRY(render_one(&own, c, p, 1));
    enum status st = reply_end_cut(out, turn ? &c->texts : &own, turn,
                                   c->settings->prompt.prefill, c->end_text);
    chat_rendering_free(&own);
    return st;
}
