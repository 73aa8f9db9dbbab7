#include "launch/data_check.h"

#include "base/clock.h"
#include "base/mem.h"
#include "judge/modules.h"

#include <stdio.h>
#include <string.h>

enum { AHEAD = 64, WAIT_MS = 1000 }; // programs queued at once

struct check {
    const struct dataset *set;
    const struct data_check_by *by;
    struct judge *judge;   // NULL until a program is met
    struct reward *reward; // NULL until a problem of the user's verifier is met
    float *rewards;        // (problems)
    size_t unsolved;       // problems without a solution
    struct buf reply;      // scratch
};

static enum status take_verdict(struct check *c, int64_t wait_ms)
{
    struct judge_result r;
    int got = 0;
    TRY(judge_poll(c->judge, wait_ms, &r, &got));
    if (got)
        c->rewards[r.ticket] = r.verdict == JUDGE_PASS ? 1.0F : 0.0F;
    return OK;
}

static enum status take_reward(struct check *c, int64_t wait_ms)
{
    struct reward_result r = {0};
    int got = 0;
    enum status st = reward_poll(c->reward, wait_ms, &r, &got);
    if (st == ERR_INPUT && r.ticket < c->set->n)
        return status_wrap(st, "row %llu", (unsigned long long)r.ticket);
    TRY(st);
    if (got)
        c->rewards[r.ticket] = r.reward;
    return OK;
}

static enum status by_judge(struct check *c, size_t i)
{
    if (!c->judge)
        TRY(judge_start(&c->judge, &c->by->judge));
    while (judge_pending(c->judge) >= AHEAD)
        TRY(take_verdict(c, WAIT_MS));
    return judge_submit(c->judge, i, buf_cstr(&c->reply), c->reply.len,
                        c->set->problems[i].answer, 0);
}

static enum status by_program(struct check *c, size_t i)
{
    if (!c->reward)
        TRY(reward_start(&c->reward, &c->by->reward));
    while (reward_pending(c->reward) >= AHEAD)
        TRY(take_reward(c, WAIT_MS));
    return reward_submit(c->reward, i, c->set->problems[i].answer, buf_cstr(&c->reply),
                         c->reply.len, 1);
}

// A solution as a whole reply: with the beginning that replies have.
static enum status make_reply(struct check *c, const char *solution)
{
    size_t len = strlen(c->by->prefill);
    buf_clear(&c->reply);
    if (strncmp(solution, c->by->prefill, len) != 0)
        buf_str(&c->reply, c->by->prefill);
    buf_str(&c->reply, solution);
    return c->reply.status;
}

static enum status check_one(struct check *c, size_t i)
{
    const struct problem *p = &c->set->problems[i];
    if (!*p->solution) {
        c->unsolved++;
        return OK;
    }
    TRY(make_reply(c, p->solution));
    if (p->verifier == VERIFIER_CODE)
        return by_judge(c, i);
    if (p->verifier == VERIFIER_PROGRAM)
        return by_program(c, i);
    c->rewards[i] =
        verify_answer(p->verifier, buf_cstr(&c->reply), c->reply.len, p->answer);
    return OK;
}

static void print(const struct check *c, const char *path, double seconds)
{
    size_t right = 0, solved = c->set->n - c->unsolved, named = 0;
    double sum = 0.0;
    for (size_t i = 0; i < c->set->n; i++) {
        right += c->rewards[i] >= 1.0F;
        sum += (double)c->rewards[i];
    }
    (void)printf("%s: %zu problems, %zu with a solution; %zu of them get reward 1 "
                 "(%.1f s)\n",
                 path, c->set->n, solved, right, seconds);
    if (c->reward && solved)
        (void)printf("  mean reward %.4f\n", sum / (double)solved);
    if (right < solved)
        (void)printf("  not rewarded%s, by row:", c->reward ? " with 1" : "");
    for (size_t i = 0; i < c->set->n && right < solved; i++)
        if (c->rewards[i] < 1.0F && *c->set->problems[i].solution && ++named <= 100)
            (void)printf(" %zu", i);
    if (right < solved)
        (void)printf("%s\n", named > 100 ? " ..." : "");
}

enum status data_check(const struct dataset *set, const char *path,
                       const struct data_check_by *by)
{
    struct check c = {.set = set, .by = by};
    double began_s = clock_seconds();
    enum status st;
    TRY_OUT(mem_new(&c.rewards, set->n, sizeof *c.rewards));
    for (size_t i = 0; i < set->n; i++)
        TRY_OUT(status_wrap(check_one(&c, i), "%s: row %zu", path, i));
    while (c.judge && judge_pending(c.judge) > 0)
        TRY_OUT(take_verdict(&c, WAIT_MS));
    while (c.reward && reward_pending(c.reward) > 0)
        TRY_OUT(status_wrap(take_reward(&c, WAIT_MS), "%s", path));
    print(&c, path, clock_seconds() - began_s);
    st = OK;
out:
    judge_stop(c.judge);
    reward_stop(c.reward);
    buf_free(&c.reply);
    mem_free(c.rewards);
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
