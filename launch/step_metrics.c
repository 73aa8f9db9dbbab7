#include "launch/step_metrics.h"

#include "base/share.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static void
put(struct step_metrics *m, double value, const char *format, ...)
{
    if (m->n == STEP_METRICS_MAX)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(m->items[m->n].name, sizeof m->items[0].name, format, args);
    va_end(args);
    m->items[m->n++].value = value;
}

// Mean generated tokens of a leaf's path, each leaf counted once.
static double mean_length(const struct step_record *r)
{
    double tokens = 0.0, leaves = 0.0;
    for (size_t i = 0; i < r->n_trees; i++) {
        const struct tree *t = r->trees[i];
        size_t prompt = (size_t)t->nodes[0].token_count;
        for (size_t n = 0; n < t->n_nodes; n++) {
            if (!tree_is_leaf(&t->nodes[n]))
                continue;
            tokens += (double)(tree_path_length(t, (int32_t)n) - prompt);
            leaves += 1.0;
        }
    }
    return share(tokens, leaves);
}

static double ended_share(const struct step_record *r, enum node_end end)
{
    double ended = 0.0, leaves = 0.0;
    for (size_t i = 0; i < r->n_trees; i++) {
        for (size_t n = 0; n < r->trees[i]->n_nodes; n++) {
            const struct tree_node *node = &r->trees[i]->nodes[n];
            leaves += tree_is_leaf(node);
            ended += node->end == end;
        }
    }
    return share(ended, leaves);
}

static void put_rollout(struct step_metrics *m, const struct step_record *r)
{
    const struct batch_stats *s = &r->stats;
    // The leaves' mean reward, and the root values' mean: the unbiased Pass@1.
    put(m, share(s->credit.reward_sum, (double)s->credit.leaves), "reward");
    put(m, share(s->credit.root_value, (double)s->prompts), "pass_at_1");
    put(m, mean_length(r), "length");
    put(m, ended_share(r, NODE_LENGTH), "truncated");
    put(m, share((double)s->credit.silent_groups, (double)s->credit.groups),
        "silent_groups");
    put(m, (double)s->credit.groups, "groups");
    put(m, (double)s->signal_prompts, "signal_prompts");
    put(m, share(s->entropy_sum, (double)s->generated_tokens), "entropy");
    int64_t grafted = r->reuse.tokens - r->again.generated_tokens;
    put(m, (double)(s->generated_tokens - grafted), "generated_tokens");
    put(m, (double)s->credit.leaves, "leaves");
    // Of the prompts, and computed by the workers: the rest stood in a common root.
    put(m, (double)r->prompts.all, "prompt_tokens");
    put(m, (double)r->prompts.computed, "prefilled_tokens");
}

// Where the reward is decided, and how the trees were branched.
static void put_branching(struct step_metrics *m, const struct step_record *r)
{
    for (int32_t d = 0; d < r->rule.depths && d < 4; d++) {
        put(m, r->rule.rate[d], "branch_rate_%d", d);
        put(m, anova_variance(&r->anova, d + 1), "sigma2_%d", d + 1);
        put(m, anova_tokens(&r->anova, d + 1), "step_tokens_%d", d + 1);
    }
}

// Early cutoff: of this step but for the false-cut rate, which earlier steps share.
static void put_cutoff(struct step_metrics *m, const struct step_record *r)
{
    const struct cutoff_stats *s = &r->cutoff;
    put(m, share(s->flagged, s->steps), "flagged_share");
    put(m, share(s->cut, s->steps), "cut_share");
    put(m, cutoff_false_rate(&r->cutoff_memory.seen), "false_cut_rate");
    put(m, share(s->bias, s->trees), "cutoff_bias");
    put(m, (double)r->cutoff_rule.control, "cutoff_control");
    put(m, r->cutoff_rule.cut > 0.0F, "cutoff_on");
}

// Subtrees of earlier steps; the effective sample size is of 1 a path.
static void put_reuse(struct step_metrics *m, const struct step_record *r)
{
    const struct reuse_weights *w = &r->reuse.weights;
    put(m, (double)r->reuse.nodes, "reused_nodes");
    put(m, (double)r->reuse.tokens, "reused_tokens");
    put(m, share(reuse_ess(w->sum, w->square_sum), w->n), "reuse_ess");
    put(m, share(w->sum, w->n), "reuse_weight");
    put(m, share(r->reuse.gap, r->reuse.gaps), "reuse_gap");
    put(m, (double)r->replay_entries, "replay_entries");
    put(m, (double)r->replay_bytes / 1048576.0, "replay_mb");
}

static void put_training(struct step_metrics *m, const struct step_record *r)
{
    const struct batch_stats *s = &r->stats;
    put(m, s->loss, "loss");
    put(m, s->grad_norm, "grad_norm");
    put(m, s->log_prob_diff_max, "log_prob_diff_max");
    put(m,
        s->trained_tokens > 0 ? s->log_prob_diff_sum / (double)s->trained_tokens : 0.0,
        "log_prob_diff_mean");
    put(m, share(s->clipped, (double)s->credit.signal_tokens), "clipped");
    put(m, share(s->kl_sum, (double)s->generated_tokens), "kl");
    put(m, (double)s->unique_tokens, "trained_tokens");
    put(m, share((double)s->unique_tokens, (double)s->path_tokens), "unique_ratio");
    put(m, s->flops, "flops");
}

// How the weights of these trees came to the workers: by the broadcast group to so many
// (0: all by slices), in so long.
static void put_broadcast(struct step_metrics *m, const struct broadcast_stats *s)
{
    put(m, (double)s->ranks, "group_workers");
    put(m, s->seconds, "broadcast_s");
    put(m, s->bytes / 1048576.0, "broadcast_mb");
    put(m, (double)s->breaks, "group_failures");
}

// The workers' shares come last: those beyond the room are left out.
static void put_workers(struct step_metrics *m, const struct dispatch *d,
                        struct worker_clock *clocks, size_t max)
{
    size_t n = dispatch_workers(d);
    struct worker_report w;
    double flops = 0.0;
    for (size_t i = 0; i < n; i++) {
        dispatch_worker_report(d, i, &w);
        flops += w.flops;
    }
    put(m, flops, "rollout_flops_total");
    for (size_t i = 0; i < n && i < max; i++) {
        dispatch_worker_report(d, i, &w);
        double busy = w.busy_s - clocks[i].busy_s, idle = w.idle_s - clocks[i].idle_s;
        clocks[i] = (struct worker_clock){w.busy_s, w.idle_s};
        put(m, share(idle, busy + idle), "worker_idle_%d", w.rank);
    }
}

void step_metrics_fill(struct step_metrics *out, const struct step_record *record,
                       const struct dispatch *dispatch, struct worker_clock *clocks,
                       size_t max)
{
    *out = (struct step_metrics){0};
    put_rollout(out, record);
    put_branching(out, record);
    put_cutoff(out, record);
    put_reuse(out, record);
    put_training(out, record);
    put(out, record->rollout_s, "rollout_s");
    put(out, record->train_s, "train_s");
    put(out, record->publish_s, "publish_s");
    put(out, record->step_s, "step_s");
    put_broadcast(out, &record->broadcast);
    put(out,
        share(record->learner_idle_s,
              record->rollout_s + record->train_s + record->publish_s),
        "learner_idle");
    put_workers(out, dispatch, clocks, max);
}

double step_metrics_get(const struct step_metrics *m, const char *name)
{
    for (int i = 0; i < m->n; i++)
        if (strcmp(m->items[i].name, name) == 0)
            return m->items[i].value;
    return (double)NAN;
}
