#include "algebra.h"

#include "chain.h"
#include "streams.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

enum {
    MAX_RETRIES = 4000,
    TEST_SHARE = 8, // one text in 8 belongs to the test split
};

struct bounds {
    const char *name;
    int32_t value, least, most;
};

enum status algebra_config_check(const struct algebra_config *c)
{
    const struct bounds all[] = {
        {"train", c->train, 0, 10000000},
        {"test", c->test, 0, 10000000},
        {"min_steps", c->min_steps, 2, CHAIN_MAX_STEPS},
        {"max_steps", c->max_steps, c->min_steps, CHAIN_MAX_STEPS},
        {"max_operand", c->max_operand, 2, 1000000},
        {"max_factor", c->max_factor, 2, 1000000},
        // From 4 on, every value has a sum or a difference that stays in range.
        {"max_value", c->max_value, c->max_operand > 4 ? c->max_operand : 4,
         1000000000},
        {"equations", c->equations, 0, 100},
        {"chains", c->chains, 0, 100 - c->equations},
        {"prose", c->prose, 0, 1},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value < all[i].least || all[i].value > all[i].most)
            return status_fail(ERR_INPUT, "algebra: %s is %d, must be in %d..%d",
                               all[i].name, all[i].value, all[i].least, all[i].most);
    return OK;
}

// One split in the making.
struct split {
    struct rng_key key;
    int is_test;
    uint64_t *seen; // open addressing by the texts' hashes; 0: free
    size_t mask;
    struct buf question, solution;
};

static enum status split_init(struct split *s, uint64_t seed, int is_test,
                              int32_t count)
{
    size_t slots = 16;
    while (slots < 2 * (size_t)count)
        slots *= 2;
    TRY(mem_new(&s->seen, slots, sizeof *s->seen));
    s->mask = slots - 1;
    s->is_test = is_test;
    s->key = rng_child(rng_root(seed, RNG_DATA),
                       is_test ? STREAM_ALGEBRA_TEST : STREAM_ALGEBRA_TRAIN);
    return OK;
}

static void split_free(struct split *s)
{
    mem_free(s->seen);
    buf_free(&s->question);
    buf_free(&s->solution);
}

// 1: the text is of this split and new in it.  Two texts of one hash count as one.
static int split_claims(struct split *s, const struct buf *text)
{
    uint64_t hash = hash_bytes(HASH_START, text->data, text->len);
    if (((hash >> 32) % TEST_SHARE == 0) != s->is_test)
        return 0;
    hash += hash == 0;
    size_t i = hash & s->mask;
    for (; s->seen[i]; i = (i + 1) & s->mask)
        if (s->seen[i] == hash)
            return 0;
    s->seen[i] = hash;
    return 1;
}

static enum status write_problem(struct problem *out, struct split *s,
                                 const struct chain *chain, const struct wording *w,
                                 int prose)
{
    buf_clear(&s->solution);
    chain_solution(&s->solution, chain, w, prose);
    TRY(s->solution.status);
    return problem_make(out, buf_cstr(&s->question), buf_cstr(&s->solution));
}

static enum status make_problem(struct problem *out, struct split *s,
                                const struct algebra_config *c, int32_t index)
{
    struct rng_key key = rng_child(s->key, (uint64_t)index);
    for (uint64_t retry = 0; retry < MAX_RETRIES; retry++) {
        struct draws d = {rng_child(key, retry), 0};
        struct wording wording = {0};
        struct chain chain;
        if (!chain_draw(&chain, c, &d))
            continue;
        buf_clear(&s->question);
        chain_question(&s->question, &wording, &chain, &d);
        TRY(s->question.status);
        if (split_claims(s, &s->question))
            return write_problem(out, s, &chain, &wording, c->prose);
    }
    return status_fail(ERR_INPUT,
                       "algebra: only %d distinct %s problems found: fewer problems or "
                       "wider ranges are needed",
                       index, s->is_test ? "test" : "train");
}

static enum status make_split(struct dataset *out, const struct algebra_config *c,
                              int is_test)
{
    int32_t count = is_test ? c->test : c->train;
    struct split s = {0};
    struct dataset made = {0};
    struct problem p = {0};
    enum status st = OK;
    TRY_OUT(split_init(&s, c->seed, is_test, count));
    for (int32_t i = 0; i < count; i++) {
        TRY_OUT(make_problem(&p, &s, c, i));
        TRY_OUT(dataset_add(&made, &p));
    }
    *out = made;
    made = (struct dataset){0};
out:
    problem_free(&p);
    dataset_free(&made);
    split_free(&s);
    return st;
}

enum status algebra_generate(const struct algebra_config *c, struct dataset *train,
                             struct dataset *test)
{
    struct dataset made = {0};
    TRY(algebra_config_check(c));
    TRY(make_split(&made, c, 0));
    enum status st = make_split(test, c, 1);
    if (st != OK)
        dataset_free(&made);
    else
        *train = made;
    return st;
}
