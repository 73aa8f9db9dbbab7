// Every message comes back as it was sent, and goes out in the bytes that the
// protocol's version has fixed (tests/data/proto).
#include "samples.h"

#include "base/file.h"

static void same_lease(const struct msg_lease *a, const struct msg_lease *b)
{
    assert_int_equal(a->weights_version, b->weights_version);
    assert_int_equal(a->weights_bytes, b->weights_bytes);
    assert_int_equal(a->weights_incoming, b->weights_incoming);
    assert_int_equal(a->want, b->want);
    assert_int_equal(a->n_held, b->n_held);
    assert_memory_equal(a->held, b->held, a->n_held * sizeof *a->held);
    assert_true(a->busy_s == b->busy_s && a->idle_s == b->idle_s);
    assert_true(a->flops == b->flops);
    assert_int_equal(a->generated_tokens, b->generated_tokens);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->group, b->group);
}

static void same_task(const struct msg_task *a, const struct msg_task *b)
{
    assert_int_equal(a->lease, b->lease);
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->prompt_id, b->prompt_id);
    assert_int_equal(a->policy_version, b->policy_version);
    assert_int_equal(a->rng_key, b->rng_key);
    assert_int_equal(a->deadline_ms, b->deadline_ms);
    assert_int_equal(a->n_branch, b->n_branch);
    assert_memory_equal(a->branch, b->branch, sizeof a->branch);
    assert_int_equal(a->first_child, b->first_child);
    assert_int_equal(a->child_count, b->child_count);
    assert_int_equal(a->step_tokens, b->step_tokens);
    assert_int_equal(a->max_new_tokens, b->max_new_tokens);
    assert_true(a->temperature == b->temperature);
    assert_int_equal(a->verifier, b->verifier);
    assert_int_equal(a->common, b->common);
    assert_int_equal(a->rule.rule, b->rule.rule);
    assert_int_equal(b->rule.depths, b->n_branch);
    assert_int_equal(a->rule.most, b->rule.most);
    assert_int_equal(a->rule.budget, b->rule.budget);
    assert_true(a->cutoff.cut == b->cutoff.cut);
    assert_true(a->cutoff.control == b->cutoff.control);
    assert_true(a->rule.sharpness == b->rule.sharpness);
    assert_memory_equal(a->rule.rate, b->rule.rate, sizeof a->rule.rate);
    assert_memory_equal(a->rule.entropy, b->rule.entropy, sizeof a->rule.entropy);
    assert_int_equal(a->n_prompt, b->n_prompt);
    assert_memory_equal(a->prompt, b->prompt, a->n_prompt * sizeof *a->prompt);
    assert_string_equal(a->answer, b->answer);
    assert_string_equal(a->prefill, b->prefill);
}

static void same_node(const struct tree_node *a, const struct tree_node *b)
{
    assert_int_equal(a->parent, b->parent);
    assert_int_equal(a->child_index, b->child_index);
    assert_int_equal(a->branching, b->branching);
    assert_int_equal(a->depth, b->depth);
    assert_int_equal(a->token_begin, b->token_begin);
    assert_int_equal(a->token_count, b->token_count);
    assert_int_equal(a->end, b->end);
    assert_true(a->reward == b->reward);
    assert_true(a->keep == b->keep && b->ratio == 1);
    assert_true(b->value == 0 && b->advantage == 0 && b->weight == 0);
}

static void same_tree(const struct tree *a, const struct tree *b)
{
    assert_int_equal(a->prompt_id, b->prompt_id);
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->policy_version, b->policy_version);
    assert_true(a->control == b->control);
    assert_int_equal(a->n_nodes, b->n_nodes);
    assert_int_equal(a->n_tokens, b->n_tokens);
    for (size_t i = 0; i < a->n_nodes; i++)
        same_node(&a->nodes[i], &b->nodes[i]);
    assert_memory_equal(a->tokens, b->tokens, a->n_tokens * sizeof *a->tokens);
    assert_memory_equal(a->log_probs, b->log_probs, a->n_tokens * sizeof *a->log_probs);
    assert_memory_equal(a->entropies, b->entropies, a->n_tokens * sizeof *a->entropies);
}

