// Incremental decoding over trees with shared prefixes: a tree node's keys and values
// are computed and stored once, in pages of KV_PAGE tokens, whatever hangs below it.
//
// A `branch` handle is one node of the cache: it has a parent (its prefix) and grows at
// its end.  The cache owns everything; a branch lives until released, and its prefix
// lives as long as something hangs on it (reference counts).
#ifndef MODEL_DECODE_H
#define MODEL_DECODE_H

#include "model/model.h"

struct kv_cache;

// Room for max_pages pages of KV_PAGE tokens, all layers.  ERR_NOMEM.
CHECKED enum status kv_cache_new(struct kv_cache **out, const struct model_config *c,
                                 int32_t max_pages);
// The same for a model on a device, which holds the keys and values itself.
CHECKED enum status kv_cache_new_elsewhere(struct kv_cache **out,
                                           const struct model_config *c,
                                           int32_t max_pages);
void kv_cache_free(struct kv_cache *cache);
int32_t kv_cache_free_pages(const struct kv_cache *cache);
size_t kv_cache_page_bytes(const struct model_config *c); // one page, all layers

// A new empty node under `parent` (-1: a root); takes a reference on the parent.
// ERR_NOMEM.
CHECKED enum status kv_branch_open(struct kv_cache *cache, int32_t parent,
                                   int32_t *branch);
// Drops the caller's hold; pages return to the pool once no branch hangs below.
void kv_branch_release(struct kv_cache *cache, int32_t branch);
int32_t kv_branch_length(const struct kv_cache *cache, int32_t branch); // path, tokens

struct decoder; // scratch for batches of up to max_rows
CHECKED enum status decoder_new(struct decoder **out, const struct model *m,
                                int32_t max_rows);
void decoder_free(struct decoder *d);

// Feeds one token to each of n distinct branches, in any order; their states then
// predict the next.  Nothing is fed on failure: ERR_LIMIT: out of pages, positions or
// rows; ERR_INPUT: no such token; ERR_INTERNAL: a branch is not open, has branches
// below it or stands twice; ERR_NOMEM.  A device may fail later: ERR_IO, ERR_TIMEOUT.
CHECKED enum status decode_step(struct decoder *d, const struct model *m,
                                struct kv_cache *cache, const int32_t *branches,
                                const int32_t *tokens, int32_t n);

// Feeds n >= 1 tokens to one branch (a prompt).  Fails as decode_step does.
CHECKED enum status decode_prefill(struct decoder *d, const struct model *m,
                                   struct kv_cache *cache, int32_t branch,
                                   const int32_t *tokens, int32_t n);

// One token after the path of each branch: by inverse cumulative probability at
// `temperature`, or the most likely one (the lowest on ties) at temperature 0.  Draws
// from one state are cheapest side by side.
struct decode_draw {
    int32_t branch; // one without tokens draws from its parent's state
    float temperature;
    double u; // in [0, 1)
    // Results: the token, and its log-prob and the state's entropy (nats) in the
    // sampling distribution; for a greedy draw in the distribution at temperature 1.
    int32_t token;
    float log_prob, entropy;
    int32_t state; // scratch: the page at which the state stands
};
// ERR_INTERNAL: a branch is not open, or has no tokens on its path.
CHECKED enum status decode_draw(struct decoder *d, const struct model *m,
                                struct kv_cache *cache, struct decode_draw *draws,
                                int32_t n);
// The logits (vocab) after the path of a branch.  Fails as decode_draw does.
CHECKED enum status decode_logits(struct decoder *d, const struct model *m,
                                  struct kv_cache *cache, int32_t branch,
                                  float *logits);

// Rows of a prompt that a device takes at once.
int32_t decoder_prompt_rows(const struct model_config *c);

// Sorts row numbers depth-first, so that rows sharing a prefix are adjacent.
void kv_branch_order(const struct kv_cache *cache, const int32_t *branches,
                     int32_t *order, int32_t n);

// Floating-point operations done by this decoder since it was made.
double decoder_flops(const struct decoder *d);

#endif
