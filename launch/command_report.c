// etreerpo report: one HTML page from runs and studies.
#include "archive/archive.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "launch/args.h"
#include "launch/commands.h"
#include "report/page.h"
#include "text/tokenizer.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MOST_TREES = 6, MOST_ARCHIVES = 3 };

// The trees that are shown, and what they need.
struct gallery {
    struct page_tree shown[MOST_TREES];
    char captions[MOST_TREES][200];
    size_t n;
    struct tree *archives[MOST_ARCHIVES];
    size_t counts[MOST_ARCHIVES];
    struct tokenizer *tokenizers[MOST_ARCHIVES];
    size_t n_archives;
};

static const char *token_text(void *context, int32_t token, size_t *len)
{
    return tokenizer_piece(context, token, len);
}

static void gallery_free(struct gallery *g)
{
    for (size_t a = 0; a < g->n_archives; a++) {
        for (size_t i = 0; i < g->counts[a]; i++)
            tree_free(&g->archives[a][i]);
        mem_free(g->archives[a]);
        tokenizer_free(g->tokenizers[a]);
    }
}

// The segment of a run whose steps are the latest; 0: there is none.
static int last_segment(const struct run *r, char *out)
{
    char folder[PATH_MAX - 300], best[256] = "";
    (void)snprintf(folder, sizeof folder, "%s/archive", r->folder);
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));)
        if (strncmp(entry->d_name, "steps-", 6) == 0 && strcmp(entry->d_name, best) > 0)
            (void)snprintf(best, sizeof best, "%s", entry->d_name);
    if (d)
        (void)closedir(d);
    (void)snprintf(out, PATH_MAX, "%s/%s", folder, best);
    return best[0] != 0;
}

// A tree says something where its root is neither 0 nor 1.
static void show_trees(struct gallery *g, const struct run *r, size_t archive)
{
    size_t room = g->n + 2 < MOST_TREES ? g->n + 2 : MOST_TREES;
    for (size_t i = g->counts[archive]; i-- > 0 && g->n < room;) {
        const struct tree *t = &g->archives[archive][i];
        if (t->n_nodes < 3 || t->nodes[0].value <= 0.05F || t->nodes[0].value >= 0.95F)
            continue;
        (void)snprintf(g->captions[g->n], sizeof g->captions[0],
                       "%.60s %.60s, step %llu, prompt %llu", r->task, r->arm,
                       (unsigned long long)t->step, (unsigned long long)t->prompt_id);
        g->shown[g->n] = (struct page_tree){.caption = g->captions[g->n], .tree = t};
        if (g->tokenizers[archive]) {
            g->shown[g->n].text = token_text;
            g->shown[g->n].context = g->tokenizers[archive];
        }
        g->n++;
    }
}

static enum status add_trees(struct gallery *g, const struct run *r)
{
    char path[PATH_MAX];
    struct tree *trees = NULL;
    size_t n = 0;
    if (!last_segment(r, path))
        return OK;
    if (archive_read_trees(path, &trees, &n) != OK) { // a run may be writing it
        log_warn("without its trees: %s", status_message());
        return OK;
    }
    if (n == 0) {
        mem_free(trees);
        return OK;
    }
    size_t at = g->n_archives++;
    g->archives[at] = trees;
    g->counts[at] = n;
    (void)snprintf(path, sizeof path, "%s/model", r->folder);
    if (tokenizer_load(&g->tokenizers[at], path) != OK) {
        log_warn("%s: trees without their text: %s", r->folder, status_message());
        g->tokenizers[at] = NULL;
    }
    show_trees(g, r, at);
    return OK;
}

static enum status write_page(const struct runs *runs, const char *reference,
                              const char *path)
{
    struct gallery g = {.n = 0};
    struct buf html = {0};
    enum status st = OK;
    for (size_t i = 0; i < runs->n && g.n_archives < MOST_ARCHIVES;
         i += runs_same_arm(runs, i))
        TRY_OUT(add_trees(&g, &runs->items[i]));
    const struct page page = {
        .runs = runs, .trees = g.shown, .n_trees = g.n, .reference = reference};
    TRY_OUT(page_write(&html, &page));
    TRY_OUT(file_write(path, html.data, html.len));
    (void)printf("%s: %zu runs, %zu trees, %.0f kB\n", path, runs->n, g.n,
                 (double)html.len / 1e3);
out:
    buf_free(&html);
    gallery_free(&g);
    return st;
}

enum status command_report(int argc, char **argv)
{
    const char *out = "report.html", *reference = NULL;
    struct runs runs = {0};
    int folders = 0;
    enum status st = OK;
    for (int i = 0; i < argc; i++) {
        const char **value = strcmp(argv[i], "--out") == 0         ? &out
                             : strcmp(argv[i], "--reference") == 0 ? &reference
                                                                   : NULL;
        if (!value && strncmp(argv[i], "--", 2) == 0) {
            st = status_fail(ERR_INPUT, "unknown option %s", argv[i]);
            goto out;
        }
        if (value && i + 1 == argc) {
            st = status_fail(ERR_INPUT, "%s needs a value", argv[i]);
            goto out;
        }
        if (value) {
            *value = argv[++i];
            continue;
        }
        TRY_OUT(runs_add(&runs, argv[i]));
        folders++;
    }
    if (folders == 0) {
        st = status_fail(ERR_INPUT, "usage: etreerpo report DIR ... [--out FILE.html] "
                                    "[--reference ARM]");
        goto out;
    }
    runs_sort(&runs);
    st = write_page(&runs, reference, out);
out:
    runs_free(&runs);
    return st;
}
