#include "task_state.h"

#include "pages.h"

#include "base/mem.h"

#include <math.h>

// Nodes of the whole tree, so that a task cannot ask for more than a tree may hold.
static enum status check_branches(const struct msg_task *spec)
{
    if (spec->n_branch < 1 || spec->n_branch > PROTO_MAX_BRANCH_DEPTHS)
        return status_fail(ERR_INPUT, "branch: %d depths, not 1 to %d", spec->n_branch,
                           PROTO_MAX_BRANCH_DEPTHS);
    int64_t wide = 1, nodes = 1;
    for (int32_t d = 0; d < spec->n_branch; d++) {
        if (spec->branch[d] < 1 || spec->branch[d] > TREE_MAX_NODES)
            return status_fail(ERR_INPUT, "branch: %d children at depth %d",
                               spec->branch[d], d);
        wide *= spec->branch[d];
        nodes += wide;
        if (nodes > TREE_MAX_NODES)
            return status_fail(ERR_INPUT, "branch: more than %d nodes", TREE_MAX_NODES);
    }
    if (spec->first_child < 0 || spec->child_count < 1 ||
        spec->child_count > spec->branch[0] ||
        spec->first_child > spec->branch[0] - spec->child_count)
        return status_fail(ERR_INPUT, "children %d to %d of %d", spec->first_child,
                           spec->first_child + spec->child_count - 1, spec->branch[0]);
    return OK;
}

static enum status check_rule(const struct msg_task *spec)
{
    const struct branching *b = &spec->rule;
    if (!branching_adapts(b))
        return OK;
    if (b->depths != spec->n_branch || b->most < 1)
        return status_fail(ERR_INPUT, "branching by %s: %d depths, at most %d children",
                           branch_rule_name(b->rule), b->depths, b->most);
    if (b->budget > 0 && b->budget < spec->branch[0])
        return status_fail(ERR_INPUT, "a budget of %lld tokens for %d children",
                           (long long)b->budget, spec->branch[0]);
    return OK;
}

static enum status check_sampling(const struct msg_task *spec)
{
    float t = spec->temperature;
    if (!(t >= 0) || (t > 0 && (!isfinite(t) || !isfinite(1.0f / t))))
        return status_fail(ERR_INPUT, "temperature %g", (double)t);
    if (spec->max_new_tokens < 1 || spec->step_tokens < 0)
        return status_fail(ERR_INPUT, "max_new_tokens %d, step_tokens %d",
                           spec->max_new_tokens, spec->step_tokens);
    return OK;
}

static enum status check_prompt(const struct msg_task *spec,
                                const struct task_bounds *b)
{
    if (spec->n_prompt < 1)
        return status_fail(ERR_INPUT, "the prompt is empty");
    if (spec->n_prompt >= (size_t)b->max_positions)
        return status_fail(ERR_INPUT,
                           "a prompt of %zu tokens leaves no room in %d positions",
                           spec->n_prompt, b->max_positions);
    for (size_t i = 0; i < spec->n_prompt; i++)
        if (spec->prompt[i] < 0 || spec->prompt[i] >= b->vocab)
            return status_fail(ERR_INPUT, "prompt token %zu is %d: the model has %d", i,
                               spec->prompt[i], b->vocab);
    return OK;
}

enum status task_new(struct task_state **out, const struct msg_task *spec,
                     const struct task_bounds *bounds)
{
    struct task_state *t = NULL;
    enum status st = OK;
    TRY_OUT(check_branches(spec));
    TRY_OUT(check_rule(spec));
    TRY_OUT(check_sampling(spec));
    TRY_OUT(check_prompt(spec, bounds));
    TRY_OUT(mem_new(&t, 1, sizeof *t));
    TRY_OUT(msg_task_copy(&t->spec, spec));
    int32_t room = bounds->max_positions - (int32_t)spec->n_prompt;
    t->limit = spec->max_new_tokens < room ? spec->max_new_tokens : room;
    if (task_pages(t) > bounds->pages) {
        st = status_fail(ERR_INPUT,
                         "a path of %zu + %d tokens may need %d key/value pages: there "
                         "are %d",
                         spec->n_prompt, t->limit, task_pages(t), bounds->pages);
        goto out;
    }
    *out = t;
    t = NULL;
out:
    task_free(t);
    return status_wrap(st, "prompt %llu", (unsigned long long)spec->prompt_id);
}

void task_free(struct task_state *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n_nodes; i++) {
        mem_free(t->nodes[i].tokens);
    }
    mem_free(t->nodes);
    msg_task_clear(&t->spec);
    mem_free(t);
}

