// Blobs count their holders; an outbox hands over in order and drops what it cannot.
#include "comm/outbox.h"

#include "base/mem.h"

#include <cmocka.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

// A transport that remembers the heads' first bytes, and fails from the n-th send on.
struct recorder {
    struct transport base; // first
    char seen[8];
    int sends, fail_at;
};

static enum status record(struct transport *t, const struct outgoing *out)
{
    struct recorder *r = (struct recorder *)t;
    if (r->sends == r->fail_at)
        return status_fail(ERR_IO, "the wire is cut");
    r->seen[r->sends++] = (char)out->head[0];
    mem_free(out->head);
    return OK;
}

static const struct transport_ops record_ops = {.send = record};

static struct recorder recorder(int fail_at)
{
    return (struct recorder){.base = {&record_ops, 0, 2}, .fail_at = fail_at};
}

static void push(struct outbox *o, const char *text, struct blob *tail)
{
    struct buf head = {0};
    buf_str(&head, text);
    assert_ok(outbox_push(o, 1, &head, tail, 0, tail ? tail->len : 0));
    assert_null(head.data);
}

static void test_blob(void **state)
{
    (void)state;
    struct blob *b = NULL;
    assert_ok(blob_new(&b, 100));
    assert_int_equal(b->len, 100);
    assert_int_equal(b->data[99], 0);
    assert_ptr_equal(blob_hold(b), b);
    blob_drop(b);
    assert_int_equal(b->references, 1);
    blob_drop(b);
    blob_drop(NULL);
    for (long n = 1; n <= 2; n++) {
        mem_fail_nth(n);
        assert_int_equal(blob_new(&b, 100), ERR_NOMEM);
    }
    mem_fail_nth(0);
}

static void test_in_order(void **state)
{
    (void)state;
    struct recorder r = recorder(-1);
    struct outbox o = {0};
    struct blob *b = NULL;
    assert_ok(blob_new(&b, 4));
    push(&o, "a", NULL);
    push(&o, "b", b);
    push(&o, "c", NULL);
    assert_int_equal(b->references, 2);
    assert_ok(outbox_flush(&o, &r.base));
    assert_string_equal(r.seen, "abc");
    assert_int_equal(o.n, 0);
    assert_int_equal(b->references, 1);
    push(&o, "d", NULL);
    assert_ok(outbox_flush(&o, &r.base));
    assert_string_equal(r.seen, "abcd");
    outbox_free(&o);
    blob_drop(b);
}

static void test_failed_send(void **state)
{
    (void)state;
    struct recorder r = recorder(1);
    struct outbox o = {0};
    struct blob *b = NULL;
    assert_ok(blob_new(&b, 4));
    push(&o, "a", NULL);
    push(&o, "b", b);
    push(&o, "c", b);
    assert_int_equal(outbox_flush(&o, &r.base), ERR_IO);
    assert_string_equal(r.seen, "a");
    assert_int_equal(o.n, 0);
    assert_int_equal(b->references, 1);
    outbox_free(&o);
    blob_drop(b);
}

static void test_failed_push(void **state)
{
    (void)state;
    struct outbox o = {0};
    struct buf head = {0};
    buf_str(&head, "a");
    mem_fail_nth(1);
    assert_int_equal(outbox_push(&o, 1, &head, NULL, 0, 0), ERR_NOMEM);
    mem_fail_nth(0);
    assert_int_equal(head.len, 1); // still the caller's
    head.status = ERR_NOMEM;       // as after an append that failed
    assert_int_equal(outbox_push(&o, 1, &head, NULL, 0, 0), ERR_NOMEM);
    assert_int_equal(o.n, 0);
    buf_free(&head);
    push(&o, "left behind", NULL);
    outbox_free(&o);
    assert_null(o.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blob),
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_failed_send),
        cmocka_unit_test(test_failed_push),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
