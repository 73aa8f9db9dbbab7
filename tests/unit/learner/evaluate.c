// Evaluation: chunks of problems, in order, whatever workers there are.
#include "learner/evaluate.h"

#include "dispatch_fixture.h"

enum { PROBLEMS = 7, SAMPLES = 3, TICK_MS = 10 };

// As many parameters as a puppet's weights.
static void puppet_model(struct model *m)
{
    const struct model_config c = {
        .vocab = 51,
        .dim = 2,
        .layers = 1,
        .heads = 1,
        .kv_heads = 1,
        .head_dim = 2,
        .ffn = 21,
        .max_positions = 8,
        .rms_epsilon = 1e-5F,
        .rope_theta = 10000,
        .tied = 1,
        .eos = 1,
        .bos = -1,
    };
    assert_ok(model_new(m, &c));
    model_randomize(m, rng_root(7, RNG_TEST));
    (void)model_repack(m);
    m->version = 5;
    assert_int_equal(model_param_count(m) * sizeof(float), WEIGHT_BYTES);
}

static enum status fill(void *context, uint64_t position, struct msg_task *task)
{
    static const int32_t prompt[] = {1, 2, 3};
    (void)context;
    task->prompt_id = 40 + position;
    task->n_prompt = 3;
    TRY(mem_dup(&task->prompt, prompt, 3, sizeof *prompt));
    return mem_strdup(&task->answer, "1");
}

static struct evaluate_config config_of(uint64_t problems, size_t chunk)
{
    return (struct evaluate_config){
        .dispatch = fixture_config(4),
        .plan =
            {
                .prompts = {NULL, fill},
                .seed = 3,
                .purpose = RNG_EVAL,
                .branch = {SAMPLES},
                .n_branch = 1,
                .max_new_tokens = 20,
                .temperature = 1,
            },
        .problems = problems,
        .chunk = chunk,
    };
}

struct hall {
    struct model model;
    struct evaluate *evaluate;
    struct puppet workers[4]; // by rank; 0 is the learner
    int n_workers;
    struct outbox out, worker_out;
    int64_t now_ms;
    // What has been taken, by problem.
    uint64_t hash[16], taken;
    size_t chunks;
};

static void hall_open(struct hall *h, const struct evaluate_config *c, int n_workers)
{
    *h = (struct hall){.n_workers = n_workers};
    puppet_model(&h->model);
    assert_ok(evaluate_new(&h->evaluate, c, &h->model, 0));
    for (int r = 1; r < 4; r++)
        h->workers[r] = puppet_make(r, 100 + (uint64_t)r);
    assert_ok(evaluate_start(h->evaluate, 0, &h->out));
}

static void hall_close(struct hall *h)
{
    for (int r = 1; r < 4; r++)
        puppet_free(&h->workers[r]);
    outbox_free(&h->out);
    outbox_free(&h->worker_out);
    evaluate_free(h->evaluate);
    model_free(&h->model);
}

static void deliver(struct hall *h)
{
    for (size_t i = 0; i < h->out.n; i++) {
        const struct outgoing *o = &h->out.items[i];
        struct buf bytes = {0};
        buf_append(&bytes, o->head, o->head_len);
        if (o->tail)
            buf_append(&bytes, o->tail->data + o->tail_offset, o->tail_len);
        if (o->rank <= h->n_workers)
            puppet_receive(&h->workers[o->rank], bytes.data, bytes.len, h->now_ms);
        buf_free(&bytes);
    }
    outbox_free(&h->out);
}

static void hand_in(struct hall *h, int rank)
{
    if (!h->workers[rank].stopped)
        puppet_tick(&h->workers[rank], h->now_ms, &h->worker_out);
    for (size_t i = 0; i < h->worker_out.n; i++)
        assert_ok(evaluate_receive(h->evaluate, rank, h->worker_out.items[i].head,
                                   h->worker_out.items[i].head_len, h->now_ms,
                                   &h->out));
    outbox_free(&h->worker_out);
}

static void take(struct hall *h)
{
    uint64_t first = 99;
    struct tree *const *trees = NULL;
    size_t n = 99;
    evaluate_take(h->evaluate, &first, &trees, &n);
    if (n == 0)
        return;
    assert_int_equal(first, h->taken);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(trees[i]->prompt_id, 40 + first + i);
        assert_int_equal(trees[i]->policy_version, 5);
        assert_int_equal(tree_leaf_count(trees[i]), SAMPLES);
        h->hash[first + i] = tree_hash(HASH_START, trees[i]);
    }
    h->taken += n;
    h->chunks++;
    evaluate_take(h->evaluate, &first, &trees, &n); // once only
    assert_int_equal(n, 0);
}

static enum status step(struct hall *h)
{
    int worked = 1;
    h->now_ms += TICK_MS;
    for (int r = 1; r <= h->n_workers; r++)
        hand_in(h, r);
    TRY(evaluate_tick(h->evaluate, h->now_ms, &h->out));
    while (worked) {
        TRY(evaluate_work(h->evaluate, h->now_ms, &h->out, &worked));
        take(h);
    }
    deliver(h);
    return OK;
}

