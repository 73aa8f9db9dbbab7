#include "hf.h"
#include "hf_keys.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"

#include <jansson.h>
#include <string.h>

enum {
    CONFIG_MAX_BYTES = 1 << 20,
    QWEN3_HEAD_DIM = 128, // where the file has none
};

static enum status token_of(const json_t *value, const char *key, int32_t *out)
{
    json_int_t id = json_integer_value(value);
    if (!json_is_integer(value) || id < 0 || id > INT32_MAX)
        return status_fail(ERR_INPUT, "%s is not a token id or a list of some", key);
    *out = (int32_t)id;
    return OK;
}

// An id or a list of ids, of which the first counts.
static enum status get_token(const json_t *root, const char *key, int32_t *out)
{
    const json_t *value = json_object_get(root, key);
    if (!key_is_set(root, key))
        return OK;
    return token_of(json_is_array(value) ? json_array_get(value, 0) : value, key, out);
}

static enum status get_more_eos(const json_t *root, struct model_config *c)
{
    const json_t *list = json_object_get(root, "eos_token_id");
    size_t n = json_array_size(list);
    if (n > 1 + MODEL_MORE_EOS)
        return status_fail(ERR_INPUT, "eos_token_id lists %zu ids, at most %d", n,
                           1 + MODEL_MORE_EOS);
    for (size_t i = 1; i < n; i++, c->n_more_eos++)
        TRY(token_of(json_array_get(list, i), "eos_token_id", &c->more_eos[i - 1]));
    return OK;
}

static enum status check_activation(const json_t *root)
{
    const char *name = json_string_value(json_object_get(root, "hidden_act"));
    if (!name || strcmp(name, "silu") != 0)
        return status_fail(ERR_INPUT, "hidden_act is %.32s, not silu",
                           name ? name : "missing");
    return OK;
}

// The families and what each adds to the common decoder.
static enum status get_family(const json_t *root, struct model_config *c)
{
    const char *type = json_string_value(json_object_get(root, "model_type"));
    if (!type)
        return status_fail(ERR_INPUT, "model_type is missing");
    if (strcmp(type, "qwen2") == 0) {
        c->qkv_bias = 1;
        return key_refuse_true(root, "mlp_bias");
    }
    if (strcmp(type, "mistral") == 0) {
        c->mistral = 1;
        TRY(key_refuse_true(root, "attention_bias"));
        return key_refuse_true(root, "mlp_bias");
    }
    c->qk_norm = strcmp(type, "qwen3") == 0;
    if (!c->qk_norm && strcmp(type, "llama") != 0)
        return status_fail(
            ERR_INPUT, "model_type is %.32s, not llama, mistral, qwen2 or qwen3", type);
    TRY(key_bool(root, "attention_bias", &c->qkv_bias));
    c->out_bias = c->qkv_bias;
    return c->qk_norm ? key_refuse_true(root, "mlp_bias")
                      : key_bool(root, "mlp_bias", &c->mlp_bias);
}

static enum status get_sizes(const json_t *root, struct model_config *c)
{
    TRY(key_required_int(root, "vocab_size", &c->vocab));
    TRY(key_required_int(root, "hidden_size", &c->dim));
    TRY(key_required_int(root, "intermediate_size", &c->ffn));
    TRY(key_required_int(root, "num_hidden_layers", &c->layers));
    TRY(key_required_int(root, "num_attention_heads", &c->heads));
    TRY(key_required_int(root, "max_position_embeddings", &c->max_positions));
    c->kv_heads = c->heads;
    TRY(key_int(root, "num_key_value_heads", &c->kv_heads));
    if (c->heads < 1)
        return status_fail(ERR_INPUT, "num_attention_heads is %d", c->heads);
    c->head_dim = c->qk_norm ? QWEN3_HEAD_DIM : c->dim / c->heads;
    if (!c->qk_norm && c->dim % c->heads)
        return key_required_int(root, "head_dim", &c->head_dim);
    return key_int(root, "head_dim", &c->head_dim);
}

static enum status limit_to_window(const json_t *root, struct model_config *c)
{
    int32_t window = 0;
    TRY(hf_window_read(&window, root, c));
    if (window == 0 || window >= c->max_positions)
        return OK;
    log_info(
        "the model's attention sees %d tokens back: paths are limited to %d tokens, "
        "not %d",
        window, window, c->max_positions);
    c->max_positions = window;
    return OK;
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
    TRY(key_number(root, "rms_norm_eps", &epsilon));
    c.rms_epsilon = (float)epsilon;
    TRY(hf_rope_read(&c, root));
    TRY(key_bool(root, "tie_word_embeddings", &c.tied));
    TRY(get_token(root, "eos_token_id", &c.eos));
    TRY(get_more_eos(root, &c));
    TRY(get_token(root, "bos_token_id", &c.bos));
    TRY(limit_to_window(root, &c));
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
