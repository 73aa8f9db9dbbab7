// Sliding-window attention: a query sees the last `sliding_window` tokens only.  Paths
// no longer than the window do not notice.
#include "hf_keys.h"

#include <string.h>

enum { DEFAULT_WINDOW = 4096, DEFAULT_FULL_LAYERS = 28 }; // of transformers

// Whether layer_types, where given, lists a layer with a window.
static enum status check_types(int *slides, const json_t *types)
{
    *slides = 0;
    for (size_t i = 0; i < json_array_size(types); i++) {
        const char *type = json_string_value(json_array_get(types, i));
        if (type && strcmp(type, "sliding_attention") == 0)
            *slides = 1;
        else if (!type || strcmp(type, "full_attention") != 0)
            return status_fail(ERR_INPUT,
                               "layer_types: layer %zu is %.32s, neither "
                               "full_attention nor sliding_attention",
                               i, type ? type : "missing");
    }
    return OK;
}

// Qwen: on demand only, and in layers from max_window_layers on unless layer_types
// says which.
static enum status qwen_slides(int *slides, const json_t *root,
                               const struct model_config *c)
{
    int32_t use = 0, full_layers = DEFAULT_FULL_LAYERS;
    TRY(key_bool(root, "use_sliding_window", &use));
    TRY(key_int(root, "max_window_layers", &full_layers));
    if (!key_is_set(root, "layer_types"))
        *slides = c->layers > full_layers;
    *slides = use && *slides;
    return OK;
}

enum status hf_window_read(int32_t *window, const json_t *root,
                           const struct model_config *c)
{
    int slides = 0, is_qwen = c->qk_norm || (c->qkv_bias && !c->out_bias);
    int32_t size = DEFAULT_WINDOW;
    *window = 0;
    TRY(check_types(&slides, json_object_get(root, "layer_types")));
    if (is_qwen)
        TRY(qwen_slides(&slides, root, c));
    else if (c->mistral)
        slides = 1;
    else if (slides)
        return status_fail(ERR_INPUT, "layer_types: a llama with sliding_attention");
    const json_t *given = json_object_get(root, "sliding_window");
    if (!slides || (given && json_is_null(given)))
        return OK;
    TRY(key_int(root, "sliding_window", &size));
    if (size < 1)
        return status_fail(ERR_INPUT, "sliding_window is %d", size);
    *window = size;
    return OK;
}
