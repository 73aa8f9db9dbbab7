#include "launch/prompts.h"

#include "base/file.h"
#include "launch/grading.h"
#include "launch/wording.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static enum status load_examples(const struct settings *s, struct dataset *out)
{
    const struct dataset_rules rules = grading_rules(s);
    return status_wrap(dataset_load_by(out, s->prompt.examples, 0, &rules),
                       "prompt.examples");
}

enum status prompts_open(struct prompts *p, const struct settings *s,
                         const struct tokenizer *t, const char *folder)
{
    *p = (struct prompts){.settings = s, .tokenizer = t};
    enum status st = conversations_open(&p->chat, s, t, folder, &p->examples);
    if (st == OK && *s->prompt.examples)
        st = load_examples(s, &p->examples);
    if (st != OK)
        prompts_close(p);
    return st;
}

void prompts_close(struct prompts *p)
{
    conversations_free(&p->chat);
    dataset_free(&p->examples);
    *p = (struct prompts){.chat.end = -1};
}

enum status prompts_render(struct prompts *p, const struct conversations_set *sets,
                           int n)
{
    return conversations_render(&p->chat, sets, n);
}

static int is_chat(const struct prompts *p)
{
    return p->chat.template.text != NULL;
}

enum status prompts_save(const struct prompts *p, const char *folder)
{
    char path[PATH_MAX];
    const char *text = p->chat.template.text;
    if (!is_chat(p) || strcmp(p->settings->prompt.template, "auto") == 0)
        return OK;
    int n = snprintf(path, sizeof path, "%s/chat_template.jinja", folder);
    if (n < 0 || n >= PATH_MAX)
        return status_fail(ERR_INPUT, "%.64s...: path too long", folder);
    return file_write(path, text, strlen(text));
}

int32_t prompts_end(const struct prompts *p)
{
    return is_chat(p) ? p->chat.end : -1;
}

// Without a chat template: the texts, blank lines between them.
static enum status plain_text(const struct prompts *p, const struct problem *problem,
                              struct buf *out)
{
    const struct settings *s = p->settings;
    if (*s->prompt.system)
        buf_printf(out, "%s\n\n", s->prompt.system);
    for (size_t i = 0; i < p->examples.n; i++) {
        wording_question(s, &p->examples.problems[i], 0, out);
        wording_solution(&p->examples.problems[i], 0, out);
        buf_str(out, "\n\n");
    }
    wording_question(s, problem, 0, out);
    buf_str(out, s->prompt.prefill);
    return out->status;
}

enum status prompts_text(const struct prompts *p, const struct problem *problem,
                         struct buf *out)
{
    return is_chat(p) ? conversations_ask(&p->chat, problem, out)
                      : plain_text(p, problem, out);
}

enum status prompts_ask(const struct prompts *p, const struct problem *problem,
                        struct tokens *out)
{
    struct buf text = {0};
    enum status st;
    int32_t bos = tokenizer_adds_bos(p->tokenizer) ? tokenizer_bos(p->tokenizer) : -1;
    TRY_OUT(prompts_text(p, problem, &text));
    if (is_chat(p)) {
        st = tokenizer_encode_special(p->tokenizer, buf_cstr(&text), text.len, out);
        goto out;
    }
    if (bos >= 0)
        TRY_OUT(tokens_push(out, bos));
    st = tokenizer_encode(p->tokenizer, buf_cstr(&text), text.len, out);
out:
    buf_free(&text);
    return st;
}

// How much of a solution the prefill, which ends the prompt, has told already.
static size_t solution_begun(const struct prompts *p, const struct buf *solution)
{
    const char *prefill = p->settings->prompt.prefill;
    size_t len = strlen(prefill);
    return strncmp(buf_cstr(solution), prefill, len) == 0 ? len : 0;
}

enum status prompts_tell(const struct prompts *p, const struct problem *problem,
                         struct tokens *out)
{
    struct buf text = {0};
    enum status st;
    if (!*problem->solution)
        return status_fail(ERR_INPUT, "the data set gives it no solution");
    if (is_chat(p)) {
        TRY_OUT(conversations_reply(&p->chat, problem, &text));
        st =
            tokenizer_encode_special_more(p->tokenizer, buf_cstr(&text), text.len, out);
        goto out;
    }
    wording_solution(problem, 0, &text);
    TRY_OUT(text.status);
    size_t begun = solution_begun(p, &text);
    st = tokenizer_encode_more(p->tokenizer, buf_cstr(&text) + begun, text.len - begun,
                               out);
out:
    buf_free(&text);
    return st;
}
