#include "page.h"

#include "html.h"
#include "tree_picture.h"

#include <string.h>

static const char style[] =
    "body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;"
    "color:#222}table{border-collapse:collapse;margin:.5em 0}td,th{border-bottom:1px "
    "solid #ddd;padding:.15em .7em;text-align:right}td:first-child,th:first-child{"
    "text-align:left}h2{border-top:1px solid #ccc;padding-top:1em}.bad{color:#a00}"
    "figure{margin:1em 0}svg{max-width:100%;height:auto}";

size_t page_reference(const struct page *p, size_t first, size_t n)
{
    const char *wanted = p->reference ? p->reference : "grpo-8";
    for (size_t i = first; i < first + n; i++)
        if (strcmp(p->runs->items[i].arm, wanted) == 0)
            return i;
    return first;
}

static enum status put_tasks(struct buf *out, const struct page *p)
{
    for (size_t i = 0, n; i < p->runs->n; i += n) {
        const struct run *r = &p->runs->items[i];
        n = runs_same_task(p->runs, i);
        buf_str(out, "<h2>");
        html_text(out, r->study, strlen(r->study));
        buf_str(out, r->study[0] ? ": " : "");
        html_text(out, r->task, strlen(r->task));
        buf_str(out, "</h2>\n");
        TRY(page_learning(out, p, i, n));
        TRY(page_guide(out, p, i, n));
    }
    return OK;
}

static enum status put_trees(struct buf *out, const struct page *p)
{
    buf_str(out,
            "<h2>Trees</h2>\n<p>A bar is a step, as wide as its share of the tree; "
            "its colour is its value, from red (0) to green (1). Framed: the end of "
            "a path; dashed: cut off. Hold the pointer over a bar for its "
            "text.</p>\n");
    if (p->n_trees == 0)
        buf_str(out, "<p>These runs archived no trees (run.archive_trees).</p>\n");
    for (size_t i = 0; i < p->n_trees; i++) {
        const struct page_tree *t = &p->trees[i];
        buf_str(out, "<figure><figcaption>");
        html_text(out, t->caption, strlen(t->caption));
        buf_str(out, "</figcaption>");
        TRY(tree_picture(out, t->tree, t->text, t->context));
        buf_str(out, "</figure>\n");
    }
    return OK;
}

enum status page_write(struct buf *out, const struct page *p)
{
    buf_printf(out,
               "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
               "<title>E-TreeRPO report</title><style>%s</style></head><body>\n"
               "<h1>E-TreeRPO report</h1>\n<p>%zu runs.</p>\n",
               style, p->runs->n);
    TRY(put_tasks(out, p));
    if (p->runs->variance.len > 0)
        TRY(page_variance(out, &p->runs->variance));
    if (p->runs->n > 0) {
        TRY(page_cutoff(out, p->runs));
        TRY(page_reuse(out, p->runs));
        TRY(put_trees(out, p));
    }
    buf_str(out, "</body></html>\n");
    return out->status;
}
