// A whole training run in one process and virtual time, compared with a quiet one.
#ifndef TESTS_SIM_CLUSTER_RUN_H
#define TESTS_SIM_CLUSTER_RUN_H

#include "cluster_world.h"

#include "comm/loopback.h"
#include "learner/learner.h"
#include "rollout/worker.h"

enum { STEPS = 5, PROMPTS = 6, MAX_WORKERS = 4, TICK_MS = 5, LIMIT_MS = 3600000 };

struct worker_rank {
    struct model model;
    struct worker *worker;
    struct nccl_group *group;
    int dead;
    int every; // works in every so many rounds: a slow machine
};

struct run {
    struct loopback *network;
    struct model model; // the learner's
    struct learner *learner;
    struct nccl_group *group; // of the learner
    struct worker_rank workers[MAX_WORKERS];
    int n_workers;
    int64_t now_ms;
    uint64_t incarnations;
    // What is compared between runs.
    uint64_t batch[STEPS], weights[STEPS];
    uint64_t steps_done;
    int64_t signal_prompts, reused_nodes, shared_tokens;
    size_t slice_bytes; // of weights, sent as messages
};

// The broadcast group of a rank that starts; NULL: slices alone.
static struct nccl_group *(*group_of)(struct run *r, int rank);
// After a step's record, and after a worker's round.
static void (*after_learner)(struct run *r, const struct step_record *record);
static void (*after_worker)(struct run *r, int i);
static int64_t start_ms = 60000;
static int with_reuse; // every run: subtrees of earlier steps beside the fresh ones

static enum status fill_prompt(void *context, uint64_t position, struct msg_task *task)
{
    struct buf text = {0};
    struct tokens ids = {0};
    struct problem p = {.question = (char *)question};
    (void)context;
    problem_prompt(&text, &p);
    TRY(tokenizer_encode(world.tokenizer, buf_cstr(&text), text.len, &ids));
    buf_free(&text);
    task->prompt_id = position;
    task->prompt = ids.ids;
    task->n_prompt = ids.len;
    return mem_strdup(&task->answer, answers[0]);
}

static struct learner_config learner_settings(int n_workers, int parts)
{
    struct learner_config c = {
        .dispatch = {.ranks = n_workers + 1,
                     .incarnation = 77,
                     .model_hash = 5,
                     .vocab = world.shape.vocab,
                     .lease_ms = 3000,
                     .silence_ms = 4000,
                     .start_ms = start_ms,
                     .slice_bytes = 1000,
                     .slices_ahead = 2},
        .plan = {.prompts = {NULL, fill_prompt},
                 .seed = 9,
                 .purpose = RNG_SAMPLE,
                 .branch = {2, 2},
                 .n_branch = 2,
                 .max_new_tokens = 24,
                 .temperature = 1.0f,
                 .common_root = 1},
        .trainer = supervised,
        .steps = STEPS,
        .prompts_per_step = PROMPTS,
        .parts = parts,
    };
    c.trainer.lr = 1e-3f;
    c.trainer.clip_low = c.trainer.clip_high = 0.2f;
    c.trainer.pack_tokens = 100; // several packs a step
    c.trainer.common_root = 1;
    assert_ok(credit_by_name(&c.trainer.credit, "etreerpo"));
    c.trainer.credit.reuse.weight = REUSE_IS;
    c.reuse = (struct reuse_config){.on = with_reuse,
                                    .children = 3,
                                    .max_age = 3,
                                    .min_ess = 0.2,
                                    .max_bytes = 1 << 14, // eviction too
                                    .visits = 3,
                                    .again = 2};
    return c;
}

static void flush(struct run *r, int rank, struct outbox *out)
{
    for (size_t i = 0; i < out->n; i++)
        r->slice_bytes += out->items[i].tail_len;
    assert_ok(outbox_flush(out, loopback_endpoint(r->network, rank)));
    outbox_free(out);
}

static void start_worker(struct run *r, int i)
{
    struct worker_rank *w = &r->workers[i];
    struct outbox out = {0};
    w->group = group_of ? group_of(r, i + 1) : NULL;
    const struct worker_config config = {.incarnation = ++r->incarnations,
                                         .model_hash = 5,
                                         .max_rows = 3 + 4 * i,
                                         .kv_pages = 64,
                                         .prefetch = 1 + i,
                                         .heartbeat_ms = 100,
                                         .silence_ms = 60000,
                                         .delimiters = world.delimiters.ids,
                                         .n_delimiters = world.delimiters.len,
                                         .threads = 1,
                                         .group = w->group};
    assert_ok(model_new(&w->model, &world.shape));
    assert_ok(worker_new(&w->worker, &config, &w->model, world.tokenizer));
    w->dead = 0;
    w->every = 1;
    assert_ok(worker_start(w->worker, r->now_ms, &out));
    flush(r, i + 1, &out);
}

static void kill_worker(struct run *r, int i)
{
    struct worker_rank *w = &r->workers[i];
    loopback_kill(r->network, i + 1);
    worker_free(w->worker);
    nccl_group_free(w->group);
    model_free(&w->model);
    *w = (struct worker_rank){.dead = 1};
}

static void revive_worker(struct run *r, int i)
{
    loopback_revive(r->network, i + 1);
    start_worker(r, i);
}

