#include "chat.h"

#include "base/mem.h"

#include <string.h>

// The date that Llama 3.1's template falls back to: prompts do not change by the day.
#define LLAMA3_DATE "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"

// A conversation as text, and which of its bytes come from messages.
struct rendering {
    struct buf text;
    struct span {
        size_t from, to;
    } * contents;
    size_t n, capacity;
    enum status status;
};

static void rendering_free(struct rendering *r)
{
    buf_free(&r->text);
    mem_free(r->contents);
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void add_content(struct rendering *r, const char *text, int trim)
{
    size_t len = strlen(text);
    while (trim && len && is_space(text[len - 1]))
        len--;
    while (trim && len && is_space(*text)) {
        text++;
        len--;
    }
    if (r->status == OK)
        r->status =
            mem_grow(&r->contents, &r->capacity, r->n, r->n + 1, sizeof *r->contents);
    if (r->status != OK)
        return;
    r->contents[r->n++] = (struct span){r->text.len, r->text.len + len};
    buf_append(&r->text, text, len);
}

static const char *role_name(enum chat_role role)
{
    static const char *const names[] = {"system", "user", "assistant"};
    return names[role];
}

static void render_chatml(struct rendering *r, const struct chat_message *m, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_printf(&r->text, "<|im_start|>%s\n", role_name(m[i].role));
        add_content(r, m[i].text, 0);
        buf_str(&r->text, "<|im_end|>\n");
    }
    buf_str(&r->text, "<|im_start|>assistant\n");
}

static void llama3_header(struct rendering *r, const char *role)
{
    buf_printf(&r->text, "<|start_header_id|>%s<|end_header_id|>\n\n", role);
}

static void render_llama3(const struct chat *c, struct rendering *r,
                          const struct chat_message *m, size_t n)
{
    buf_str(&r->text, "<|begin_of_text|>");
    if (c->dated && (n == 0 || m[0].role != CHAT_SYSTEM)) {
        llama3_header(r, "system");
        buf_str(&r->text, LLAMA3_DATE "<|eot_id|>");
    }
    for (size_t i = 0; i < n; i++) {
        llama3_header(r, role_name(m[i].role));
        if (c->dated && m[i].role == CHAT_SYSTEM)
            buf_str(&r->text, LLAMA3_DATE);
        add_content(r, m[i].text, 1);
        buf_str(&r->text, "<|eot_id|>");
    }
    llama3_header(r, "assistant");
}

// The system prompt stands within the first user turn, after its opening.
static void render_llama2(const struct chat *c, struct rendering *r,
                          const struct chat_message *m, size_t n)
{
    const char *system = NULL;
    for (size_t i = 0; i < n; i++) {
        if (m[i].role == CHAT_SYSTEM) {
            system = m[i].text;
        } else if (m[i].role == CHAT_ASSISTANT) {
            buf_str(&r->text, c->space_reply ? " " : "");
            add_content(r, m[i].text, 1);
            buf_str(&r->text, " </s>");
        } else {
            buf_str(&r->text, "<s>[INST] ");
            if (system) {
                buf_str(&r->text, "<<SYS>>\n");
                add_content(r, system, 0);
                buf_str(&r->text, "\n<</SYS>>\n\n");
            }
            add_content(r, m[i].text, 1);
            buf_str(&r->text, " [/INST]");
            system = NULL;
        }
    }
}

// The system prompt stands within the last user turn.
static void render_mistral(const struct chat *c, struct rendering *r,
                           const struct chat_message *m, size_t n)
{
    const char *system = NULL;
    size_t last_user = 0;
    for (size_t i = 0; i < n; i++)
        last_user = m[i].role == CHAT_USER ? i : last_user;
    buf_str(&r->text, "<s>");
    for (size_t i = 0; i < n; i++) {
        if (m[i].role == CHAT_SYSTEM) {
            system = m[i].text;
        } else if (m[i].role == CHAT_ASSISTANT) {
            buf_str(&r->text, c->space_reply ? " " : "");
            add_content(r, m[i].text, 0);
            buf_str(&r->text, "</s>");
        } else {
            buf_str(&r->text, c->space_in ? "[INST] " : "[INST]");
            if (system && i == last_user) {
                add_content(r, system, 0);
                buf_str(&r->text, "\n\n");
            }
            add_content(r, m[i].text, 0);
            buf_str(&r->text, c->space_out ? " [/INST]" : "[/INST]");
        }
    }
}

