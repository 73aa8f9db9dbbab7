#include "root.h"

#include "pages.h"
#include "schedule.h"

#include "base/mem.h"

#include <string.h>

// Whole pages of what a task's prompt has in common, with a token left.
static int32_t whole_pages(const struct msg_task *spec)
{
    int32_t most = (int32_t)spec->n_prompt - 1;
    int32_t n = spec->common < most ? spec->common : most;
    return n - n % KV_PAGE;
}

static int begins_with(const struct msg_task *spec, const struct common_root *r)
{
    return r->n > 0 && (size_t)r->n < spec->n_prompt &&
           memcmp(spec->prompt, r->tokens, (size_t)r->n * sizeof *r->tokens) == 0;
}

// What a step's prompts share differs from step to step by a few tokens that happen to
// be alike: a root that holds most of it stays.
int32_t root_offer(struct expander *e, const struct msg_task *spec, int *fresh)
{
    const struct common_root *r = &e->root;
    int32_t wanted = whole_pages(spec);
    *fresh = 0;
    if (begins_with(spec, r) && (r->users > 0 || r->n >= wanted / 2))
        return r->n;
    if (wanted == 0 || r->users > 0)
        return 0;
    root_give_up(e);
    *fresh = 1;
    return wanted;
}

enum status root_make(struct expander *e, const int32_t *tokens, int32_t n)
{
    struct common_root *r = &e->root;
    int32_t branch = -1;
    TRY(mem_grow(&r->tokens, &r->capacity, 0, (size_t)n, sizeof *r->tokens));
    TRY(kv_branch_open(e->cache, -1, &branch));
    enum status st = decode_prefill(e->decoder, e->model, e->cache, branch, tokens, n);
    if (st != OK) {
        kv_branch_release(e->cache, branch);
        return st;
    }
    memcpy(r->tokens, tokens, (size_t)n * sizeof *tokens);
    r->n = n;
    r->branch = branch;
    e->free_pages -= pages_of(n);
    return OK;
}

void root_give_up(struct expander *e)
{
    struct common_root *r = &e->root;
    if (r->n == 0)
        return;
    kv_branch_release(e->cache, r->branch);
    e->free_pages += pages_of(r->n);
    r->n = 0;
}
