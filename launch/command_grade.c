// etreerpo grade: what the verifiers make of replies of any origin, and why.
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/cell.h"
#include "data/rows.h"
#include "judge/judge.h"
#include "launch/args.h"
#include "launch/commands.h"
#include "launch/grade_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_REPLY_BYTES = 1 << 26, AHEAD = 64, WAIT_MS = 1000 };

struct grading {
    const enum verifier *chosen; // NULL: by row
    struct judge *judge;         // NULL until a program is met
    json_t **rows;               // with what was found added
    size_t n, capacity;
    double total; // of the rewards
};

static enum status choose(enum verifier *out, const char *name)
{
    if (verifier_by_name(out, name) && grade_row_fits(*out))
        return OK;
    return status_fail(ERR_INPUT, "--verifier %.32s: number, last-number or math",
                       name);
}

// A text of the row's own bytes; what is no UTF-8 (a letter cut in two) is left out.
static json_t *text_of(const char *text, size_t len)
{
    json_t *value = json_stringn(text, len);
    while (!value && len > 0 && ((unsigned char)text[len - 1] & 0x80))
        value = json_stringn(text, --len);
    return value ? value : json_null();
}

static enum status store(json_t *row, float reward, json_t *found, const char *reason)
{
    int failed = json_object_set_new(row, "reward", json_real((double)reward));
    failed |= json_object_set_new(row, "extracted", found);
    failed |= json_object_set_new(row, "reason", text_of(reason, strlen(reason)));
    return failed ? status_fail(ERR_NOMEM, "cannot build a JSON row") : OK;
}

static enum status take_verdict(struct grading *g, int64_t wait_ms)
{
    struct judge_result r;
    int got = 0;
    TRY(judge_poll(g->judge, wait_ms, &r, &got));
    if (!got)
        return OK;
    int pass = r.verdict == JUDGE_PASS;
    g->total += pass;
    return store(g->rows[r.ticket], pass ? 1.0f : 0.0f, json_null(),
                 pass ? "" : judge_verdict_name(r.verdict));
}

static enum status run_program(struct grading *g, const struct grade_row *r)
{
    const struct judge_config config = {.servers = (int)sysconf(_SC_NPROCESSORS_ONLN),
                                        .timeout_ms = 10000,
                                        .memory_mb = 512};
    if (!g->judge)
        TRY(judge_start(&g->judge, &config));
    while (judge_pending(g->judge) >= AHEAD)
        TRY(take_verdict(g, WAIT_MS));
    return judge_submit(g->judge, g->n - 1, buf_cstr(&r->reply), r->reply.len,
                        buf_cstr(&r->gold), 0);
}

static enum status grade_row(struct grading *g, const struct grade_row *r)
{
    struct verify_report report;
    if (r->verifier == VERIFIER_CODE)
        return run_program(g, r);
    verify_explain(r->verifier, buf_cstr(&r->reply), r->reply.len, buf_cstr(&r->gold),
                   &report);
    g->total += (double)report.reward;
    json_t *found =
        report.found ? text_of(report.found, report.found_len) : json_null();
    return store(g->rows[g->n - 1], report.reward, found, report.reason.text);
}

static enum status take_row(void *context, const json_t *row, int *stop)
{
    struct grading *g = context;
    struct grade_row r = {0};
    *stop = 0;
    TRY(grade_row_read(&r, row, g->chosen));
    enum status st;
    TRY_OUT(mem_grow(&g->rows, &g->capacity, g->n, g->n + 1, sizeof(json_t *)));
    g->rows[g->n] = json_copy((json_t *)row);
    if (!g->rows[g->n]) {
        st = status_fail(ERR_NOMEM, "cannot copy a JSON row");
        goto out;
    }
    g->n++;
    st = grade_row(g, &r);
out:
    grade_row_free(&r);
    return st;
}

static enum status append_rows(struct buf *out, const struct grading *g)
{
    for (size_t i = 0; i < g->n; i++) {
        TRY(cell_write(out, g->rows[i]));
        buf_char(out, '\n');
    }
    return out->status;
}

static enum status put(const struct buf *text, const char *path)
{
    if (path)
        return file_write(path, text->data, text->len);
    if (fwrite(buf_cstr(text), 1, text->len, stdout) != text->len || fflush(stdout))
        return status_fail(ERR_IO, "standard output takes no more");
    return OK;
}

static enum status grade_file(const char *path, const char *to,
                              const enum verifier *chosen)
{
    const struct rows_wanted all = {.end = SIZE_MAX};
    struct grading g = {.chosen = chosen};
    struct rows_seen seen;
    struct buf text = {0};
    enum status st;
    TRY_OUT(rows_read(path, &all, take_row, &g, &seen));
    while (g.judge && judge_pending(g.judge) > 0)
        TRY_OUT(take_verdict(&g, WAIT_MS));
    TRY_OUT(append_rows(&text, &g));
    TRY_OUT(put(&text, to));
    log_info("%s: %zu replies, mean reward %.4f", path, g.n,
             g.n ? g.total / (double)g.n : 0.0);
out:
    judge_stop(g.judge);
    for (size_t i = 0; i < g.n; i++)
        json_decref(g.rows[i]);
    mem_free(g.rows);
    buf_free(&text);
    return st;
}

static enum status grade_reply(const char *gold, const char *path,
                               enum verifier verifier)
{
    struct buf text = {0};
    struct verify_report report;
    enum status st;
    const char *file = strcmp(path, "-") == 0 ? "/dev/stdin" : path;
    TRY_OUT(file_read(&text, file, MAX_REPLY_BYTES));
    verify_explain(verifier, buf_cstr(&text), text.len, gold, &report);
    (void)printf("reward    %g\n", (double)report.reward);
    if (report.found)
        (void)printf("extracted %.*s\n", (int)report.found_len, report.found);
    if (report.reason.text[0])
        (void)printf("reason    %s\n", report.reason.text);
out:
    buf_free(&text);
    return st;
}

enum status command_grade(int argc, char **argv)
{
    const char *gold = NULL, *reply = NULL, *to = NULL, *name = NULL;
    const struct option options[] = {{"--gold", &gold, NULL},
                                     {"--reply", &reply, NULL},
                                     {"--out", &to, NULL},
                                     {"--verifier", &name, NULL}};
    struct args args;
    enum verifier verifier = VERIFIER_MATH;
    TRY(args_parse(&args, argc, argv, options, 4));
    if (name)
        TRY(choose(&verifier, name));
    if (gold && reply && !args.first && !args.n_settings && !to)
        return grade_reply(gold, reply, verifier);
    if (args.first && !gold && !reply && !args.n_settings)
        return grade_file(args.first, to, name ? &verifier : NULL);
    return status_fail(ERR_INPUT,
                       "usage: etreerpo grade --gold ANSWER --reply FILE "
                       "[--verifier number|last-number|math], or grade FILE.jsonl "
                       "[--out FILE] [--verifier ...]");
}
