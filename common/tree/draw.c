#include "draw.h"

#include "draw_text.h"

#include "base/mem.h"

enum { RULE = 3, ELISION = 2 }; // columns of one level's rule, and of rules left out

struct drawing {
    struct buf *out;
    const struct tree *t;
    tree_token_text *text;
    void *context;
    int width, color;
    char *more; // (depth) 1 where the present path has a sibling yet to come
};

static void paint(const struct drawing *d, const char *code)
{
    if (d->color)
        buf_str(d->out, code);
}

// The rules that lead to a node, outermost first; returns their columns.
static int put_rules(const struct drawing *d, const struct tree_node *n)
{
    int shown = (d->width / 3 - ELISION) / RULE, columns = 0;
    if (n->depth > shown) {
        buf_str(d->out, "⋯ ");
        columns = ELISION;
    } else {
        shown = n->depth;
    }
    for (int depth = n->depth - shown + 1; depth < n->depth; depth++)
        buf_str(d->out, d->more[depth] ? "│  " : "   ");
    if (n->depth > 0)
        buf_str(d->out, d->more[n->depth] ? "├─ " : "└─ ");
    return columns + RULE * shown;
}

static void put_text(const struct drawing *d, const struct tree_node *n, int room)
{
    struct draw_text line;
    draw_text_begin(&line, d->out, room);
    for (int32_t i = 0; i < n->token_count && !line.full; i++) {
        size_t len = 0;
        const char *piece = d->text(d->context, d->t->tokens[n->token_begin + i], &len);
        if (piece)
            draw_text_put(&line, piece, len);
    }
    draw_text_end(&line);
}

struct mark {
    const char *text;
    int columns;
};

static struct mark end_mark(const struct tree_node *n)
{
    switch (n->end) {
    case NODE_EOS:
        return (struct mark){n->reward >= 1.0F  ? " ✓"
                             : n->reward > 0.0F ? " ~"
                                                : " ✗",
                             2};
    case NODE_LENGTH:
        return (struct mark){" … too long", 11};
    case NODE_CUT:
        return (struct mark){" ✂", 2};
    default:
        return (struct mark){"", 0};
    }
}

// Value and advantage; returns their columns.
static int put_numbers(const struct drawing *d, const struct tree_node *n)
{
    if (n->parent >= 0)
        paint(d, n->advantage > 0   ? "\033[32m"
                 : n->advantage < 0 ? "\033[31m"
                                    : "\033[2m");
    size_t before = d->out->len;
    if (n->parent >= 0)
        buf_printf(d->out, "V=%.2f A=%+.2f ", (double)n->value, (double)n->advantage);
    else
        buf_printf(d->out, "V=%.2f  ", (double)n->value);
    int columns = (int)(d->out->len - before);
    if (n->parent >= 0)
        paint(d, "\033[0m");
    return columns;
}

static void put_node(const struct drawing *d, const struct tree_node *n)
{
    struct mark mark = end_mark(n);
    int used = put_rules(d, n) + mark.columns;
    used += put_numbers(d, n);
    put_text(d, n, d->width - used);
    if (mark.columns) {
        paint(d, "\033[1m");
        buf_str(d->out, mark.text);
        paint(d, "\033[0m");
    }
    buf_char(d->out, '\n');
}

enum status tree_draw(struct buf *out, const struct tree *t, tree_token_text *text,
                      void *context, int width, int color)
{
    if (width < TREE_DRAW_LEAST_WIDTH)
        width = TREE_DRAW_LEAST_WIDTH;
    struct drawing d = {out, t, text, context, width, color, NULL};
    TRY(mem_new(&d.more, TREE_MAX_DEPTH + 1, 1));
    for (size_t i = 0; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        if (i > 0)
            d.more[n->depth] =
                (n->child_index < t->nodes[n->parent].branching - 1) ? 1 : 0;
        put_node(&d, n);
    }
    mem_free(d.more);
    return out->status;
}
