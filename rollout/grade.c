#include "grade.h"

#include "base/mem.h"
#include "verify/verify.h"

struct grader {
    struct judge_config config;
    struct judge *judge;   // NULL until a task needs it
    struct reward *reward; // NULL: there is no program of the user's
    const struct tokenizer *text;
    struct buf answer; // scratch
};

enum status grader_new(struct grader **out, const struct judge_config *judge,
                       const struct reward_config *reward, const struct tokenizer *text)
{
    struct grader *g = NULL;
    enum status st = OK;
    TRY(mem_new(&g, 1, sizeof *g));
    g->config = *judge;
    g->text = text;
    if (reward)
        TRY_OUT(reward_start(&g->reward, reward));
    *out = g;
    return OK;
out:
    grader_free(g);
    return st;
}

void grader_free(struct grader *g)
{
    if (!g)
        return;
    judge_stop(g->judge);
    reward_stop(g->reward);
    buf_free(&g->answer);
    mem_free(g);
}

enum status grader_accept(struct grader *g, int32_t verifier)
{
    if (verifier < 0 || verifier >= VERIFIERS)
        return status_fail(ERR_INPUT, "verifier %d is unknown", verifier);
    if (verifier == VERIFIER_PROGRAM && !g->reward)
        return status_fail(ERR_INPUT, "the verifier is a program, and this worker's "
                                      "settings name none (verifier.command)");
    if (verifier != VERIFIER_CODE || g->judge)
        return OK;
    return judge_start(&g->judge, &g->config);
}

static uint64_t ticket_of(const struct task_state *t, int32_t node)
{
    return t->sequence << 32 | (uint32_t)node;
}

// The reply so far: its beginning in the prompt, then the text generated on the path
// that ends in `node`, the first step first.
static enum status path_text(struct grader *g, const struct task_state *t, int32_t node)
{
    int32_t path[PROTO_MAX_BRANCH_DEPTHS + 1];
    int32_t n = 0;
    buf_clear(&g->answer);
    buf_str(&g->answer, t->spec.prefill);
    for (int32_t at = node; at > 0; at = t->nodes[at].parent)
        path[n++] = at;
    while (n-- > 0) {
        const struct live_node *step = &t->nodes[path[n]];
        for (size_t i = 0; i < step->n_tokens; i++) {
            size_t len = 0;
            const char *piece = tokenizer_piece(g->text, step->tokens[i].token, &len);
            if (piece)
                buf_append(&g->answer, piece, len);
        }
    }
    return g->answer.status;
}

static int is_late(enum verifier verifier)
{
    return verifier == VERIFIER_CODE || verifier == VERIFIER_PROGRAM;
}

// Hands the text in g->answer to the judge or the user's program.
static enum status submit(struct grader *g, struct task_state *t, int32_t node,
                          int partial)
{
    const char *text = buf_cstr(&g->answer);
    uint64_t ticket = ticket_of(t, node);
    enum status st = t->spec.verifier == VERIFIER_PROGRAM
                         ? reward_submit(g->reward, ticket, t->spec.answer, text,
                                         g->answer.len, !partial)
                         : judge_submit(g->judge, ticket, text, g->answer.len,
                                        t->spec.answer, partial);
    TRY(status_wrap(st, "prompt %llu", (unsigned long long)t->spec.prompt_id));
    t->nodes[node].ungraded = 1;
    t->ungraded++;
    return OK;
}

enum status grader_leaf(struct grader *g, struct task_state *t, int32_t node)
{
    struct live_node *leaf = &t->nodes[node];
    enum verifier verifier = (enum verifier)t->spec.verifier;
    if (leaf->end != NODE_EOS)
        return OK;
    TRY(path_text(g, t, node));
    const char *text = buf_cstr(&g->answer);
    if (!is_late(verifier)) {
        leaf->reward = verify_answer(verifier, text, g->answer.len, t->spec.answer);
        return OK;
    }
    return submit(g, t, node, 0);
}

