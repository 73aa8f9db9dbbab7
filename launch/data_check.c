#include "launch/data_check.h"

#include "base/clock.h"
#include "base/mem.h"
#include "judge/modules.h"

#include <stdio.h>
#include <string.h>

enum { AHEAD = 64, WAIT_MS = 1000 }; // programs queued at once

struct check {
    const struct dataset *set;
    struct judge *judge; // NULL until a program is met
    uint8_t *right;      // (problems)
    size_t unsolved;     // problems without a solution
};

static enum status take_verdict(struct check *c, int64_t wait_ms, int *got)
{
    struct judge_result r;
    TRY(judge_poll(c->judge, wait_ms, &r, got));
    if (*got)
        c->right[r.ticket] = r.verdict == JUDGE_PASS;
    return OK;
}

static enum status check_one(struct check *c, size_t i,
                             const struct judge_config *judge)
{
    const struct problem *p = &c->set->problems[i];
    size_t len = strlen(p->solution);
    int got = 1;
    if (!len) {
        c->unsolved++;
        return OK;
    }
    if (p->verifier != VERIFIER_CODE) {
        c->right[i] = verify_answer(p->verifier, p->solution, len, p->answer) >= 1.0f;
        return OK;
    }
    if (!c->judge)
        TRY(judge_start(&c->judge, judge));
    while (judge_pending(c->judge) >= AHEAD)
        TRY(take_verdict(c, WAIT_MS, &got));
    return judge_submit(c->judge, i, p->solution, len, p->answer, 0);
}

static void print(const struct check *c, const char *path, double seconds)
{
    size_t right = 0, solved = c->set->n - c->unsolved, named = 0;
    for (size_t i = 0; i < c->set->n; i++)
        right += c->right[i];
    (void)printf("%s: %zu problems, %zu with a solution; %zu of them get reward 1 "
                 "(%.1f s)\n",
                 path, c->set->n, solved, right, seconds);
    if (right < solved)
        (void)printf("  not rewarded, by row:");
    for (size_t i = 0; i < c->set->n && right < solved; i++)
        if (!c->right[i] && *c->set->problems[i].solution && ++named <= 100)
            (void)printf(" %zu", i);
    if (right < solved)
        (void)printf("%s\n", named > 100 ? " ..." : "");
}

enum status data_check(const struct dataset *set, const char *path,
                       const struct judge_config *judge)
{
    struct check c = {.set = set};
    double began_s = clock_seconds();
    int got = 0;
    enum status st;
    TRY_OUT(mem_new(&c.right, set->n, 1));
    for (size_t i = 0; i < set->n; i++)
        TRY_OUT(status_wrap(check_one(&c, i, judge), "%s: row %zu", path, i));
    while (c.judge && judge_pending(c.judge) > 0)
        TRY_OUT(take_verdict(&c, WAIT_MS, &got));
    print(&c, path, clock_seconds() - began_s);
    st = OK;
out:
    judge_stop(c.judge);
    mem_free(c.right);
    return st;
}

enum status data_check_modules(const struct dataset *set, const char *path)
{
    struct buf names = {0};
    enum status st = OK;
    for (size_t i = 0; i < set->n; i++) {
        const struct problem *p = &set->problems[i];
        if (p->verifier == VERIFIER_CODE)
            TRY_OUT(modules_note(&names, p->answer, strlen(p->answer), MODULES_ALWAYS));
    }
    TRY_OUT(modules_check(&names));
out:
    buf_free(&names);
    return status_wrap(st, "%s", path);
}
