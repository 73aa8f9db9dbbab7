#include "hf.h"
#include "hf_keys.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>

enum {
    CONFIG_MAX_BYTES = 1 << 20,
    QWEN3_HEAD_DIM = 128, // where the file has none
};

// The first of them that the model has counts here; generation.h has all.
static enum status get_ends(const json_t *root, struct model_config *c)
{
    int32_t *ids = NULL;
    size_t n = 0;
    enum status st = key_ids(root, "eos_token_id", c->vocab, &ids, &n);
    if (n > 0)
        c->eos = ids[0];
    mem_free(ids);
    return st;
}

// Nothing is computed with it: whatever else stands there is no matter.
static int32_t bos_of(const json_t *root, int32_t vocab)
{
    json_int_t id = -1;
    const json_t *value = json_object_get(root, "bos_token_id");
    if (json_is_array(value))
        value = json_array_get(value, 0);
    if (json_is_integer(value))
        id = json_integer_value(value);
    return id >= 0 && id < vocab ? (int32_t)id : -1;
}

// Weights in another form than numbers.
static enum status check_quantization(const json_t *root)
{
    static const char *const keys[] = {"quantization_config", "compression_config"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!key_is_set(root, keys[i]))
            continue;
        const char *method = json_string_value(
            json_object_get(json_object_get(root, keys[i]), "quant_method"));
        return status_fail(ERR_INPUT,
                           "%s: a quantised checkpoint (%.32s), which cannot be "
                           "trained: take the model that it was made from",
                           keys[i], method ? method : "method not named");
    }
    return OK;
}

static enum status check_activation(const json_t *root)
{
    const char *name = json_string_value(json_object_get(root, "hidden_act"));
    if (!key_is_set(root, "hidden_act") || // their own default
        (name && (strcmp(name, "silu") == 0 || strcmp(name, "swish") == 0)))
        return OK;
    return status_fail(ERR_INPUT, "hidden_act is %.32s, not silu",
                       name ? name : "no name");
}

// What the nearest relatives do otherwise.
static enum status refuse_family(const char *type)
{
    static const struct {
        const char *type, *why;
    } known[] = {
        {"smollm3", " (layers without rotary positions)"},
        {"qwen3_moe", " (a mixture of experts)"},
        {"qwen2_moe", " (a mixture of experts)"},
        {"mixtral", " (a mixture of experts)"},
        {"gemma", " (norms and embeddings of its own)"},
        {"gemma2", " (norms and soft caps of its own)"},
        {"gemma3_text", " (norms and windows of its own)"},
        {"gemma3", " (a model of images too)"},
        {"phi3", " (joined projections)"},
    };
    const char *why = "";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(type, known[i].type) == 0)
            why = known[i].why;
    return status_fail(ERR_INPUT,
                       "model_type is %.32s%s, which is not supported: llama, mistral, "
                       "qwen2 and qwen3 are",
                       type, why);
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
        return refuse_family(type);
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
    TRY(check_quantization(root));
    TRY(check_activation(root));
    TRY(get_sizes(root, &c));
    TRY(key_number(root, "rms_norm_eps", &epsilon));
    c.rms_epsilon = (float)epsilon;
    TRY(hf_rope_read(&c, root));
    TRY(key_bool(root, "tie_word_embeddings", &c.tied));
    TRY(get_ends(root, &c));
    c.bos = bos_of(root, c.vocab);
    TRY(limit_to_window(root, &c));
    TRY(model_config_check(&c));
    *out = c;
    return OK;
}

enum status hf_config_read(struct model_config *out, struct buf *text, const char *path)
{
    json_t *root = NULL;
    TRY(json_parse_file(&root, text, path, CONFIG_MAX_BYTES));
    enum status st = status_wrap(config_of_json(out, root), "%s", path);
    json_decref(root);
    return st;
}
