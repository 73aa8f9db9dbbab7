#include "splitter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include "utf8.h"

#include "base/mem.h"

#include <pcre2.h>
#include <stdint.h>
#include <string.h>

struct splitter_stage {
    pcre2_code *code;
    char *pattern;
    int literal;
    int compiled; // for this machine
};

static void stage_free(struct splitter_stage *stage)
{
    if (!stage)
        return;
    pcre2_code_free(stage->code);
    mem_free(stage->pattern);
    mem_free(stage);
}

void splitter_free(struct splitter *s)
{
    for (size_t i = 0; i < s->n; i++)
        stage_free(s->stages[i]);
    *s = (struct splitter){0};
}

static enum status no_memory(void)
{
    return status_fail(ERR_NOMEM, "no memory for a regular expression");
}

static enum status fail_pattern(int error, size_t at)
{
    PCRE2_UCHAR reason[160] = "";
    if (error == PCRE2_ERROR_HEAP_FAILED)
        return no_memory();
    (void)pcre2_get_error_message(error, reason, sizeof reason);
    return status_fail(ERR_INPUT, "regular expression, byte %zu: %s", at,
                       (const char *)reason);
}

static enum status compile(struct splitter_stage *stage)
{
    int error = 0;
    PCRE2_SIZE at = 0;
    uint32_t options = PCRE2_UTF | (stage->literal ? PCRE2_LITERAL : PCRE2_UCP);
    stage->code = pcre2_compile((PCRE2_SPTR)stage->pattern, PCRE2_ZERO_TERMINATED,
                                options, &error, &at, NULL);
    if (!stage->code)
        return fail_pattern(error, at);
    // Without a compiler for this machine the same code is interpreted.
    stage->compiled = pcre2_jit_compile(stage->code, PCRE2_JIT_COMPLETE) == 0;
    return OK;
}

enum status splitter_add(struct splitter *s, const char *pattern, int literal)
{
    struct splitter_stage *stage = NULL;
    enum status st = OK;
    if (s->n == SPLITTER_MAX_STAGES)
        return status_fail(ERR_INPUT, "more than %d patterns", SPLITTER_MAX_STAGES);
    TRY(mem_new(&stage, 1, sizeof *stage));
    stage->literal = literal;
    TRY_OUT(mem_strdup(&stage->pattern, pattern));
    TRY_OUT(compile(stage));
    s->stages[s->n++] = stage;
    return OK;
out:
    stage_free(stage);
    return st;
}

const char *splitter_pattern(const struct splitter *s, size_t stage, int *literal)
{
    *literal = s->stages[stage]->literal;
    return s->stages[stage]->pattern;
}

// One run over a text.
struct run {
    const struct splitter *splitter;
    pcre2_match_data *match; // read before the next match is looked for
    splitter_emit *emit;
    void *context;
};

static enum status cut(struct run *r, size_t stage, const char *text, size_t len);

static enum status cut_next(struct run *r, size_t stage, const char *text, size_t len)
{
    if (!len)
        return OK;
    if (stage + 1 < r->splitter->n)
        return cut(r, stage + 1, text, len);
    return r->emit(r->context, text, len);
}

// The first match that is not empty, from `from` on; *start == len: none.
static enum status find(struct run *r, size_t stage, const char *text, size_t len,
                        size_t from, size_t *start, size_t *end)
{
    const struct splitter_stage *s = r->splitter->stages[stage];
    int found = PCRE2_ERROR_JIT_STACKLIMIT;
    if (s->compiled)
        found = pcre2_jit_match(s->code, (PCRE2_SPTR)text, len, from, PCRE2_NOTEMPTY,
                                r->match, NULL);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)
        found = pcre2_match(s->code, (PCRE2_SPTR)text, len, from,
                            PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY | PCRE2_NO_JIT,
                            r->match, NULL);
    if (found == PCRE2_ERROR_NOMATCH) {
        *start = *end = len;
        return OK;
    }
    if (found == PCRE2_ERROR_NOMEMORY)
        return no_memory();
    if (found < 0) {
        PCRE2_UCHAR reason[160] = "";
        (void)pcre2_get_error_message(found, reason, sizeof reason);
        return status_fail(ERR_LIMIT, "pre-tokenizer pattern %zu: %s", stage,
                           (const char *)reason);
    }
    const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(r->match);
    *start = bounds[0] < from ? from : bounds[0]; // \K may move it back
    *end = bounds[1];
    if (*end <= *start)
        return status_fail(ERR_INPUT, "pre-tokenizer pattern %zu matches backwards",
                           stage);
    return OK;
}

static enum status cut(struct run *r, size_t stage, const char *text, size_t len)
{
    size_t done = 0, start = len, end = len;
    while (done < len) {
        TRY(find(r, stage, text, len, done, &start, &end));
        TRY(cut_next(r, stage, text + done, start - done));
        TRY(cut_next(r, stage, text + start, end - start));
        done = end;
    }
    return OK;
}

// Valid UTF-8 goes through the stages; a run of other bytes is one word.
static enum status run_text(struct run *r, const char *text, size_t len)
{
    while (len) {
        size_t valid = utf8_valid_prefix(text, len);
        if (valid && r->splitter->n)
            TRY(cut(r, 0, text, valid));
        else if (valid)
            TRY(r->emit(r->context, text, valid));
        text += valid;
        len -= valid;
        size_t other = utf8_invalid_prefix(text, len);
        if (other)
            TRY(r->emit(r->context, text, other));
        text += other;
        len -= other;
    }
    return OK;
}

enum status splitter_run(const struct splitter *s, const char *text, size_t len,
                         splitter_emit *emit, void *context)
{
    struct run r = {s, NULL, emit, context};
    if (s->n) {
        r.match = pcre2_match_data_create(1, NULL);
        if (!r.match)
            return no_memory();
    }
    enum status st = run_text(&r, text, len);
    pcre2_match_data_free(r.match);
    return st;
}
