// The loopback network: order, delay, faults by seed, death.
#include "comm/loopback.h"

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

static struct loopback *network(int size, struct loopback_faults faults)
{
    struct loopback *n = NULL;
    assert_ok(loopback_new(&n, size, &faults));
    return n;
}

// Sends a number of four bytes.
static void send(struct loopback *n, int from, int to, uint32_t number)
{
    struct transport *t = loopback_endpoint(n, from);
    struct outgoing out = {.rank = to, .head_len = sizeof number};
    assert_ok(mem_dup(&out.head, &number, 1, sizeof number));
    assert_ok(t->ops->send(t, &out));
}

// 1 and the number, or 0 where none is there.
static int receive(struct loopback *n, int rank, int *from, uint32_t *number)
{
    struct transport *t = loopback_endpoint(n, rank);
    struct incoming in = {0};
    int got = -1;
    assert_ok(t->ops->poll(t, &in, &got));
    if (!got)
        return 0;
    assert_int_equal(in.len, sizeof *number);
    memcpy(number, in.data, sizeof *number);
    *from = in.rank;
    incoming_free(&in);
    assert_null(in.data);
    return 1;
}

// Receives all that `rank` gets up to `until_ms`, in order; returns how many.
static int receive_all(struct loopback *n, int rank, int64_t until_ms,
                       uint32_t *numbers, int room)
{
    int count = 0, from;
    uint32_t number;
    for (int64_t now = 0; now <= until_ms; now++) {
        loopback_advance(n, now);
        while (receive(n, rank, &from, &number)) {
            assert_true(count < room);
            numbers[count++] = number;
        }
    }
    return count;
}

static void test_delivers(void **state)
{
    (void)state;
    struct loopback *n = network(3, (struct loopback_faults){0});
    int from;
    uint32_t number;
    assert_int_equal(loopback_next_ms(n), INT64_MAX);
    send(n, 0, 2, 10);
    send(n, 1, 2, 11);
    send(n, 2, 0, 12);
    assert_false(receive(n, 1, &from, &number));
    assert_true(receive(n, 2, &from, &number));
    assert_int_equal(from, 0);
    assert_int_equal(number, 10);
    assert_true(receive(n, 2, &from, &number));
    assert_int_equal(from, 1);
    assert_int_equal(number, 11);
    assert_false(receive(n, 2, &from, &number));
    assert_true(receive(n, 0, &from, &number));
    assert_int_equal(number, 12);
    loopback_free(n);
}

static void test_head_and_tail(void **state)
{
    (void)state;
    struct loopback *n = network(2, (struct loopback_faults){0});
    struct transport *t = loopback_endpoint(n, 0), *u = loopback_endpoint(n, 1);
    struct blob *blob = NULL;
    assert_ok(blob_new(&blob, 8));
    memcpy(blob->data, "weights!", 8);
    struct outgoing out = {1, NULL, 5, blob, 2, 4};
    assert_ok(mem_dup(&out.head, "head:", 5, 1));
    assert_ok(t->ops->send(t, &out));
    memset(blob->data, 'x', 8); // what is in flight is a copy
    assert_int_equal(t->ops->pending(t, 1), 9);
    struct incoming in = {0};
    int got = 0;
    assert_ok(u->ops->poll(u, &in, &got));
    assert_int_equal(in.len, 9);
    assert_memory_equal(in.data, "head:ight", 9);
    assert_int_equal(t->ops->pending(t, 1), 0);
    incoming_free(&in);
    assert_int_equal(blob->references, 1);
    blob_drop(blob);
    loopback_free(n);
}

