#include "draw.h"

#include "base/mem.h"

#include <string.h>

struct drawing {
    struct buf *out;
    const struct tree *t;
    tree_token_text *text;
    void *context;
    int width, color;
    char *last; // (n_nodes) 1 where a node is its parent's last child
};

static void paint(const struct drawing *d, const char *code)
{
    if (d->color)
        buf_str(d->out, code);
}

static int is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

// One byte of model text, made harmless for a terminal.
static int put_byte(struct buf *out, unsigned char c)
{
    if (c == '\n') {
        buf_str(out, "\\n");
        return 2;
    }
    if (c < 0x20 || c == 0x7f) {
        buf_char(out, '?');
        return 1;
    }
    buf_char(out, (char)c);
    return is_continuation(c) ? 0 : 1;
}

// The node's text in at most `room` columns.
static void put_text(const struct drawing *d, const struct tree_node *n, int room)
{
    for (int32_t i = 0; i < n->token_count; i++) {
        size_t len = 0;
        const char *piece = d->text(d->context, d->t->tokens[n->token_begin + i], &len);
        for (size_t k = 0; piece && k < len; k++) {
            if (room <= 3) {
                buf_str(d->out, "...");
                return;
            }
            room -= put_byte(d->out, (unsigned char)piece[k]);
        }
    }
}

// The rules that lead to node i, root first; returns their columns.
static int put_rules(const struct drawing *d, int32_t i)
{
    const struct tree_node *n = &d->t->nodes[i];
    if (n->parent < 0)
        return 0;
    int columns = 0;
    for (int32_t depth = 1; depth < n->depth; depth++) {
        int32_t up = i;
        while (d->t->nodes[up].depth > depth)
            up = d->t->nodes[up].parent;
        buf_str(d->out, d->last[up] ? "   " : "│  ");
        columns += 3;
    }
    buf_str(d->out, d->last[i] ? "└─ " : "├─ ");
    return columns + 3;
}

static const char *end_mark(const struct tree_node *n)
{
    switch (n->end) {
    case NODE_EOS:
        return n->reward > 0.5f ? " ✓" : " ✗";
    case NODE_LENGTH:
        return " … too long";
    case NODE_CUT:
        return " ✂";
    default:
        return "";
    }
}

static void put_node(const struct drawing *d, int32_t i)
{
    enum { NUMBERS = 15, MARK = 12 };
    const struct tree_node *n = &d->t->nodes[i];
    int used = put_rules(d, i);
    if (n->parent < 0) {
        buf_printf(d->out, "V=%.2f  ", (double)n->value);
    } else {
        paint(d, n->advantage > 0   ? "\033[32m"
                 : n->advantage < 0 ? "\033[31m"
                                    : "\033[2m");
        buf_printf(d->out, "V=%.2f A=%+.2f ", (double)n->value, (double)n->advantage);
        paint(d, "\033[0m");
    }
    put_text(d, n, d->width - used - NUMBERS - MARK);
    paint(d, "\033[1m");
    buf_str(d->out, end_mark(n));
    paint(d, "\033[0m");
    buf_char(d->out, '\n');
}

enum status tree_draw(struct buf *out, const struct tree *t, tree_token_text *text,
                      void *context, int width, int color)
{
    struct drawing d = {out, t, text, context, width, color, NULL};
    TRY(mem_new(&d.last, t->n_nodes, 1));
    for (size_t i = 1; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        d.last[i] = n->child_index == t->nodes[n->parent].branching - 1;
    }
    for (size_t i = 0; i < t->n_nodes; i++)
        put_node(&d, (int32_t)i);
    mem_free(d.last);
    return out->status;
}
