#include "countdown.h"
#include "math.h"
#include "verify.h"

enum verdict verify_so_far(enum verifier verifier, const char *text, size_t len,
                           const char *answer)
{
    switch (verifier) {
    case VERIFIER_NUMBER:
    case VERIFIER_MATH:
        return verify_partial(text, len);
    case VERIFIER_COUNTDOWN:
        return countdown_partial(text, len, answer);
    default:
        return VERDICT_UNKNOWN;
    }
}

float verify_answer(enum verifier verifier, const char *text, size_t len,
                    const char *answer)
{
    switch (verifier) {
    case VERIFIER_NUMBER:
        return verify_final(text, len, answer);
    case VERIFIER_MATH:
        return verify_math(text, len, answer);
    case VERIFIER_COUNTDOWN:
        return verify_countdown(text, len, answer);
    default:
        return 0.0f;
    }
}

int verify_find_answer(enum verifier verifier, const char *text, size_t len,
                       const char **answer, size_t *answer_len)
{
    switch (verifier) {
    case VERIFIER_NUMBER:
    case VERIFIER_COUNTDOWN:
        return verify_extract(text, len, answer, answer_len);
    case VERIFIER_MATH:
        return math_extract(text, len, answer, answer_len);
    default:
        return 0;
    }
}
