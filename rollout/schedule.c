#include "schedule.h"

#include "pages.h"

#include "base/mem.h"

static int can_open(const struct expander *e, struct node_ref r)
{
    const struct live_node *n = node_of(r);
    return n->next_child < n->end_child && !n->ungraded &&
           (!n->lane_lent || task_child_pages(r.task, r.node) <= e->free_pages);
}

static int comes_before(struct node_ref a, struct node_ref b)
{
    if (a.task != b.task)
        return a.task->sequence < b.task->sequence;
    return node_of(a)->depth > node_of(b)->depth;
}

// The waiting node whose child opens next, or NULL.
static const struct node_ref *next_parent(const struct expander *e)
{
    const struct node_ref *best = NULL;
    for (size_t i = 0; i < e->n_waiting; i++)
        if (can_open(e, e->waiting[i]) && (!best || comes_before(e->waiting[i], *best)))
            best = &e->waiting[i];
    return best;
}

static enum status open_child(struct expander *e, struct node_ref parent)
{
    int32_t branch = -1, child = -1;
    int32_t pages = task_child_pages(parent.task, parent.node);
    TRY(kv_branch_open(e->cache, node_of(parent)->branch, &branch));
    enum status st = task_open_child(parent.task, parent.node, &child);
    if (st != OK) {
        kv_branch_release(e->cache, branch);
        return st;
    }
    struct live_node *p = node_of(parent), *n = &parent.task->nodes[child];
    n->branch = branch;
    n->pages = pages;
    n->from_lane = !p->lane_lent;
    if (n->from_lane)
        p->lane_lent = 1;
    else
        e->free_pages -= pages;
    e->running[e->n_running++] = (struct node_ref){parent.task, child};
    return OK;
}

static void forget_spread(struct expander *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->n_waiting; i++)
        if (node_of(e->waiting[i])->next_child < node_of(e->waiting[i])->end_child)
            e->waiting[kept++] = e->waiting[i];
    e->n_waiting = kept;
}

enum status schedule_open_children(struct expander *e)
{
    while (e->n_running < e->max_rows) {
        const struct node_ref *parent = next_parent(e);
        if (!parent)
            break;
        TRY(open_child(e, *parent));
    }
    forget_spread(e);
    return OK;
}

// A node that has ended keeps its own pages and a lane for one child; the rest of its
// promise goes back to the pool, unless it is its parent's lane, which stays whole for
// the next sibling.
static void trim_promise(struct expander *e, struct node_ref r)
{
    struct live_node *n = node_of(r);
    int32_t keep = pages_of((int32_t)n->n_tokens) + task_child_pages(r.task, r.node);
    if (n->from_lane || n->parent < 0)
        return;
    e->free_pages += n->pages - keep;
    n->pages = keep;
}

enum status schedule_wait(struct expander *e, struct node_ref r)
{
    TRY(mem_grow(&e->waiting, &e->waiting_capacity, e->n_waiting, e->n_waiting + 1,
                 sizeof *e->waiting));
    trim_promise(e, r);
    e->waiting[e->n_waiting++] = r;
    return OK;
}

static void give_back(struct expander *e, struct task_state *t, struct live_node *n)
{
    if (n->branch < 0)
        return;
    kv_branch_release(e->cache, n->branch);
    n->branch = -1;
    if (n->parent < 0 && t->shared > 0)
        e->root.users--;
    if (n->from_lane)
        t->nodes[n->parent].lane_lent = 0;
    else
        e->free_pages += n->pages;
}

void schedule_complete(struct expander *e, struct node_ref leaf)
{
    struct task_state *t = leaf.task;
    int32_t i = leaf.node;
    for (;;) {
        give_back(e, t, &t->nodes[i]);
        i = t->nodes[i].parent;
        if (i < 0) {
            t->finished = 1;
            return;
        }
        if (--t->nodes[i].children_left > 0)
            return;
    }
}

// A leaf still among the nodes that go on was cut there.
static int drop_if_cut(struct expander *e, struct node_ref r)
{
    struct live_node *n = node_of(r);
    if (n->end != NODE_CUT)
        return 0;
    schedule_complete(e, r);
    return 1;
}

void schedule_cut(struct expander *e)
{
    int32_t running = 0;
    size_t waiting = 0;
    for (int32_t i = 0; i < e->n_running; i++)
        if (!drop_if_cut(e, e->running[i]))
            e->running[running++] = e->running[i];
    for (size_t i = 0; i < e->n_waiting; i++)
        if (!drop_if_cut(e, e->waiting[i]))
            e->waiting[waiting++] = e->waiting[i];
    e->n_running = running;
    e->n_waiting = waiting;
}

// The root holds whole pages, so a task that makes it needs as many as on its own.
static int can_start(const struct expander *e, const struct task_state *t, int fresh)
{
    return task_pages(t) + (fresh ? pages_of(t->shared) : 0) <= e->free_pages;
}

// Once every other task is done, the oldest one has room: below the root, or without
// one, or alone.
struct task_state *schedule_next_task(struct expander *e, int *fresh)
{
    struct task_state *t = NULL;
    for (size_t i = 0; i < e->n_tasks && !t; i++)
        if (!e->tasks[i]->started)
            t = e->tasks[i];
    if (!t)
        return NULL;
    t->shared = root_offer(e, &t->spec, fresh);
    if (!can_start(e, t, *fresh) && t->shared == 0 && e->root.users == 0)
        root_give_up(e);
    return can_start(e, t, *fresh) ? t : NULL;
}

void schedule_drop(struct expander *e, struct task_state *t)
{
    int32_t running = 0;
    size_t waiting = 0;
    for (int32_t i = 0; i < e->n_running; i++)
        if (e->running[i].task != t)
            e->running[running++] = e->running[i];
    for (size_t i = 0; i < e->n_waiting; i++)
        if (e->waiting[i].task != t)
            e->waiting[waiting++] = e->waiting[i];
    e->n_running = running;
    e->n_waiting = waiting;
    for (size_t i = 0; i < t->n_nodes; i++)
        give_back(e, t, &t->nodes[i]);
}
