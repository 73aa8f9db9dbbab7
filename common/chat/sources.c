#include "sources.h"

#include "base/file.h"
#include "json/json.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define TEMPLATE_FILE   "chat_template.jinja"
#define TEMPLATE_FOLDER "additional_chat_templates"
#define OLD_FILE        "chat_template.json"
#define ENDING          ".jinja"

static enum status path_in(char *out, const char *folder, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    if (n < 0 || n >= PATH_MAX)
        return status_fail(ERR_INPUT, "%.64s...: path too long", folder);
    return OK;
}

// *out = NULL: there is no such file.
static enum status read_json(json_t **out, const char *folder, const char *name)
{
    char path[PATH_MAX];
    json_t *root = NULL;
    TRY(path_in(path, folder, name));
    if (!file_exists(path))
        return OK;
    TRY(json_parse_file(&root, NULL, path, CHAT_FILE_MAX_BYTES));
    if (!json_is_object(root)) {
        json_decref(root);
        return status_fail(ERR_INPUT, "%s: not a JSON object", path);
    }
    *out = root;
    return OK;
}

static enum status add(struct sources *s, const char *name, json_t *text)
{
    if (!json_is_string(text)) {
        json_decref(text);
        return status_fail(ERR_INPUT, "%s: the chat template %.64s is no UTF-8 text",
                           s->file, name);
    }
    if (json_object_set_new(s->texts, name, text) != 0)
        return status_fail(ERR_NOMEM, "chat template: out of memory");
    return OK;
}

static enum status add_file(struct sources *s, const char *name, const char *path)
{
    struct buf text = {0};
    enum status st = file_read(&text, path, CHAT_FILE_MAX_BYTES);
    if (st == OK)
        st = add(s, name, json_stringn(buf_cstr(&text), text.len));
    buf_free(&text);
    return status_wrap(st, "%s", path);
}

static enum status read_default_file(struct sources *s, const char *folder)
{
    char path[PATH_MAX];
    TRY(path_in(path, folder, TEMPLATE_FILE));
    if (!file_exists(path))
        return OK;
    s->file = TEMPLATE_FILE;
    return add_file(s, "default", path);
}

// The name of a template file without its ending; 0: it is none.
static int template_name(char *out, const char *file)
{
    size_t len = strlen(file), ending = sizeof ENDING - 1;
    if (len <= ending || len > NAME_MAX || strcmp(file + len - ending, ENDING) != 0)
        return 0;
    memcpy(out, file, len - ending);
    out[len - ending] = 0;
    return 1;
}

static enum status read_named_files(struct sources *s, const char *folder)
{
    char path[PATH_MAX], file[PATH_MAX], name[NAME_MAX + 1];
    enum status st = OK;
    TRY(path_in(path, folder, TEMPLATE_FOLDER));
    DIR *dir = opendir(path);
    if (!dir)
        return OK;
    s->file = *s->file ? s->file : TEMPLATE_FOLDER;
    for (struct dirent *e = readdir(dir); e && st == OK; e = readdir(dir)) {
        if (!template_name(name, e->d_name))
            continue;
        st = path_in(file, path, e->d_name);
        if (st == OK)
            st = add_file(s, name, file);
    }
    (void)closedir(dir);
    return st;
}

// One text, a list of {name, template}, or {name: template}.
static enum status read_value(struct sources *s, const char *file, json_t *value)
{
    const char *name;
    json_t *text;
    size_t i;
    if (!value || json_is_null(value))
        return OK;
    s->file = file;
    if (json_is_string(value))
        return add(s, "default", json_incref(value));
    json_object_foreach(value, name, text) TRY(add(s, name, json_incref(text)));
    json_array_foreach(value, i, text)
    {
        name = json_string_value(json_object_get(text, "name"));
        if (!name)
            return status_fail(ERR_INPUT, "%s: chat template %zu has no name", file, i);
        TRY(add(s, name, json_incref(json_object_get(text, "template"))));
    }
    if (json_is_object(value) || json_is_array(value))
        return OK;
    return status_fail(ERR_INPUT, "%s: chat_template is no text", file);
}

static enum status read_old_file(struct sources *s, const char *folder)
{
    json_t *root = NULL;
    enum status st = read_json(&root, folder, OLD_FILE);
    if (st == OK)
        st = read_value(s, OLD_FILE, json_object_get(root, "chat_template"));
    json_decref(root);
    return st;
}

static int none_yet(const struct sources *s)
{
    return json_object_size(s->texts) == 0;
}

enum status sources_read(struct sources *s, const char *folder)
{
    *s = (struct sources){.texts = json_object(), .file = ""};
    if (!s->texts)
        return status_fail(ERR_NOMEM, "chat template: out of memory");
    TRY(read_json(&s->config, folder, "tokenizer_config.json"));
    TRY(read_json(&s->special_map, folder, "special_tokens_map.json"));
    TRY(read_default_file(s, folder));
    TRY(read_named_files(s, folder));
    if (none_yet(s))
        TRY(read_value(s, "tokenizer_config.json",
                       json_object_get(s->config, "chat_template")));
    return none_yet(s) ? read_old_file(s, folder) : OK;
}

void sources_free(struct sources *s)
{
    json_decref(s->texts);
    json_decref(s->config);
    json_decref(s->special_map);
    *s = (struct sources){0};
}