enum status grader_step(struct grader *g, struct task_state *t, int32_t node)
{
    enum verifier verifier = (enum verifier)t->spec.verifier;
    if (t->spec.cutoff.cut == 0.0F)
        return OK;
    TRY(path_text(g, t, node));
    const char *text = buf_cstr(&g->answer);
    if (is_late(verifier))
        return submit(g, t, node, 1);
    if (verify_so_far(verifier, text, g->answer.len, t->spec.answer) == VERDICT_INVALID)
        task_flag(t, node);
    return OK;
}

// What came of a text that was handed over.
struct late {
    uint64_t ticket;
    float reward; // of a leaf
    int invalid;  // of a step
};

static struct task_state *task_with(uint64_t ticket, struct task_state *const *tasks,
                                    size_t n_tasks)
{
    for (size_t i = 0; i < n_tasks; i++)
        if (tasks[i]->sequence == ticket >> 32)
            return tasks[i];
    return NULL;
}

// A step's verdict decides whether its path goes on, a leaf's is its reward.
static void store(const struct late *late, struct task_state *const *tasks,
                  size_t n_tasks)
{
    struct task_state *t = task_with(late->ticket, tasks, n_tasks);
    int32_t node = (int32_t)(uint32_t)late->ticket;
    if (!t)
        return;
    struct live_node *n = &t->nodes[node];
    if (tree_end_is_leaf(n->end))
        n->reward = late->reward;
    else if (late->invalid)
        task_flag(t, node);
    n->ungraded = 0;
    t->ungraded--;
}

static enum status next_of_judge(struct grader *g, int64_t wait_ms, struct late *out,
                                 int *got)
{
    struct judge_result r = {0};
    *got = 0;
    if (!g->judge || judge_pending(g->judge) == 0)
        return OK;
    TRY(judge_poll(g->judge, wait_ms, &r, got));
    out->ticket = r.ticket;
    out->reward = r.verdict == JUDGE_PASS ? 1.0f : 0.0f;
    out->invalid = r.verdict == JUDGE_FAIL || r.verdict == JUDGE_TIMEOUT;
    return OK;
}

// The user's program is looked after at all times: it may write to the log.
static enum status next_of_reward(struct grader *g, int64_t wait_ms,
                                  struct task_state *const *tasks, size_t n_tasks,
                                  struct late *out, int *got)
{
    struct reward_result r = {.ticket = UINT64_MAX};
    *got = 0;
    if (!g->reward)
        return OK;
    enum status st =
        reward_poll(g->reward, reward_pending(g->reward) ? wait_ms : 0, &r, got);
    const struct task_state *t = st == OK ? NULL : task_with(r.ticket, tasks, n_tasks);
    if (t)
        return status_wrap(st, "prompt %llu", (unsigned long long)t->spec.prompt_id);
    TRY(st);
    out->ticket = r.ticket;
    out->reward = r.reward;
    out->invalid = r.verdict == VERDICT_INVALID;
    return OK;
}

enum status grader_poll(struct grader *g, int64_t wait_ms,
                        struct task_state *const *tasks, size_t n_tasks, int *stored)
{
    struct late late = {0};
    int got;
    *stored = 0;
    for (;;) {
        int64_t wait = *stored ? 0 : wait_ms;
        TRY(next_of_reward(g, wait, tasks, n_tasks, &late, &got));
        if (!got)
            TRY(next_of_judge(g, wait, &late, &got));
        if (!got)
            return OK;
        store(&late, tasks, n_tasks);
        ++*stored;
    }
}

void grader_drop(struct grader *g, const struct task_state *t)
{
    for (size_t i = 0; i < t->n_nodes && t->ungraded > 0; i++) {
        if (!t->nodes[i].ungraded)
            continue;
        if (t->spec.verifier == VERIFIER_PROGRAM)
            reward_cancel(g->reward, ticket_of(t, (int32_t)i));
        else
            judge_cancel(g->judge, ticket_of(t, (int32_t)i));
    }
}

size_t grader_pending(const struct grader *g)
{
    return (g->judge ? judge_pending(g->judge) : 0) +
           (g->reward ? reward_pending(g->reward) : 0);
}
