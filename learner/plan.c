#include "plan.h"

#include "base/mem.h"

#include <string.h>

void plan_free(struct msg_task *tasks, size_t n)
{
    for (size_t i = 0; tasks && i < n; i++)
        msg_task_clear(&tasks[i]);
    mem_free(tasks);
}

void plan_adapt(struct plan *plan, const struct anova *seen)
{
    struct branching *b = &plan->rule;
    double nodes = 1.0, tokens = 0.0;
    b->depths = plan->n_branch;
    for (int32_t d = 0; d < plan->n_branch; d++) {
        nodes *= plan->branch[d];
        tokens += nodes * anova_tokens(seen, d + 1);
        b->rate[d] = plan->branch[d];
        b->entropy[d] = anova_entropy(seen, d);
    }
    if (b->budget > 0 && tokens > (double)b->budget)
        tokens = (double)b->budget;
    branching_plan(b, seen, tokens);
}

// The root's children are counted here, since a tree is cut into leases by them.
static void set_branches(struct msg_task *t, const struct plan *plan)
{
    const struct branching *b = &plan->rule;
    memcpy(t->branch, plan->branch, sizeof t->branch);
    t->n_branch = plan->n_branch;
    t->rule = *b;
    t->rule.depths = plan->n_branch;
    if (!branching_adapts(b))
        return;
    const struct branch_view root = {
        .uniform = rng_uniform((struct rng_key){t->rng_key}, BRANCH_DRAW),
        .tokens_left = b->budget,
        .path_left = plan->max_new_tokens,
    };
    for (int32_t d = 1; d < t->n_branch; d++)
        t->branch[d] = b->most;
    t->branch[0] = branching_children(b, &root);
}

static size_t alike(const struct msg_task *t, const int32_t *tokens, size_t n)
{
    size_t most = t->n_prompt < n ? t->n_prompt : n, i = 0;
    while (i < most && t->prompt[i] == tokens[i])
        i++;
    return i;
}

static void set_common(struct msg_task *tasks, size_t n, const struct plan *plan)
{
    size_t common = n > 0 ? tasks[0].n_prompt : 0;
    for (size_t i = 1; i < n; i++)
        common = alike(&tasks[i], tasks[0].prompt, common);
    if (n > 0 && plan->n_like > 0 && common > 0) {
        size_t more = alike(&tasks[0], plan->like, plan->n_like);
        common = more < common ? more : common;
    }
    for (size_t i = 0; i < n; i++)
        tasks[i].common = (int32_t)common;
}

enum status plan_tasks(const struct plan *plan, uint64_t step, uint64_t first, size_t n,
                       uint64_t version, struct msg_task **out)
{
    struct rng_key key = rng_child(rng_root(plan->seed, plan->purpose), step);
    struct msg_task *tasks = NULL;
    enum status st;
    TRY_OUT(mem_new(&tasks, n, sizeof *tasks));
    for (size_t i = 0; i < n; i++) {
        struct msg_task *t = &tasks[i];
        t->step = step;
        t->policy_version = version;
        t->rng_key = rng_child(key, i).k;
        set_branches(t, plan);
        t->cutoff = plan->cutoff;
        t->step_tokens = plan->step_tokens;
        t->max_new_tokens = plan->max_new_tokens;
        t->temperature = plan->temperature;
        TRY_OUT(plan->prompts.fill(plan->prompts.context, first + i, t));
    }
    if (plan->common_root)
        set_common(tasks, n, plan);
    *out = tasks;
    return OK;
out:
    plan_free(tasks, n);
    return st;
}
