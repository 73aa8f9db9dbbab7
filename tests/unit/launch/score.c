// What an evaluation is worth: Pass@k, the majority, the steps, the mean reward.
// cmocka.h needs the standard headers before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
// clang-format on
#include "launch/score.h"

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static const char alphabet[] = "0123456789 #+=\nabdefprintu():_\\{}x*>`";
static int32_t zero_token;
static float zeros[64];

// A flat tree whose leaves spell the texts.
static struct tree tree_of(const struct tokenizer *t, const char *const *texts,
                           const float *rewards, int32_t n)
{
    struct tree tree = {0};
    assert_ok(tree_init(&tree, 0, &zero_token, 1));
    tree.nodes[0].end = NODE_BRANCHED;
    tree.nodes[0].branching = n;
    for (int32_t i = 0; i < n; i++) {
        struct tokens ids = {0};
        int32_t at = 0;
        assert_ok(tokenizer_encode(t, texts[i], strlen(texts[i]), &ids));
        assert_ok(tree_add(&tree, 0, i, NODE_EOS, ids.ids, zeros, zeros, ids.len, &at));
        tree.nodes[at].reward = rewards[i];
        tokens_free(&ids);
    }
    return tree;
}

static struct score score_one(const struct problem *p, const char *prefill,
                              const char *const *texts, const float *rewards, int32_t n)
{
    struct tokenizer *t = NULL;
    struct score s = {0};
    assert_ok(tokenizer_of_alphabet(&t, alphabet, sizeof alphabet - 1));
    struct tree tree = tree_of(t, texts, rewards, n);
    assert_ok(score_new(&s, 1, n));
    assert_ok(score_add(&s, &tree, p, prefill, t));
    tree_free(&tree);
    tokenizer_free(t);
    return s;
}

// Votes and steps are of the whole reply, whatever of it stands in the prompt.
static void test_prefill(void **state)
{
    static const struct {
        enum verifier verifier;
        const char *answer, *solution, *prefill;
        const char *texts[3]; // the first two are right
        double votes, steps, right;
    } cases[] = {
        {VERIFIER_NUMBER, "4", "#### 4", "x\n#### ", {"4", "4", "5"}, 2, 3, 0},
        {VERIFIER_NUMBER, "12", "#### 12", "#### 1", {"2", "2", "1"}, 2, 0, 0},
        {VERIFIER_NUMBER, "4", "#### 4", "", {"4", "4", "5"}, 0, 3, 0},
        {VERIFIER_NUMBER,
         "2",
         "<<1+1=2>>\n#### 2",
         "<<1+1=",
         {"2>>\n#### 2", "2>>\n#### 2", "3>>\n#### 3"},
         2,
         3,
         2},
        {VERIFIER_MATH, "4", "", "\\boxed{", {"4}", "4}", "5}"}, 2, 0, 0},
        {VERIFIER_MATH, "12", "", "so \\boxed{1", {"2}", "2}", "3}"}, 2, 0, 0},
        {VERIFIER_COUNTDOWN,
         "7: 1 2 5",
         "",
         "<<2+5=7>>\n#### ",
         {"5+2", "5+2", "5+1"},
         2,
         3,
         3},
    };
    static const float rewards[] = {1, 1, 0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct problem p = {.question = (char *)"q",
                                  .answer = (char *)cases[i].answer,
                                  .solution = (char *)cases[i].solution,
                                  .verifier = cases[i].verifier};
        struct score s = score_one(&p, cases[i].prefill, cases[i].texts, rewards, 3);
        if (s.votes != cases[i].votes || s.steps != cases[i].steps ||
            s.right_steps != cases[i].right)
            fail_msg("case %zu: %g votes, %g steps, %g right", i, s.votes, s.steps,
                     s.right_steps);
        assert_true(s.majority[0] == (cases[i].votes > 0.0));
        score_free(&s);
    }
}

// Pass@k counts replies with a reward of 1; the mean reward stands beside it.
static void test_fractions(void **state)
{
    static const char *const texts[] = {"1", "2", "3", "4"};
    static const struct {
        float rewards[4];
        double reward, pass1, pass2;
        const char *line; // NULL: none of them is between 0 and 1
    } cases[] = {
        {{1, 0.5F, 0.25F, 0}, 0.4375, 0.25, 0.5, "  reward    0.438 +- 0.000\n"},
        {{0.5F, 0.5F, 0.5F, 0.5F}, 0.5, 0, 0, "  reward    0.500"},
        {{1, 1, 0.75F, 0}, 0.6875, 0.5, 5.0 / 6, "  reward    0.688"},
        {{1, 1, 0, 0}, 0.5, 0.5, 5.0 / 6, NULL},
        {{0.9999999F, 0, 0, 0}, 0.25, 0, 0, "  reward    0.250"},
    };
    const struct problem p = {.question = (char *)"q",
                              .answer = (char *)"{}",
                              .solution = (char *)"",
                              .verifier = VERIFIER_PROGRAM};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = {0}, json = {0};
        struct score s = score_one(&p, "", texts, cases[i].rewards, 4);
        assert_float_equal(score_reward(&s).mean, cases[i].reward, 1e-6);
        score_print(&s, "sampled", &out);
        score_json(&s, &json);
        assert_float_equal(score_pass_at(&s, 1).mean, cases[i].pass1, 1e-6);
        assert_float_equal(score_pass_at(&s, 2).mean, cases[i].pass2, 1e-6);
        const char *found = strstr(buf_cstr(&out), "  reward ");
        if (cases[i].line
                ? !found || strncmp(found, cases[i].line, strlen(cases[i].line)) != 0
                : found != NULL)
            fail_msg("case %zu: %s", i, buf_cstr(&out));
        assert_non_null(strstr(buf_cstr(&json), "\"reward\": "));
        assert_null(strstr(buf_cstr(&out), "maj@")); // there are no answers to vote for
        buf_free(&out);
        buf_free(&json);
        score_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefill),
        cmocka_unit_test(test_fractions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
