#include "launch/study_engine.h"

#include "base/mem.h"
#include "learner/pack.h"
#include "model/model.h"
#include "rollout/expand.h"
#include "study/exact.h"
#include "study/gradient.h"
#include "study/policy.h"
#include "text/tokenizer.h"
#include "tree/credit.h"

#include <math.h>
#include <stdio.h>

enum {
    DEPTH = 4,   // tokens of a text, each a step
    PROMPT = 1,  // tokens
    BATCH = 256, // trees sampled together
    MOST_TREES = 60000,
    ROWS = 512,
    PAGES = 8192,
};

// The model, and its texts as a policy whose prefixes are in depth-first order of the
// enumerated tree's nodes.
struct engine {
    struct tokenizer *tokenizer;
    struct model model;
    struct policy policy;
    struct gradient gradient;
    struct expander *expander;
};

static void engine_free(struct engine *e)
{
    expander_free(e->expander);
    gradient_free(&e->gradient);
    policy_free(&e->policy);
    model_free(&e->model);
    tokenizer_free(e->tokenizer);
}

static enum status make_model(struct engine *e)
{
    static const char letters[] = "ab";
    TRY(tokenizer_of_alphabet(&e->tokenizer, letters, sizeof letters - 1));
    const struct model_config c = {
        .vocab = tokenizer_vocab(e->tokenizer),
        .dim = 16,
        .layers = 2,
        .heads = 2,
        .kv_heads = 1,
        .head_dim = 8,
        .ffn = 24,
        .max_positions = 16,
        .rms_epsilon = 1e-5F,
        .rope_theta = 10000,
        .eos = tokenizer_eos(e->tokenizer),
        .bos = -1,
    };
    if (c.vocab > POLICY_MAX_SYMBOLS)
        return status_fail(ERR_INTERNAL, "a vocabulary of %d", c.vocab);
    TRY(model_new(&e->model, &c));
    model_randomize(&e->model, rng_root(3, RNG_INIT));
    for (size_t i = 0; i < e->model.layout.total; i++)
        e->model.params[i] *= 1.5F; // farther from uniform
    model_repack(&e->model);
    return OK;
}

// ---- every text

// All texts as one tree: breadth first, as policy.h orders prefixes.
static enum status all_texts(const struct engine *e, struct tree *out)
{
    const int32_t prompt = 0, vocab = e->model.config.vocab;
    const float zero = 0.0F;
    TRY(tree_init(out, 0, &prompt, PROMPT));
    out->nodes[0].branching = vocab;
    for (size_t i = 0; i < out->n_nodes; i++) {
        if (tree_is_leaf(&out->nodes[i]))
            continue;
        for (int32_t token = 0; token < vocab; token++) {
            int leaf = token == e->model.config.eos || out->nodes[i].depth + 1 == DEPTH;
            int32_t node = -1;
            TRY(tree_add(out, (int32_t)i, token, leaf ? NODE_EOS : NODE_BRANCHED,
                         &token, &zero, &zero, 1, &node));
            out->nodes[node].branching = leaf ? 0 : vocab;
        }
    }
    return OK;
}

// The model's log-prob of each node's token; the tree becomes canonical.
static enum status score_texts(struct engine *e, struct tree *all)
{
    struct tree *list[] = {all};
    struct activations *a = NULL;
    struct pack_origin *origins = NULL;
    struct pack p = {0};
    float *log_prob = NULL;
    enum status st;
    TRY_OUT(tree_canonical(all));
    TRY_OUT(activations_new(&a, &e->model));
    TRY_OUT(pack_trees(&p, &origins, list, 1, 0));
    TRY_OUT(mem_new(&log_prob, (size_t)p.n_outputs, sizeof *log_prob));
    TRY_OUT(model_forward(&e->model, a, &p, 1.0F, log_prob, NULL));
    for (int32_t j = 0; j < p.n_outputs; j++)
        all->log_probs[origins[j].token] = log_prob[j];
out:
    mem_free(log_prob);
    mem_free(origins);
    pack_free(&p);
    activations_free(a);
    return st;
}

