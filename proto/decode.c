#include "decode_result.h"
#include "fields.h"
#include "keys.h"
#include "message.h"

#include "base/mem.h"

#include <float.h>
#include <string.h>

enum {
    MAX_PROMPT_TOKENS = 1 << 22,
    MAX_ANSWER_BYTES = 1 << 26,
    MAX_PREFILL_BYTES = 1 << 20,
    MAX_VERIFIERS = 16,
};
#define MAX_RATE        1e6
#define MAX_DEADLINE_MS ((int64_t)1 << 40) // 35 years: adding a clock's time is safe

const char *message_name(enum message_type type)
{
    static const char *const names[] = {"?",       "HELLO", "LEASE", "TASK", "RESULT",
                                        "WEIGHTS", "STOP",  "FAULT", "GROUP"};
    return type >= MSG_HELLO && type <= MSG_GROUP ? names[type] : names[0];
}

// Copies text into a fixed array, cut to its room.  It ends up in the log, so control
// characters become question marks: one message, one line.
static enum status copy_text(const struct fields *f, const char *key, char *out,
                             size_t room)
{
    const char *text = NULL;
    size_t len = 0;
    TRY(field_str(f, key, &text, &len));
    len = len < room ? len : room - 1;
    memcpy(out, text, len);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
            out[i] = '?';
    out[len] = 0;
    return OK;
}

// A bin of whole items as an array of its own.
static enum status copy_items(const struct fields *f, const char *key, void *out,
                              size_t size, size_t max, size_t *count)
{
    const uint8_t *bytes = NULL;
    TRY(field_items(f, key, size, max, &bytes, count));
    return mem_dup(out, bytes, *count, size);
}

static enum status decode_hello(const struct fields *f, struct msg_hello *out)
{
    TRY(field_u64(f, KEY_MODEL, &out->model_hash));
    TRY(field_i32(f, KEY_THREADS, 1, 1 << 16, &out->threads));
    return copy_text(f, KEY_HOST, out->host, sizeof out->host);
}

static enum status decode_generation(const struct fields *f, int64_t least,
                                     uint32_t *out)
{
    int64_t generation = 0;
    TRY(field_int(f, KEY_GENERATION, least, UINT32_MAX, &generation));
    *out = (uint32_t)generation;
    return OK;
}

static enum status decode_lease(const struct fields *f, struct msg_lease *out)
{
    TRY(field_u64(f, KEY_VERSION, &out->weights_version));
    TRY(field_u64(f, KEY_BYTES, &out->weights_bytes));
    TRY(field_u64(f, KEY_INCOMING, &out->weights_incoming));
    TRY(field_i32(f, KEY_WANT, 0, PROTO_MAX_LEASES, &out->want));
    TRY(field_double(f, KEY_BUSY, 0.0, DBL_MAX, &out->busy_s));
    TRY(field_double(f, KEY_IDLE, 0.0, DBL_MAX, &out->idle_s));
    TRY(field_double(f, KEY_FLOPS, 0.0, DBL_MAX, &out->flops));
    int32_t group = 0;
    TRY(field_int(f, KEY_GENERATED, 0, INT64_MAX, &out->generated_tokens));
    TRY(decode_generation(f, 0, &out->generation));
    TRY(field_i32(f, KEY_GROUP, 0, GROUP_STATES - 1, &group));
    out->group = (enum group_state)group;
    return copy_items(f, KEY_HELD, &out->held, sizeof *out->held, PROTO_MAX_LEASES,
                      &out->n_held);
}

static enum status check_tokens(const struct fields *f, const int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0)
            return status_fail(ERR_PROTOCOL, "%s: %s: a negative token id", f->message,
                               KEY_PROMPT);
    return OK;
}

// As many numbers as depths, each finite and at least `least`.
static enum status decode_numbers(const struct fields *f, const char *key, double least,
                                  size_t depths, double *out)
{
    const uint8_t *bytes = NULL;
    size_t n = 0;
    TRY(field_items(f, key, sizeof *out, BRANCH_MAX_DEPTH, &bytes, &n));
    if (n != depths)
        return status_fail(ERR_PROTOCOL, "TASK: %s: %zu of them for %zu depths", key, n,
                           depths);
    memcpy(out, bytes, n * sizeof *out);
    for (size_t i = 0; i < n; i++)
        if (!(out[i] >= least && out[i] <= MAX_RATE))
            return status_fail(ERR_PROTOCOL, "TASK: %s: out of range", key);
    return OK;
}