static void render(const struct chat *c, struct rendering *r,
                   const struct chat_message *m, size_t n)
{
    if (c->format == CHAT_CHATML)
        render_chatml(r, m, n);
    else if (c->format == CHAT_LLAMA3)
        render_llama3(c, r, m, n);
    else if (c->format == CHAT_LLAMA2)
        render_llama2(c, r, m, n);
    else if (c->format == CHAT_MISTRAL)
        render_mistral(c, r, m, n);
    if (r->status == OK)
        r->status = r->text.status;
}

// The conversation, with the template's own system prompt where it has none.
static void render_all(const struct chat *c, struct rendering *r,
                       const struct chat_message *messages, size_t n)
{
    struct chat_message *all = NULL;
    if (!c->system || (n && messages[0].role == CHAT_SYSTEM)) {
        render(c, r, messages, n);
        return;
    }
    r->status = mem_new(&all, n + 1, sizeof *all);
    if (r->status == OK) {
        all[0] = (struct chat_message){CHAT_SYSTEM, c->system};
        if (n)
            memcpy(all + 1, messages, n * sizeof *all);
        render(c, r, all, n + 1);
    }
    mem_free(all);
}

void chat_text(const struct chat *c, const struct chat_message *messages, size_t n,
               struct buf *out)
{
    struct rendering r = {0};
    render_all(c, &r, messages, n);
    buf_append(out, r.text.data, r.text.len);
    if (out->status == OK)
        out->status = r.status;
    rendering_free(&r);
}

// Whether a message would be read as a special token where all is encoded as one text.
static enum status contents_are_plain(const struct rendering *r,
                                      const struct tokenizer *t, int *plain)
{
    struct tokens with = {0}, without = {0};
    enum status st = OK;
    *plain = 1;
    for (size_t i = 0; i < r->n && *plain; i++) {
        const char *text = buf_cstr(&r->text) + r->contents[i].from;
        size_t len = r->contents[i].to - r->contents[i].from;
        with.len = without.len = 0;
        TRY_OUT(tokenizer_encode(t, text, len, &without));
        TRY_OUT(tokenizer_encode_special(t, text, len, &with));
        *plain = with.len == without.len &&
                 (!with.len ||
                  memcmp(with.ids, without.ids, with.len * sizeof *with.ids) == 0);
    }
out:
    tokens_free(&with);
    tokens_free(&without);
    return st;
}

// Piece by piece: the template's with its special tokens, a message's without any.
static enum status encode_apart(const struct rendering *r, const struct tokenizer *t,
                                struct tokens *out)
{
    const char *text = buf_cstr(&r->text);
    size_t at = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct span *s = &r->contents[i];
        TRY(tokenizer_encode_special(t, text + at, s->from - at, out));
        TRY(tokenizer_encode_more(t, text + s->from, s->to - s->from, out));
        at = s->to;
    }
    return tokenizer_encode_special(t, text + at, r->text.len - at, out);
}

enum status chat_encode(const struct chat *c, const struct tokenizer *t,
                        const struct chat_message *messages, size_t n,
                        struct tokens *out)
{
    struct rendering r = {0};
    int plain = 1;
    enum status st;
    render_all(c, &r, messages, n);
    TRY_OUT(r.status);
    TRY_OUT(contents_are_plain(&r, t, &plain));
    if (plain)
        TRY_OUT(tokenizer_encode_special(t, buf_cstr(&r.text), r.text.len, out));
    else
        TRY_OUT(encode_apart(&r, t, out));
out:
    rendering_free(&r);
    return st;
}

int32_t chat_end(const struct chat *c, const struct tokenizer *t)
{
    if (c->format == CHAT_CHATML)
        return tokenizer_special(t, "<|im_end|>");
    if (c->format == CHAT_LLAMA3)
        return tokenizer_special(t, "<|eot_id|>");
    return c->format == CHAT_NONE ? -1 : tokenizer_special(t, "</s>");
}
