// The loss of one generated token and its derivative.
#ifndef LEARNER_LOSS_H
#define LEARNER_LOSS_H

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

struct loss_value loss_of_token(const struct loss_rule *rule,
                                const struct loss_token *t);

#endif
