#include "hf.h"

#include "base/buf.h"
#include "base/file.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct family {
    const char *type, *architecture;
};

static struct family family_of(const struct model_config *c)
{
    if (c->qk_norm)
        return (struct family){"qwen3", "Qwen3ForCausalLM"};
    if (c->qkv_bias && !c->out_bias)
        return (struct family){"qwen2", "Qwen2ForCausalLM"};
    if (c->mistral)
        return (struct family){"mistral", "MistralForCausalLM"};
    return (struct family){"llama", "LlamaForCausalLM"};
}

static void append_id(struct buf *b, const char *key, int32_t id)
{
    if (id >= 0)
        buf_printf(b, "  \"%s\": %d,\n", key, id);
    else
        buf_printf(b, "  \"%s\": null,\n", key);
}

// Short decimals that read back as the same number (of `bits` 32 or 64), with a
// point or an exponent: some readers want no integers here.
static void append_number(struct buf *b, const char *before, double value, int bits)
{
    char text[40];
    for (int digits = bits == 32 ? 1 : 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (bits == 32 ? (float)back == (float)value : back == value)
            break;
    }
    buf_printf(b, "%s%s%s", before, text, strpbrk(text, ".e") ? "" : ".0");
}

static void append_sizes(struct buf *b, const struct model_config *c)
{
    buf_str(b, "  \"hidden_act\": \"silu\",\n");
    buf_printf(b, "  \"hidden_size\": %d,\n", c->dim);
    buf_printf(b, "  \"intermediate_size\": %d,\n", c->ffn);
    buf_printf(b, "  \"num_hidden_layers\": %d,\n", c->layers);
    buf_printf(b, "  \"num_attention_heads\": %d,\n", c->heads);
    buf_printf(b, "  \"num_key_value_heads\": %d,\n", c->kv_heads);
    buf_printf(b, "  \"head_dim\": %d,\n", c->head_dim);
    buf_printf(b, "  \"vocab_size\": %d,\n", c->vocab);
    buf_printf(b, "  \"max_position_embeddings\": %d,\n", c->max_positions);
    append_number(b, "  \"rms_norm_eps\": ", (double)c->rms_epsilon, 32);
    buf_str(b, ",\n");
}

static void append_llama3(struct buf *b, const struct rope_scaling *r)
{
    append_number(b, "{\"rope_type\": \"llama3\", \"factor\": ", r->factor, 64);
    append_number(b, ", \"low_freq_factor\": ", r->low_frequency, 64);
    append_number(b, ", \"high_freq_factor\": ", r->high_frequency, 64);
}

static void append_yarn(struct buf *b, const struct rope_scaling *r)
{
    append_number(b, "{\"rope_type\": \"yarn\", \"factor\": ", r->factor, 64);
    append_number(b, ", \"beta_fast\": ", r->beta_fast, 64);
    append_number(b, ", \"beta_slow\": ", r->beta_slow, 64);
    append_number(b, ", \"attention_factor\": ", r->attention_factor, 64);
    buf_printf(b, ", \"truncate\": %s", r->truncate ? "true" : "false");
}

// At the top and in rope_scaling: transformers 4 and 5 both read that.
static void append_rope(struct buf *b, const struct model_config *c)
{
    const struct rope_scaling *r = &c->rope;
    append_number(b, "  \"rope_theta\": ", c->rope_theta, 64);
    buf_str(b, ",\n  \"rope_scaling\": ");
    if (r->type == ROPE_DEFAULT)
        buf_str(b, "null");
    if (r->type == ROPE_LINEAR)
        append_number(b, "{\"rope_type\": \"linear\", \"factor\": ", r->factor, 64);
    if (r->type == ROPE_LLAMA3)
        append_llama3(b, r);
    if (r->type == ROPE_YARN)
        append_yarn(b, r);
    if (r->type == ROPE_LLAMA3 || r->type == ROPE_YARN)
        buf_printf(b, ", \"original_max_position_embeddings\": %d",
                   r->original_positions);
    buf_str(b, r->type == ROPE_DEFAULT ? ",\n" : "},\n");
}

static void append_rest(struct buf *b, const struct model_config *c)
{
    int is_llama = family_of(c).type[0] == 'l';
    if (is_llama || c->qk_norm)
        buf_printf(b, "  \"attention_bias\": %s,\n", c->qkv_bias ? "true" : "false");
    if (is_llama)
        buf_printf(b, "  \"mlp_bias\": %s,\n", c->mlp_bias ? "true" : "false");
    else
        buf_str(b, "  \"sliding_window\": null,\n");
    buf_printf(b, "  \"tie_word_embeddings\": %s,\n", c->tied ? "true" : "false");
    buf_str(b, "  \"torch_dtype\": \"float32\"\n}\n");
}

static enum status describe(struct buf *b, const struct model_config *c)
{
    struct family family = family_of(c);
    buf_printf(b, "{\n  \"architectures\": [\"%s\"],\n", family.architecture);
    buf_printf(b, "  \"model_type\": \"%s\",\n", family.type);
    append_id(b, "bos_token_id", c->bos);
    append_id(b, "eos_token_id", c->eos);
    append_sizes(b, c);
    append_rope(b, c);
    append_rest(b, c);
    return b->status;
}

// transformers 4 spells the type torch_dtype, later ones dtype.
static enum status retype(struct buf *b, const struct buf *source)
{
    static const struct json_change changes[] = {{"torch_dtype", "\"float32\""},
                                                 {"dtype", "\"float32\""}};
    return json_change_members(b, buf_cstr(source), source->len, changes,
                               sizeof changes / sizeof *changes);
}

enum status hf_config_write(const struct model *m, const char *path)
{
    struct buf b = {0};
    enum status st = m->source.len ? retype(&b, &m->source) : describe(&b, &m->config);
    st = status_wrap(st, "%s", path);
    if (st == OK)
        st = file_write(path, b.data, b.len);
    buf_free(&b);
    return st;
}
