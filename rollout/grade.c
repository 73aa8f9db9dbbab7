#include "grade.h"

#include "base/mem.h"
#include "verify/verify.h"

struct grader {
    struct judge_config config;
    struct judge *judge; // NULL until a task needs it
    const struct tokenizer *text;
    struct buf answer; // scratch
};

enum status grader_new(struct grader **out, const struct judge_config *judge,
                       const struct tokenizer *text)
{
    struct grader *g = NULL;
    TRY(mem_new(&g, 1, sizeof *g));
    g->config = *judge;
    g->text = text;
    *out = g;
    return OK;
}

void grader_free(struct grader *g)
{
    if (!g)
        return;
    judge_stop(g->judge);
    buf_free(&g->answer);
    mem_free(g);
}

enum status grader_accept(struct grader *g, int32_t verifier)
{
    if (verifier < 0 || verifier >= VERIFIERS)
        return status_fail(ERR_INPUT, "verifier %d is unknown", verifier);
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

// Hands the text in g->answer to the judge.
static enum status submit(struct grader *g, struct task_state *t, int32_t node,
                          int partial)
{
    TRY(status_wrap(judge_submit(g->judge, ticket_of(t, node), buf_cstr(&g->answer),
                                 g->answer.len, t->spec.answer, partial),
                    "prompt %llu", (unsigned long long)t->spec.prompt_id));
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
    if (verifier != VERIFIER_CODE) {
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
    if (verifier == VERIFIER_CODE)
        return submit(g, t, node, 1);
    if (verify_so_far(verifier, text, g->answer.len, t->spec.answer) == VERDICT_INVALID)
        task_flag(t, node);
    return OK;
}

// A step's verdict decides whether its path goes on, a leaf's is its reward.
static void take_verdict(struct task_state *t, int32_t node, enum judge_verdict verdict)
{
    struct live_node *n = &t->nodes[node];
    if (tree_end_is_leaf(n->end))
        n->reward = verdict == JUDGE_PASS ? 1.0f : 0.0f;
    else if (verdict == JUDGE_FAIL || verdict == JUDGE_TIMEOUT)
        task_flag(t, node);
    n->ungraded = 0;
    t->ungraded--;
}

static void store(const struct judge_result *r, struct task_state *const *tasks,
                  size_t n_tasks)
{
    for (size_t i = 0; i < n_tasks; i++) {
        struct task_state *t = tasks[i];
        if (t->sequence != r->ticket >> 32)
            continue;
        take_verdict(t, (int32_t)(uint32_t)r->ticket, r->verdict);
        return;
    }
}

enum status grader_poll(struct grader *g, int64_t wait_ms,
                        struct task_state *const *tasks, size_t n_tasks, int *stored)
{
    struct judge_result r = {0};
    int got = 1;
    *stored = 0;
    while (g->judge && judge_pending(g->judge) > 0 && got) {
        TRY(judge_poll(g->judge, *stored ? 0 : wait_ms, &r, &got));
        if (got) {
            store(&r, tasks, n_tasks);
            ++*stored;
        }
    }
    return OK;
}

void grader_drop(struct grader *g, const struct task_state *t)
{
    for (size_t i = 0; i < t->n_nodes && t->ungraded > 0; i++)
        if (t->nodes[i].ungraded)
            judge_cancel(g->judge, ticket_of(t, (int32_t)i));
}

size_t grader_pending(const struct grader *g)
{
    return g->judge ? judge_pending(g->judge) : 0;
}
