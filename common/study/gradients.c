// T5: the gradient, by the weights and norms of credit; single children included.
#include "exact.h"
#include "gradient.h"

static const struct policy_shape shape = {
    .symbols = 3, .depth = 4, .ends = 0.1, .longest = 1};

struct credited {
    const char *name, *method;
    double rates[POLICY_MAX_DEPTH];
    enum credit_norm norm;
    enum credit_weight weight;
    enum credit_baseline baseline;
    int must_fail;
};

static const struct credited all[] = {
    {.name = "etreerpo 3,1,2", .method = "etreerpo", .rates = {3, 1, 2}},
    {.name = "etreerpo 2,2,2,2", .method = "etreerpo", .rates = {2, 2, 2, 2}},
    {.name = "etreerpo, one chain", .method = "etreerpo", .rates = {1}},
    {.name = "etreerpo 1,3,1,2", .method = "etreerpo", .rates = {1, 3, 1, 2}},
    {.name = "whole tree's baseline 3,1,2",
     .method = "etreerpo",
     .rates = {3, 1, 2},
     .baseline = CREDIT_TREE},
    {.name = "whole tree's baseline 1,2,2,2",
     .method = "etreerpo",
     .rates = {1, 2, 2, 2},
     .baseline = CREDIT_TREE},
    {.name = "rloo of 8 chains", .method = "rloo", .rates = {8}},
    {.name = "rloo on the tree 3,1,2",
     .method = "rloo",
     .rates = {3, 1, 2},
     .must_fail = 1},
    {.name = "multiplicity left in",
     .method = "etreerpo",
     .rates = {3, 1, 2},
     .weight = CREDIT_WEIGHT_NONE,
     .must_fail = 1},
    {.name = "its square root left in",
     .method = "etreerpo",
     .rates = {3, 1, 2},
     .weight = CREDIT_WEIGHT_SQRT,
     .must_fail = 1},
    {.name = "divided by the deviation",
     .method = "etreerpo",
     .rates = {3, 1, 2},
     .norm = CREDIT_NORM_STD,
     .must_fail = 1},
    {.name = "divided by V(1-V)",
     .method = "etreerpo",
     .rates = {3, 1, 2},
     .norm = CREDIT_NORM_BERNOULLI,
     .must_fail = 1},
    {.name = "treerpo, unweighted and unscaled",
     .method = "treerpo",
     .rates = {3, 1, 2},
     .weight = CREDIT_WEIGHT_NONE,
     .must_fail = 1},
    {.name = "grpo of 8 chains",
     .method = "grpo",
     .rates = {8},
     .norm = CREDIT_NORM_STD,
     .must_fail = 1},
};

enum status study_gradients(struct study *s)
{
    struct policy p = {0};
    struct gradient g = {0};
    enum status st;
    TRY_OUT(trial_policy(&p, shape, 4));
    TRY_OUT(gradient_of(&g, &p));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct branching b = trial_rule(&p, all[i].rates);
        struct trial t = trial_of(&p, grow_by_rule, &b, all[i].method);
        t.credit.norm = all[i].norm;
        t.credit.weight = all[i].weight;
        t.credit.baseline = all[i].baseline;
        t.credit.prior.mean = 0.4; // any
        for (int32_t d = 1; d <= p.depth; d++)
            t.credit.prior.sigma2[d - 1] = exact_variance(&p, d);
        TRY_OUT(gradient_cells(s, &g, &t, "T5", all[i].name, all[i].must_fail));
    }
out:
    gradient_free(&g);
    policy_free(&p);
    return st;
}
