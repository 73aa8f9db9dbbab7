#include "launch/sample_json.h"

#include "base/json_text.h"
#include "base/mem.h"

#include <inttypes.h>

static const char *end_name(enum node_end end)
{
    static const char *const names[] = {"open", "branched", "eos", "length", "cut"};
    return names[end];
}

static void put_ids(struct buf *out, const int32_t *ids, int32_t n)
{
    buf_char(out, '[');
    for (int32_t i = 0; i < n; i++)
        buf_printf(out, "%s%" PRId32, i ? ", " : "", ids[i]);
    buf_char(out, ']');
}

// Nine digits tell every float from every other.
static void put_floats(struct buf *out, const float *x, int32_t n)
{
    buf_char(out, '[');
    for (int32_t i = 0; i < n; i++)
        buf_printf(out, "%s%.9g", i ? ", " : "", (double)x[i]);
    buf_char(out, ']');
}

// A character may begin in one token and end in the next.
static enum status put_text(struct buf *out, const struct tokenizer *t,
                            const int32_t *ids, size_t n)
{
    struct buf bytes = {0};
    for (size_t i = 0; i < n; i++) {
        size_t len = 0;
        const char *piece = tokenizer_piece(t, ids[i], &len);
        if (piece)
            buf_append(&bytes, piece, len);
    }
    json_text(out, bytes.data, bytes.len);
    enum status st = bytes.status;
    buf_free(&bytes);
    return st;
}

// What was generated on the path to a leaf.
static enum status put_reply(struct buf *out, const struct tree *t, int32_t leaf,
                             const struct tokenizer *text)
{
    size_t n = tree_path_length(t, leaf), prompt = (size_t)t->nodes[0].token_count;
    int32_t *path = NULL;
    TRY(mem_new(&path, n, sizeof *path));
    tree_path_tokens(t, leaf, path);
    enum status st = put_text(out, text, path + prompt, n - prompt);
    mem_free(path);
    return st;
}

static enum status put_node(struct buf *out, const struct tree *t, int32_t index,
                            const struct tokenizer *text)
{
    const struct tree_node *n = &t->nodes[index];
    const int32_t *ids = t->tokens + n->token_begin;
    buf_printf(out, "{\"node\": %" PRId32 ", \"parent\": %" PRId32 ", \"end\": \"%s\"",
               index, n->parent, end_name(n->end));
    buf_str(out, ", \"ids\": ");
    put_ids(out, ids, n->token_count);
    buf_str(out, ", \"log_probs\": ");
    put_floats(out, t->log_probs + n->token_begin, n->token_count);
    buf_str(out, ", \"text\": ");
    TRY(put_text(out, text, ids, (size_t)n->token_count));
    buf_printf(out, ", \"value\": %.9g, \"advantage\": %.9g", (double)n->value,
               (double)n->advantage);
    if (tree_is_leaf(n)) {
        buf_printf(out, ", \"reward\": %.9g, \"reply\": ", (double)n->reward);
        TRY(put_reply(out, t, index, text));
    }
    buf_char(out, '}');
    return out->status;
}

enum status sample_json(struct buf *out, const struct tree *t,
                        const struct tokenizer *text)
{
    const struct tree_node *root = &t->nodes[0];
    buf_printf(out, "{\"problem\": %" PRIu64 ", \"prompt_ids\": ", t->prompt_id);
    put_ids(out, t->tokens, root->token_count);
    buf_str(out, ", \"prompt\": ");
    TRY(put_text(out, text, t->tokens, (size_t)root->token_count));
    buf_str(out, ", \"nodes\": [");
    for (int32_t i = 1; i < (int32_t)t->n_nodes; i++) {
        if (i > 1)
            buf_str(out, ", ");
        TRY(put_node(out, t, i, text));
    }
    buf_str(out, "]}\n");
    return out->status;
}
