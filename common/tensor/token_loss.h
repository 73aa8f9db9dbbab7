// The loss of one generated token and its derivative, the same text for the CPU and
// for a GPU's kernels.
#ifndef TENSOR_TOKEN_LOSS_H
#define TENSOR_TOKEN_LOSS_H

#include <math.h>

#ifdef __CUDACC__
#define TOKEN_LOSS static inline __host__ __device__
#else
#define TOKEN_LOSS static inline
#endif

// - weight * min(r A, clip(r) A) + weight * kl_coef * (exp(d) - d - 1), where
// r = exp(log_prob - behaviour) and d = reference - log_prob (PPO's clipped objective,
// arXiv 1707.06347; the k3 estimator of the KL to the reference).
struct loss_token {
    float weight, advantage;
    float log_prob, behaviour, reference; // reference is read where kl_coef > 0
};

struct loss_rule {
    float clip_low, clip_high, kl_coef;
};

struct loss_value {
    double loss, kl;  // kl: without weight and coefficient
    float d_log_prob; // derivative of the loss with respect to log_prob
    int clipped;      // 1 where the policy term's derivative was cut to 0
};

TOKEN_LOSS void loss_policy_term(const struct loss_rule *rule,
                                 const struct loss_token *t, struct loss_value *out)
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

TOKEN_LOSS void loss_kl_term(const struct loss_rule *rule, const struct loss_token *t,
                             struct loss_value *out)
{
    double d = (double)t->reference - (double)t->log_prob;
    double scale = (double)t->weight * (double)rule->kl_coef;
    out->kl = exp(d) - d - 1.0;
    out->loss += scale * out->kl;
    out->d_log_prob += (float)(scale * (1.0 - exp(d)));
}

TOKEN_LOSS struct loss_value loss_of_token(const struct loss_rule *rule,
                                           const struct loss_token *t)
{
    struct loss_value v = {0, 0, 0, 0};
    loss_policy_term(rule, t, &v);
    if (rule->kl_coef > 0.0f)
        loss_kl_term(rule, t, &v);
    return v;
}

#endif
