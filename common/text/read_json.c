#include "internal.h"
#include "pieces.h"

#include "base/log.h"
#include "base/mem.h"

#include <jansson.h>
#include <string.h>

// "" where there is none.
static const char *type_of(const json_t *part)
{
    const char *type = json_string_value(json_object_get(part, "type"));
    return type ? type : "";
}

static enum status unsupported(const char *what, const char *type)
{
    return status_fail(ERR_INPUT, "%s \"%.60s\" is not supported", what, type);
}

static int is_set(const json_t *value)
{
    const char *text = json_string_value(value);
    return json_is_true(value) || (text && *text) || json_number_value(value) != 0.0;
}

// Options of the model that would change what text encodes to.
static enum status check_model(const json_t *model)
{
    static const char *const options[] = {"dropout", "continuing_subword_prefix",
                                          "end_of_word_suffix", "byte_fallback"};
    // GPT-2's own file is older than the field.
    const json_t *type = json_object_get(model, "type");
    if (!json_is_object(model))
        return status_fail(ERR_INPUT, "no field \"model\"");
    if (type && strcmp(type_of(model), "BPE") != 0)
        return unsupported("model", type_of(model));
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (is_set(json_object_get(model, options[i])))
            return unsupported("model option", options[i]);
    return OK;
}

static enum status add_added(struct tokenizer *t, const json_t *root)
{
    const json_t *token, *all = json_object_get(root, "added_tokens");
    size_t i;
    json_array_foreach(all, i, token)
    {
        const json_t *id = json_object_get(token, "id");
        const json_t *content = json_object_get(token, "content");
        int special = json_is_true(json_object_get(token, "special"));
        if (!json_is_integer(id) || !json_is_string(content))
            return status_fail(ERR_INPUT, "added_tokens[%zu]: no id or no content", i);
        TRY(status_wrap(vocab_add(&t->vocab, json_integer_value(id),
                                  json_string_value(content),
                                  json_string_length(content),
                                  special ? PIECE_SPECIAL : PIECE_ADDED),
                        "added_tokens[%zu]", i));
    }
    return OK;
}

// "left right" or ["left", "right"].
static enum status add_merge(struct tokenizer *t, struct piece_pair *pair,
                             const json_t *merge)
{
    const json_t *left = json_array_get(merge, 0), *right = json_array_get(merge, 1);
    if (json_is_string(left) && json_is_string(right) && json_array_size(merge) == 2)
        return pieces_add_merge(t, pair, json_string_value(left),
                                json_string_length(left), json_string_value(right),
                                json_string_length(right));
    const char *text = json_string_value(merge);
    const char *space = text ? strchr(text, ' ') : NULL;
    if (!space || strchr(space + 1, ' '))
        return status_fail(ERR_INPUT, "neither \"a b\" nor [\"a\", \"b\"]");
    return pieces_add_merge(t, pair, text, (size_t)(space - text), space + 1,
                            strlen(space + 1));
}

static enum status add_merges(struct tokenizer *t, const json_t *merges)
{
    struct piece_pair pair;
    const json_t *merge;
    size_t i;
    enum status st = OK;
    if (!json_is_array(merges))
        return status_fail(ERR_INPUT, "model.merges is not an array");
    piece_pair_init(&pair);
    json_array_foreach(merges, i, merge)
    {
        st = status_wrap(add_merge(t, &pair, merge), "model.merges[%zu]", i);
        if (st != OK)
            break;
    }
    piece_pair_free(&pair);
    return st;
}

static enum status add_split(struct tokenizer *t, const json_t *part)
{
    const json_t *pattern = json_object_get(part, "pattern");
    const char *regex = json_string_value(json_object_get(pattern, "Regex"));
    const char *literal = json_string_value(json_object_get(pattern, "String"));
    const char *behavior = json_string_value(json_object_get(part, "behavior"));
    if (!behavior || strcmp(behavior, "Isolated") != 0)
        return unsupported("pre_tokenizer Split with behavior",
                           behavior ? behavior : "");
    if (!regex && !literal)
        return status_fail(ERR_INPUT, "pre_tokenizer Split: no pattern");
    return splitter_add(&t->splitter, regex ? regex : literal, !regex);
}

static enum status add_byte_level(struct tokenizer *t, const json_t *part, int *seen)
{
    const json_t *use_regex = json_object_get(part, "use_regex");
    if (is_set(json_object_get(part, "add_prefix_space")))
        return unsupported("pre_tokenizer ByteLevel with", "add_prefix_space");
    *seen = 1;
    return json_is_false(use_regex)
               ? OK
               : splitter_add(&t->splitter, TOKENIZER_PATTERN_GPT2, 0);
}

static enum status add_part(struct tokenizer *t, const json_t *part, int *byte_level)
{
    const char *type = type_of(part);
    if (*byte_level)
        return unsupported("pre_tokenizer after ByteLevel:", type);
    if (strcmp(type, "ByteLevel") == 0)
        return add_byte_level(t, part, byte_level);
    if (strcmp(type, "Split") == 0)
        return add_split(t, part);
    if (strcmp(type, "Digits") == 0)
        return splitter_add(
            &t->splitter,
            is_set(json_object_get(part, "individual_digits")) ? "\\p{N}" : "\\p{N}+",
            0);
    return unsupported("pre_tokenizer", type);
}

static enum status add_pre_tokenizer(struct tokenizer *t, const json_t *root)
{
    const json_t *top = json_object_get(root, "pre_tokenizer"), *part;
    size_t i;
    int byte_level = 0;
    if (strcmp(type_of(top), "Sequence") != 0)
        TRY(add_part(t, top, &byte_level));
    else
        json_array_foreach(json_object_get(top, "pretokenizers"), i, part)
            TRY(status_wrap(add_part(t, part, &byte_level), "pretokenizers[%zu]", i));
    return byte_level ? OK : unsupported("pre_tokenizer without", "ByteLevel");
}

static enum status check_normalizer(const json_t *root)
{
    const json_t *normalizer = json_object_get(root, "normalizer");
    if (!normalizer || json_is_null(normalizer))
        return OK;
    if (strcmp(type_of(normalizer), "NFC") != 0)
        return unsupported("normalizer", type_of(normalizer));
    log_debug("tokenizer: the NFC normalizer is not applied; text is taken as it is");
    return OK;
}

static enum status check_decoder(const json_t *root)
{
    const json_t *decoder = json_object_get(root, "decoder");
    if (!decoder || json_is_null(decoder) || strcmp(type_of(decoder), "ByteLevel") == 0)
        return OK;
    return unsupported("decoder", type_of(decoder));
}

static enum status read_root(struct tokenizer *t, const json_t *root)
{
    const json_t *model = json_object_get(root, "model");
    TRY(check_model(model));
    TRY(check_normalizer(root));
    TRY(check_decoder(root));
    TRY(add_pre_tokenizer(t, root));
    t->whole_words = json_is_true(json_object_get(model, "ignore_merges"));
    TRY(add_added(t, root));
    TRY(status_wrap(pieces_add_all(t, json_object_get(model, "vocab")), "model.vocab"));
    return add_merges(t, json_object_get(model, "merges"));
}

enum status tokenizer_read_json(struct tokenizer *t)
{
    json_error_t error;
    json_t *root =
        json_loadb(buf_cstr(&t->json), t->json.len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return status_fail(ERR_INPUT, "line %d: %s", error.line, error.text);
    enum status st = read_root(t, root);
    json_decref(root);
    return st;
}
