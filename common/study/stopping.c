// T6, T7: branching that looks at what it has already sampled.
#include "trial.h"

// ---- T6

enum { PILOT = 2, SECOND = 4 };

// A pilot of two leaves; four more where they disagree.
struct two_stages {
    struct grower grower; // of the pilot
    int fixed_weights;    // halves of both stages, the second never empty; else pooled
};

static enum status grow_leaves(const struct grower *g, struct tree *t, int32_t n,
                               struct rng_key key, double *sum)
{
    *sum = 0.0;
    TRY(grow_root(g, t, n));
    for (int32_t c = 0; c < n; c++) {
        TRY(grow_child(g, t, 0, c, rng_child(key, (uint64_t)(uint32_t)c)));
        *sum += (double)t->nodes[t->n_nodes - 1].reward;
    }
    return OK;
}

static enum status sample_stages(const void *context, struct rng_key key,
                                 struct tree *scratch, double *numbers)
{
    const struct two_stages *s = context;
    double pilot = 0.0, second = 0.0;
    TRY(grow_leaves(&s->grower, scratch, PILOT, rng_child(key, 0), &pilot));
    int32_t more = pilot == 1.0 ? SECOND : s->fixed_weights;
    TRY(grow_leaves(&s->grower, scratch, more, rng_child(key, 1), &second));
    if (s->fixed_weights)
        numbers[0] = 0.5 * pilot / PILOT + 0.5 * second / more;
    else
        numbers[0] = (pilot + second) / (PILOT + more);
    return OK;
}

static enum status stopping_at(struct study *s, double p)
{
    struct policy coin = {0};
    struct means m = {0};
    enum status st;
    TRY_OUT(policy_coin(&coin, p));
    struct two_stages stages = {.grower = {.policy = &coin, .children = grow_chain}};
    const struct sampling sampling = {&stages, sample_stages, 1};
    double bias = p * (1.0 - p) * (2.0 * p - 1.0) * SECOND / (SECOND + PILOT);
    TRY_OUT(study_measure(s, &sampling, &m));
    struct cell c = {.claim = "T6",
                     .quantity = "value",
                     .predicted = p + bias,
                     .measured = m.mean[0],
                     .error = m.error[0]};
    TRY_OUT(study_cell(s, c, "pooled at p = %.2f, by its formula", p));
    c.predicted = p;
    c.must_fail = 1;
    TRY_OUT(study_cell(s, c, "pooled at p = %.2f, as if unbiased", p));
    means_free(&m);
    stages.fixed_weights = 1;
    TRY_OUT(study_measure(s, &sampling, &m));
    c.measured = m.mean[0];
    c.error = m.error[0];
    c.must_fail = 0;
    TRY_OUT(study_cell(s, c, "weights fixed before, p = %.2f", p));
out:
    means_free(&m);
    policy_free(&coin);
    return st;
}

// ---- T7

enum sibling_kind { SIBLINGS_FRESH, SIBLINGS_AND_CHAIN, SIBLINGS_DIFFER };

enum { FRESH = 3 };

struct afterwards {
    struct grower grower; // chains
    enum sibling_kind kind;
};

// The node of a finished chain below which the least likely step was taken.
static int32_t most_surprising(const struct policy *p, const struct tree *chain)
{
    size_t at = 1;
    for (size_t i = 2; i < chain->n_nodes; i++)
        if (p->prefixes[grow_prefix(chain, (int32_t)i)].probability <
            p->prefixes[grow_prefix(chain, (int32_t)at)].probability)
            at = i;
    return (int32_t)at - 1;
}

// Its error as an estimate of the value of the prefix that it branches at.
static enum status sample_afterwards(const void *context, struct rng_key key,
                                     struct tree *scratch, double *numbers)
{
    const struct afterwards *a = context;
    const struct policy *p = a->grower.policy;
    TRY(grow_tree(&a->grower, scratch, rng_child(key, 0)));
    int32_t node = most_surprising(p, scratch), last = (int32_t)scratch->n_nodes - 1;
    int32_t prefix = grow_prefix(scratch, node);
    int32_t taken = grow_prefix(scratch, node + 1);
    double sum = (double)scratch->nodes[last].reward, n = 1.0;
    if (a->kind == SIBLINGS_FRESH)
        sum = n = 0.0;
    for (int32_t c = 0; c < FRESH; c++) {
        struct rng_key fresh = rng_child(key, 1 + (uint64_t)(uint32_t)c);
        int32_t excluded = a->kind == SIBLINGS_DIFFER ? taken : -1;
        int32_t step = policy_draw(p, prefix, excluded, rng_uniform(fresh, 0));
        TRY(grow_from(&a->grower, scratch, node, c, step, rng_child(fresh, 0), NULL));
        sum += (double)scratch->nodes[scratch->n_nodes - 1].reward;
        n += 1.0;
    }
    numbers[0] = sum / n - p->prefixes[prefix].value;
    return OK;
}

static enum status branching_afterwards(struct study *s, const struct policy *p)
{
    static const char *const names[] = {"fresh siblings only", "the chain kept as one",
                                        "siblings that must differ"};
    struct means m = {0};
    enum status st = OK;
    for (int kind = SIBLINGS_FRESH; kind <= SIBLINGS_DIFFER; kind++) {
        const struct afterwards a = {.grower = {.policy = p, .children = grow_chain},
                                     .kind = (enum sibling_kind)kind};
        const struct sampling sampling = {&a, sample_afterwards, 1};
        TRY_OUT(study_measure(s, &sampling, &m));
        const struct cell c = {.claim = "T7",
                               .quantity = "error of the node's value",
                               .measured = m.mean[0],
                               .error = m.error[0],
                               .must_fail = kind != SIBLINGS_FRESH};
        TRY_OUT(study_cell(s, c, "%s", names[kind]));
        means_free(&m);
    }
out:
    means_free(&m);
    return st;
}

enum status study_stopping(struct study *s)
{
    struct policy p = {0};
    enum status st;
    TRY_OUT(stopping_at(s, 0.25));
    TRY_OUT(stopping_at(s, 0.8));
    TRY_OUT(trial_policy(
        &p, (struct policy_shape){.symbols = 4, .depth = 3, .ends = 0.1, .longest = 1},
        7));
    TRY_OUT(branching_afterwards(s, &p));
out:
    policy_free(&p);
    return st;
}
