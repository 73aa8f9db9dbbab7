#include "draw.h"

#include "base/par.h"
#include "tensor/ops.h"

struct job {
    struct draw *draws;
    int32_t vocab;
};

static void draw_row(void *context, int index, int thread)
{
    (void)thread;
    const struct job *job = context;
    struct draw *d = &job->draws[index];
    float inv_temperature = d->temperature > 0 ? 1.0f / d->temperature : 1.0f;
    if (d->temperature > 0)
        d->token = sample_token(d->logits, inv_temperature,
                                rng_uniform(d->key, d->position), job->vocab);
    else
        d->token = argmax_token(d->logits, job->vocab);
    softmax_stats(&d->log_prob, &d->entropy, d->logits, job->vocab, &d->token,
                  inv_temperature, 1, job->vocab);
}

void draw_tokens(struct draw *draws, int32_t n, int32_t vocab)
{
    struct job job = {draws, vocab};
    par_for(n, draw_row, &job);
}
