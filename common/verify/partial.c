#include "annotation.h"
#include "equation.h"
#include "verify.h"

enum verdict verify_partial(const char *text, size_t len)
{
    struct annotations annotations;
    struct equations equations;
    annotations_scan(text, len, &annotations);
    equations_scan(text, len, &equations);
    if (annotations.wrong || equations.wrong)
        return VERDICT_INVALID;
    if (annotations.unreadable || annotations.right + equations.right == 0)
        return VERDICT_UNKNOWN;
    return VERDICT_VALID;
}
