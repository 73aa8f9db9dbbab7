// The expectation of the estimators, on a policy small enough to enumerate: two
// symbols, three steps, one logit for each prefix.
#include "tree_test.h"

#include <math.h>

enum { PREFIXES = 7, TREES = 60000 };

static const double theta[PREFIXES] = {0.4, -0.7, 0.9, 0.3, -0.2, 1.1, -1.3};
static const double rewards[8] = {0, 1, 0.25, 0, 1, 0.5, 0, 1};

// Prefixes are numbered as a heap: the empty one 0, those behind it 2 i + 1 + symbol.
static double probability(int prefix) // of symbol 1
{
    return 1.0 / (1.0 + exp(-theta[prefix]));
}

static double expected_reward(int prefix)
{
    if (prefix >= PREFIXES)
        return rewards[prefix - PREFIXES];
    double p = probability(prefix);
    return (1 - p) * expected_reward(2 * prefix + 1) +
           p * expected_reward(2 * prefix + 2);
}

static double reach(int prefix)
{
    if (prefix == 0)
        return 1.0;
    int up = (prefix - 1) / 2;
    double p = probability(up);
    return reach(up) * (prefix == 2 * up + 2 ? p : 1 - p);
}

static double exact_gradient(int prefix)
{
    double p = probability(prefix);
    return reach(prefix) * p * (1 - p) *
           (expected_reward(2 * prefix + 2) - expected_reward(2 * prefix + 1));
}

// How many children hang below a prefix.
typedef int32_t branching_rule(int prefix);

static int32_t plain(int prefix)
{
    return prefix == 0 ? 3 : 2;
}

static int32_t with_single_children(int prefix)
{
    return prefix == 0 ? 1 : prefix < 3 ? 2 : 1;
}

static int32_t by_prefix(int prefix)
{
    static const int32_t branch[PREFIXES] = {2, 1, 4, 1, 2, 3, 1};
    return branch[prefix];
}

// Samples below `parent`; prefix_of (by node) is filled.
static void grow(struct tree *t, branching_rule *rule, int32_t parent, int *prefix_of,
                 struct rng_key key)
{
    static const float zero = 0.0F;
    int prefix = prefix_of[parent];
    for (int32_t c = 0; c < t->nodes[parent].branching; c++) {
        struct rng_key child = rng_child(key, (uint64_t)c);
        int32_t symbol = rng_uniform(child, 0) < probability(prefix), node = -1;
        int next = 2 * prefix + 1 + symbol, leaf = next >= PREFIXES;
        assert_ok(tree_add(t, parent, c, leaf ? NODE_EOS : NODE_BRANCHED, &symbol,
                           &zero, &zero, 1, &node));
        prefix_of[node] = next;
        t->nodes[node].branching = leaf ? 0 : rule(next);
        t->nodes[node].reward = leaf ? (float)rewards[next - PREFIXES] : 0.0F;
        if (!leaf)
            grow(t, rule, node, prefix_of, child);
    }
}

struct moments {
    double sum, square_sum;
};

static void observe(struct moments *m, double x)
{
    m->sum += x;
    m->square_sum += x * x;
}

// Standard errors between the mean of TREES samples and the truth.
static double z_score(const struct moments *m, double truth)
{
    double mean = m->sum / TREES;
    double variance = m->square_sum / TREES - mean * mean;
    return (mean - truth) / sqrt(variance / TREES);
}

struct estimates {
    struct moments gradient[PREFIXES], child_mean, leaf_mean;
};

static void estimate(const struct tree *t, const int *prefix_of, struct estimates *e)
{
    double gradient[PREFIXES] = {0}, reward_sum = 0;
    for (size_t i = 1; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        int prefix = prefix_of[n->parent];
        gradient[prefix] += (double)n->weight * (double)n->advantage *
                            (t->tokens[n->token_begin] - probability(prefix));
        reward_sum += (double)n->reward; // 0 but at leaves
    }
    for (int k = 0; k < PREFIXES; k++)
        observe(&e->gradient[k], gradient[k]);
    observe(&e->child_mean, (double)t->nodes[0].value);
    observe(&e->leaf_mean, reward_sum / (double)tree_leaf_count(t));
}

static void sample_many(branching_rule *rule, const struct credit_config *c,
                        struct estimates *e)
{
    int prefix_of[64] = {0};
    struct tree t = {0};
    int32_t prompt = 0;
    *e = (struct estimates){0};
    assert_ok(tree_init(&t, 0, &prompt, 1));
    t.nodes[0].branching = rule(0);
    for (uint64_t i = 0; i < TREES; i++) {
        t.n_nodes = t.n_tokens = 1; // the same memory again
        grow(&t, rule, 0, prefix_of, rng_child(rng_root(6, RNG_TEST), i));
        assert_ok(credit_assign(&t, c, NULL));
        estimate(&t, prefix_of, e);
    }
    tree_free(&t);
}

static double largest_z(const struct estimates *e)
{
    double largest = 0;
    for (int k = 0; k < PREFIXES; k++)
        largest = fmax(largest, fabs(z_score(&e->gradient[k], exact_gradient(k))));
    return largest;
}

static void expect_unbiased(branching_rule *rule)
{
    struct credit_config c;
    struct estimates e;
    assert_ok(credit_by_name(&c, "etreerpo"));
    sample_many(rule, &c, &e);
    double z = largest_z(&e);
    if (!(z < 4))
        fail_msg("|z| = %g", z);
    assert_true(fabs(z_score(&e.child_mean, expected_reward(0))) < 4);
}

static void etreerpo_is_unbiased(void **state)
{
    (void)state;
    expect_unbiased(plain);
}

static void etreerpo_is_unbiased_with_single_children(void **state)
{
    (void)state;
    expect_unbiased(with_single_children);
}

static void etreerpo_is_unbiased_where_branching_depends_on_the_prefix(void **state)
{
    (void)state;
    expect_unbiased(by_prefix);
}

static void without_weights_it_is_biased(void **state)
{
    (void)state;
    struct credit_config c;
    struct estimates e;
    assert_ok(credit_by_name(&c, "etreerpo"));
    c.weight = CREDIT_WEIGHT_NONE;
    sample_many(plain, &c, &e);
    assert_true(largest_z(&e) > 6);
}

static void the_leaf_mean_is_biased(void **state)
{
    (void)state;
    struct credit_config c;
    struct estimates e;
    assert_ok(credit_by_name(&c, "etreerpo"));
    sample_many(by_prefix, &c, &e);
    assert_true(fabs(z_score(&e.child_mean, expected_reward(0))) < 4);
    assert_true(fabs(z_score(&e.leaf_mean, expected_reward(0))) > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(etreerpo_is_unbiased),
        cmocka_unit_test(etreerpo_is_unbiased_with_single_children),
        cmocka_unit_test(etreerpo_is_unbiased_where_branching_depends_on_the_prefix),
        cmocka_unit_test(without_weights_it_is_biased),
        cmocka_unit_test(the_leaf_mean_is_biased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
