#include "hf.h"

#include "base/buf.h"
#include "base/file.h"

#include <jansson.h>
#include <string.h>

enum { CONFIG_MAX_BYTES = 1 << 20 };

// A key's integer; where it is absent or null, `*out` keeps its default if it has one.
static enum status get_int(const json_t *root, const char *key, int has_default,
                           int32_t *out)
{
    const json_t *value = json_object_get(root, key);
    if (!value || json_is_null(value))
        return has_default ? OK : status_fail(ERR_INPUT, "%s is missing", key);
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < INT32_MIN || n > INT32_MAX)
        return status_fail(ERR_INPUT, "%s is not a 32-bit integer", key);
    *out = (int32_t)n;
    return OK;
}

static enum status get_number(const json_t *root, const char *key, double *out)
{
    const json_t *value = json_object_get(root, key);
    if (!value || json_is_null(value))
        return OK;
    if (!json_is_number(value))
        return status_fail(ERR_INPUT, "%s is not a number", key);
    *out = json_number_value(value);
    return OK;
}

static enum status get_bool(const json_t *root, const char *key, int32_t *out)
{
    const json_t *value = json_object_get(root, key);
    if (!value || json_is_null(value))
        return OK;
    if (!json_is_boolean(value))
        return status_fail(ERR_INPUT, "%s is not true or false", key);
    *out = json_is_true(value);
    return OK;
}

// An id or a list of ids, of which the first counts.
static enum status get_token(const json_t *root, const char *key, int has_default,
                             int32_t *out)
{
    const json_t *value = json_object_get(root, key);
    if (!json_is_array(value))
        return get_int(root, key, has_default, out);
    const json_t *first = json_array_get(value, 0);
    if (!json_is_integer(first) || json_integer_value(first) < 0 ||
        json_integer_value(first) > INT32_MAX)
        return status_fail(ERR_INPUT, "%s is not a list of token ids", key);
    *out = (int32_t)json_integer_value(first);
    return OK;
}

static enum status refuse_unless_null(const json_t *root, const char *key)
{
    const json_t *value = json_object_get(root, key);
    if (value && !json_is_null(value))
        return status_fail(ERR_INPUT, "%s is set, which is not supported", key);
    return OK;
}

static enum status refuse_true(const json_t *root, const char *key)
{
    int32_t set = 0;
    TRY(get_bool(root, key, &set));
    return set ? status_fail(ERR_INPUT, "%s is true, which is not supported", key) : OK;
}

static enum status check_activation(const json_t *root)
{
    const char *name = json_string_value(json_object_get(root, "hidden_act"));
    if (!name || strcmp(name, "silu") != 0)
        return status_fail(ERR_INPUT, "hidden_act is %.32s, not silu",
                           name ? name : "missing");
    return OK;
}

// rope_theta stands at the top or, from transformers 5 on, in rope_parameters.
static enum status get_rope(const json_t *root, double *theta)
{
    TRY(refuse_unless_null(root, "rope_scaling"));
    TRY(get_number(root, "rope_theta", theta));
    const json_t *rope = json_object_get(root, "rope_parameters");
    if (!rope || json_is_null(rope))
        return OK;
    const char *type = json_string_value(json_object_get(rope, "rope_type"));
    if (!json_is_object(rope) || (type && strcmp(type, "default") != 0))
        return status_fail(ERR_INPUT,
                           "rope_parameters: rope_type %.32s is not supported",
                           type ? type : "missing");
    return get_number(rope, "rope_theta", theta);
}

static enum status check_layer_types(const json_t *root)
{
    const json_t *types = json_object_get(root, "layer_types");
    for (size_t i = 0; i < json_array_size(types); i++) {
        const char *type = json_string_value(json_array_get(types, i));
        if (!type || strcmp(type, "full_attention") != 0)
            return status_fail(ERR_INPUT,
                               "layer_types: layer %zu is not full_attention", i);
    }
    return OK;
}

// The families and what each adds to the common decoder.
static enum status get_family(const json_t *root, struct model_config *c)
{
    const char *type = json_string_value(json_object_get(root, "model_type"));
    TRY(refuse_true(root, "mlp_bias"));
    TRY(check_layer_types(root));
    if (type && strcmp(type, "qwen2") == 0) {
        c->qkv_bias = 1;
        return refuse_true(root, "use_sliding_window");
    }
    // Llama's attention_bias means a bias on the output projection too.
    TRY(refuse_true(root, "attention_bias"));
    if (type && strcmp(type, "mistral") == 0)
        return refuse_unless_null(root, "sliding_window");
    if (type && strcmp(type, "llama") == 0)
        return OK;
    return status_fail(ERR_INPUT, "model_type is %.32s, not llama, mistral or qwen2",
                       type ? type : "missing");
}

