#include "branching.h"

#include <math.h>
#include <string.h>

static const char *const names[BRANCH_RULES] = {"fixed", "entropy", "variance",
                                                "neyman"};

const char *branch_rule_name(enum branch_rule rule)
{
    return names[rule];
}

enum status branch_rule_by_name(enum branch_rule *out, const char *name)
{
    for (int i = 0; i < BRANCH_RULES; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum branch_rule)i;
            return OK;
        }
    return status_fail(ERR_INPUT, "schedule %.32s is unknown", name);
}

static double clamp(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

static double rate_of(const struct branching *b, const struct branch_view *v)
{
    double rate = b->rate[v->depth], mean = b->entropy[v->depth];
    if (b->rule != BRANCH_ENTROPY || v->depth == 0 || mean <= 0.0)
        return rate;
    return rate * pow(v->entropy / mean, b->sharpness);
}

int32_t branching_children(const struct branching *b, const struct branch_view *v)
{
    double rate = clamp(rate_of(b, v), 1.0, (double)b->most);
    double whole = floor(rate);
    int32_t n = (int32_t)whole + (v->uniform < rate - whole);
    if (b->budget > 0) {
        int64_t fit = v->tokens_left / v->path_left;
        n = n > fit ? (int32_t)fit : n;
    }
    return n < 1 ? 1 : n;
}

int64_t branching_share(int64_t tokens_left, int32_t n)
{
    return tokens_left / n;
}

// Weighted isotonic regression: neighbours that fall are pooled to their mean.
static void make_rising(double *n, const double *weight, int32_t depths)
{
    for (int32_t i = 1; i < depths; i++) {
        int32_t first = i;
        double sum = n[i] * weight[i], mass = weight[i];
        while (first > 0 && n[first - 1] > sum / mass) {
            first--;
            sum += n[first] * weight[first];
            mass += weight[first];
        }
        for (int32_t k = first; k <= i; k++)
            n[k] = sum / mass;
    }
}

// The rates of N_d = scale * n_d, within their bounds; returns the tokens they cost.
static double set_rates(struct branching *b, const double *n, const double *length,
                        double scale)
{
    double above = 1.0, cost = 0.0;
    for (int32_t d = 0; d < b->depths; d++) {
        b->rate[d] = clamp(scale * n[d] / above, BRANCH_LEAST, (double)b->most);
        above *= b->rate[d];
        cost += above * length[d];
    }
    return cost;
}

// The largest scale whose tokens are not too many: the cost rises with it.
static void scale_rates(struct branching *b, const double *n, const double *length,
                        double tokens)
{
    double least = 0.0, most = 1e12;
    for (int i = 0; i < 100; i++) {
        double middle = i == 0 ? 1.0 : sqrt((least > 0.0 ? least : 1e-12) * most);
        *(set_rates(b, n, length, middle) <= tokens ? &least : &most) = middle;
    }
    (void)set_rates(b, n, length, least);
}

void branching_plan(struct branching *b, const struct anova *a, double tokens)
{
    double n[BRANCH_MAX_DEPTH], length[BRANCH_MAX_DEPTH];
    if (b->rule != BRANCH_VARIANCE && b->rule != BRANCH_NEYMAN)
        return;
    for (int32_t d = 0; d < b->depths; d++) {
        length[d] = anova_tokens(a, d + 1);
        double sigma = sqrt(anova_variance(a, d + 1));
        if (length[d] <= 0.0 || sigma <= 0.0)
            return;
        n[d] = b->rule == BRANCH_NEYMAN ? sigma * sigma / length[d] : sigma * sigma;
    }
    // Depths that must share one N do best with the root of their pooled sigma^2 / L.
    make_rising(n, length, b->depths);
    for (int32_t d = 0; d < b->depths; d++)
        n[d] = sqrt(n[d]);
    scale_rates(b, n, length, tokens);
}
