#include "tree_picture.h"

#include "html.h"

#include "base/mem.h"

#include <math.h>

enum { WIDTH = 760, ROW = 26, LEAST_LABEL = 34, TOOLTIP_BYTES = 400 };

// Red, through yellow, to green.
static void put_colour(struct buf *out, double value)
{
    double v = fmin(fmax(value, 0.0), 1.0);
    buf_printf(out, "hsl(%.0f,65%%,%.0f%%)", 120.0 * v, 72.0 - 14.0 * v);
}

static const char *end_name(enum node_end end)
{
    return end == NODE_EOS      ? "ended"
           : end == NODE_LENGTH ? "out of tokens"
           : end == NODE_CUT    ? "cut off"
                                : "branched";
}

static void put_tooltip(struct buf *out, const struct tree *t,
                        const struct tree_node *n, tree_token_text *text, void *context)
{
    size_t begin = out->len;
    buf_printf(out, "<title>value %.3f, advantage %+.3f, %d tokens, %s",
               (double)n->value, (double)n->advantage, n->token_count,
               end_name(n->end));
    if (n->keep < 1.0F)
        buf_str(out, ", called invalid");
    if (n->ratio != 1.0F)
        buf_printf(out, ", used again with weight %.3f", (double)n->ratio);
    buf_char(out, '\n');
    for (int32_t i = 0; text && i < n->token_count; i++) {
        size_t len = 0;
        const char *piece = text(context, t->tokens[n->token_begin + i], &len);
        if (out->len - begin > TOOLTIP_BYTES)
            break;
        if (piece)
            html_text(out, piece, len);
    }
    buf_str(out, "</title>");
}

struct place {
    double left, width, used; // of its own width, by the children so far
};

static void put_node(struct buf *out, const struct tree *t, size_t i,
                     const struct place *p, tree_token_text *text, void *context)
{
    const struct tree_node *n = &t->nodes[i];
    double gap = p->width > 6.0 ? 1.0 : 0.0;
    buf_printf(out, "<g><rect x='%.2f' y='%d' width='%.2f' height='%d' rx='3' fill='",
               p->left, n->depth * ROW, p->width - gap, ROW - 2);
    put_colour(out, (double)n->value);
    buf_printf(out, "'%s/>",
               n->end == NODE_CUT ? " stroke='#a00' stroke-dasharray='3,2'"
               : tree_is_leaf(n)  ? " stroke='#333'"
               : n->keep < 1.0F   ? " stroke='#a00'"
                                  : "");
    if (p->width > LEAST_LABEL)
        buf_printf(out,
                   "<text x='%.2f' y='%d' font-size='11' text-anchor='middle' "
                   "font-family='sans-serif'>%.2f</text>",
                   p->left + p->width / 2.0, n->depth * ROW + 16, (double)n->value);
    put_tooltip(out, t, n, text, context);
    buf_str(out, "</g>\n");
}

enum status tree_picture(struct buf *out, const struct tree *t, tree_token_text *text,
                         void *context)
{
    struct place *places = NULL;
    int32_t depth = 0;
    TRY(mem_new(&places, t->n_nodes, sizeof *places));
    for (size_t i = 0; i < t->n_nodes; i++)
        depth = t->nodes[i].depth > depth ? t->nodes[i].depth : depth;
    buf_printf(out,
               "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
               "viewBox='0 0 %d %d'>\n",
               WIDTH, (depth + 1) * ROW, WIDTH, (depth + 1) * ROW);
    places[0] = (struct place){0.0, WIDTH, 0.0};
    for (size_t i = 0; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        if (n->parent >= 0) {
            struct place *up = &places[n->parent];
            double width = up->width / (double)t->nodes[n->parent].branching;
            places[i] = (struct place){up->left + up->used, width, 0.0};
            up->used += width;
        }
        put_node(out, t, i, &places[i], text, context);
    }
    buf_str(out, "</svg>\n");
    mem_free(places);
    return out->status;
}