static enum status get_sizes(const json_t *root, struct model_config *c)
{
    TRY(get_int(root, "vocab_size", 0, &c->vocab));
    TRY(get_int(root, "hidden_size", 0, &c->dim));
    TRY(get_int(root, "intermediate_size", 0, &c->ffn));
    TRY(get_int(root, "num_hidden_layers", 0, &c->layers));
    TRY(get_int(root, "num_attention_heads", 0, &c->heads));
    TRY(get_int(root, "max_position_embeddings", 0, &c->max_positions));
    c->kv_heads = c->heads;
    TRY(get_int(root, "num_key_value_heads", 1, &c->kv_heads));
    if (c->heads < 1)
        return status_fail(ERR_INPUT, "num_attention_heads is %d", c->heads);
    c->head_dim = c->dim / c->heads;
    if (c->dim % c->heads)
        return get_int(root, "head_dim", 0, &c->head_dim);
    return get_int(root, "head_dim", 1, &c->head_dim);
}

static enum status config_of_json(struct model_config *out, const json_t *root)
{
    struct model_config c = {.eos = -1, .bos = -1, .rope_theta = 10000};
    double epsilon = 1e-6;
    if (!json_is_object(root))
        return status_fail(ERR_INPUT, "not an object");
    TRY(get_family(root, &c));
    TRY(check_activation(root));
    TRY(get_sizes(root, &c));
    TRY(get_number(root, "rms_norm_eps", &epsilon));
    c.rms_epsilon = (float)epsilon;
    TRY(get_rope(root, &c.rope_theta));
    TRY(get_bool(root, "tie_word_embeddings", &c.tied));
    TRY(get_token(root, "eos_token_id", 0, &c.eos));
    TRY(get_token(root, "bos_token_id", 1, &c.bos));
    TRY(model_config_check(&c));
    *out = c;
    return OK;
}

enum status hf_config_read(struct model_config *out, const char *path)
{
    struct buf text = {0};
    json_t *root = NULL;
    json_error_t error;
    enum status st = OK;
    TRY_OUT(file_read(&text, path, CONFIG_MAX_BYTES));
    root = json_loadb(buf_cstr(&text), text.len, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        st = status_fail(ERR_INPUT, "%s:%d: %s", path, error.line, error.text);
        goto out;
    }
    TRY_OUT(status_wrap(config_of_json(out, root), "%s", path));
out:
    json_decref(root);
    buf_free(&text);
    return st;
}

static void append_tokens(struct buf *b, const struct model_config *c)
{
    if (c->bos >= 0)
        buf_printf(b, "  \"bos_token_id\": %d,\n", c->bos);
    else
        buf_str(b, "  \"bos_token_id\": null,\n");
    buf_printf(b, "  \"eos_token_id\": %d,\n", c->eos);
}

enum status hf_config_write(const struct model_config *c, const char *path)
{
    struct buf b = {0};
    const char *family = c->qkv_bias ? "Qwen2" : "Llama";
    buf_printf(&b, "{\n  \"architectures\": [\"%sForCausalLM\"],\n", family);
    buf_printf(&b, "  \"model_type\": \"%s\",\n", c->qkv_bias ? "qwen2" : "llama");
    append_tokens(&b, c);
    buf_str(&b, "  \"hidden_act\": \"silu\",\n");
    buf_printf(&b, "  \"hidden_size\": %d,\n", c->dim);
    buf_printf(&b, "  \"intermediate_size\": %d,\n", c->ffn);
    buf_printf(&b, "  \"num_hidden_layers\": %d,\n", c->layers);
    buf_printf(&b, "  \"num_attention_heads\": %d,\n", c->heads);
    buf_printf(&b, "  \"num_key_value_heads\": %d,\n", c->kv_heads);
    buf_printf(&b, "  \"head_dim\": %d,\n", c->head_dim);
    buf_printf(&b, "  \"vocab_size\": %d,\n", c->vocab);
    buf_printf(&b, "  \"max_position_embeddings\": %d,\n", c->max_positions);
    buf_printf(&b, "  \"rms_norm_eps\": %.9g,\n", (double)c->rms_epsilon);
    buf_printf(&b, "  \"rope_theta\": %.17g,\n  \"rope_scaling\": null,\n",
               c->rope_theta);
    if (!c->qkv_bias)
        buf_str(&b, "  \"attention_bias\": false,\n  \"mlp_bias\": false,\n");
    buf_printf(&b, "  \"tie_word_embeddings\": %s,\n", c->tied ? "true" : "false");
    buf_str(&b, "  \"torch_dtype\": \"float32\"\n}\n");
    enum status st = status_wrap(b.status, "%s", path);
    if (st == OK)
        st = file_write(path, b.data, b.len);
    buf_free(&b);
    return st;
}
