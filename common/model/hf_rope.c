// Rotary positions as config.json gives them: rope_theta at the top and rope_scaling
// beside it, or, from transformers 5 on, both in rope_parameters.
#include "hf_keys.h"
#include "rope.h"

#include <string.h>

static const char *type_of(const json_t *rope)
{
    const char *type = json_string_value(json_object_get(rope, "rope_type"));
    if (!type)
        type = json_string_value(json_object_get(rope, "type"));
    return type ? type : "default";
}

static enum status parse_type(enum rope_type *out, const char *name)
{
    static const char *const known[] = {
        [ROPE_DEFAULT] = "default",
        [ROPE_LINEAR] = "linear",
        [ROPE_LLAMA3] = "llama3",
        [ROPE_YARN] = "yarn",
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i]) == 0) {
            *out = (enum rope_type)i;
            return OK;
        }
    return status_fail(ERR_INPUT,
                       "rope_type %.32s is not default, linear, llama3 or yarn", name);
}

static enum status required_number(const json_t *rope, const char *key, double *out)
{
    if (!key_is_set(rope, key))
        return status_fail(ERR_INPUT, "%s is missing", key);
    return key_number(rope, key, out);
}

// A model-wide value stands above the one of the stretch.
static enum status read_original(struct rope_scaling *r, const json_t *rope,
                                 const json_t *root, int32_t max_positions)
{
    r->original_positions = max_positions;
    TRY(key_int(rope, "original_max_position_embeddings", &r->original_positions));
    return key_int(root, "original_max_position_embeddings", &r->original_positions);
}

static enum status read_llama3(struct rope_scaling *r, const json_t *rope)
{
    TRY(required_number(rope, "factor", &r->factor));
    TRY(required_number(rope, "low_freq_factor", &r->low_frequency));
    return required_number(rope, "high_freq_factor", &r->high_frequency);
}

// A beta of 0 counts as none.
static enum status read_beta(const json_t *rope, const char *key, double otherwise,
                             double *out)
{
    double beta = 0;
    TRY(key_number(rope, key, &beta));
    *out = beta != 0 ? beta : otherwise;
    return OK;
}

static enum status read_yarn(struct rope_scaling *r, const json_t *rope,
                             int32_t max_positions)
{
    double mscale = 0, mscale_all_dim = 0;
    if (r->original_positions < 1)
        return status_fail(ERR_INPUT, "original_max_position_embeddings is %d",
                           r->original_positions);
    r->factor = (double)max_positions / r->original_positions;
    TRY(key_number(rope, "factor", &r->factor));
    TRY(read_beta(rope, "beta_fast", 32, &r->beta_fast));
    TRY(read_beta(rope, "beta_slow", 1, &r->beta_slow));
    r->truncate = 1;
    TRY(key_bool(rope, "truncate", &r->truncate));
    TRY(key_number(rope, "mscale", &mscale));
    TRY(key_number(rope, "mscale_all_dim", &mscale_all_dim));
    r->attention_factor = yarn_attention_factor(r->factor, mscale, mscale_all_dim);
    return key_number(rope, "attention_factor", &r->attention_factor);
}

static enum status check_plain(json_t *rope)
{
    double partial = 1;
    const char *key;
    json_t *value;
    json_object_foreach(rope, key, value)
    {
        if (json_is_object(value))
            return status_fail(ERR_INPUT,
                               "%.32s: positions by layer type are not supported", key);
    }
    TRY(key_number(rope, "partial_rotary_factor", &partial));
    if (partial != 1)
        return status_fail(ERR_INPUT, "partial_rotary_factor %g is not supported",
                           partial);
    return OK;
}

static enum status read_scaling(struct model_config *c, json_t *rope,
                                const json_t *root)
{
    struct rope_scaling r = {0};
    if (!json_is_object(rope))
        return status_fail(ERR_INPUT, "not an object");
    TRY(check_plain(rope));
    TRY(key_number(rope, "rope_theta", &c->rope_theta));
    TRY(parse_type(&r.type, type_of(rope)));
    if (r.type == ROPE_LINEAR)
        TRY(required_number(rope, "factor", &r.factor));
    if (r.type == ROPE_LLAMA3 || r.type == ROPE_YARN)
        TRY(read_original(&r, rope, root, c->max_positions));
    if (r.type == ROPE_LLAMA3)
        TRY(read_llama3(&r, rope));
    if (r.type == ROPE_YARN)
        TRY(read_yarn(&r, rope, c->max_positions));
    c->rope = r;
    return OK;
}

enum status hf_rope_read(struct model_config *c, const json_t *root)
{
    TRY(key_number(root, "rope_theta", &c->rope_theta));
    const char *key =
        key_is_set(root, "rope_scaling") ? "rope_scaling" : "rope_parameters";
    if (!key_is_set(root, key))
        return OK;
    return status_wrap(read_scaling(c, json_object_get(root, key), root), "%s", key);
}
