#include "template.h"

#include "sources.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static int is(const char *choice, const char *word)
{
    return strcmp(choice, word) == 0;
}

static void append_names(struct buf *out, const struct sources *s)
{
    const char *name, *comma = "";
    json_t *text;
    json_object_foreach(s->texts, name, text)
    {
        buf_printf(out, "%s%s", comma, name);
        comma = ", ";
    }
}

// The names that older versions of this program had for formats of its own.
static int is_old_name(const char *choice)
{
    return is(choice, "chatml") || is(choice, "llama2") || is(choice, "llama3") ||
           is(choice, "mistral");
}

static enum status refuse_choice(const struct sources *s, const char *folder,
                                 const char *choice)
{
    struct buf names = {0};
    append_names(&names, s);
    enum status st = ERR_INPUT;
    if (is_old_name(choice))
        st = status_fail(ERR_INPUT,
                         "%s: formats have no names any more: auto takes the "
                         "checkpoint's own template, a path a template in a file "
                         "(launch/templates/chatml.jinja is one)",
                         choice);
    else if (names.len)
        st = status_fail(ERR_INPUT, "%.200s: no such file, and %s has the templates %s",
                         choice, folder, buf_cstr(&names));
    else
        st = status_fail(ERR_INPUT,
                         "%.200s: no such file, and %s has no template of that name",
                         choice, folder);
    buf_free(&names);
    return st;
}

static enum status take(struct chat_template *out, const struct sources *s,
                        const char *folder, const char *name)
{
    struct buf origin = {0};
    enum status st;
    int several = json_object_size(s->texts) > 1;
    const json_t *text = json_object_get(s->texts, name);
    if (strlen(json_string_value(text)) != json_string_length(text))
        return status_fail(ERR_INPUT, "%s/%s: a template with a zero byte", folder,
                           s->file);
    buf_printf(&origin, "%s/%s%s%s", folder, s->file, several ? ": " : "",
               several ? name : "");
    TRY_OUT(origin.status);
    TRY_OUT(mem_strdup(&out->text, json_string_value(text)));
    st = mem_strdup(&out->origin, buf_cstr(&origin));
out:
    buf_free(&origin);
    return st;
}

static enum status take_file(struct chat_template *out, const char *path)
{
    struct buf text = {0};
    enum status st;
    TRY_OUT(file_read(&text, path, CHAT_FILE_MAX_BYTES));
    if (memchr(buf_cstr(&text), 0, text.len)) {
        st = status_fail(ERR_INPUT, "%s: a template with a zero byte", path);
        goto out;
    }
    TRY_OUT(mem_strdup(&out->text, buf_cstr(&text)));
    st = mem_strdup(&out->origin, path);
out:
    buf_free(&text);
    return st;
}

static enum status choose(struct chat_template *out, const struct sources *s,
                          const char *folder, const char *choice)
{
    const char *name = is(choice, "auto") ? "default" : choice;
    if (json_object_get(s->texts, name))
        return take(out, s, folder, name);
    if (is(choice, "auto") && json_object_size(s->texts) == 0)
        return OK;
    if (!is(choice, "auto"))
        return file_exists(choice) ? take_file(out, choice)
                                   : refuse_choice(s, folder, choice);
    struct buf names = {0};
    append_names(&names, s);
    enum status st = status_fail(ERR_INPUT,
                                 "%s has several templates and none is the default: "
                                 "name one of %s",
                                 folder, buf_cstr(&names));
    buf_free(&names);
    return st;
}

enum status chat_template_find(struct chat_template *out, const char *folder,
                               const char *choice)
{
    struct chat_template t = {0};
    struct sources s = {0};
    enum status st = OK;
    if (is(choice, "none"))
        goto out;
    TRY_OUT(sources_read(&s, folder));
    TRY_OUT(choose(&t, &s, folder, choice));
    if (t.text)
        TRY_OUT(sources_tokens(&t.tokens, &s));
    *out = t;
    t = (struct chat_template){0};
out:
    sources_free(&s);
    chat_template_free(&t);
    return st;
}

void chat_template_free(struct chat_template *t)
{
    mem_free(t->text);
    mem_free(t->origin);
    mem_free(t->tokens);
    *t = (struct chat_template){0};
}
