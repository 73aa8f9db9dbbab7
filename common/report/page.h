// The report: one HTML page that needs nothing else, from runs and studies.
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "runs.h"

#include "tree/draw.h"
#include "tree/tree.h"

// A tree to show, with what names it.
struct page_tree {
    const char *caption;
    const struct tree *tree; // with values
    tree_token_text *text;   // or NULL
    void *context;
};

struct page {
    const struct runs *runs; // sorted
    const struct page_tree *trees;
    size_t n_trees;
    const char *reference; // the arm that others are held against; NULL: grpo-8, else
                           // the first
};

// Appends the page.  ERR_INPUT: no gnuplot, or variance.json is none; ERR_IO,
// ERR_NOMEM.
CHECKED enum status page_write(struct buf *out, const struct page *p);

// Its sections.  Private to report.
CHECKED enum status page_learning(struct buf *out, const struct page *p, size_t first,
                                  size_t n);
CHECKED enum status page_variance(struct buf *out, const struct buf *json);
CHECKED enum status page_cutoff(struct buf *out, const struct runs *runs);
CHECKED enum status page_reuse(struct buf *out, const struct runs *runs);
CHECKED enum status page_guide(struct buf *out, const struct page *p, size_t first,
                               size_t n);
// The reference arm among runs [first, first + n): where it begins.
size_t page_reference(const struct page *p, size_t first, size_t n);

#endif
