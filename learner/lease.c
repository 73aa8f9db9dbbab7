#include "lease.h"

#include "base/mem.h"

static void clear_batch(struct lease_table *t)
{
    for (size_t i = 0; i < t->n_prompts; i++) {
        msg_task_clear(&t->prompts[i].task);
        tree_free(&t->prompts[i].tree);
    }
    mem_free(t->prompts);
    for (size_t i = 0; i < t->n; i++)
        tree_free(&t->items[i].tree);
    t->prompts = NULL;
    t->n_prompts = t->n_complete = t->n = 0;
}

void lease_table_free(struct lease_table *t)
{
    clear_batch(t);
    mem_free(t->items);
    *t = (struct lease_table){0};
}

// Cuts the root's children into `parts` runs whose sizes differ by one at most.
static enum status add_leases(struct lease_table *t, size_t prompt, int32_t parts)
{
    struct prompt_slot *slot = &t->prompts[prompt];
    int32_t children = slot->task.branch[0];
    if (slot->task.n_branch < 1 || children < 1 || parts < 1)
        return status_fail(ERR_INPUT, "task %zu: %d children in %d parts", prompt,
                           slot->task.n_branch < 1 ? 0 : children, parts);
    size_t n = (size_t)(parts < children ? parts : children);
    TRY(mem_grow(&t->items, &t->capacity, t->n, t->n + n, sizeof *t->items));
    slot->first_lease = t->n;
    slot->n_leases = n;
    int32_t first = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t count = children / (int32_t)n + ((int32_t)i < children % (int32_t)n);
        t->items[t->n++] = (struct lease){
            .id = t->next_id++,
            .prompt = prompt,
            .first_child = first,
            .child_count = count,
            .fault_rank = -1,
        };
        first += count;
    }
    return OK;
}

enum status lease_table_begin(struct lease_table *t, const struct msg_task *tasks,
                              size_t n, int32_t parts)
{
    clear_batch(t);
    TRY(mem_new(&t->prompts, n, sizeof *t->prompts));
    for (size_t i = 0; i < n; i++) {
        t->n_prompts = i + 1;
        TRY(msg_task_copy(&t->prompts[i].task, &tasks[i]));
        TRY(add_leases(t, i, parts));
    }
    return OK;
}

struct lease *lease_find(struct lease_table *t, uint64_t id)
{
    if (t->n == 0 || id < t->items[0].id || id - t->items[0].id >= t->n)
        return NULL;
    return &t->items[id - t->items[0].id];
}

struct msg_task lease_task(const struct lease_table *t, const struct lease *l,
                           int64_t lease_ms)
{
    struct msg_task task = t->prompts[l->prompt].task;
    task.lease = l->id;
    task.first_child = l->first_child;
    task.child_count = l->child_count;
    task.deadline_ms = lease_ms;
    return task;
}

static enum status join_parts(struct lease_table *t, struct prompt_slot *slot)
{
    struct tree *parts = NULL, whole = {0};
    enum status st;
    TRY_OUT(mem_new(&parts, slot->n_leases, sizeof *parts));
    for (size_t i = 0; i < slot->n_leases; i++)
        parts[i] = t->items[slot->first_lease + i].tree; // borrowed
    TRY_OUT(tree_join(&whole, parts, slot->n_leases));
    for (size_t i = 0; i < slot->n_leases; i++) {
        tree_free(&t->items[slot->first_lease + i].tree);
        t->items[slot->first_lease + i].tree = (struct tree){0};
    }
    slot->tree = whole;
out:
    mem_free(parts);
    return status_wrap(st, "prompt %llu", (unsigned long long)slot->task.prompt_id);
}

enum status lease_done(struct lease_table *t, struct lease *l, struct tree *tree)
{
    struct prompt_slot *slot = &t->prompts[l->prompt];
    TRY(tree_canonical(tree));
    l->tree = *tree;
    *tree = (struct tree){0};
    l->state = LEASE_DONE;
    slot->n_done++;
    if (slot->n_done < slot->n_leases)
        return OK;
    if (slot->n_leases == 1) {
        slot->tree = l->tree;
        l->tree = (struct tree){0};
    } else {
        TRY(join_parts(t, slot));
    }
    t->n_complete++;
    return OK;
}
