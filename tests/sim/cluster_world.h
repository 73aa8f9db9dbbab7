// What all runs of the simulated cluster share: a tokenizer, and a tiny policy that has
// been taught half of its task.
#ifndef TESTS_SIM_CLUSTER_WORLD_H
#define TESTS_SIM_CLUSTER_WORLD_H

#include "base/mem.h"
#include "data/dataset.h"
#include "learner/trainer.h"
#include "text/tokenizer.h"

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static const char *const question = "0123456789 9876543210 ab", *const answers[] = {
                                                                    "1", "2"};

struct world {
    struct tokenizer *tokenizer;
    struct tokens delimiters;
    struct model_config shape;
    float *taught; // parameters that solve about half
    size_t n;
};
static struct world world;

static void fill_text(struct buf *prompt, struct buf *solution, int which)
{
    struct problem p = {.question = (char *)question};
    problem_prompt(prompt, &p);
    buf_printf(solution, "a\nb\n#### %s", answers[which]);
}

static void example(struct tree *out, int which)
{
    struct buf prompt = {0}, solution = {0};
    struct tokens ask = {0}, tell = {0};
    float *zeros = NULL;
    int32_t child;
    fill_text(&prompt, &solution, which);
    assert_ok(tokenizer_encode(world.tokenizer, buf_cstr(&prompt), prompt.len, &ask));
    assert_ok(
        tokenizer_encode(world.tokenizer, buf_cstr(&solution), solution.len, &tell));
    assert_ok(tokens_push(&tell, world.shape.eos));
    assert_ok(mem_new(&zeros, tell.len, sizeof *zeros));
    assert_ok(tree_init(out, 0, ask.ids, ask.len));
    out->nodes[0].branching = 1;
    assert_ok(tree_add(out, 0, 0, NODE_EOS, tell.ids, zeros, zeros, tell.len, &child));
    buf_free(&prompt);
    buf_free(&solution);
    tokens_free(&ask);
    tokens_free(&tell);
    mem_free(zeros);
}

static const struct trainer_config supervised = {.lr = 2e-2f,
                                                 .beta1 = 0.9f,
                                                 .beta2 = 0.98f,
                                                 .epsilon = 1e-8f,
                                                 .warmup_steps = 5,
                                                 .max_grad_norm = 1.0f,
                                                 .temperature = 1.0f,
                                                 .pack_tokens = 4096};

// Teaches both answers equally: half of the samples will be right.
static void teach(struct model *m)
{
    struct trainer *trainer = NULL;
    struct tree trees[2] = {0}, *list[2] = {&trees[0], &trees[1]};
    assert_ok(trainer_new(&trainer, &supervised, m));
    for (int i = 0; i < 2; i++)
        example(&trees[i], i);
    for (int update = 0; update < 80; update++) {
        struct batch_stats stats = {0};
        assert_ok(trainer_begin(trainer));
        assert_ok(trainer_accumulate_supervised(trainer, list, 2, &stats));
        assert_ok(trainer_update(trainer, &stats, NULL));
    }
    trainer_free(trainer);
    tree_free(&trees[0]);
    tree_free(&trees[1]);
}

static int make_world(void **state)
{
    static const char text[] = "ab#\n 0123456789";
    struct model m = {0};
    (void)state;
    assert_ok(tokenizer_of_alphabet(&world.tokenizer, text, sizeof text - 1));
    assert_ok(tokenizer_find(world.tokenizer, "\n", &world.delimiters));
    world.shape = (struct model_config){.vocab = tokenizer_vocab(world.tokenizer),
                                        .dim = 16,
                                        .layers = 1,
                                        .heads = 2,
                                        .kv_heads = 1,
                                        .head_dim = 8,
                                        .ffn = 32,
                                        .max_positions = 64,
                                        .rms_epsilon = 1e-5f,
                                        .rope_theta = 10000.0,
                                        .eos = tokenizer_eos(world.tokenizer),
                                        .bos = -1};
    assert_ok(model_new(&m, &world.shape));
    model_randomize(&m, rng_root(3, RNG_INIT));
    (void)model_repack(&m);
    model_repack(&m);
    teach(&m);
    world.n = m.layout.total;
    assert_ok(mem_dup(&world.taught, m.params, world.n, sizeof *m.params));
    model_free(&m);
    return 0;
}

static int free_world(void **state)
{
    (void)state;
    tokenizer_free(world.tokenizer);
    tokens_free(&world.delimiters);
    mem_free(world.taught);
    return 0;
}

#endif
