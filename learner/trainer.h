// The gradient side of the learner, free of messages: trees in, updated weights out.
//
//   trainer_begin -> trainer_accumulate (any number of packs) -> trainer_update
//
// Loss over a batch, per generated token t of node n (all trees of the batch):
//   - weight_n * min(r A_n, clip(r, 1-eps, 1+eps) A_n),  r = exp(lp - behaviour lp)
//   + weight_n * kl_coef * (exp(ref - lp) - (ref - lp) - 1)          [k3 estimator]
// divided by the batch's normaliser: the sum of weight over tokens with signal
// (`token`), or the number of prompts with signal (`prompt`).  For supervised packs the
// loss is - lp a token, divided by the number of tokens.  Gradients are linear in
// 1/normaliser, so packs are accumulated as they come and scaled once at the end.
// Deterministic: the same trees in the same order give the same bits.
#ifndef LEARNER_TRAINER_H
#define LEARNER_TRAINER_H

#include "model/model.h"
#include "tree/credit.h"
#include "tree/tree.h"

enum loss_norm { LOSS_NORM_TOKEN, LOSS_NORM_PROMPT };

struct trainer_config {
    struct credit_config credit;
    float lr, beta1, beta2, epsilon, weight_decay;
    int64_t warmup_steps;      // linear; then constant
    float clip_low, clip_high; // ratio in [1 - low, 1 + high]
    float kl_coef;             // 0: no reference model is kept
    float max_grad_norm;       // 0: no clipping
    enum loss_norm norm;
    float temperature;   // of the rollouts, > 0
    int32_t pack_tokens; // a pack is closed before it would exceed this
    // 1: what the prompts of a pack begin with alike stands there once
    // (learner/pack.h), where that saves a good part of it.  Log-probs are the same
    // bits either way.
    int common_root;
    // Rows and longest path of the largest pack that will come: its memory is taken at
    // the start.  0: as packs come.
    int32_t most_rows, longest_path;
};

struct batch_stats {
    struct credit_stats credit;
    int64_t prompts, signal_prompts;
    int64_t unique_tokens, path_tokens; // rows computed, rows if paths were flattened
    int64_t generated_tokens;
    double entropy_sum; // over generated tokens
    // |learner - behaviour| over the trained tokens: at most, and the sum over so many.
    double log_prob_diff_max, log_prob_diff_sum;
    int64_t trained_tokens;
    double clipped; // tokens whose ratio was clipped
    double kl_sum;
    double flops;
    double grad_norm; // after normalisation, before clipping
    double loss;
};

struct trainer;
// Borrows the model.  ERR_NOMEM, ERR_INPUT.
CHECKED enum status trainer_new(struct trainer **out, const struct trainer_config *c,
                                struct model *m);
void trainer_free(struct trainer *t);

// For the credit of the batches that follow (tree/credit.h).
void trainer_set_prior(struct trainer *t, const struct credit_prior *prior);

CHECKED enum status trainer_begin(struct trainer *t);
// Assigns credit to one pack's trees and adds its gradient.  Trees without any signal
// are counted but not computed (unless kl_coef > 0).
CHECKED enum status trainer_accumulate(struct trainer *t, struct tree *const *trees,
                                       size_t n, struct batch_stats *stats);
// Supervised: sum over the outputs of a pack with weight 1 each (cross-entropy).
CHECKED enum status trainer_accumulate_supervised(struct trainer *t,
                                                  struct tree *const *trees, size_t n,
                                                  struct batch_stats *stats);
// Scales, clips, AdamW, version + 1.  A batch without signal leaves the parameters as
// they are but still counts as a version.  `watch` (NULL: none) hears how far the new
// version is final (model/training.h), once at least where there is one; it hears
// nothing where the gradient is refused (ERR_INTERNAL: not finite).
struct training_watch;
CHECKED enum status trainer_update(struct trainer *t, struct batch_stats *stats,
                                   const struct training_watch *watch);

// Each tree's ratios from its log-probs (of the policy that sampled it) to those of the
// model as it is, which take their place: each step's product, at most
// TRAINER_MAX_RATIO.  Adds to *flops.  ERR_NOMEM, ERR_LIMIT.
#define TRAINER_MAX_RATIO 1e6
CHECKED enum status trainer_reweigh(struct trainer *t, struct tree *const *trees,
                                    size_t n, double *flops);

// How many of the waiting trees[0..n) the next pack takes; 0: more must come first.
// What they have in common counts once.
// `last` != 0: no more will come in this batch.  A function of order and sizes only,
// never of when trees arrived.
size_t trainer_pack_size(const struct trainer *t, struct tree *const *trees, size_t n,
                         int last);

// For checkpoints: AdamW's moments (layout.total floats each) and update count.  Where
// the policy computes on a device, they are fetched before they are read and count once
// they are restored.
struct trainer_state {
    float *m, *v;
    int64_t updates;
};
struct trainer_state *trainer_state(struct trainer *t); // borrowed, may be filled
CHECKED enum status trainer_fetch(struct trainer *t);
CHECKED enum status trainer_restore(struct trainer *t);

#endif
