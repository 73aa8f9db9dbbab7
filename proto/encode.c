// Messages to msgpack.  Bulk arrays go out as `bin`, little-endian.
#include "keys.h"
#include "message.h"

#include "base/mem.h"

#include <msgpack.h>

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "bin arrays are written as they lie in memory: little-endian machines only"
#endif

static int write_buf(void *to, const char *data, size_t len)
{
    struct buf *b = to;
    buf_append(b, data, len);
    return b->status == OK ? 0 : -1;
}

// Each put_ writes one key and its value; a failed write stays in the buffer's status.
static void put_key(msgpack_packer *p, const char *key)
{
    size_t len = strlen(key);
    (void)msgpack_pack_str(p, len);
    (void)msgpack_pack_str_body(p, key, len);
}

static void put_u64(msgpack_packer *p, const char *key, uint64_t value)
{
    put_key(p, key);
    (void)msgpack_pack_uint64(p, value);
}

static void put_i64(msgpack_packer *p, const char *key, int64_t value)
{
    put_key(p, key);
    (void)msgpack_pack_int64(p, value);
}

static void put_double(msgpack_packer *p, const char *key, double value)
{
    put_key(p, key);
    (void)msgpack_pack_double(p, value);
}

static void put_text(msgpack_packer *p, const char *key, const char *text)
{
    size_t len = strlen(text);
    put_key(p, key);
    (void)msgpack_pack_str(p, len);
    (void)msgpack_pack_str_body(p, text, len);
}

static void put_bin(msgpack_packer *p, const char *key, const void *data, size_t bytes)
{
    put_key(p, key);
    (void)msgpack_pack_bin(p, bytes);
    if (bytes)
        (void)msgpack_pack_bin_body(p, data, bytes);
}

enum { HEAD_KEYS = 3 };

static void begin(msgpack_packer *p, const struct message *m, size_t keys)
{
    (void)msgpack_pack_map(p, HEAD_KEYS + keys);
    put_i64(p, KEY_PROTOCOL, PROTO_VERSION);
    put_i64(p, KEY_TYPE, (int64_t)m->type);
    put_u64(p, KEY_INCARNATION, m->incarnation);
}

static void encode_hello(msgpack_packer *p, const struct message *m)
{
    const struct msg_hello *h = &m->as.hello;
    begin(p, m, 3);
    put_u64(p, KEY_MODEL, h->model_hash);
    put_i64(p, KEY_THREADS, h->threads);
    put_text(p, KEY_HOST, h->host);
}

static void encode_lease(msgpack_packer *p, const struct message *m)
{
    const struct msg_lease *l = &m->as.lease;
    begin(p, m, 11);
    put_u64(p, KEY_VERSION, l->weights_version);
    put_u64(p, KEY_BYTES, l->weights_bytes);
    put_u64(p, KEY_INCOMING, l->weights_incoming);
    put_i64(p, KEY_WANT, l->want);
    put_bin(p, KEY_HELD, l->held, l->n_held * sizeof *l->held);
    put_double(p, KEY_BUSY, l->busy_s);
    put_double(p, KEY_IDLE, l->idle_s);
    put_double(p, KEY_FLOPS, l->flops);
    put_i64(p, KEY_GENERATED, l->generated_tokens);
    put_u64(p, KEY_GENERATION, l->generation);
    put_i64(p, KEY_GROUP, l->group);
}

static void put_rule(msgpack_packer *p, const struct branching *b, size_t depths)
{
    put_i64(p, KEY_RULE, b->rule);
    put_bin(p, KEY_RATES, b->rate, depths * sizeof *b->rate);
    put_bin(p, KEY_ENTROPY_OF, b->entropy, depths * sizeof *b->entropy);
    put_double(p, KEY_SHARPNESS, b->sharpness);
    put_i64(p, KEY_MOST, b->most);
    put_i64(p, KEY_BUDGET, b->budget);
}

static void encode_task(msgpack_packer *p, const struct message *m)
{
    const struct msg_task *t = &m->as.task;
    begin(p, m, 25);
    put_u64(p, KEY_LEASE, t->lease);
    put_u64(p, KEY_STEP, t->step);
    put_u64(p, KEY_PROMPT_ID, t->prompt_id);
    put_u64(p, KEY_VERSION, t->policy_version);
    put_u64(p, KEY_RNG, t->rng_key);
    put_i64(p, KEY_DEADLINE, t->deadline_ms);
    put_bin(p, KEY_BRANCH, t->branch, (size_t)t->n_branch * sizeof *t->branch);
    put_rule(p, &t->rule, (size_t)t->n_branch);
    put_double(p, KEY_CUT, (double)t->cutoff.cut);
    put_double(p, KEY_CONTROL, (double)t->cutoff.control);
    put_i64(p, KEY_FIRST, t->first_child);
    put_i64(p, KEY_COUNT, t->child_count);
    put_i64(p, KEY_STEP_TOKENS, t->step_tokens);
    put_i64(p, KEY_MAX_NEW, t->max_new_tokens);
    put_double(p, KEY_TEMPERATURE, (double)t->temperature);
    put_i64(p, KEY_VERIFIER, t->verifier);
    put_bin(p, KEY_PROMPT, t->prompt, t->n_prompt * sizeof *t->prompt);
    put_i64(p, KEY_COMMON, t->common);
    put_text(p, KEY_ANSWER, t->answer);
    put_text(p, KEY_PREFILL, t->prefill ? t->prefill : "");
}

