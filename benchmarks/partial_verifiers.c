// Verdicts of the partial verifier of arithmetic.  Reads texts from stdin, each as its
// length in bytes, a new line and its bytes; prints one line for each: the verdict by
// its annotations, by its plain equations, and by both, each V, I or U (valid, invalid,
// unknown).
#include "bench.h"

#include "base/buf.h"
#include "verify/annotation.h"
#include "verify/equation.h"
#include "verify/verify.h"

static char letter(enum verdict v)
{
    return v == VERDICT_VALID ? 'V' : v == VERDICT_INVALID ? 'I' : 'U';
}

static enum verdict by_equations(const char *text, size_t len)
{
    struct equations found;
    equations_scan(text, len, &found);
    return found.wrong   ? VERDICT_INVALID
           : found.right ? VERDICT_VALID
                         : VERDICT_UNKNOWN;
}

static enum verdict by_annotations(const char *text, size_t len)
{
    struct annotations found;
    annotations_scan(text, len, &found);
    return annotations_verdict(&found);
}

int main(void)
{
    size_t len;
    char *text = NULL;
    while (scanf("%zu", &len) == 1 && len < (size_t)1 << 26 && getchar() == '\n') {
        MUST(mem_new(&text, len + 1, 1));
        if (fread(text, 1, len, stdin) != len)
            break;
        (void)printf("%c%c%c\n", letter(by_annotations(text, len)),
                     letter(by_equations(text, len)),
                     letter(verify_partial(text, len)));
        mem_free(text);
        text = NULL;
    }
    mem_free(text);
    return ferror(stdin) || ferror(stdout);
}
