#include "launch/score.h"

#include "base/mem.h"
#include "base/share.h"
#include "verify/countdown.h"
#include "verify/verify.h"

#include <string.h>

enum status score_new(struct score *s, size_t n, int64_t samples)
{
    struct score fresh = {.samples = samples};
    enum status st;
    TRY_OUT(mem_new(&fresh.correct, n, sizeof *fresh.correct));
    TRY_OUT(mem_new(&fresh.rewards, n, sizeof *fresh.rewards));
    TRY_OUT(mem_new(&fresh.majority, n, sizeof *fresh.majority));
    *s = fresh;
    return OK;
out:
    score_free(&fresh);
    return st;
}

void score_free(struct score *s)
{
    mem_free(s->correct);
    mem_free(s->rewards);
    mem_free(s->majority);
    *s = (struct score){0};
}

// An answer that was given, how often, and whether it is right.
struct vote {
    char text[64];
    int count;
    int right;
};

static void cast_vote(struct vote *votes, int *n, enum verifier verifier,
                      const char *text, size_t len, int right)
{
    const char *answer;
    size_t answer_len;
    char key[sizeof votes->text] = "";
    if (!verify_find_answer(verifier, text, len, &answer, &answer_len))
        return;
    answer_len = answer_len < sizeof key ? answer_len : sizeof key - 1;
    memcpy(key, answer, answer_len);
    for (int i = 0; i < *n; i++) {
        if (strcmp(votes[i].text, key) == 0) {
            votes[i].count++;
            return;
        }
    }
    struct vote fresh = {.count = 1, .right = right};
    memcpy(fresh.text, key, sizeof key);
    votes[(*n)++] = fresh;
}

// The first of the most frequent answers decides.
static int majority_right(const struct vote *votes, int n)
{
    int best = -1;
    for (int i = 0; i < n; i++)
        if (best < 0 || votes[i].count > votes[best].count)
            best = i;
    return best >= 0 && votes[best].right;
}

// A model may have more ids than its tokenizer; such a token has no text.
static void append_text(struct buf *out, const struct tokenizer *tokenizer,
                        const int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = 0;
        const char *piece = tokenizer_piece(tokenizer, ids[i], &len);
        if (piece)
            buf_append(out, piece, len);
    }
}

// One chain: its reply is scored and its answer voted for.
static enum status add_leaf(struct score *s, const struct tree *t, int32_t leaf,
                            const struct problem *p, const char *prefill,
                            const struct tokenizer *tokenizer, int32_t *path,
                            struct vote *votes, int *n_votes)
{
    size_t prompt = (size_t)t->nodes[0].token_count;
    size_t length = tree_path_length(t, leaf) - prompt;
    const struct tree_node *node = &t->nodes[leaf];
    struct step_score steps = {0};
    struct buf text = {0};
    tree_path_tokens(t, leaf, path);
    buf_str(&text, prefill);
    append_text(&text, tokenizer, path + prompt, length);
    enum status st = text.status;
    if (st == OK) {
        if (p->verifier == VERIFIER_NUMBER || p->verifier == VERIFIER_LAST_NUMBER)
            verify_steps(buf_cstr(&text), text.len, p->solution, &steps);
        else if (p->verifier == VERIFIER_COUNTDOWN)
            countdown_steps(buf_cstr(&text), text.len, p->answer, &steps);
        if (node->end == NODE_EOS)
            cast_vote(votes, n_votes, p->verifier, buf_cstr(&text), text.len,
                      node->reward >= 1.0f);
        s->steps += steps.steps;
        s->valid_steps += steps.valid;
        s->right_steps += steps.right;
        s->leaves += 1.0;
        s->tokens += (double)length;
        s->truncated += node->end == NODE_LENGTH;
        s->correct[s->problems] += node->reward >= 1.0f;
        s->rewards[s->problems] += (double)node->reward;
        s->between += node->reward > 0.0f && node->reward < 1.0f;
    }
    buf_free(&text);
    return st;
}

