#include "called.h"

#include <ctype.h>
#include <string.h>

static int is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

// Whether `code` has a line "def NAME(".
static int defines(const char *code, const char *name, size_t len)
{
    for (const char *at = code; (at = strstr(at, "def ")); at += 4) {
        const char *open = at + 4 + len;
        if ((at == code || at[-1] == '\n') && strncmp(at + 4, name, len) == 0 &&
            open[strspn(open, " \t")] == '(')
            return 1;
    }
    return 0;
}

void called_function(struct buf *out, const char *test, const char *code)
{
    for (const char *at = test; *at;) {
        size_t len = 0;
        while (is_word(at[len]))
            len++;
        if (len && at[len + strspn(at + len, " \t")] == '(' && defines(code, at, len)) {
            buf_append(out, at, len);
            return;
        }
        at += len ? len : 1;
    }
}
