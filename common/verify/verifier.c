#include "math.h"
#include "verify.h"

float verify_answer(enum verifier verifier, const char *text, size_t len,
                    const char *answer)
{
    if (verifier == VERIFIER_NUMBER)
        return verify_final(text, len, answer);
    return verifier == VERIFIER_MATH ? verify_math(text, len, answer) : 0.0f;
}

int verify_find_answer(enum verifier verifier, const char *text, size_t len,
                       const char **answer, size_t *answer_len)
{
    if (verifier == VERIFIER_NUMBER)
        return verify_extract(text, len, answer, answer_len);
    return verifier == VERIFIER_MATH && math_extract(text, len, answer, answer_len);
}
