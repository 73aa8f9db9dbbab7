#include "policy.h"

#include "base/mem.h"

#include <math.h>

// What a prefix's own random numbers are for.
enum { DRAW_LOGIT, DRAW_SCORE, DRAW_END, DRAW_REWARD, DRAW_LENGTH };

#define BINARY_STEEPNESS 1.5

void policy_free(struct policy *p)
{
    mem_free(p->prefixes);
    *p = (struct policy){0};
}

static double logistic(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static int32_t most_prefixes(const struct policy_shape *shape)
{
    int32_t all = 1, level = 1;
    for (int32_t d = 0; d < shape->depth; d++) {
        level *= shape->symbols;
        all += level;
    }
    return all;
}

static double draw_reward(const struct policy_shape *shape, double score,
                          struct rng_key key)
{
    if (shape->graded)
        return logistic(score);
    return rng_uniform(key, DRAW_REWARD) < logistic(BINARY_STEEPNESS * score);
}

static struct prefix draw_prefix(const struct policy *p,
                                 const struct policy_shape *shape, int32_t parent,
                                 struct rng_key key)
{
    const struct prefix *up = &p->prefixes[parent];
    struct prefix new = {
        .parent = parent,
        .depth = up->depth + 1,
        .length = 1 + (int32_t)rng_below(key, DRAW_LENGTH,
                                         (uint64_t)(uint32_t)shape->longest),
        .logit = rng_normal(key, DRAW_LOGIT),
        .score = up->score + rng_normal(key, DRAW_SCORE),
    };
    if (new.depth == shape->depth || rng_uniform(key, DRAW_END) < shape->ends) {
        new.first_child = -1;
        new.reward = draw_reward(shape, new.score, key);
    }
    return new;
}

static enum status check_shape(const struct policy_shape *s)
{
    if (s->symbols < 2 || s->symbols > POLICY_MAX_SYMBOLS || s->depth < 1 ||
        s->depth > POLICY_MAX_DEPTH || s->longest < 1 || s->longest > POLICY_MAX_LENGTH)
        return status_fail(ERR_INPUT,
                           "policy of %d symbols, depth %d, %d tokens a step",
                           s->symbols, s->depth, s->longest);
    return OK;
}

enum status policy_make(struct policy *out, const struct policy_shape *shape,
                        struct rng_key key)
{
    struct policy p = {.symbols = shape->symbols, .depth = shape->depth, .n = 1};
    TRY(check_shape(shape));
    TRY(mem_new(&p.prefixes, (size_t)most_prefixes(shape), sizeof *p.prefixes));
    p.prefixes[0] = (struct prefix){.parent = -1, .length = 1};
    for (int32_t i = 0; i < p.n; i++) {
        if (p.prefixes[i].first_child < 0)
            continue;
        p.prefixes[i].first_child = p.n;
        for (int32_t k = 0; k < p.symbols; k++, p.n++)
            p.prefixes[p.n] =
                draw_prefix(&p, shape, i, rng_child(key, (uint64_t)(uint32_t)p.n));
    }
    policy_solve(&p);
    *out = p;
    return OK;
}

enum status policy_coin(struct policy *out, double chance)
{
    struct policy p = {.symbols = 2, .depth = 1, .n = 3};
    TRY(mem_new(&p.prefixes, 3, sizeof *p.prefixes));
    p.prefixes[0] = (struct prefix){.parent = -1, .length = 1, .first_child = 1};
    for (int32_t i = 1; i < 3; i++)
        p.prefixes[i] = (struct prefix){.depth = 1, .length = 1, .first_child = -1};
    p.prefixes[2].logit = log(chance / (1.0 - chance));
    p.prefixes[2].reward = 1.0;
    policy_solve(&p);
    *out = p;
    return OK;
}

enum status policy_moved(struct policy *out, const struct policy *p, double spread,
                         struct rng_key key)
{
    struct policy moved = *p;
    TRY(mem_dup(&moved.prefixes, p->prefixes, (size_t)p->n, sizeof *p->prefixes));
    for (int32_t i = 1; i < p->n; i++)
        moved.prefixes[i].logit += spread * rng_normal(key, (uint64_t)(uint32_t)i);
    policy_solve(&moved);
    *out = moved;
    return OK;
}

// Softmax over the children of a prefix.
static void solve_choice(struct policy *p, int32_t prefix)
{
    const struct prefix *up = &p->prefixes[prefix];
    struct prefix *child = &p->prefixes[up->first_child];
    double most = child[0].logit, sum = 0.0, entropy = 0.0;
    for (int32_t k = 1; k < p->symbols; k++)
        most = fmax(most, child[k].logit);
    for (int32_t k = 0; k < p->symbols; k++)
        sum += exp(child[k].logit - most);
    for (int32_t k = 0; k < p->symbols; k++) {
        child[k].log_probability = child[k].logit - most - log(sum);
        child[k].probability = exp(child[k].log_probability);
        child[k].reach = up->reach * child[k].probability;
        entropy -= child[k].probability * child[k].log_probability;
    }
    for (int32_t k = 0; k < p->symbols; k++)
        child[k].entropy = entropy;
}

void policy_solve(struct policy *p)
{
    p->prefixes[0].reach = p->prefixes[0].probability = 1.0;
    for (int32_t i = 0; i < p->n; i++) {
        p->prefixes[i].value = p->prefixes[i].reward;
        if (!policy_is_leaf(p, i))
            solve_choice(p, i);
    }
    for (int32_t i = p->n; i-- > 1;) {
        const struct prefix *s = &p->prefixes[i];
        p->prefixes[s->parent].value += s->probability * s->value;
    }
}

int32_t policy_draw(const struct policy *p, int32_t prefix, int32_t excluded,
                    double uniform)
{
    int32_t first = p->prefixes[prefix].first_child, last = -1;
    double left = uniform;
    if (excluded >= 0)
        left *= 1.0 - p->prefixes[excluded].probability;
    for (int32_t i = first; i < first + p->symbols; i++) {
        if (i == excluded)
            continue;
        last = i; // where rounding leaves a little of `left` over
        left -= p->prefixes[i].probability;
        if (left < 0.0)
            break;
    }
    return last;
}
