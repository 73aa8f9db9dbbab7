#include "answer.h"

#include "base/buf.h"
#include "base/mem.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void wrong(struct answer *a,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(a->wrong, sizeof a->wrong, format, args);
    va_end(args);
}

static void read_reward(struct answer *a, const json_t *value)
{
    double reward =
        json_is_boolean(value) ? json_boolean_value(value) : json_number_value(value);
    if (!json_is_number(value) && !json_is_boolean(value))
        wrong(a, "its reward is no number");
    else if (!(reward >= 0.0 && reward <= 1.0))
        wrong(a, "its reward is not within 0 to 1");
    else
        a->has_reward = 1;
    a->reward = (float)reward;
}

static void read_verdict(struct answer *a, const json_t *value)
{
    static const struct {
        const char *name;
        enum verdict verdict;
    } names[] = {{"valid", VERDICT_VALID},
                 {"invalid", VERDICT_INVALID},
                 {"unknown", VERDICT_UNKNOWN}};
    const char *name = json_string_value(value);
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0) {
            a->verdict = names[i].verdict;
            a->has_verdict = 1;
            return;
        }
    wrong(a, "its verdict is none of valid, invalid, unknown");
}

static enum status read_id(struct answer *a, const json_t *id)
{
    if (!id)
        return OK;
    if (!json_is_integer(id) || json_integer_value(id) < 0)
        return status_fail(ERR_INPUT, "its id is no question's");
    a->has_id = 1;
    a->id = (uint64_t)json_integer_value(id);
    return OK;
}

static enum status read_object(struct answer *a, const json_t *object)
{
    const json_t *reward = json_object_get(object, "reward"),
                 *verdict = json_object_get(object, "verdict");
    if (!json_is_object(object))
        return status_fail(ERR_INPUT, "it is no JSON object");
    TRY(read_id(a, json_object_get(object, "id")));
    if (reward)
        read_reward(a, reward);
    if (verdict)
        read_verdict(a, verdict);
    return OK;
}

enum status answer_read(struct answer *out, const char *line, size_t len)
{
    struct answer a = {0};
    json_error_t error;
    json_t *object = json_loadb(line, len, JSON_DECODE_ANY, &error);
    if (!object)
        return status_fail(ERR_INPUT, "it is no JSON: %s", error.text);
    enum status st = read_object(&a, object);
    json_decref(object);
    if (st == OK)
        *out = a;
    return st;
}

static enum status add_word(struct buf *words, const json_t *value)
{
    char *other = NULL;
    const char *text = json_string_value(value);
    if (!text && (json_is_number(value) || json_is_boolean(value)))
        text = other = json_dumps(value, JSON_ENCODE_ANY);
    if (!text)
        return status_fail(ERR_INPUT, "words must be texts");
    if (json_is_string(value) && strlen(text) != json_string_length(value))
        return status_fail(ERR_INPUT, "a NUL in a word");
    buf_append(words, text, strlen(text) + 1);
    free(other);
    return words->status;
}

// The pointers first, the bytes that they point to behind them.
static enum status lay_out(char ***out, const struct buf *words, size_t n)
{
    char **list = NULL;
    TRY(mem_new(&list, 1, (n + 1) * sizeof *list + words->len));
    char *text = (char *)(list + n + 1);
    memcpy(text, words->data, words->len);
    for (size_t i = 0; i < n; i++, text += strlen(text) + 1)
        list[i] = text;
    *out = list;
    return OK;
}

enum status command_words(char ***out, size_t *n, const char *json)
{
    json_error_t error;
    json_t *list = json_loads(json, 0, &error);
    struct buf words = {0};
    enum status st = OK;
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count && st == OK; i++)
        st = add_word(&words, json_array_get(list, i));
    if (st == OK && (count == 0 || !words.data[0]))
        st =
            status_fail(ERR_INPUT, "no program is named, such as [python3, reward.py]");
    if (st == OK)
        st = lay_out(out, &words, count);
    if (st == OK)
        *n = count;
    buf_free(&words);
    json_decref(list);
    return st;
}