static enum status policy_of(struct engine *e)
{
    struct tree all = {0};
    struct policy *p = &e->policy;
    int32_t *place = NULL; // of a node among the prefixes
    enum status st;
    TRY_OUT(all_texts(e, &all));
    TRY_OUT(score_texts(e, &all));
    p->symbols = e->model.config.vocab;
    p->depth = DEPTH;
    TRY_OUT(mem_new(&p->prefixes, all.n_nodes, sizeof *p->prefixes));
    TRY_OUT(mem_new(&place, all.n_nodes, sizeof *place));
    p->prefixes[0] = (struct prefix){.parent = -1, .length = 1};
    p->n = 1;
    for (int32_t depth = 0; depth < DEPTH; depth++) // siblings stand side by side
        for (size_t i = 1; i < all.n_nodes; i++) {
            const struct tree_node *n = &all.nodes[i];
            if (n->depth != depth + 1)
                continue;
            struct prefix *up = &p->prefixes[place[n->parent]];
            up->first_child = n->child_index == 0 ? p->n : up->first_child;
            place[i] = p->n;
            p->prefixes[p->n] = (struct prefix){
                .parent = place[n->parent],
                .depth = n->depth,
                .first_child = tree_is_leaf(n) ? -1 : 0,
                .length = 1,
                .logit = (double)all.log_probs[n->token_begin],
                .reward = tree_is_leaf(n) &&
                          rng_uniform(rng_root(4, RNG_TEST), (uint64_t)p->n) < 0.4,
            };
            p->n++;
        }
    policy_solve(p);
out:
    mem_free(place);
    tree_free(&all);
    return st;
}

static enum status engine_make(struct engine *e)
{
    const struct expander_config c = {.max_rows = ROWS, .kv_pages = PAGES};
    TRY(make_model(e));
    TRY(policy_of(e));
    TRY(gradient_of(&e->gradient, &e->policy));
    return expander_new(&e->expander, &c, &e->model, e->tokenizer);
}

// ---- trees

enum { VALUE, SQUARE, ALONG, NUMBERS = ALONG + DEPTH };

struct engine_sums {
    double sum[NUMBERS], squares[NUMBERS];
    int64_t trees;
};

// The rewards of a sampled tree by the table; its numbers.
static enum status take_numbers(const struct engine *e, struct tree *t, double *numbers)
{
    struct credit_config credit;
    int32_t *prefix = NULL;
    enum status st;
    TRY_OUT(credit_by_name(&credit, "etreerpo"));
    TRY_OUT(mem_new(&prefix, t->n_nodes, sizeof *prefix));
    for (size_t i = 1; i < t->n_nodes; i++) {
        struct tree_node *n = &t->nodes[i];
        prefix[i] = e->policy.prefixes[prefix[n->parent]].first_child +
                    t->tokens[n->token_begin];
        if (tree_is_leaf(n))
            n->reward = (float)e->policy.prefixes[prefix[i]].reward;
    }
    TRY_OUT(credit_assign(t, &credit, NULL));
    double error = (double)t->nodes[0].value - e->policy.prefixes[0].value;
    numbers[VALUE] = (double)t->nodes[0].value;
    numbers[SQUARE] = error * error;
    for (size_t i = 1; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        size_t row = (size_t)(n->depth - 1) * (size_t)e->gradient.prefixes;
        numbers[ALONG + n->depth - 1] += (double)n->weight * (double)n->advantage *
                                         e->gradient.score[row + (size_t)prefix[i]];
    }
out:
    mem_free(prefix);
    return st;
}