static void test_refuses(void **state)
{
    (void)state;
    struct loopback *n = network(2, (struct loopback_faults){0});
    struct transport *t = loopback_endpoint(n, 0);
    struct blob *blob = NULL;
    uint8_t head[1] = {0}; // not taken by a send that fails
    assert_ok(blob_new(&blob, 8));
    const struct outgoing wrong[] = {
        {-1, head, 1, NULL, 0, 0}, {2, head, 1, NULL, 0, 0}, {0, head, 1, NULL, 0, 0},
        {1, head, 1, NULL, 0, 1},  {1, head, 1, blob, 5, 4}, {1, head, 1, blob, 9, 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(t->ops->send(t, &wrong[i]), ERR_INTERNAL);
    const struct outgoing long_one = {1,    head, (size_t)MAX_MESSAGE_BYTES + 1,
                                      NULL, 0,    0};
    assert_int_equal(t->ops->send(t, &long_one), ERR_LIMIT);
    assert_int_equal(loopback_next_ms(n), INT64_MAX);
    blob_drop(blob);
    loopback_free(n);
    struct loopback_faults backwards = {.min_delay_ms = 2, .max_delay_ms = 1};
    assert_int_equal(loopback_new(&n, 2, &backwards), ERR_INPUT);
    backwards.min_delay_ms = -1;
    assert_int_equal(loopback_new(&n, 2, &backwards), ERR_INPUT);
    assert_int_equal(loopback_new(&n, 0, &(struct loopback_faults){0}), ERR_INPUT);
}

static void test_delay(void **state)
{
    (void)state;
    struct loopback *n = network(
        2, (struct loopback_faults){.seed = 1, .min_delay_ms = 5, .max_delay_ms = 9});
    uint32_t number;
    int from, seen[10] = {0};
    for (int i = 0; i < 200; i++) {
        int64_t now = 100 * (i + 1), due;
        loopback_advance(n, now);
        send(n, 0, 1, 1);
        due = loopback_next_ms(n);
        assert_in_range(due - now, 5, 9);
        seen[due - now]++;
        loopback_advance(n, due - 1);
        assert_false(receive(n, 1, &from, &number));
        loopback_advance(n, due);
        assert_true(receive(n, 1, &from, &number));
    }
    for (int ms = 5; ms <= 9; ms++)
        assert_true(seen[ms] > 0);
    loopback_advance(n, 0); // time does not go back
    send(n, 1, 0, 1);
    assert_true(loopback_next_ms(n) > 20000);
    loopback_free(n);
}

enum { MANY = 1000, LATE_MS = 50 };

static int send_many(struct loopback_faults faults, uint32_t numbers[2 * MANY])
{
    faults.max_delay_ms = LATE_MS;
    struct loopback *n = network(2, faults);
    for (uint32_t i = 0; i < MANY; i++)
        send(n, 0, 1, i);
    int count = receive_all(n, 1, LATE_MS, numbers, 2 * MANY);
    assert_int_equal(loopback_next_ms(n), INT64_MAX);
    loopback_free(n);
    return count;
}

static void test_keeps_order(void **state)
{
    (void)state;
    uint32_t numbers[2 * MANY];
    assert_int_equal(send_many((struct loopback_faults){.seed = 3}, numbers), MANY);
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(numbers[i], i);
}

static int times_overtaken(const uint32_t *numbers, int count)
{
    int times = 0;
    for (int i = 1; i < count; i++)
        times += numbers[i] < numbers[i - 1];
    return times;
}

static void test_reorder(void **state)
{
    (void)state;
    uint32_t numbers[2 * MANY];
    char seen[MANY] = {0};
    struct loopback_faults faults = {.seed = 3, .reorder = 0.3};
    assert_int_equal(send_many(faults, numbers), MANY);
    assert_true(times_overtaken(numbers, MANY) > 20);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(seen[numbers[i]]++, 0);
}

static void test_drop(void **state)
{
    (void)state;
    uint32_t numbers[2 * MANY];
    int count = send_many((struct loopback_faults){.seed = 4, .drop = 0.25}, numbers);
    assert_in_range(count, 700, 800);
    assert_int_equal(times_overtaken(numbers, count), 0);
    assert_int_equal(send_many((struct loopback_faults){.seed = 4, .drop = 1}, numbers),
                     0);
}

static void test_duplicate(void **state)
{
    (void)state;
    uint32_t numbers[2 * MANY];
    int times[MANY] = {0}, twice = 0;
    int count =
        send_many((struct loopback_faults){.seed = 5, .duplicate = 0.25}, numbers);
    for (int i = 0; i < count; i++)
        times[numbers[i]]++;
    for (int i = 0; i < MANY; i++) {
        assert_in_range(times[i], 1, 2);
        twice += times[i] == 2;
    }
    assert_in_range(twice, 200, 300);
}

static void test_corrupt(void **state)
{
    (void)state;
    uint32_t numbers[2 * MANY];
    int changed = 0;
    struct loopback_faults faults = {.seed = 6, .corrupt = 0.25};
    assert_int_equal(send_many(faults, numbers), MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t difference = numbers[i] ^ i;
        assert_true((difference & (difference - 1)) == 0); // one bit at most
        changed += difference != 0;
    }
    assert_in_range(changed, 200, 300);
}

static void test_seed(void **state)
{
    (void)state;
    uint32_t first[2 * MANY], second[2 * MANY];
    struct loopback_faults faults = {
        .seed = 8, .reorder = 0.5, .duplicate = 0.1, .drop = 0.1, .corrupt = 0.1};
    int count = send_many(faults, first);
    assert_int_equal(send_many(faults, second), count);
    assert_memory_equal(first, second, (size_t)count * sizeof *first);
    faults.seed = 9;
    int other = send_many(faults, second);
    assert_true(other != count || memcmp(first, second, (size_t)count * sizeof *first));
}

static void test_kill(void **state)
{
    (void)state;
    struct loopback *n = network(3, (struct loopback_faults){0});
    int from;
    uint32_t number;
    send(n, 0, 1, 1);
    send(n, 1, 0, 2);
    send(n, 0, 2, 3);
    loopback_kill(n, 1);
    send(n, 0, 1, 4);
    send(n, 1, 0, 5);
    assert_false(receive(n, 1, &from, &number));
    assert_false(receive(n, 0, &from, &number));
    assert_true(receive(n, 2, &from, &number));
    assert_int_equal(number, 3);
    loopback_revive(n, 1);
    assert_false(receive(n, 1, &from, &number));
    send(n, 0, 1, 6);
    assert_true(receive(n, 1, &from, &number));
    assert_int_equal(number, 6);
    send(n, 0, 1, 7); // left in flight: the network frees it
    loopback_free(n);
}

static void test_memory(void **state)
{
    (void)state;
    const struct loopback_faults none = {0};
    struct loopback *n = NULL;
    enum status st = ERR_NOMEM;
    for (long i = 1; st != OK; i++) {
        mem_fail_nth(i);
        st = loopback_new(&n, 2, &none);
        mem_fail_nth(0);
        assert_true(st == OK || st == ERR_NOMEM);
    }
    struct transport *t = loopback_endpoint(n, 0);
    struct outgoing out = {.rank = 1, .head_len = 3};
    assert_ok(mem_dup(&out.head, "abc", 3, 1));
    for (long i = 1; i <= 2; i++) {
        mem_fail_nth(i);
        st = t->ops->send(t, &out);
        mem_fail_nth(0);
        assert_int_equal(st, ERR_NOMEM);
        assert_int_equal(t->ops->pending(t, 1), 0);
    }
    assert_ok(t->ops->send(t, &out)); // the head was still ours
    assert_int_equal(t->ops->pending(t, 1), 3);
    loopback_free(n);
    loopback_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivers),    cmocka_unit_test(test_head_and_tail),
        cmocka_unit_test(test_refuses),     cmocka_unit_test(test_delay),
        cmocka_unit_test(test_keeps_order), cmocka_unit_test(test_reorder),
        cmocka_unit_test(test_drop),        cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_corrupt),     cmocka_unit_test(test_seed),
        cmocka_unit_test(test_kill),        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
