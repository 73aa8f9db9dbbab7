#include "plan.h"

#include "base/mem.h"

#include <string.h>

void plan_free(struct msg_task *tasks, size_t n)
{
    for (size_t i = 0; tasks && i < n; i++) {
        mem_free(tasks[i].prompt);
        mem_free(tasks[i].answer);
    }
    mem_free(tasks);
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
        memcpy(t->branch, plan->branch, sizeof t->branch);
        t->n_branch = plan->n_branch;
        t->step_tokens = plan->step_tokens;
        t->max_new_tokens = plan->max_new_tokens;
        t->temperature = plan->temperature;
        TRY_OUT(plan->prompts.fill(plan->prompts.context, first + i, t));
    }
    *out = tasks;
    return OK;
out:
    plan_free(tasks, n);
    return st;
}