int32_t task_pages(const struct task_state *t)
{
    return pages_of((int32_t)t->spec.n_prompt - t->shared) +
           pages_lane(t->limit, t->spec.n_branch);
}

int32_t task_child_pages(const struct task_state *t, int32_t parent)
{
    const struct live_node *p = &t->nodes[parent];
    return pages_lane(t->limit - p->path_tokens - (int32_t)p->n_tokens,
                      t->spec.n_branch - p->depth);
}

enum status task_start(struct task_state *t, int32_t branch)
{
    TRY(mem_grow(&t->nodes, &t->node_capacity, 0, 1, sizeof *t->nodes));
    t->nodes[0] = (struct live_node){
        .parent = -1,
        .end = NODE_BRANCHED,
        .key = {t->spec.rng_key},
        .branch = branch,
        .pages = task_pages(t),
        .next_child = t->spec.first_child,
        .end_child = t->spec.first_child + t->spec.child_count,
        .children_left = t->spec.child_count,
    };
    if (t->spec.rule.budget > 0)
        t->nodes[0].child_budget =
            branching_share(t->spec.rule.budget, t->spec.branch[0]);
    t->n_nodes = 1;
    t->started = 1;
    return OK;
}

enum status task_open_child(struct task_state *t, int32_t parent, int32_t *child)
{
    TRY(mem_grow(&t->nodes, &t->node_capacity, t->n_nodes, t->n_nodes + 1,
                 sizeof *t->nodes));
    struct live_node *p = &t->nodes[parent];
    t->nodes[t->n_nodes] = (struct live_node){
        .parent = parent,
        .child_index = p->next_child,
        .depth = p->depth + 1,
        .key = rng_child(p->key, (uint64_t)p->next_child),
        .path_tokens = p->path_tokens + (int32_t)p->n_tokens,
        .budget = p->child_budget,
        .branch = -1,
        .keep = 1.0F,
    };
    p->next_child++;
    *child = (int32_t)t->n_nodes++;
    return OK;
}

static enum node_end end_of(const struct task_state *t, const struct live_node *n,
                            const uint8_t *ends)
{
    int32_t last = n->tokens[n->n_tokens - 1].token;
    if (ends[last] == TOKEN_ENDS_TEXT)
        return NODE_EOS;
    if (n->path_tokens + (int32_t)n->n_tokens >= t->limit ||
        (n->budget > 0 && (int64_t)n->n_tokens >= n->budget))
        return NODE_LENGTH;
    if (n->depth >= t->spec.n_branch)
        return NODE_OPEN;
    int full = t->spec.step_tokens > 0 && n->n_tokens >= (size_t)t->spec.step_tokens;
    return full || ends[last] == TOKEN_ENDS_STEP ? NODE_BRANCHED : NODE_OPEN;
}

static int32_t count_children(const struct task_state *t, struct live_node *n)
{
    const struct branching *b = &t->spec.rule;
    double entropy = 0.0;
    if (!branching_adapts(b))
        return t->spec.branch[n->depth];
    for (size_t i = 0; i < n->n_tokens; i++)
        entropy += (double)n->tokens[i].entropy;
    const struct branch_view view = {
        .depth = n->depth,
        .entropy = entropy / (double)n->n_tokens,
        .uniform = rng_uniform(n->key, BRANCH_DRAW),
        .tokens_left = n->budget - (int64_t)n->n_tokens,
        .path_left = t->limit - n->path_tokens - (int32_t)n->n_tokens,
    };
    int32_t children = branching_children(b, &view);
    if (b->budget > 0)
        n->child_budget = branching_share(view.tokens_left, children);
    return children;
}

enum status task_push_token(struct task_state *t, int32_t node,
                            struct drawn_token token, const uint8_t *ends)
{
    struct live_node *n = &t->nodes[node];
    TRY(mem_grow(&n->tokens, &n->token_capacity, n->n_tokens, n->n_tokens + 1,
                 sizeof *n->tokens));
    n->tokens[n->n_tokens++] = token;
    n->end = end_of(t, n, ends);
    if (n->end == NODE_BRANCHED) {
        n->end_child = count_children(t, n);
        n->children_left = n->end_child;
    }
    return OK;
}

void task_flag(struct task_state *t, int32_t node)
{
    struct live_node *n = &t->nodes[node];
    n->keep = 1.0F - t->spec.cutoff.cut;
    if (rng_uniform(n->key, CUTOFF_DRAW) < (double)n->keep)
        return;
    n->end = NODE_CUT;
    n->reward = t->spec.cutoff.control;
    n->children_left = n->end_child = 0;
}