static enum status decode_rule(const struct fields *f, struct branching *out,
                               size_t depths)
{
    int32_t rule = 0;
    TRY(field_i32(f, KEY_RULE, 0, BRANCH_RULES - 1, &rule));
    out->rule = (enum branch_rule)rule;
    out->depths = (int32_t)depths;
    TRY(decode_numbers(f, KEY_RATES, 0.0, depths, out->rate));
    TRY(decode_numbers(f, KEY_ENTROPY_OF, 0.0, depths, out->entropy));
    TRY(field_double(f, KEY_SHARPNESS, 0.0, MAX_RATE, &out->sharpness));
    TRY(field_i32(f, KEY_MOST, 0, TREE_MAX_NODES, &out->most));
    return field_int(f, KEY_BUDGET, 0, MAX_DEADLINE_MS, &out->budget);
}

static enum status decode_branch(const struct fields *f, struct msg_task *out)
{
    const uint8_t *bytes = NULL;
    size_t n = 0;
    TRY(field_items(f, KEY_BRANCH, sizeof *out->branch, PROTO_MAX_BRANCH_DEPTHS, &bytes,
                    &n));
    memcpy(out->branch, bytes, n * sizeof *out->branch);
    out->n_branch = (int32_t)n;
    for (size_t i = 0; i < n; i++)
        if (out->branch[i] < 1 || out->branch[i] > TREE_MAX_NODES)
            return status_fail(ERR_PROTOCOL, "TASK: branch: out of range");
    TRY(decode_rule(f, &out->rule, n));
    TRY(field_i32(f, KEY_FIRST, 0, TREE_MAX_NODES, &out->first_child));
    TRY(field_i32(f, KEY_COUNT, 1, TREE_MAX_NODES, &out->child_count));
    if (n == 0 || out->child_count > out->branch[0] - out->first_child)
        return status_fail(ERR_PROTOCOL, "TASK: children that the root does not have");
    return OK;
}

static enum status decode_cutoff(const struct fields *f, struct cutoff_rule *out)
{
    double cut = 0.0, control = 0.0;
    TRY(field_double(f, KEY_CUT, 0.0, 1.0, &cut));
    TRY(field_double(f, KEY_CONTROL, 0.0, 1.0, &control));
    *out = (struct cutoff_rule){(float)cut, (float)control};
    return OK;
}

// A text of its own, at most so long.
static enum status copy_string(const struct fields *f, const char *key, size_t most,
                               char **out)
{
    const char *text = NULL;
    size_t len = 0;
    TRY(field_str(f, key, &text, &len));
    if (len > most || memchr(text, 0, len))
        return status_fail(ERR_PROTOCOL, "%s: %s: too long, or a NUL in it", f->message,
                           key);
    TRY(mem_new(out, len + 1, 1));
    memcpy(*out, text, len);
    return OK;
}

static enum status decode_task(const struct fields *f, struct msg_task *out)
{
    double temperature = 0.0;
    TRY(field_u64(f, KEY_LEASE, &out->lease));
    TRY(field_u64(f, KEY_STEP, &out->step));
    TRY(field_u64(f, KEY_PROMPT_ID, &out->prompt_id));
    TRY(field_u64(f, KEY_VERSION, &out->policy_version));
    TRY(field_u64(f, KEY_RNG, &out->rng_key));
    TRY(field_int(f, KEY_DEADLINE, 0, MAX_DEADLINE_MS, &out->deadline_ms));
    TRY(decode_branch(f, out));
    TRY(decode_cutoff(f, &out->cutoff));
    TRY(field_i32(f, KEY_STEP_TOKENS, 0, TREE_MAX_TOKENS, &out->step_tokens));
    TRY(field_i32(f, KEY_MAX_NEW, 1, TREE_MAX_TOKENS, &out->max_new_tokens));
    TRY(field_double(f, KEY_TEMPERATURE, 0.0, 1e6, &temperature));
    out->temperature = (float)temperature;
    TRY(field_i32(f, KEY_VERIFIER, 0, MAX_VERIFIERS - 1, &out->verifier));
    TRY(copy_items(f, KEY_PROMPT, &out->prompt, sizeof *out->prompt, MAX_PROMPT_TOKENS,
                   &out->n_prompt));
    TRY(check_tokens(f, out->prompt, out->n_prompt));
    TRY(field_i32(f, KEY_COMMON, 0, (int32_t)out->n_prompt, &out->common));
    TRY(copy_string(f, KEY_ANSWER, MAX_ANSWER_BYTES, &out->answer));
    return copy_string(f, KEY_PREFILL, MAX_PREFILL_BYTES, &out->prefill);
}

static enum status decode_weights(const struct fields *f, struct msg_weights *out)
{
    TRY(field_u64(f, KEY_VERSION, &out->version));
    TRY(field_u64(f, KEY_BYTES, &out->total_bytes));
    TRY(field_u64(f, KEY_OFFSET, &out->offset));
    TRY(field_items(f, KEY_DATA, 1, (size_t)-1, &out->data, &out->len));
    if (out->offset > out->total_bytes || out->len > out->total_bytes - out->offset)
        return status_fail(ERR_PROTOCOL, "WEIGHTS: a slice beyond the buffer's end");
    return OK;
}

