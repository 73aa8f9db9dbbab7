// The parts of tokenizer.json around the model: normalizer, pre-tokenizer, decoder and
// post-processor.  What is not supported is refused by name.
#include "read_pipeline.h"

#include "base/mem.h"

#include <string.h>

#define MARK "\xe2\x96\x81" // U+2581, SentencePiece's space

const char *json_type_of(const json_t *part)
{
    const char *type = json_string_value(json_object_get(part, "type"));
    return type ? type : "";
}

enum status json_unsupported(const char *what, const char *type)
{
    return status_fail(ERR_INPUT, "%s \"%.60s\" is not supported", what, type);
}

int json_is_set(const json_t *value)
{
    const char *text = json_string_value(value);
    return json_is_true(value) || (text && *text) || json_number_value(value) != 0.0;
}

static int is_type(const json_t *part, const char *type)
{
    return strcmp(json_type_of(part), type) == 0;
}

static int is_text(const json_t *value, const char *text)
{
    const char *s = json_string_value(value);
    return s && strcmp(s, text) == 0;
}

// Calls `take` for a part, or for each part of a Sequence.
static enum status each(struct tokenizer *t, const json_t *part, const char *list,
                        enum status (*take)(struct tokenizer *t, const json_t *part))
{
    const json_t *parts = json_object_get(part, list);
    if (!is_type(part, "Sequence"))
        return take(t, part);
    for (size_t i = 0; i < json_array_size(parts); i++)
        TRY(take(t, json_array_get(parts, i)));
    return OK;
}

// ---- normalizer

static enum status take_normalizer(struct tokenizer *t, const json_t *part)
{
    const json_t *pattern = json_object_get(part, "pattern");
    int spaced = t->normalizer.spaced;
    if (is_type(part, "NFC") && !spaced) {
        t->normalizer.nfc = 1;
        return OK;
    }
    if (is_type(part, "Prepend") && spaced &&
        is_text(json_object_get(part, "prepend"), MARK)) {
        t->normalizer.prefix = PREFIX_EVERY;
        return OK;
    }
    // A space is what the marked space is kept as here.
    if (is_type(part, "Replace") && spaced &&
        is_text(json_object_get(pattern, "String"), " ") &&
        is_text(json_object_get(part, "content"), MARK))
        return OK;
    return json_unsupported("normalizer", json_type_of(part));
}

static enum status read_normalizer(struct tokenizer *t, const json_t *root)
{
    const json_t *normalizer = json_object_get(root, "normalizer");
    if (!normalizer || json_is_null(normalizer))
        return OK;
    return each(t, normalizer, "normalizers", take_normalizer);
}

// ---- pre-tokenizer

static enum status add_split(struct tokenizer *t, const json_t *part)
{
    const json_t *pattern = json_object_get(part, "pattern");
    const char *regex = json_string_value(json_object_get(pattern, "Regex"));
    const char *literal = json_string_value(json_object_get(pattern, "String"));
    const char *behavior = json_string_value(json_object_get(part, "behavior"));
    if (!behavior || strcmp(behavior, "Isolated") != 0)
        return json_unsupported("pre_tokenizer Split with behavior",
                                behavior ? behavior : "");
    if (json_is_set(json_object_get(part, "invert")))
        return json_unsupported("pre_tokenizer Split with", "invert");
    if (!regex && !literal)
        return status_fail(ERR_INPUT, "pre_tokenizer Split: no pattern");
    return splitter_add(&t->splitter, regex ? regex : literal, !regex);
}

static enum status add_byte_level(struct tokenizer *t, const json_t *part)
{
    const json_t *use_regex = json_object_get(part, "use_regex");
    if (json_is_set(json_object_get(part, "add_prefix_space")))
        return json_unsupported("pre_tokenizer ByteLevel with", "add_prefix_space");
    t->byte_level = 1;
    return json_is_false(use_regex)
               ? OK
               : splitter_add(&t->splitter, TOKENIZER_PATTERN_GPT2, 0);
}

