// The table of verifiers.
#include "countdown.h"
#include "math.h"
#include "number_answer.h"
#include "verify.h"

#include <string.h>

// How a verifier reads and compares; all of its functions or none.
struct rule {
    const char *name;
    int (*find)(const char *text, size_t len, const char **answer, size_t *answer_len);
    int (*equal)(const char *found, size_t found_len, const char *reference,
                 struct verify_reason *why);
    enum verdict (*partial)(const char *text, size_t len, const char *reference);
};

static enum verdict arithmetic(const char *text, size_t len, const char *reference)
{
    (void)reference;
    return verify_partial(text, len);
}

static const struct rule RULES[VERIFIERS] = {
    [VERIFIER_NUMBER] = {"number", verify_extract, number_answer_equal, arithmetic},
    [VERIFIER_MATH] = {"math", math_extract, math_answer_equal, arithmetic},
    [VERIFIER_CODE] = {"code", NULL, NULL, NULL},
    [VERIFIER_COUNTDOWN] = {"countdown", verify_extract, countdown_equal,
                            countdown_partial},
    [VERIFIER_LAST_NUMBER] = {"last-number", number_last_answer, number_answer_equal,
                              arithmetic},
    [VERIFIER_PROGRAM] = {"program", NULL, NULL, NULL},
};

const char *verifier_name(enum verifier verifier)
{
    return RULES[verifier].name;
}

int verifier_by_name(enum verifier *out, const char *name)
{
    for (int i = 0; i < VERIFIERS; i++)
        if (strcmp(RULES[i].name, name) == 0) {
            *out = (enum verifier)i;
            return 1;
        }
    return 0;
}

enum verdict verify_so_far(enum verifier verifier, const char *text, size_t len,
                           const char *answer)
{
    const struct rule *rule = &RULES[verifier];
    return rule->partial ? rule->partial(text, len, answer) : VERDICT_UNKNOWN;
}

int verify_find_answer(enum verifier verifier, const char *text, size_t len,
                       const char **answer, size_t *answer_len)
{
    const struct rule *rule = &RULES[verifier];
    return rule->find && rule->find(text, len, answer, answer_len);
}

void verify_explain(enum verifier verifier, const char *text, size_t len,
                    const char *answer, struct verify_report *out)
{
    struct verify_report report = {0};
    const struct rule *rule = &RULES[verifier];
    if (!rule->find)
        verify_because(&report.reason, "%s is not graded by its text", rule->name);
    else if (!rule->find(text, len, &report.found, &report.found_len))
        verify_because(&report.reason, "no answer found");
    else if (rule->equal(report.found, report.found_len, answer, &report.reason))
        report.reward = 1.0f;
    else
        verify_because(&report.reason, "different value");
    if (report.reward >= 1.0f)
        report.reason = (struct verify_reason){0};
    *out = report;
}

float verify_answer(enum verifier verifier, const char *text, size_t len,
                    const char *answer)
{
    struct verify_report report;
    verify_explain(verifier, text, len, answer, &report);
    return report.reward;
}