// A broadcast has bytes, a join its whole id, and no rank is negative.
static enum status decode_group(const struct fields *f, struct msg_group *out)
{
    const uint8_t *id = NULL;
    size_t n = 0;
    int32_t order = 0;
    TRY(field_i32(f, KEY_ORDER, GROUP_JOIN, GROUP_ORDERS - 1, &order));
    out->order = (enum group_order)order;
    TRY(field_u64(f, KEY_WORKER, &out->worker));
    TRY(decode_generation(f, 1, &out->generation));
    TRY(field_u64(f, KEY_VERSION, &out->version));
    TRY(field_u64(f, KEY_BYTES, &out->bytes));
    if (out->order == GROUP_BROADCAST && out->bytes == 0)
        return status_fail(ERR_PROTOCOL, "GROUP: bytes: none to broadcast");
    TRY(field_items(f, KEY_ID, 1, sizeof out->id, &id, &n));
    if (n != (out->order == GROUP_JOIN ? sizeof out->id : 0))
        return status_fail(ERR_PROTOCOL, "GROUP: id: of %zu bytes", n);
    memcpy(out->id, id, n);
    TRY(copy_items(f, KEY_EXCLUDED, &out->excluded, sizeof *out->excluded,
                   PROTO_MAX_RANKS, &out->n_excluded));
    for (size_t i = 0; i < out->n_excluded; i++)
        if (out->excluded[i] < 0)
            return status_fail(ERR_PROTOCOL, "GROUP: excluded: a negative rank");
    return OK;
}

static enum status decode_body(const struct fields *f, struct message *out)
{
    switch (out->type) {
    case MSG_HELLO:
        return decode_hello(f, &out->as.hello);
    case MSG_LEASE:
        return decode_lease(f, &out->as.lease);
    case MSG_TASK:
        return decode_task(f, &out->as.task);
    case MSG_RESULT:
        return decode_result(f, &out->as.result);
    case MSG_WEIGHTS:
        return decode_weights(f, &out->as.weights);
    case MSG_GROUP:
        return decode_group(f, &out->as.group);
    case MSG_FAULT:
        return copy_text(f, KEY_TEXT, out->as.fault.text, sizeof out->as.fault.text);
    case MSG_STOP:
        break;
    }
    return OK;
}

enum status message_decode(struct message *out, const uint8_t *bytes, size_t len)
{
    struct fields f;
    struct message m = {0};
    int64_t version = 0, type = 0;
    TRY(fields_read(&f, bytes, len));
    TRY(field_int(&f, KEY_PROTOCOL, 0, INT64_MAX, &version));
    if (version != PROTO_VERSION)
        return status_fail(ERR_PROTOCOL, "message of protocol %lld, ours is %d",
                           (long long)version, PROTO_VERSION);
    TRY(field_int(&f, KEY_TYPE, MSG_HELLO, MSG_GROUP, &type));
    m.type = (enum message_type)type;
    f.message = message_name(m.type);
    TRY(field_u64(&f, KEY_INCARNATION, &m.incarnation));
    enum status st = decode_body(&f, &m);
    if (st != OK) {
        message_free(&m);
        return st;
    }
    *out = m;
    return OK;
}

void message_free(struct message *m)
{
    if (m->type == MSG_LEASE)
        mem_free(m->as.lease.held);
    if (m->type == MSG_TASK)
        msg_task_clear(&m->as.task);
    if (m->type == MSG_GROUP)
        mem_free(m->as.group.excluded);
    if (m->type == MSG_RESULT)
        tree_free(&m->as.result.tree);
    *m = (struct message){0};
}

void msg_task_clear(struct msg_task *task)
{
    mem_free(task->prompt);
    mem_free(task->answer);
    mem_free(task->prefill);
    task->prompt = NULL;
    task->n_prompt = 0;
    task->answer = task->prefill = NULL;
}

enum status msg_task_copy(struct msg_task *out, const struct msg_task *task)
{
    struct msg_task copy = *task;
    enum status st;
    copy.prompt = NULL;
    copy.answer = copy.prefill = NULL;
    TRY_OUT(mem_dup(&copy.prompt, task->prompt, task->n_prompt, sizeof *task->prompt));
    TRY_OUT(mem_strdup(&copy.answer, task->answer ? task->answer : ""));
    TRY_OUT(mem_strdup(&copy.prefill, task->prefill ? task->prefill : ""));
    *out = copy;
    return OK;
out:
    msg_task_clear(&copy);
    return st;
}