static void same_weights(const struct msg_weights *a, const struct msg_weights *b)
{
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->total_bytes, b->total_bytes);
    assert_int_equal(a->offset, b->offset);
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
}

static void same_group(const struct msg_group *a, const struct msg_group *b)
{
    assert_int_equal(a->order, b->order);
    assert_int_equal(a->worker, b->worker);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->bytes, b->bytes);
    assert_memory_equal(a->id, b->id, sizeof a->id);
    assert_int_equal(a->n_excluded, b->n_excluded);
    assert_memory_equal(a->excluded, b->excluded, a->n_excluded * sizeof *a->excluded);
}

static void same_message(const struct message *a, const struct message *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->incarnation, b->incarnation);
    if (a->type == MSG_HELLO) {
        assert_int_equal(a->as.hello.model_hash, b->as.hello.model_hash);
        assert_int_equal(a->as.hello.threads, b->as.hello.threads);
        assert_string_equal(a->as.hello.host, b->as.hello.host);
    } else if (a->type == MSG_LEASE) {
        same_lease(&a->as.lease, &b->as.lease);
    } else if (a->type == MSG_TASK) {
        same_task(&a->as.task, &b->as.task);
    } else if (a->type == MSG_RESULT) {
        assert_int_equal(a->as.result.lease, b->as.result.lease);
        assert_int_equal(a->as.result.prefilled, b->as.result.prefilled);
        same_tree(&a->as.result.tree, &b->as.result.tree);
    } else if (a->type == MSG_WEIGHTS) {
        same_weights(&a->as.weights, &b->as.weights);
    } else if (a->type == MSG_GROUP) {
        same_group(&a->as.group, &b->as.group);
    } else if (a->type == MSG_FAULT) {
        assert_string_equal(a->as.fault.text, b->as.fault.text);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    struct sample all[N_SAMPLES];
    samples(all);
    for (int i = 0; i < N_SAMPLES; i++) {
        struct buf bytes = {0};
        struct message back;
        sample_bytes(&bytes, &all[i].message);
        assert_ok(message_decode(&back, bytes.data, bytes.len));
        same_message(&all[i].message, &back);
        message_free(&back);
        buf_free(&bytes);
    }
}

// A task without a prefill goes out as one whose prefill is empty.
static void test_no_prefill(void **state)
{
    (void)state;
    struct message task = {.type = MSG_TASK}, back;
    struct buf bytes = {0};
    task.as.task = sample_task();
    task.as.task.prefill = NULL;
    sample_bytes(&bytes, &task);
    assert_ok(message_decode(&back, bytes.data, bytes.len));
    assert_string_equal(back.as.task.prefill, "");
    message_free(&back);
    buf_free(&bytes);
}

static void test_task_copy(void **state)
{
    (void)state;
    const struct msg_task task = sample_task();
    struct msg_task copy;
    for (int n = 1; n <= 3; n++) {
        mem_fail_nth(n);
        assert_int_equal(msg_task_copy(&copy, &task), ERR_NOMEM);
    }
    mem_fail_nth(0);
    assert_ok(msg_task_copy(&copy, &task));
    same_task(&task, &copy);
    assert_ptr_not_equal(task.prefill, copy.prefill);
    msg_task_clear(&copy);
    assert_null(copy.prompt);
    assert_null(copy.prefill);
}

// The encoder appends: what is in the buffer stays.
static void test_appends(void **state)
{
    (void)state;
    struct message stop = {.type = MSG_STOP, .incarnation = 1}, back;
    struct buf bytes = {0};
    buf_str(&bytes, "head");
    assert_ok(message_encode(&bytes, &stop));
    assert_memory_equal(bytes.data, "head", 4);
    assert_ok(message_decode(&back, bytes.data + 4, bytes.len - 4));
    assert_int_equal(back.type, MSG_STOP);
    message_free(&back);
    buf_free(&bytes);
}

