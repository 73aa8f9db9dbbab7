// Maps with the right format and the wrong content are refused with the message's and
// the key's name; what a later version may add is stepped over.
#include "samples.h"

#include "proto/fields.h"
#include "proto/keys.h"

// The pairs of a message in another order, one of them left out or with another value.
struct edit {
    const char *drop, *replace;
    struct bytes value; // for `replace`
    struct bytes extra; // pairs put in front
    uint32_t extra_pairs;
    int reversed;
};

static int named(const struct field *f, const char *name)
{
    return name && f->key_len == strlen(name) && memcmp(f->key, name, f->key_len) == 0;
}

static void put_pair(struct buf *out, const struct fields *f, size_t i,
                     const uint8_t *end, const struct edit *e)
{
    const uint8_t *key = (const uint8_t *)f->items[i].key - 1; // short: one length byte
    const uint8_t *value = key + 1 + f->items[i].key_len;
    const uint8_t *next = i + 1 < f->n ? (const uint8_t *)f->items[i + 1].key - 1 : end;
    buf_append(out, key, (size_t)(value - key));
    if (named(&f->items[i], e->replace))
        buf_append(out, e->value.data, e->value.len);
    else
        buf_append(out, value, (size_t)(next - value));
}

static void edit(struct buf *out, const struct buf *bytes, const struct edit *e)
{
    struct fields f;
    uint32_t n = 0;
    assert_ok(fields_read(&f, bytes->data, bytes->len));
    n = (uint32_t)f.n - (e->drop ? 1 : 0) + e->extra_pairs;
    const uint8_t head[] = {0xdf, 0, 0, 0, (uint8_t)n};
    buf_append(out, head, sizeof head);
    buf_append(out, e->extra.data, e->extra.len);
    for (size_t k = 0; k < f.n; k++) {
        size_t i = e->reversed ? f.n - 1 - k : k;
        if (!named(&f.items[i], e->drop))
            put_pair(out, &f, i, bytes->data + bytes->len, e);
    }
    assert_ok(out->status);
}

static void assert_names(const char *text, const char *name)
{
    if (!strstr(text, name))
        fail_msg("'%s' does not name %s", text, name);
}

static enum status decode_edited(const struct message *m, const struct edit *e,
                                 struct message *out)
{
    struct buf bytes = {0}, edited = {0};
    sample_bytes(&bytes, m);
    edit(&edited, &bytes, e);
    enum status st = decode_exact(out, edited.data, edited.len);
    buf_free(&bytes);
    buf_free(&edited);
    return st;
}

static void assert_edit_refused(const struct message *m, const struct edit *e,
                                const char *key)
{
    struct message out;
    assert_int_equal(decode_edited(m, e, &out), ERR_PROTOCOL);
    assert_names(status_message(), key);
    int head = strcmp(key, KEY_PROTOCOL) == 0 || strcmp(key, KEY_TYPE) == 0;
    assert_names(status_message(), head ? "message" : message_name(m->type));
}

// Each key of each message: missing, and of a kind that no key has.
static void test_keys(void **state)
{
    (void)state;
    struct sample all[N_SAMPLES];
    samples(all);
    for (int i = 0; i < N_SAMPLES; i++) {
        struct buf bytes = {0};
        struct fields f;
        sample_bytes(&bytes, &all[i].message);
        assert_ok(fields_read(&f, bytes.data, bytes.len));
        for (size_t k = 0; k < f.n; k++) {
            char key[32] = "";
            memcpy(key, f.items[k].key, f.items[k].key_len);
            struct edit missing = {.drop = key};
            struct edit nil = {.replace = key, .value = BYTES("\xc0")};
            struct edit map = {.replace = key, .value = BYTES("\x81\xa1v\x01")};
            assert_edit_refused(&all[i].message, &missing, key);
            assert_edit_refused(&all[i].message, &nil, key);
            assert_edit_refused(&all[i].message, &map, key);
        }
        buf_free(&bytes);
    }
}

