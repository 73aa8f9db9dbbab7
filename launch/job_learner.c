// The learner's settings: what the config says, as the structs of learner/.
#include "launch/job.h"

#include <string.h>

#define LEAST_TEMPERATURE 0.01

static enum status trainer_settings(const struct settings *s,
                                    struct trainer_config *out)
{
    struct credit_config credit;
    if (s->rollout.temperature < LEAST_TEMPERATURE) // log-probs of no distribution
        return status_fail(ERR_INPUT, "rollout.temperature: %g: train needs %g or more",
                           s->rollout.temperature, LEAST_TEMPERATURE);
    TRY(credit_by_name(&credit, s->train.credit));
    if (strcmp(s->train.norm, "default") != 0)
        credit.norm = strcmp(s->train.norm, "std") == 0         ? CREDIT_NORM_STD
                      : strcmp(s->train.norm, "bernoulli") == 0 ? CREDIT_NORM_BERNOULLI
                                                                : CREDIT_NORM_NONE;
    if (strcmp(s->train.weight, "default") != 0)
        credit.weight = strcmp(s->train.weight, "exact") == 0  ? CREDIT_WEIGHT_EXACT
                        : strcmp(s->train.weight, "sqrt") == 0 ? CREDIT_WEIGHT_SQRT
                                                               : CREDIT_WEIGHT_NONE;
    if (strcmp(s->train.baseline, "tree") == 0)
        credit.baseline = CREDIT_TREE;
    if (credit.baseline == CREDIT_TREE && credit.method != CREDIT_ETREERPO)
        return status_fail(ERR_INPUT,
                           "train.baseline: tree needs train.credit etreerpo, "
                           "not %s",
                           s->train.credit);
    *out = (struct trainer_config){
        .credit = credit,
        .lr = (float)s->train.lr,
        .beta1 = (float)s->train.beta1,
        .beta2 = (float)s->train.beta2,
        .epsilon = (float)s->train.epsilon,
        .weight_decay = (float)s->train.weight_decay,
        .warmup_steps = s->train.warmup,
        .clip_low = (float)s->train.clip_low,
        .clip_high = (float)s->train.clip_high,
        .kl_coef = (float)s->train.kl_coef,
        .max_grad_norm = (float)s->train.max_grad_norm,
        .norm = strcmp(s->train.loss_norm, "prompt") == 0 ? LOSS_NORM_PROMPT
                                                          : LOSS_NORM_TOKEN,
        .temperature = (float)s->rollout.temperature,
        .pack_tokens = (int32_t)s->train.pack_tokens,
        .common_root = settings_common_root(s),
    };
    return OK;
}

// The flat groups know no weights of their leaves.
static enum status cutoff_settings(const struct settings *s, struct learner_config *c)
{
    enum credit_method method = c->trainer.credit.method;
    c->cutoff = (struct cutoff_config){.keep = s->cutoff.keep,
                                       .most_false = s->cutoff.most_false,
                                       .least_probes = (double)s->cutoff.least_probes};
    TRY(cutoff_mode_by_name(&c->cutoff.mode, s->cutoff.mode));
    c->trainer.credit.cutoff = c->cutoff.mode;
    if (c->cutoff.mode == CUTOFF_ROULETTE &&
        (method == CREDIT_GRPO || method == CREDIT_RLOO))
        return status_fail(ERR_INPUT,
                           "cutoff.mode: roulette needs the credit of a "
                           "tree, train.credit is %s",
                           s->train.credit);
    return OK;
}

static enum status check_reuse(const struct settings *s, const struct learner_config *c)
{
    if (c->trainer.credit.method != CREDIT_ETREERPO)
        return status_fail(ERR_INPUT,
                           "reuse.weights: %s needs train.credit etreerpo, not %s",
                           s->reuse.weights, s->train.credit);
    if (c->cutoff.mode == CUTOFF_ROULETTE) // whose control changes from step to step
        return status_fail(ERR_INPUT, "reuse.weights: not with cutoff.mode roulette");
    if (s->train.prompts % s->reuse.visits != 0)
        return status_fail(ERR_INPUT,
                           "reuse.visits: %lld does not divide train.prompts "
                           "%lld",
                           (long long)s->reuse.visits, (long long)s->train.prompts);
    if (s->reuse.again > 0 && s->reuse.depth > 0)
        return status_fail(ERR_INPUT,
                           "reuse.again: whole trees, but reuse.depth is %lld",
                           (long long)s->reuse.depth);
    if (s->reuse.again > s->reuse.max_age)
        return status_fail(ERR_INPUT, "reuse.again: %lld steps, reuse.max_age %lld",
                           (long long)s->reuse.again, (long long)s->reuse.max_age);
    if (s->reuse.depth >= c->plan.n_branch)
        return status_fail(ERR_INPUT, "reuse.depth: %lld, but nodes branch to depth %d",
                           (long long)s->reuse.depth, c->plan.n_branch - 1);
    return OK;
}

static enum status reuse_settings(const struct settings *s, struct learner_config *c)
{
    if (strcmp(s->reuse.weights, "off") == 0)
        return OK;
    c->reuse = (struct reuse_config){
        .on = 1,
        .depth = (int32_t)s->reuse.depth,
        .children = (int32_t)s->reuse.children,
        .max_age = (int32_t)s->reuse.max_age,
        .min_ess = s->reuse.min_ess,
        .max_bytes = (size_t)s->reuse.max_mb << 20,
        .visits = (int32_t)s->reuse.visits,
        .again = (int32_t)s->reuse.again,
    };
    c->trainer.credit.reuse.most = s->reuse.most;
    TRY(reuse_weight_by_name(&c->trainer.credit.reuse.weight, s->reuse.weights));
    return check_reuse(s, c);
}

enum status job_learner_config(const struct job *job, int ranks,
                               struct learner_config *out)
{
    const struct settings *s = &job->settings;
    struct learner_config c = {
        .dispatch = job_dispatch_config(job, ranks),
        .plan = {.seed = (uint64_t)s->run.seed,
                 .purpose = RNG_SAMPLE,
                 .n_branch = (int32_t)s->rollout.branch.n,
                 .step_tokens = (int32_t)s->rollout.step_tokens,
                 .max_new_tokens = (int32_t)s->rollout.max_new_tokens,
                 .temperature = (float)s->rollout.temperature,
                 .common_root = settings_common_root(s)},
        .steps = (uint64_t)s->train.steps,
        .stop_tokens = s->train.stop_tokens,
        .stop_flops = s->train.stop_flops,
        .prompts_per_step = (int32_t)s->train.prompts,
        .parts = (int32_t)s->rollout.parts,
    };
    TRY(trainer_settings(s, &c.trainer));
    for (int32_t i = 0; i < c.plan.n_branch; i++)
        c.plan.branch[i] = (int32_t)s->rollout.branch.items[i];
    TRY(branch_rule_by_name(&c.plan.rule.rule, s->rollout.schedule));
    c.plan.rule.most = (int32_t)s->rollout.most_children;
    c.plan.rule.budget = s->rollout.budget_tokens;
    c.plan.rule.sharpness = s->rollout.sharpness;
    TRY(cutoff_settings(s, &c));
    TRY(reuse_settings(s, &c));
    if (c.parts > c.plan.branch[0])
        return status_fail(ERR_INPUT, "rollout.parts: %d, but the root has %d children",
                           c.parts, c.plan.branch[0]);
    *out = c;
    return OK;
}
