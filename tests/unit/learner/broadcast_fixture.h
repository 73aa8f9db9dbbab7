// A learner's broadcast with one worker, which is its NCCL group and hand-made
// messages.
#ifndef TEST_BROADCAST_FIXTURE_H
#define TEST_BROADCAST_FIXTURE_H

#include "dispatch_fixture.h"

#include "learner/publish.h"

#include "../comm/nccl_fake.h"

enum { CHUNK = 256, DEADLINE = 1000, MAX_ORDERS = 64 };

struct stage {
    struct fake_net *net;
    struct nccl_group *root, *mine;
    struct dispatch *dispatch;
    struct model model;
    struct broadcast *broadcast;
    struct outbox out;
    int64_t now_ms;
    uint8_t *buffer; // worker 1's
    size_t bytes;
    // What worker 1 says every 50 ms.
    uint64_t version;
    uint32_t generation;
    enum group_state state;
    int mute;
    // What was sent to worker 1.
    struct msg_group orders[MAX_ORDERS];
    int n_orders;
    size_t slice_bytes[3]; // to each rank
};

static struct nccl_group *group(struct stage *s, int rank, int size)
{
    const struct nccl_group_options opt = {.rank = rank,
                                           .size = size,
                                           .chunk_bytes = CHUNK,
                                           .join_ms = DEADLINE,
                                           .broadcast_ms = DEADLINE};
    return fake_group_new(s->net, &opt);
}

static void stage_open(struct stage *s, int ranks)
{
    const struct dispatch_config c = fixture_config(ranks);
    const struct model_config shape = {.vocab = VOCAB,
                                       .dim = 8,
                                       .layers = 1,
                                       .heads = 2,
                                       .kv_heads = 1,
                                       .head_dim = 4,
                                       .ffn = 8,
                                       .max_positions = 16,
                                       .rms_epsilon = 1e-5F,
                                       .rope_theta = 10000.0,
                                       .eos = 0,
                                       .bos = -1};
    *s = (struct stage){.net = fake_net(1, 1, 1), .now_ms = 1000, .version = NONE};
    assert_ok(model_new(&s->model, &shape));
    model_randomize(&s->model, rng_root(3, RNG_INIT));
    (void)model_repack(&s->model);
    s->bytes = s->model.layout.total * sizeof(float);
    assert_ok(mem_new(&s->buffer, s->bytes, 1));
    s->root = group(s, 0, ranks);
    s->mine = group(s, 1, ranks);
    assert_ok(dispatch_new(&s->dispatch, &c, s->now_ms));
    assert_ok(
        broadcast_new(&s->broadcast, s->root, &c, s->dispatch, &s->model, s->now_ms));
    assert_ok(broadcast_start(s->broadcast, &s->out));
}

static void stage_close(struct stage *s)
{
    broadcast_free(s->broadcast);
    dispatch_free(s->dispatch);
    outbox_free(&s->out);
    nccl_group_free(s->mine);
    nccl_group_free(s->root);
    fake_net_free(s->net);
    mem_free(s->buffer);
    model_free(&s->model);
}

static void hear(struct stage *s, int rank, struct message *m)
{
    struct buf bytes = {0};
    m->incarnation = 100 + (uint64_t)rank;
    assert_ok(message_encode(&bytes, m));
    assert_ok(
        dispatch_receive(s->dispatch, rank, bytes.data, bytes.len, s->now_ms, &s->out));
    buf_free(&bytes);
}

static void hello(struct stage *s, int rank)
{
    struct message m = {.type = MSG_HELLO};
    m.as.hello = (struct msg_hello){.model_hash = MODEL_HASH, .threads = 1};
    hear(s, rank, &m);
}

static void lease(struct stage *s, int rank, uint64_t version, uint32_t generation,
                  enum group_state state)
{
    struct message m = {.type = MSG_LEASE};
    m.as.lease = (struct msg_lease){.weights_version = version,
                                    .weights_incoming = NONE,
                                    .generation = generation,
                                    .group = state};
    hear(s, rank, &m);
}

// Sorts what was sent.
static void deliver(struct stage *s)
{
    for (size_t i = 0; i < s->out.n; i++) {
        const struct outgoing *o = &s->out.items[i];
        struct message m = {0};
        s->slice_bytes[o->rank] += o->tail_len;
        if (o->tail_len > 0)
            continue;
        assert_ok(message_decode(&m, o->head, o->head_len));
        if (m.type == MSG_GROUP && o->rank == 1) {
            assert_true(s->n_orders < MAX_ORDERS);
            assert_int_equal(m.as.group.worker, 101);
            s->orders[s->n_orders] = m.as.group;
            s->orders[s->n_orders++].excluded = NULL;
        }
        message_free(&m);
    }
    outbox_free(&s->out);
}

static void tick(struct stage *s, int64_t ms)
{
    struct nccl_event e;
    for (int64_t until = s->now_ms + ms; s->now_ms < until; s->now_ms += 5) {
        assert_ok(dispatch_tick(s->dispatch, s->now_ms, &s->out));
        assert_ok(broadcast_tick(s->broadcast, s->now_ms, &s->out));
        deliver(s);
        nccl_group_poll(s->mine, s->now_ms, &e);
        if (s->now_ms % 50 == 0 && !s->mute)
            lease(s, 1, s->version, s->generation, s->state);
    }
}

// Worker 1 says from now on, and at once.
static void says(struct stage *s, uint64_t version, uint32_t generation,
                 enum group_state state)
{
    s->version = version;
    s->generation = generation;
    s->state = state;
    lease(s, 1, version, generation, state);
    tick(s, 5);
}

static const struct msg_group *last(const struct stage *s)
{
    assert_true(s->n_orders > 0);
    return &s->orders[s->n_orders - 1];
}

static void obey(struct stage *s)
{
    const struct msg_group *o = last(s);
    if (o->order == GROUP_JOIN)
        assert_ok(nccl_group_join(s->mine, o->id, s->now_ms));
    else if (o->order == GROUP_BROADCAST)
        assert_ok(
            nccl_group_begin(s->mine, s->buffer, o->bytes, o->version, s->now_ms));
}

#endif