enum status score_add(struct score *s, const struct tree *t, const struct problem *p,
                      const char *prefill, const struct tokenizer *tokenizer)
{
    struct vote *votes = NULL;
    int32_t *path = NULL;
    int n_votes = 0;
    enum status st;
    TRY_OUT(mem_new(&votes, tree_leaf_count(t), sizeof *votes));
    TRY_OUT(mem_new(&path, t->n_tokens, sizeof *path));
    for (size_t i = 0; i < t->n_nodes; i++)
        if (tree_is_leaf(&t->nodes[i]))
            TRY_OUT(add_leaf(s, t, (int32_t)i, p, prefill, tokenizer, path, votes,
                             &n_votes));
    s->votes += n_votes;
    s->majority[s->problems++] = majority_right(votes, n_votes);
out:
    mem_free(votes);
    mem_free(path);
    return st;
}

struct metrics_mean score_pass_at(const struct score *s, int64_t k)
{
    double *each = NULL;
    if (mem_new(&each, s->problems, sizeof *each) != OK)
        return (struct metrics_mean){0};
    for (size_t i = 0; i < s->problems; i++)
        each[i] = metrics_pass_at_k(s->samples, (int64_t)s->correct[i], k);
    struct metrics_mean mean = metrics_mean(each, s->problems);
    mem_free(each);
    return mean;
}

struct metrics_mean score_reward(const struct score *s)
{
    struct metrics_mean mean = metrics_mean(s->rewards, s->problems);
    mean.mean /= (double)s->samples;
    mean.ci95 /= (double)s->samples;
    return mean;
}

struct metrics_mean score_majority(const struct score *s)
{
    return metrics_mean(s->majority, s->problems);
}

void score_print(const struct score *s, const char *how, struct buf *out)
{
    buf_printf(out, "%s: %zu problems, %lld samples each\n", how, s->problems,
               (long long)s->samples);
    if (s->between > 0.0) {
        struct metrics_mean m = score_reward(s);
        buf_printf(out, "  reward   %6.3f +- %.3f\n", m.mean, m.ci95);
    }
    for (int64_t k = 1; k <= s->samples; k *= 2) {
        struct metrics_mean m = score_pass_at(s, k);
        buf_printf(out, "  Pass@%-3lld %6.1f %% +- %.1f\n", (long long)k,
                   100.0 * m.mean, 100.0 * m.ci95);
    }
    if (s->samples > 2 && s->votes > 0.0) {
        struct metrics_mean m = score_majority(s);
        buf_printf(out, "  maj@%-4lld %6.1f %% +- %.1f\n", (long long)s->samples,
                   100.0 * m.mean, 100.0 * m.ci95);
    }
    buf_printf(out, "  length   %6.1f tokens, %.1f %% cut off\n",
               share(s->tokens, s->leaves), 100.0 * share(s->truncated, s->leaves));
    if (s->steps > 0.0)
        buf_printf(out, "  steps    %6.1f %% exact, %.1f %% as in the reference\n",
                   100.0 * share(s->valid_steps, s->steps),
                   100.0 * share(s->right_steps, s->steps));
}

void score_json(const struct score *s, struct buf *out)
{
    struct metrics_mean majority = score_majority(s), reward = score_reward(s);
    buf_printf(out,
               "{\"problems\": %zu, \"samples_per_problem\": %lld, \"samples\": %.0f",
               s->problems, (long long)s->samples, s->leaves);
    for (int64_t k = 1; k <= s->samples; k *= 2) {
        struct metrics_mean m = score_pass_at(s, k);
        buf_printf(out, ", \"pass_at_%lld\": %.6f, \"pass_at_%lld_ci95\": %.6f",
                   (long long)k, m.mean, (long long)k, m.ci95);
    }
    buf_printf(out, ", \"reward\": %.6f, \"reward_ci95\": %.6f", reward.mean,
               reward.ci95);
    buf_printf(out, ", \"majority\": %.6f, \"length\": %.3f, \"truncated\": %.6f",
               majority.mean, share(s->tokens, s->leaves),
               share(s->truncated, s->leaves));
    buf_printf(out, ", \"step_valid\": %.6f, \"step_accuracy\": %.6f}",
               share(s->valid_steps, s->steps), share(s->right_steps, s->steps));
}