// A later version's keys of any kind are stepped over; the order is free.
static void test_unknown_keys(void **state)
{
    (void)state;
    const struct edit e = {
        .extra =
            BYTES("\xa1x\xc0\xa1y\x93\x01\xa1z\x81\xa1k\xc3\xa2zz\xd9\x02hi"
                  "\xa2"
                  "e1\xd4\x05!\xa2"
                  "e2\xc7\x03\x05"
                  "abc\xa1m\xde\x00\x01\xa1k\x01\xa1n\xdd\x00\x00\x00\x02\x01\x02"),
        .extra_pairs = 7,
        .reversed = 1,
    };
    struct sample all[N_SAMPLES];
    samples(all);
    for (int i = 0; i < N_SAMPLES; i++) {
        struct message out;
        assert_ok(decode_edited(&all[i].message, &e, &out));
        assert_int_equal(out.type, all[i].message.type);
        message_free(&out);
    }
}

static void test_key_twice(void **state)
{
    (void)state;
    const struct edit e = {.extra = BYTES("\xa3inc\x05"), .extra_pairs = 1};
    struct message stop = {.type = MSG_STOP}, out;
    assert_int_equal(decode_edited(&stop, &e, &out), ERR_PROTOCOL);
}

// ---- numbers out of range

#define ONE "\x01\0\0\0"