// A run whose first `first` steps are done, with these parameters and moments.
static void run_open(struct run *r, int n_workers, int parts,
                     const struct loopback_faults *faults, uint64_t first,
                     const float *params, const struct trainer_state *moments)
{
    struct learner_config c = learner_settings(n_workers, parts);
    struct outbox out = {0};
    r->n_workers = n_workers;
    c.group = r->group = group_of ? group_of(r, 0) : NULL;
    assert_ok(loopback_new(&r->network, n_workers + 1, faults));
    assert_ok(model_new(&r->model, &world.shape));
    memcpy(r->model.params, params, world.n * sizeof *params);
    model_repack(&r->model);
    assert_ok(learner_new(&r->learner, &c, &r->model, first, r->now_ms));
    if (moments) {
        struct trainer_state *s = trainer_state(learner_trainer(r->learner));
        memcpy(s->m, moments->m, world.n * sizeof *s->m);
        memcpy(s->v, moments->v, world.n * sizeof *s->v);
        s->updates = moments->updates;
    }
    assert_ok(learner_start(r->learner, r->now_ms, &out));
    flush(r, 0, &out);
    for (int i = 0; i < n_workers; i++)
        start_worker(r, i);
}

static void run_close(struct run *r)
{
    for (int i = 0; i < r->n_workers; i++) {
        worker_free(r->workers[i].worker);
        nccl_group_free(r->workers[i].group);
        model_free(&r->workers[i].model);
    }
    learner_free(r->learner);
    nccl_group_free(r->group);
    model_free(&r->model);
    loopback_free(r->network);
}

static void take_record(struct run *r)
{
    struct step_record record;
    int got = 0;
    assert_ok(learner_take_record(r->learner, &record, &got));
    if (!got)
        return;
    assert_int_equal(record.step, r->steps_done);
    assert_int_equal(record.n_trees, PROMPTS);
    // The rollout's log-probs are the learner's, bit for bit.
    assert_true(record.stats.log_prob_diff_max == 0.0);
    assert_int_equal(r->model.version, record.step + 1);
    r->batch[record.step] = record.batch_hash;
    r->weights[record.step] = record.weights_hash;
    r->signal_prompts += record.stats.signal_prompts;
    r->reused_nodes += record.reuse.nodes;
    r->shared_tokens += record.prompts.all - record.prompts.computed;
    r->steps_done++;
    if (after_learner)
        after_learner(r, &record);
}

static void learner_round(struct run *r)
{
    struct transport *t = loopback_endpoint(r->network, 0);
    struct outbox out = {0};
    int got = 1, worked = 0;
    while (got) {
        struct incoming in = {0};
        assert_ok(t->ops->poll(t, &in, &got));
        if (got)
            assert_ok(
                learner_receive(r->learner, in.rank, in.data, in.len, r->now_ms, &out));
        incoming_free(&in);
    }
    assert_ok(learner_tick(r->learner, r->now_ms, &out));
    assert_ok(learner_work(r->learner, r->now_ms, &out, &worked));
    take_record(r);
    flush(r, 0, &out);
}

static void worker_round(struct run *r, int i, int64_t round)
{
    struct worker_rank *w = &r->workers[i];
    struct transport *t = loopback_endpoint(r->network, i + 1);
    struct outbox out = {0};
    int got = 1, worked = 0;
    if (w->dead || round % w->every != 0)
        return;
    while (got) {
        struct incoming in = {0};
        assert_ok(t->ops->poll(t, &in, &got));
        if (got)
            assert_ok(
                worker_receive(w->worker, in.rank, in.data, in.len, r->now_ms, &out));
        incoming_free(&in);
    }
    assert_ok(worker_tick(w->worker, r->now_ms, &out));
    assert_ok(worker_work(w->worker, r->now_ms, &out, &worked));
    flush(r, i + 1, &out);
    if (after_worker)
        after_worker(r, i);
}

// Rounds until `steps` steps are done.
static void run_until(struct run *r, uint64_t steps)
{
    int64_t until = r->now_ms + LIMIT_MS;
    for (int64_t round = 0; r->steps_done < steps; round++) {
        r->now_ms += TICK_MS;
        assert_true(r->now_ms < until);
        loopback_advance(r->network, r->now_ms);
        learner_round(r);
        for (int i = 0; i < r->n_workers; i++)
            worker_round(r, i, round);
    }
}

static const struct loopback_faults quiet = {.seed = 1};
static struct run expected;

static int run_quietly(void **state)
{
    if (make_world(state) != 0)
        return -1;
    run_open(&expected, 1, 1, &quiet, 0, world.taught, NULL);
    run_until(&expected, STEPS);
    run_close(&expected);
    // A run without a signal would prove nothing.
    int learned =
        expected.signal_prompts > STEPS && expected.weights[0] != expected.weights[4];
    int shared = expected.shared_tokens > 0; // all prompts but one of each step
    return learned && shared && (expected.reused_nodes > 0) == with_reuse ? 0 : -1;
}

static int run_quietly_with_reuse(void **state)
{
    with_reuse = 1;
    expected = (struct run){0};
    return run_quietly(state);
}

static void assert_as_expected(const struct run *r)
{
    assert_memory_equal(r->batch, expected.batch, sizeof r->batch);
    assert_memory_equal(r->weights, expected.weights, sizeof r->weights);
}

#endif