static void run(struct hall *h)
{
    while (!evaluate_done(h->evaluate)) {
        assert_ok(step(h));
        assert_true(h->now_ms < 60000);
    }
}

static void chunks_come_in_problem_order(void **state)
{
    (void)state;
    struct evaluate_config c = config_of(PROBLEMS, 3);
    struct hall h;
    hall_open(&h, &c, 2);
    run(&h);
    assert_int_equal(h.taken, PROBLEMS);
    assert_int_equal(h.chunks, 3); // 3 + 3 + 1
    for (int r = 1; r <= 2; r++) {
        assert_true(h.workers[r].stopped);
        assert_memory_equal(h.workers[r].weights, h.model.params, WEIGHT_BYTES);
    }
    hall_close(&h);
}

static void any_number_of_workers_gives_the_same_samples(void **state)
{
    (void)state;
    struct evaluate_config c = config_of(PROBLEMS, 4);
    struct hall one, three;
    hall_open(&one, &c, 1);
    hall_open(&three, &c, 3);
    three.workers[2].work_ms = 900; // a slow one
    run(&one);
    run(&three);
    assert_memory_equal(one.hash, three.hash, sizeof one.hash);
    for (int i = 1; i < PROBLEMS; i++)
        assert_true(one.hash[i] != one.hash[0]);
    hall_close(&one);
    hall_close(&three);
}

static void the_next_chunk_waits_until_this_one_is_taken(void **state)
{
    (void)state;
    struct evaluate_config c = config_of(2, 1);
    struct hall h;
    int worked = 1;
    hall_open(&h, &c, 1);
    for (int i = 0; i < 100; i++) { // step() without taking
        h.now_ms += TICK_MS;
        hand_in(&h, 1);
        assert_ok(evaluate_tick(h.evaluate, h.now_ms, &h.out));
        assert_ok(evaluate_work(h.evaluate, h.now_ms, &h.out, &worked));
        deliver(&h);
    }
    assert_int_equal(worked, 0);
    assert_int_equal(h.workers[1].n_held, 0);
    run(&h);
    assert_int_equal(h.taken, 2);
    assert_int_equal(h.chunks, 2);
    hall_close(&h);
}

static void no_problems_end_at_once(void **state)
{
    (void)state;
    struct evaluate_config c = config_of(0, 3);
    struct hall h;
    hall_open(&h, &c, 1);
    run(&h);
    assert_int_equal(h.chunks, 0);
    assert_int_equal(h.workers[1].tasks_heard, 0);
    assert_true(h.workers[1].stopped);
    hall_close(&h);
}

static void without_workers_it_gives_up(void **state)
{
    (void)state;
    struct evaluate_config c = config_of(PROBLEMS, 3);
    struct hall h;
    enum status st = OK;
    hall_open(&h, &c, 0);
    while (st == OK && h.now_ms < 60000)
        st = step(&h);
    assert_int_equal(st, ERR_TIMEOUT);
    assert_true(h.now_ms >= START_MS);
    hall_close(&h);
}

static enum status refuse(void *context, uint64_t position, struct msg_task *task)
{
    (void)context;
    (void)task;
    return position < 4 ? fill(context, position, task)
                        : status_fail(ERR_INPUT, "line 5: no answer");
}

static void a_bad_problem_names_its_chunk(void **state)
{
    (void)state;
    struct evaluate_config c = config_of(PROBLEMS, 3);
    struct hall h;
    enum status st = OK;
    c.plan.prompts.fill = refuse;
    hall_open(&h, &c, 1);
    while (st == OK && h.now_ms < 60000)
        st = step(&h);
    assert_int_equal(st, ERR_INPUT);
    assert_string_equal(status_message(), "problem 3: line 5: no answer");
    assert_int_equal(h.taken, 3);
    hall_close(&h);
}

static void failed_allocations_are_said(void **state)
{
    (void)state;
    struct evaluate_config c = config_of(PROBLEMS, 3);
    struct evaluate *e = NULL;
    struct model m;
    enum status st = ERR_NOMEM;
    long nth = 0;
    puppet_model(&m);
    while (st != OK) {
        mem_fail_nth(++nth);
        st = evaluate_new(&e, &c, &m, 0);
        mem_fail_nth(0);
        assert_true(st == OK || st == ERR_NOMEM);
    }
    assert_true(nth > 2);
    evaluate_free(e);
    evaluate_free(NULL);
    model_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_come_in_problem_order),
        cmocka_unit_test(any_number_of_workers_gives_the_same_samples),
        cmocka_unit_test(the_next_chunk_waits_until_this_one_is_taken),
        cmocka_unit_test(no_problems_end_at_once),
        cmocka_unit_test(without_workers_it_gives_up),
        cmocka_unit_test(a_bad_problem_names_its_chunk),
        cmocka_unit_test(failed_allocations_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