static enum status sample_batch(struct engine *e, const struct msg_task *like,
                                struct rng_key key, struct engine_sums *sums)
{
    double(*numbers)[NUMBERS] = NULL; // by tree, since they end in any order
    int worked = 1, got = 0;
    enum status st;
    TRY_OUT(mem_new(&numbers, BATCH, sizeof *numbers));
    for (uint64_t i = 0; i < BATCH; i++) {
        struct msg_task task = *like;
        task.lease = i;
        task.rng_key = rng_child(key, i).k;
        TRY_OUT(expander_add(e->expander, &task));
    }
    while (worked || got) {
        struct tree t = {0};
        uint64_t lease = 0;
        TRY_OUT(expander_take(e->expander, &lease, &t, &got));
        if (got) {
            st = take_numbers(e, &t, numbers[lease]);
            tree_free(&t);
            TRY_OUT(st);
            continue;
        }
        TRY_OUT(expander_step(e->expander, &worked));
        got = !worked && expander_open_tasks(e->expander) > 0;
    }
    for (int i = 0; i < BATCH; i++)
        for (int k = 0; k < NUMBERS; k++) {
            sums->sum[k] += numbers[i][k];
            sums->squares[k] += numbers[i][k] * numbers[i][k];
        }
    sums->trees += BATCH;
out:
    mem_free(numbers);
    return st;
}

static struct cell cell_of(const struct engine_sums *s, int which, const char *claim,
                           const char *quantity, double predicted)
{
    double n = (double)s->trees, mean = s->sum[which] / n;
    return (struct cell){
        .claim = claim,
        .quantity = quantity,
        .predicted = predicted,
        .measured = mean,
        .error = sqrt(fmax(0.0, s->squares[which] / n - mean * mean) / (n - 1.0)),
    };
}

static enum status measure_rates(struct study *s, struct engine *e,
                                 const int32_t *branch, const char *name)
{
    int32_t prompt = 0;
    struct engine_sums sums = {.trees = 0};
    struct branching rule = {.depths = DEPTH, .most = 64};
    struct msg_task task = {.n_branch = DEPTH,
                            .child_count = branch[0],
                            .step_tokens = 1,
                            .max_new_tokens = DEPTH,
                            .temperature = 1.0F,
                            .prompt = &prompt,
                            .n_prompt = PROMPT,
                            .answer = (char *)""};
    for (int32_t d = 0; d < DEPTH; d++)
        rule.rate[d] = task.branch[d] = branch[d];
    int64_t trees = s->trees < MOST_TREES ? s->trees : MOST_TREES;
    s->key = rng_child(s->key, 1);
    for (uint64_t i = 0; sums.trees < trees; i++)
        TRY(sample_batch(e, &task, rng_child(s->key, i), &sums));
    struct cell c =
        cell_of(&sums, VALUE, "T1", "mean over children", e->policy.prefixes[0].value);
    TRY(study_cell(s, c, "real model %s", name));
    c = cell_of(&sums, SQUARE, "T2", "variance of the root's value",
                exact_root_variance(&e->policy, &rule));
    c.tolerance = 0.05;
    TRY(study_cell(s, c, "real model %s", name));
    for (int32_t d = 0; d < DEPTH; d++) {
        c = cell_of(&sums, ALONG + d, "T5", "gradient along the exact one",
                    e->gradient.length[d]);
        TRY(study_cell(s, c, "real model %s, depth %d", name, d + 1));
    }
    return OK;
}

enum status study_engine(struct study *s)
{
    static const int32_t chains[DEPTH] = {8, 1, 1, 1}, even[DEPTH] = {3, 2, 2, 1},
                         uneven[DEPTH] = {2, 1, 4, 1};
    struct engine e = {0};
    enum status st;
    TRY_OUT(engine_make(&e));
    TRY_OUT(measure_rates(s, &e, chains, "8"));
    TRY_OUT(measure_rates(s, &e, even, "3,2,2"));
    TRY_OUT(measure_rates(s, &e, uneven, "2,1,4"));
out:
    engine_free(&e);
    return status_wrap(st, "real model");
}
