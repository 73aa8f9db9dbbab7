#include "judge.h"

const char *judge_verdict_name(enum judge_verdict verdict)
{
    static const char *const names[] = {"pass", "fail", "timeout", "killed", "open"};
    return names[verdict];
}