static enum status add_metaspace(struct tokenizer *t, const json_t *part)
{
    const json_t *scheme = json_object_get(part, "prepend_scheme");
    const json_t *older = json_object_get(part, "add_prefix_space");
    enum space_prefix *prefix = &t->normalizer.prefix;
    if (!is_text(json_object_get(part, "replacement"), MARK))
        return json_unsupported("pre_tokenizer Metaspace with another", "replacement");
    if (is_text(scheme, "first"))
        *prefix = PREFIX_FIRST;
    else if (is_text(scheme, "never") || (!scheme && older && !json_is_set(older)))
        *prefix = PREFIX_NONE;
    else if (is_text(scheme, "always") || !scheme)
        *prefix = PREFIX_UNLESS_SPACE;
    else
        return json_unsupported("pre_tokenizer Metaspace with", "prepend_scheme");
    if (json_is_false(json_object_get(part, "split")))
        return OK;
    return splitter_add(&t->splitter, " [^ ]*|[^ ]+", 0); // a space begins a word
}

static enum status take_pre_tokenizer(struct tokenizer *t, const json_t *part)
{
    if (t->normalizer.spaced)
        return is_type(part, "Metaspace")
                   ? add_metaspace(t, part)
                   : json_unsupported("pre_tokenizer with byte_fallback:",
                                      json_type_of(part));
    if (t->byte_level)
        return json_unsupported("pre_tokenizer after ByteLevel:", json_type_of(part));
    if (is_type(part, "ByteLevel"))
        return add_byte_level(t, part);
    if (is_type(part, "Split"))
        return add_split(t, part);
    if (is_type(part, "Digits")) {
        int each_alone = json_is_set(json_object_get(part, "individual_digits"));
        return splitter_add(&t->splitter, each_alone ? "\\p{N}" : "\\p{N}+", 0);
    }
    return json_unsupported("pre_tokenizer", json_type_of(part));
}

static enum status read_pre_tokenizer(struct tokenizer *t, const json_t *root)
{
    const json_t *top = json_object_get(root, "pre_tokenizer");
    if (t->normalizer.spaced && (!top || json_is_null(top)))
        return OK;
    TRY(each(t, top, "pretokenizers", take_pre_tokenizer));
    if (!t->normalizer.spaced && !t->byte_level)
        return status_fail(ERR_INPUT, "pre_tokenizer: no ByteLevel in it");
    return OK;
}

// ---- decoder

// Pieces are kept as the bytes that they stand for: a decoder has nothing left to do.
static enum status take_decoder(struct tokenizer *t, const json_t *part)
{
    static const char *const spaced[] = {"Replace", "ByteFallback", "Fuse", "Strip",
                                         "Metaspace"};
    if (!t->normalizer.spaced)
        return is_type(part, "ByteLevel")
                   ? OK
                   : json_unsupported("decoder", json_type_of(part));
    for (size_t i = 0; i < sizeof spaced / sizeof *spaced; i++)
        if (is_type(part, spaced[i]))
            return OK;
    return json_unsupported("decoder", json_type_of(part));
}

static enum status read_decoder(struct tokenizer *t, const json_t *root)
{
    const json_t *decoder = json_object_get(root, "decoder");
    if (!decoder || json_is_null(decoder))
        return OK;
    return each(t, decoder, "decoders", take_decoder);
}

// ---- post-processor

// A template that puts a special token before the text: its name is remembered.
static enum status take_post_processor(struct tokenizer *t, const json_t *part)
{
    if (is_type(part, "ByteLevel"))
        return OK;
    if (!is_type(part, "TemplateProcessing"))
        return json_unsupported("post_processor", json_type_of(part));
    const json_t *first = json_array_get(json_object_get(part, "single"), 0);
    const json_t *token = json_object_get(first, "SpecialToken");
    const char *name = json_string_value(json_object_get(token, "id"));
    if (!name)
        return OK;
    t->bos = vocab_find_special(&t->vocab, name);
    t->adds_bos = t->bos >= 0;
    return t->adds_bos ? OK
                       : status_fail(ERR_INPUT,
                                     "post_processor: \"%.60s\" is not a special "
                                     "token",
                                     name);
}

static enum status read_post_processor(struct tokenizer *t, const json_t *root)
{
    const json_t *processor = json_object_get(root, "post_processor");
    if (!processor || json_is_null(processor))
        return OK;
    return each(t, processor, "processors", take_post_processor);
}

enum status tokenizer_read_pipeline(struct tokenizer *t, const json_t *root)
{
    TRY(read_normalizer(t, root));
    TRY(read_decoder(t, root));
    TRY(read_pre_tokenizer(t, root));
    return read_post_processor(t, root);
}
