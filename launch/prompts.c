#include "launch/prompts.h"

#include "base/mem.h"
#include "launch/grading.h"

#include <string.h>

static enum status load_examples(const struct settings *s, struct dataset *out)
{
    const struct dataset_rules rules = grading_rules(s);
    return status_wrap(dataset_load_by(out, s->prompt.examples, 0, &rules),
                       "prompt.examples");
}

enum status prompts_open(struct prompts *out, const struct settings *s,
                         const struct tokenizer *t)
{
    struct prompts p = {.settings = s, .tokenizer = t};
    enum status st;
    TRY_OUT(status_wrap(chat_open(&p.chat, t, s->prompt.template), "prompt.template"));
    if (*s->prompt.examples)
        TRY_OUT(load_examples(s, &p.examples));
    *out = p;
    return OK;
out:
    prompts_close(&p);
    return st;
}

void prompts_close(struct prompts *p)
{
    chat_close(&p->chat);
    dataset_free(&p->examples);
    *p = (struct prompts){0};
}

int32_t prompts_end(const struct prompts *p)
{
    return chat_end(&p->chat, p->tokenizer);
}

static int is_chat(const struct prompts *p)
{
    return p->chat.format != CHAT_NONE;
}

static void end_line(struct buf *out)
{
    if (out->len && out->data[out->len - 1] != '\n')
        buf_char(out, '\n');
}

// The problem in the words that the policy is asked in.
static void append_question(const struct prompts *p, const struct problem *problem,
                            struct buf *out)
{
    const char *instruction = p->settings->prompt.instruction;
    if (problem->continues && is_chat(p)) {
        buf_str(out, "Complete this Python function. Reply with the whole function in "
                     "one ```python block.\n\n```python\n");
        buf_str(out, problem->question);
        end_line(out);
        buf_str(out, "```");
    } else {
        buf_str(out, problem->question);
    }
    if (*instruction && (is_chat(p) || !problem->continues))
        buf_printf(out, "\n\n%s", instruction);
    if (!is_chat(p))
        end_line(out);
}

static void append_solution(const struct prompts *p, const struct problem *problem,
                            struct buf *out)
{
    int fenced = is_chat(p) && problem->verifier == VERIFIER_CODE;
    if (fenced)
        buf_str(out, "```python\n");
    if (fenced && problem->continues)
        buf_str(out, problem->question);
    buf_str(out, problem->solution);
    if (fenced) {
        end_line(out);
        buf_str(out, "```");
    }
}

// Without a chat template: the texts, blank lines between them.
static enum status ask_plain(const struct prompts *p, const struct problem *problem,
                             struct tokens *out)
{
    struct buf text = {0};
    int32_t bos = tokenizer_adds_bos(p->tokenizer) ? tokenizer_bos(p->tokenizer) : -1;
    enum status st = bos >= 0 ? tokens_push(out, bos) : OK;
    if (*p->settings->prompt.system)
        buf_printf(&text, "%s\n\n", p->settings->prompt.system);
    for (size_t i = 0; i < p->examples.n; i++) {
        append_question(p, &p->examples.problems[i], &text);
        append_solution(p, &p->examples.problems[i], &text);
        buf_str(&text, "\n\n");
    }
    append_question(p, problem, &text);
    buf_str(&text, p->settings->prompt.prefill);
    if (st == OK)
        st = text.status;
    if (st == OK)
        st = tokenizer_encode(p->tokenizer, buf_cstr(&text), text.len, out);
    buf_free(&text);
    return st;
}

// With one: a system message, two messages an example, and the question.
static enum status ask_chat(const struct prompts *p, const struct problem *problem,
                            struct tokens *out)
{
    size_t n_texts = 2 * p->examples.n + 1, n = 0;
    const char *system = p->settings->prompt.system, *prefill;
    struct buf *texts = NULL;
    struct chat_message *messages = NULL;
    enum status st;
    TRY_OUT(mem_new(&texts, n_texts, sizeof *texts));
    TRY_OUT(mem_new(&messages, n_texts + 1, sizeof *messages));
    if (*system)
        messages[n++] = (struct chat_message){CHAT_SYSTEM, system};
    for (size_t i = 0; i < n_texts; i++) {
        int reply = i % 2 == 1;
        if (reply)
            append_solution(p, &p->examples.problems[i / 2], &texts[i]);
        else
            append_question(p, i + 1 < n_texts ? &p->examples.problems[i / 2] : problem,
                            &texts[i]);
        TRY_OUT(texts[i].status);
        messages[n++] = (struct chat_message){reply ? CHAT_ASSISTANT : CHAT_USER,
                                              buf_cstr(&texts[i])};
    }
    TRY_OUT(chat_encode(&p->chat, p->tokenizer, messages, n, out));
    prefill = p->settings->prompt.prefill;
    st = tokenizer_encode_more(p->tokenizer, prefill, strlen(prefill), out);
out:
    for (size_t i = 0; texts && i < n_texts; i++)
        buf_free(&texts[i]);
    mem_free(texts);
    mem_free(messages);
    return st;
}

enum status prompts_ask(const struct prompts *p, const struct problem *problem,
                        struct tokens *out)
{
    return is_chat(p) ? ask_chat(p, problem, out) : ask_plain(p, problem, out);
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
    if (!*problem->solution)
        return status_fail(ERR_INPUT, "the data set gives it no solution");
    append_solution(p, problem, &text);
    size_t begun = solution_begun(p, &text);
    enum status st = text.status;
    if (st == OK)
        st = tokenizer_encode_more(p->tokenizer, buf_cstr(&text) + begun,
                                   text.len - begun, out);
    buf_free(&text);
    return st;
}