static const struct bad {
    const char *sample, *key;
    struct bytes value;
} bads[] = {
    {"stop", KEY_PROTOCOL, BYTES("\x00")},
    {"stop", KEY_PROTOCOL, BYTES("\x01")},
    {"stop", KEY_PROTOCOL, BYTES("\xff")},
    {"stop", KEY_TYPE, BYTES("\x00")},
    {"stop", KEY_TYPE, BYTES("\x09")},
    {"stop", KEY_TYPE, BYTES("\xe0")},
    {"stop", KEY_TYPE, BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff")},
    {"stop", KEY_INCARNATION, BYTES("\xff")},
    {"hello", KEY_THREADS, BYTES("\x00")},
    {"hello", KEY_THREADS, BYTES("\xce\x00\x01\x00\x01")},
    {"hello", KEY_HOST, BYTES("\xc4\x01h")},
    {"lease", KEY_WANT, BYTES("\xff")},
    {"lease", KEY_WANT, BYTES("\xcd\x10\x01")},
    {"lease", KEY_HELD,
     BYTES("\xc4\x07"
           "1234567")},
    {"lease", KEY_BUSY, BYTES("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00")},  // NaN
    {"lease", KEY_IDLE, BYTES("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00")},  // infinity
    {"lease", KEY_FLOPS, BYTES("\xcb\xbf\xf0\x00\x00\x00\x00\x00\x00")}, // -1
    {"lease", KEY_GENERATED, BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00")},
    {"lease", KEY_GENERATION, BYTES("\xff")},
    {"lease", KEY_GENERATION, BYTES("\xcf\x00\x00\x00\x01\x00\x00\x00\x00")},
    {"lease", KEY_GROUP, BYTES("\x06")},
    {"lease", KEY_GROUP, BYTES("\xff")},
    {"group_join", KEY_ORDER, BYTES("\x00")},
    {"group_join", KEY_ORDER, BYTES("\x04")},
    {"group_join", KEY_ORDER, BYTES("\x02")}, // a broadcast of nothing, with an id
    {"group_join", KEY_WORKER, BYTES("\xff")},
    {"group_join", KEY_GENERATION, BYTES("\x00")},
    {"group_join", KEY_GENERATION, BYTES("\xcf\x00\x00\x00\x01\x00\x00\x00\x00")},
    {"group_join", KEY_ID, BYTES("\xc4\x00")},
    {"group_shrink", KEY_ID, BYTES("\xc4\x01i")},
    {"group_shrink", KEY_EXCLUDED, BYTES("\xc4\x03\x01\x00\x00")},
    {"group_shrink", KEY_EXCLUDED, BYTES("\xc4\x04\xff\xff\xff\xff")},
    {"group_broadcast", KEY_BYTES, BYTES("\x00")},
    {"task", KEY_DEADLINE, BYTES("\xff")},
    {"task", KEY_DEADLINE, BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff")},
    {"task", KEY_BRANCH, BYTES("\xc4\x00")},
    {"task", KEY_BRANCH, BYTES("\xc4\x03\x04\x00\x00")},
    {"task", KEY_BRANCH, BYTES("\xc4\x08\x04\x00\x00\x00\x00\x00\x00\x00")},
    {"task", KEY_BRANCH, BYTES("\xc4\x04\x03\x00\x00\x00")}, // children 2 and 3 of 3
    {"task", KEY_BRANCH,
     BYTES("\xc4\x44" ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE
               ONE)}, // 17 depths
    {"task", KEY_RULE, BYTES("\x04")},
    {"task", KEY_RATES, BYTES("\xc4\x00")}, // none for three depths
    {"task", KEY_MOST, BYTES("\xff")},
    {"task", KEY_BUDGET, BYTES("\xff")},
    {"task", KEY_SHARPNESS, BYTES("\xca\x7f\xc0\x00\x00")},
    {"task", KEY_CUT, BYTES("\xcb\xbf\xf0\x00\x00\x00\x00\x00\x00")},     // -1
    {"task", KEY_CUT, BYTES("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00")},     // NaN
    {"task", KEY_CONTROL, BYTES("\xcb\x40\x00\x00\x00\x00\x00\x00\x00")}, // 2
    {"task", KEY_FIRST, BYTES("\xff")},
    {"task", KEY_FIRST, BYTES("\x03")},
    {"task", KEY_COUNT, BYTES("\x00")},
    {"task", KEY_COUNT, BYTES("\x03")},
    {"task", KEY_STEP_TOKENS, BYTES("\xff")},
    {"task", KEY_MAX_NEW, BYTES("\x00")},
    {"task", KEY_MAX_NEW, BYTES("\xce\x04\x00\x00\x01")},
    {"task", KEY_TEMPERATURE, BYTES("\xca\xbf\x80\x00\x00")},
    {"task", KEY_TEMPERATURE, BYTES("\xca\x7f\xc0\x00\x00")},
    {"task", KEY_TEMPERATURE, BYTES("\x01")},
    {"task", KEY_VERIFIER, BYTES("\x10")},
    {"task", KEY_PROMPT, BYTES("\xc4\x04\xff\xff\xff\xff")},
    {"task", KEY_COMMON, BYTES("\xff")},
    {"task", KEY_COMMON, BYTES("\x05")}, // of a prompt of 4
    {"result", KEY_PREFILLED, BYTES("\xff")},
    {"result", KEY_PREFILLED, BYTES("\xce\x80\x00\x00\x00")},
    {"task", KEY_ANSWER,
     BYTES("\xa3"
           "1\0"
           "2")},
    {"task", KEY_PREFILL,
     BYTES("\xa3"
           "1\0"
           "2")},
    {"task", KEY_PREFILL, BYTES("\xc0")},
    {"weights", KEY_BYTES, BYTES("\x05")},
    {"weights", KEY_OFFSET, BYTES("\xce\x00\x0f\xff\xf7")}, // 10 bytes in the last 9
    {"weights", KEY_OFFSET, BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff")},
    {"result", KEY_PARENT, BYTES("\xc4\x00")},
    {"result", KEY_REWARD, BYTES("\xc4\x04\x00\x00\x80\x3f")},
    {"result", KEY_KEEP, BYTES("\xc4\x04\x00\x00\x80\x3f")},
    {"result", KEY_CONTROL, BYTES("\xcb\xbf\xf0\x00\x00\x00\x00\x00\x00")},
    {"result", KEY_TOKENS, BYTES("\xc4\x04\x01\x00\x00\x00")},
    {"result", KEY_LOG_PROBS, BYTES("\xc4\x00")},
};

static void test_out_of_range(void **state)
{
    (void)state;
    struct sample all[N_SAMPLES];
    samples(all);
    for (size_t b = 0; b < sizeof bads / sizeof *bads; b++) {
        int found = 0;
        for (int i = 0; i < N_SAMPLES; i++) {
            if (strcmp(all[i].name, bads[b].sample) != 0)
                continue;
            struct message out;
            const struct edit e = {.replace = bads[b].key, .value = bads[b].value};
            if (decode_edited(&all[i].message, &e, &out) != ERR_PROTOCOL)
                fail_msg("case %zu: %s %s is taken", b, bads[b].sample, bads[b].key);
            found = 1;
        }
        assert_true(found);
    }
}

// ---- trees whose arrays contradict each other

static void assert_tree_refused(struct tree_node *nodes, size_t n)
{
    struct message m = {.type = MSG_RESULT}, out;
    struct buf bytes = {0};
    m.as.result.tree = sample_tree();
    m.as.result.tree.nodes = nodes;
    m.as.result.tree.n_nodes = n;
    if (n == 0)
        m.as.result.tree.n_tokens = 0;
    sample_bytes(&bytes, &m);
    assert_int_equal(decode_exact(&out, bytes.data, bytes.len), ERR_PROTOCOL);
    assert_names(status_message(), "RESULT");
    buf_free(&bytes);
}

enum { N_NODES = sizeof sample_nodes / sizeof *sample_nodes };

static const struct {
    int node;
    size_t field;
    int32_t value;
} contradictions[] = {
    {0, offsetof(struct tree_node, parent), 0},
    {1, offsetof(struct tree_node, parent), -1},
    {2, offsetof(struct tree_node, parent), 2},
    {3, offsetof(struct tree_node, parent), INT32_MIN},
    {4, offsetof(struct tree_node, end), NODE_CUT + 1},
    {4, offsetof(struct tree_node, end), -1},
    {4, offsetof(struct tree_node, token_count), 2},
    {4, offsetof(struct tree_node, token_count), 0},
    {2, offsetof(struct tree_node, token_count), INT32_MAX},
};

static void test_trees(void **state)
{
    (void)state;
    struct tree_node nodes[N_NODES];
    for (size_t i = 0; i < sizeof contradictions / sizeof *contradictions; i++) {
        memcpy(nodes, sample_nodes, sizeof nodes);
        memcpy((char *)&nodes[contradictions[i].node] + contradictions[i].field,
               &contradictions[i].value, sizeof contradictions[i].value);
        assert_tree_refused(nodes, N_NODES);
    }
    memcpy(nodes, sample_nodes, sizeof nodes);
    nodes[1].token_count = -1; // made up for by the next one
    nodes[2].token_count = 5;
    assert_tree_refused(nodes, N_NODES);
    assert_tree_refused(nodes, 0);
}

static void test_tree_too_deep(void **state)
{
    (void)state;
    struct message m = {.type = MSG_RESULT}, out;
    struct tree *t = &m.as.result.tree;
    struct buf bytes = {0};
    assert_ok(mem_new(&t->nodes, TREE_MAX_DEPTH + 2, sizeof *t->nodes));
    t->n_nodes = TREE_MAX_DEPTH + 2;
    for (int32_t i = 0; i < TREE_MAX_DEPTH + 2; i++)
        t->nodes[i] = (struct tree_node){.parent = i - 1, .end = NODE_BRANCHED};
    sample_bytes(&bytes, &m);
    assert_int_equal(message_decode(&out, bytes.data, bytes.len), ERR_PROTOCOL);
    assert_names(status_message(), "too deep");
    mem_free(t->nodes);
    buf_free(&bytes);
}

// An array that promises 4 GiB: refused although the next allocation would fail, so
// none was asked for.
static void test_bin_bombs(void **state)
{
    (void)state;
    static const char *const keys[] = {KEY_PARENT, KEY_TOKENS, KEY_ENTROPIES};
    struct message m = {.type = MSG_RESULT}, out;
    m.as.result.tree = sample_tree();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct edit e = {.replace = keys[i],
                               .value = BYTES("\xc6\xff\xff\xff\xfc")};
        struct buf bytes = {0}, edited = {0};
        sample_bytes(&bytes, &m);
        edit(&edited, &bytes, &e);
        mem_fail_nth(1);
        enum status st = decode_exact(&out, edited.data, edited.len);
        mem_fail_nth(0);
        assert_int_equal(st, ERR_PROTOCOL);
        buf_free(&bytes);
        buf_free(&edited);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    uint64_t held[PROTO_MAX_LEASES + 1] = {0};
    struct message lease = {.type = MSG_LEASE}, task = {.type = MSG_TASK}, out;
    struct buf bytes = {0};
    char *answer = NULL;
    lease.as.lease.held = held;
    lease.as.lease.n_held = PROTO_MAX_LEASES + 1;
    sample_bytes(&bytes, &lease);
    assert_int_equal(message_decode(&out, bytes.data, bytes.len), ERR_PROTOCOL);
    assert_names(status_message(), "LEASE: held: too many");
    assert_ok(mem_new(&answer, ((size_t)1 << 26) + 2, 1));
    memset(answer, '7', ((size_t)1 << 26) + 1);
    task.as.task = sample_task();
    task.as.task.answer = answer;
    buf_clear(&bytes);
    sample_bytes(&bytes, &task);
    assert_int_equal(message_decode(&out, bytes.data, bytes.len), ERR_PROTOCOL);
    assert_names(status_message(), "TASK: answer: too long");
    answer[((size_t)1 << 20) + 1] = 0;
    task.as.task.answer = "1";
    task.as.task.prefill = answer;
    buf_clear(&bytes);
    sample_bytes(&bytes, &task);
    assert_int_equal(message_decode(&out, bytes.data, bytes.len), ERR_PROTOCOL);
    assert_names(status_message(), "TASK: prefill: too long");
    mem_free(answer);
    buf_free(&bytes);
}

// A peer's text stays one line of the log, and inside its array.
static void test_text(void **state)
{
    (void)state;
    struct message m = {.type = MSG_FAULT}, out;
    const struct edit lines = {.replace = KEY_TEXT,
                               .value = BYTES("\xa6"
                                              "a\nb\0\x1b\x7f")};
    assert_ok(decode_edited(&m, &lines, &out));
    assert_string_equal(out.as.fault.text, "a?b???");
    char text[3 + 600] = "\xda\x02\x58"; // 600 characters
    memset(text + 3, 'y', 600);
    const struct edit longer = {.replace = KEY_TEXT, .value = {text, sizeof text}};
    assert_ok(decode_edited(&m, &longer, &out));
    assert_int_equal(strlen(out.as.fault.text), sizeof out.as.fault.text - 1);
}

// All widths of a number are the same number.
static void test_number_widths(void **state)
{
    (void)state;
    static const struct bytes seven[] = {
        BYTES("\x07"),
        BYTES("\xcc\x07"),
        BYTES("\xcd\x00\x07"),
        BYTES("\xce\x00\x00\x00\x07"),
        BYTES("\xcf\x00\x00\x00\x00\x00\x00\x00\x07"),
        BYTES("\xd0\x07"),
        BYTES("\xd1\x00\x07"),
        BYTES("\xd2\x00\x00\x00\x07"),
        BYTES("\xd3\x00\x00\x00\x00\x00\x00\x00\x07"),
    };
    struct message m = {.type = MSG_STOP}, out;
    for (size_t i = 0; i < sizeof seven / sizeof *seven; i++) {
        const struct edit e = {.replace = KEY_INCARNATION, .value = seven[i]};
        assert_ok(decode_edited(&m, &e, &out));
        assert_int_equal(out.incarnation, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),      cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_key_twice), cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_trees),     cmocka_unit_test(test_tree_too_deep),
        cmocka_unit_test(test_bin_bombs), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_text),      cmocka_unit_test(test_number_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
