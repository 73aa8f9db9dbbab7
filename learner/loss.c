#include "loss.h"

#include <math.h>

static void add_policy_term(const struct loss_rule *rule, const struct loss_token *t,
                            struct loss_value *out)
{
    double ratio = exp((double)t->log_prob - (double)t->behaviour);
    double bounded =
        fmin(fmax(ratio, 1.0 - (double)rule->clip_low), 1.0 + (double)rule->clip_high);
    double a = (double)t->advantage, w = (double)t->weight;
    out->clipped = a != 0.0 && bounded * a < ratio * a;
    out->loss -= w * a * (out->clipped ? bounded : ratio);
    if (!out->clipped)
        out->d_log_prob -= (float)(w * a * ratio);
}

static void add_kl_term(const struct loss_rule *rule, const struct loss_token *t,
                        struct loss_value *out)
{
    double d = (double)t->reference - (double)t->log_prob;
    double scale = (double)t->weight * (double)rule->kl_coef;
    out->kl = exp(d) - d - 1.0;
    out->loss += scale * out->kl;
    out->d_log_prob += (float)(scale * (1.0 - exp(d)));
}

struct loss_value loss_of_token(const struct loss_rule *rule,
                                const struct loss_token *t)
{
    struct loss_value v = {0};
    add_policy_term(rule, t, &v);
    if (rule->kl_coef > 0.0f)
        add_kl_term(rule, t, &v);
    return v;
}
