// Verifiers: the terminal one turns a finished text into a reward, the partial one says
// whether the text so far can still be right.  Pure functions of text: no model text is
// ever evaluated as code, and a hostile text costs a bounded time.
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "reason.h"

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

// How a finished text becomes a reward.
enum verifier {
    VERIFIER_NUMBER,      // what follows the last "####": number_answer.h
    VERIFIER_MATH,        // the final answer as mathematics: math.h
    VERIFIER_CODE,        // by running it: judge/judge.h
    VERIFIER_COUNTDOWN,   // an expression of given numbers: countdown.h
    VERIFIER_LAST_NUMBER, // the last number of the text, wherever it stands
    VERIFIER_PROGRAM,     // by a program of the user's: reward/reward.h
    VERIFIERS
};

// "number", "math", "code", "countdown", "last-number", "program".
const char *verifier_name(enum verifier verifier);
// 1: there is a verifier of this name.
int verifier_by_name(enum verifier *out, const char *name);

// What a verifier made of a text, and why.
struct verify_report {
    float reward;
    const char *found; // the answer that was read, within the text; NULL: none
    size_t found_len;
    struct verify_reason reason; // why the reward is 0; "" where it is 1
};

// Judges a text under any verifier but VERIFIER_CODE and VERIFIER_PROGRAM, for which the
// reward is 0.  Every other reward comes from here.
void verify_explain(enum verifier verifier, const char *text, size_t len,
                    const char *answer, struct verify_report *out);
// The reward alone.
float verify_answer(enum verifier verifier, const char *text, size_t len,
                    const char *answer);
// The final answer that such a verifier finds in the text; 0: none.
int verify_find_answer(enum verifier verifier, const char *text, size_t len,
                       const char **answer, size_t *answer_len);

enum verdict { VERDICT_UNKNOWN, VERDICT_VALID, VERDICT_INVALID };

// The <<expression=value>> annotations and the plain equations (equation.h) so far, by
// exact rational arithmetic: one is wrong: invalid; else all annotations can be read
// and at least one annotation or equation is right: valid; else unknown.  Annotations
// know
// + - * / ( ), decimals, and // rounding down, up to 256 bytes and 32 parentheses deep.
// An invalid text stays invalid however it goes on.
enum verdict verify_partial(const char *text, size_t len);

// Whether a text that is not finished can still be right, under any verifier but
// VERIFIER_CODE and VERIFIER_PROGRAM, for which it is unknown: verify_partial, or
// countdown_partial.
enum verdict verify_so_far(enum verifier verifier, const char *text, size_t len,
                           const char *answer);

// Steps of a finished solution: lines before the "####" line.
struct step_score {
    int32_t steps; // non-empty lines before the final one
    int32_t valid; // of these, lines whose annotations are all exactly right (and >= 1)
    int32_t right; // of these, lines whose result equals the reference's at the same
                   // index: the last annotation's value, else the line's last number
};
void verify_steps(const char *text, size_t len, const char *reference,
                  struct step_score *out);

// The rest of the line after the last "####" with something behind it, trimmed; 0 where
// there is none.  Headings of five signs or more are no marks; where the text has a
// </think>, only what stands behind the last one is looked at.
int verify_extract(const char *text, size_t len, const char **answer,
                   size_t *answer_len);
// What follows the last </think>, else all of the text.
const char *verify_after_thought(const char *text, size_t *len);

#endif