// The nodes' fields as arrays of their own: rows[field][node].
enum { NODE_COLUMNS = 7, NODE_WHOLE = 5 };

static enum status put_nodes(msgpack_packer *p, const struct tree *t)
{
    static const char *const names[NODE_COLUMNS] = {
        KEY_PARENT, KEY_CHILD,  KEY_BRANCHING, KEY_TOKEN_COUNT,
        KEY_END,    KEY_REWARD, KEY_KEEP};
    int32_t *column = NULL;
    TRY(mem_new(&column, t->n_nodes, sizeof *column));
    for (int c = 0; c < NODE_COLUMNS; c++) {
        for (size_t i = 0; i < t->n_nodes; i++) {
            const struct tree_node *n = &t->nodes[i];
            const int32_t whole[NODE_WHOLE] = {n->parent, n->child_index, n->branching,
                                               n->token_count, (int32_t)n->end};
            const float real[NODE_COLUMNS - NODE_WHOLE] = {n->reward, n->keep};
            if (c < NODE_WHOLE)
                column[i] = whole[c];
            else
                memcpy(&column[i], &real[c - NODE_WHOLE], sizeof *column);
        }
        put_bin(p, names[c], column, t->n_nodes * sizeof *column);
    }
    mem_free(column);
    return OK;
}

static enum status encode_result(msgpack_packer *p, const struct message *m)
{
    const struct tree *t = &m->as.result.tree;
    begin(p, m, 9 + NODE_COLUMNS);
    put_u64(p, KEY_LEASE, m->as.result.lease);
    put_i64(p, KEY_PREFILLED, m->as.result.prefilled);
    put_u64(p, KEY_STEP, t->step);
    put_u64(p, KEY_PROMPT_ID, t->prompt_id);
    put_u64(p, KEY_VERSION, t->policy_version);
    put_double(p, KEY_CONTROL, (double)t->control);
    TRY(put_nodes(p, t));
    put_bin(p, KEY_TOKENS, t->tokens, t->n_tokens * sizeof *t->tokens);
    put_bin(p, KEY_LOG_PROBS, t->log_probs, t->n_tokens * sizeof *t->log_probs);
    put_bin(p, KEY_ENTROPIES, t->entropies, t->n_tokens * sizeof *t->entropies);
    return OK;
}

// All but the data itself, which the caller sends right behind.
static enum status encode_weights(msgpack_packer *p, const struct message *m)
{
    const struct msg_weights *w = &m->as.weights;
    if (w->len > UINT32_MAX)
        return status_fail(ERR_LIMIT, "WEIGHTS: a slice of %zu bytes", w->len);
    begin(p, m, 4);
    put_u64(p, KEY_VERSION, w->version);
    put_u64(p, KEY_BYTES, w->total_bytes);
    put_u64(p, KEY_OFFSET, w->offset);
    put_key(p, KEY_DATA);
    (void)msgpack_pack_bin(p, w->len);
    return OK;
}

// The id is empty but in a JOIN.
static void encode_group(msgpack_packer *p, const struct message *m)
{
    const struct msg_group *g = &m->as.group;
    begin(p, m, 7);
    put_i64(p, KEY_ORDER, g->order);
    put_u64(p, KEY_WORKER, g->worker);
    put_u64(p, KEY_GENERATION, g->generation);
    put_u64(p, KEY_VERSION, g->version);
    put_u64(p, KEY_BYTES, g->bytes);
    put_bin(p, KEY_ID, g->id, g->order == GROUP_JOIN ? sizeof g->id : 0);
    put_bin(p, KEY_EXCLUDED, g->excluded, g->n_excluded * sizeof *g->excluded);
}

enum status message_encode(struct buf *out, const struct message *m)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_buf);
    switch (m->type) {
    case MSG_HELLO:
        encode_hello(&packer, m);
        break;
    case MSG_LEASE:
        encode_lease(&packer, m);
        break;
    case MSG_TASK:
        encode_task(&packer, m);
        break;
    case MSG_RESULT:
        TRY(encode_result(&packer, m));
        break;
    case MSG_WEIGHTS:
        TRY(encode_weights(&packer, m));
        break;
    case MSG_STOP:
        begin(&packer, m, 0);
        break;
    case MSG_GROUP:
        encode_group(&packer, m);
        break;
    case MSG_FAULT:
        begin(&packer, m, 1);
        put_text(&packer, KEY_TEXT, m->as.fault.text);
        break;
    default:
        return status_fail(ERR_INTERNAL, "encode: no message type %d", (int)m->type);
    }
    return status_wrap(out->status, "encode %s", message_name(m->type));
}
