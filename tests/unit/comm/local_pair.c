// A learner and a worker in one process: the group's phases over copies.
#include "comm/local_pair.h"

#include "comm/nccl_group.h"

#include <cmocka.h>
#include <string.h>

enum { BYTES = 1000, CHUNK = 300 };

struct memory {
    int copies, fail_at;
};

static enum status copy_bytes(void *context, void *to, const void *from, size_t bytes)
{
    struct memory *m = context;
    if (++m->copies == m->fail_at)
        return status_fail(ERR_IO, "the copy engine is on fire");
    memcpy(to, from, bytes);
    return OK;
}

struct pair {
    struct memory memory;
    struct local_pair *pair;
    struct nccl_group *g[2];
    uint8_t from[BYTES], to[BYTES];
    int64_t now;
};

static int setup(void **state)
{
    static struct pair p;
    p = (struct pair){0};
    assert_int_equal(local_pair_new(&p.pair, copy_bytes, &p.memory), OK);
    for (int r = 0; r < 2; r++) {
        const struct nccl_group_options o = {.rank = r,
                                             .size = 2,
                                             .chunk_bytes = CHUNK,
                                             .join_ms = 100,
                                             .broadcast_ms = 100};
        assert_int_equal(nccl_group_new(&p.g[r], local_pair_calls(p.pair, r), &o), OK);
    }
    for (int i = 0; i < BYTES; i++)
        p.from[i] = (uint8_t)(i * 7);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    struct pair *p = *state;
    for (int r = 0; r < 2; r++)
        nccl_group_free(p->g[r]);
    local_pair_free(p->pair);
    return 0;
}

// Polls both ranks for `rounds` of a millisecond; the last event of each.
static void poll(struct pair *p, int rounds, struct nccl_event last[2])
{
    memset(last, 0, 2 * sizeof *last);
    for (int i = 0; i < 2 * rounds; i++) {
        struct nccl_event e;
        nccl_group_poll(p->g[i % 2], p->now, &e);
        if (e.kind != NCCL_NOTHING)
            last[i % 2] = e;
        p->now += i % 2;
    }
}

static void join(struct pair *p)
{
    uint8_t id[NCCL_ID_BYTES];
    struct nccl_event e[2];
    assert_int_equal(nccl_group_new_id(p->g[0], id), OK);
    for (int r = 0; r < 2; r++)
        assert_int_equal(nccl_group_join(p->g[r], id, p->now), OK);
    poll(p, 3, e);
    assert_int_equal(e[0].kind, NCCL_JOINED);
    assert_int_equal(e[1].kind, NCCL_JOINED);
}

static void a_version_arrives_as_it_becomes_final(void **state)
{
    struct pair *p = *state;
    struct nccl_event e[2];
    join(p);
    for (int first = 0; first < 2; first++) { // whoever begins first
        memset(p->to, 0, BYTES);
        for (int i = 0; i < 2; i++) {
            int r = first ^ i;
            assert_int_equal(nccl_group_begin(p->g[r], r ? p->to : p->from, BYTES,
                                              (uint64_t)first + 5, p->now),
                             OK);
            poll(p, 1, e);
        }
        assert_int_equal(nccl_group_ready_to(p->g[0], 2 * CHUNK + 1), OK);
        poll(p, 3, e);
        assert_int_equal(e[0].kind, NCCL_NOTHING);
        assert_memory_equal(p->to, p->from, 2 * CHUNK);
        assert_int_equal(p->to[2 * CHUNK + 1], 0);
        assert_int_equal(nccl_group_ready_to(p->g[0], BYTES), OK);
        poll(p, 3, e);
        for (int r = 0; r < 2; r++) {
            assert_int_equal(e[r].kind, NCCL_COMPLETE);
            assert_int_equal(e[r].version, first + 5);
        }
        assert_memory_equal(p->to, p->from, BYTES);
    }
}

static void a_worker_that_never_calls_is_a_deadline(void **state)
{
    struct pair *p = *state;
    struct nccl_event e[2];
    join(p);
    assert_int_equal(nccl_group_begin(p->g[0], p->from, BYTES, 1, p->now), OK);
    assert_int_equal(nccl_group_ready_to(p->g[0], BYTES), OK);
    poll(p, 120, e);
    assert_int_equal(e[0].kind, NCCL_BROKEN);
    assert_int_equal(e[0].error, ERR_TIMEOUT);
    join(p); // and both can begin anew
}

static void a_failed_copy_is_told_in_words(void **state)
{
    struct pair *p = *state;
    struct nccl_event e[2];
    join(p);
    p->memory.fail_at = 2;
    assert_int_equal(nccl_group_begin(p->g[0], p->from, BYTES, 1, p->now), OK);
    assert_int_equal(nccl_group_begin(p->g[1], p->to, BYTES, 1, p->now), OK);
    assert_int_equal(nccl_group_ready_to(p->g[0], BYTES), OK);
    poll(p, 3, e);
    assert_int_equal(e[0].kind, NCCL_BROKEN);
    assert_non_null(strstr(e[0].text, "on fire"));
    assert_int_equal(e[1].kind, NCCL_BROKEN);
    join(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_version_arrives_as_it_becomes_final, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_worker_that_never_calls_is_a_deadline, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_failed_copy_is_told_in_words, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
