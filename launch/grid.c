#include "launch/grid.h"

#include "base/file.h"
#include "launch/studies.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 20 };

void grid_free(struct grid *g)
{
    outline_free(&g->text);
    *g = (struct grid){0};
}

// A name becomes part of a folder's.
static int good_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("_+", name[i]) &&
            (name[i] != '-' || i == 0))
            return 0;
    return len > 0 && len < sizeof((struct grid_task *)0)->name;
}

static struct grid_task *task_named(struct grid *g, const char *name, size_t len)
{
    for (size_t i = 0; i < g->n_tasks; i++)
        if (strlen(g->tasks[i].name) == len && memcmp(g->tasks[i].name, name, len) == 0)
            return &g->tasks[i];
    if (g->n_tasks == GRID_MAX)
        return NULL;
    struct grid_task *t = &g->tasks[g->n_tasks++];
    *t = (struct grid_task){.data = "", .settings = "", .warm = ""};
    memcpy(t->name, name, len);
    return t;
}

static enum status take_task(struct grid *g, const char *rest, const char *text)
{
    const char *dot = strchr(rest, '.');
    size_t len = dot ? (size_t)(dot - rest) : strlen(rest);
    if (!dot || !good_name(rest, len))
        return status_fail(ERR_INPUT, "tasks.%s: tasks.NAME.data, .settings or .warm",
                           rest);
    struct grid_task *t = task_named(g, rest, len);
    if (!t)
        return status_fail(ERR_INPUT, "more than %d tasks", GRID_MAX);
    if (strcmp(dot, ".data") == 0)
        t->data = text;
    else if (strcmp(dot, ".settings") == 0)
        t->settings = text;
    else if (strcmp(dot, ".warm") == 0)
        t->warm = text;
    else
        return status_fail(ERR_INPUT, "tasks.%s: none of data, settings, warm", rest);
    return OK;
}

static enum status take_seeds(struct grid *g, const char *text)
{
    char *end;
    g->seeds = strtol(text, &end, 10);
    if (end == text || *end || g->seeds < 1 || g->seeds > GRID_MAX_SEEDS)
        return status_fail(ERR_INPUT, "seeds: '%.20s' is not in 1..%d", text,
                           GRID_MAX_SEEDS);
    return OK;
}

static enum status take_item(struct grid *g, const char *path, const char *text)
{
    if (strcmp(path, "study") == 0)
        g->study = text;
    else if (strcmp(path, "seeds") == 0)
        return take_seeds(g, text);
    else if (strcmp(path, "settings") == 0)
        g->settings = text;
    else if (strncmp(path, "tasks.", 6) == 0)
        return take_task(g, path + 6, text);
    else if (strncmp(path, "arms.", 5) == 0 && good_name(path + 5, strlen(path + 5))) {
        if (g->n_arms == GRID_MAX)
            return status_fail(ERR_INPUT, "more than %d arms", GRID_MAX);
        g->arms[g->n_arms++] = (struct grid_arm){path + 5, text};
    } else
        return status_fail(ERR_INPUT,
                           "%s: none of study, seeds, settings, tasks.NAME, "
                           "arms.NAME (a name: letters, digits, - _ +)",
                           path);
    return OK;
}

static enum status fill(struct grid *g, const char *name)
{
    for (size_t i = 0; i < g->text.n; i++) {
        const struct outline_item *item = &g->text.items[i];
        TRY(status_wrap(take_item(g, item->path, item->text), "%s:%zu", name,
                        item->line));
    }
    if (!g->study || !good_name(g->study, strlen(g->study)))
        return status_fail(ERR_INPUT, "%s: no study: NAME", name);
    if (g->n_tasks == 0 || g->n_arms == 0)
        return status_fail(ERR_INPUT, "%s: %zu tasks and %zu arms", name, g->n_tasks,
                           g->n_arms);
    return OK;
}

// The text of a study that comes with the program; 0: there is none of that name.
static int built_in(const char *name, const char **text, size_t *len)
{
    const struct {
        const char *name;
        const unsigned char *text;
        size_t len;
    } all[] = {
        {"branching", grid_branching, grid_branching_len},
        {"cutoff", grid_cutoff, grid_cutoff_len},
        {"reuse", grid_reuse, grid_reuse_len},
        {"tokens", grid_tokens, grid_tokens_len},
        {"when", grid_when, grid_when_len},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0) {
            *text = (const char *)all[i].text;
            *len = all[i].len;
            return 1;
        }
    return 0;
}

enum status grid_load(struct grid *out, const char *name)
{
    struct grid g = {.settings = "", .seeds = 1};
    struct buf file = {0};
    const char *text = NULL;
    size_t len = 0;
    enum status st;
    if (!built_in(name, &text, &len)) {
        if (!strchr(name, '.') && !strchr(name, '/') && !file_exists(name))
            return status_fail(
                ERR_INPUT,
                "no study '%s': variance, branching, cutoff, reuse, tokens, "
                "when, or a grid's YAML file",
                name);
        TRY_OUT(file_read(&file, name, MAX_BYTES));
        text = buf_cstr(&file);
        len = file.len;
    }
    TRY_OUT(outline_read(&g.text, text, len, name));
    TRY_OUT(fill(&g, name));
    *out = g;
    g = (struct grid){0};
out:
    grid_free(&g);
    buf_free(&file);
    return st;
}

size_t grid_cells(const struct grid *g)
{
    return g->n_tasks * g->n_arms * (size_t)g->seeds;
}

struct grid_cell grid_cell_at(const struct grid *g, size_t index)
{
    size_t arm = index % g->n_arms, rest = index / g->n_arms;
    size_t task = rest % g->n_tasks, seed = rest / g->n_tasks;
    return (struct grid_cell){index, &g->tasks[task], &g->arms[arm], (long)seed + 1};
}