// UPDATE_GOLDEN=1 writes the files: with a new PROTO_VERSION.
static void test_golden(void **state)
{
    (void)state;
    struct sample all[N_SAMPLES];
    samples(all);
    for (int i = 0; i < N_SAMPLES; i++) {
        char path[512];
        struct buf bytes = {0}, golden = {0};
        (void)snprintf(path, sizeof path, TEST_DATA "/proto/%s.msgpack", all[i].name);
        sample_bytes(&bytes, &all[i].message);
        if (getenv("UPDATE_GOLDEN"))
            assert_ok(file_write(path, bytes.data, bytes.len));
        assert_ok(file_read(&golden, path, 1 << 20));
        assert_int_equal(bytes.len, golden.len);
        assert_memory_equal(bytes.data, golden.data, golden.len);
        buf_free(&bytes);
        buf_free(&golden);
    }
}

// A tree of many nodes: its arrays take the format's widest lengths.
static void test_big_tree(void **state)
{
    (void)state;
    enum { LEAVES = 30000 };
    const int32_t prompt[] = {1, 2, 3};
    struct message m = {.type = MSG_RESULT}, back;
    struct tree *t = &m.as.result.tree;
    struct buf bytes = {0};
    assert_ok(tree_init(t, 5, prompt, 3));
    t->nodes[0].end = NODE_BRANCHED;
    t->nodes[0].branching = LEAVES;
    for (int32_t i = 0; i < LEAVES; i++) {
        const int32_t token[] = {i};
        const float log_prob[] = {-(float)i}, entropy[] = {(float)i};
        int32_t node;
        assert_ok(tree_add(t, 0, i, NODE_EOS, token, log_prob, entropy, 1, &node));
    }
    sample_bytes(&bytes, &m);
    assert_ok(message_decode(&back, bytes.data, bytes.len));
    same_message(&m, &back);
    assert_ok(tree_check(&back.as.result.tree, LEAVES));
    message_free(&back);
    message_free(&m);
    buf_free(&bytes);
}

static void test_weights_limit(void **state)
{
    (void)state;
    struct message m = {.type = MSG_WEIGHTS};
    struct buf bytes = {0};
    m.as.weights = (struct msg_weights){.total_bytes = UINT64_MAX, .len = 1ull << 32};
    assert_int_equal(message_encode(&bytes, &m), ERR_LIMIT);
    buf_free(&bytes);
}

static void test_no_such_type(void **state)
{
    (void)state;
    struct message m = {.type = (enum message_type)0};
    struct buf bytes = {0};
    assert_int_equal(message_encode(&bytes, &m), ERR_INTERNAL);
    assert_string_equal(message_name((enum message_type)99), "?");
    buf_free(&bytes);
}

// Every allocation of the encoder and of the decoder fails once.
static void test_memory(void **state)
{
    (void)state;
    struct sample all[N_SAMPLES];
    samples(all);
    for (int i = 0; i < N_SAMPLES; i++) {
        struct buf bytes = {0};
        struct message back;
        enum status st = ERR_NOMEM;
        for (long n = 1; st != OK; n++) {
            buf_free(&bytes);
            mem_fail_nth(n);
            st = message_encode(&bytes, &all[i].message);
            mem_fail_nth(0);
            assert_true(st == OK || st == ERR_NOMEM);
        }
        buf_free(&bytes);
        sample_bytes(&bytes, &all[i].message);
        st = ERR_NOMEM;
        for (long n = 1; st != OK; n++) {
            mem_fail_nth(n);
            st = message_decode(&back, bytes.data, bytes.len);
            mem_fail_nth(0);
            assert_true(st == OK || st == ERR_NOMEM);
        }
        message_free(&back);
        buf_free(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_appends),
        cmocka_unit_test(test_no_prefill),    cmocka_unit_test(test_task_copy),
        cmocka_unit_test(test_golden),        cmocka_unit_test(test_big_tree),
        cmocka_unit_test(test_weights_limit), cmocka_unit_test(test_no_such_type),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
