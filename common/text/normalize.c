#include "normalize.h"

#include "utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

// Every character below U+0300 is in form C and combines with nothing before it; from
// there on the first byte is at least 0xCC.
static int is_plainly_nfc(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= 0xCC)
            return 0;
    return 1;
}

static enum status append_nfc(struct buf *out, const char *text, size_t len)
{
    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t n =
        utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len, &composed,
                     UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (n < 0)
        return status_fail(ERR_NOMEM, "NFC: %s", utf8proc_errmsg(n));
    buf_append(out, composed, (size_t)n);
    free(composed);
    return out->status;
}

static enum status compose(struct buf *out, const char *text, size_t len)
{
    while (len) {
        size_t valid = utf8_valid_prefix(text, len);
        if (valid)
            TRY(append_nfc(out, text, valid));
        text += valid;
        len -= valid;
        size_t other = utf8_invalid_prefix(text, len);
        buf_append(out, text, other);
        text += other;
        len -= other;
    }
    return out->status;
}

static int needs_prefix(enum space_prefix prefix, const char *text, size_t len,
                        enum stretch where)
{
    if (!len || prefix == PREFIX_NONE || where == STRETCH_CONTINUES)
        return 0;
    if (prefix == PREFIX_EVERY)
        return 1;
    if (prefix == PREFIX_FIRST && where != STRETCH_FIRST)
        return 0;
    return *text != ' ' && (len < 3 || memcmp(text, "\xe2\x96\x81", 3) != 0);
}

static void append_spaced(struct buf *out, const char *text, size_t len)
{
    const char *mark;
    while (len && (mark = memmem(text, len, "\xe2\x96\x81", 3)) != NULL) {
        size_t before = (size_t)(mark - text);
        buf_append(out, text, before);
        buf_char(out, ' ');
        text = mark + 3;
        len -= before + 3;
    }
    buf_append(out, text, len);
}

enum status normalize(const struct normalizer *n, const char *text, size_t len,
                      enum stretch where, struct buf *scratch, const char **out,
                      size_t *out_len)
{
    int composes = n->nfc && !is_plainly_nfc(text, len);
    *out = text;
    *out_len = len;
    if (!composes && !n->spaced)
        return OK;
    buf_clear(scratch);
    if (n->spaced) {
        if (needs_prefix(n->prefix, text, len, where))
            buf_char(scratch, ' ');
        append_spaced(scratch, text, len);
        TRY(scratch->status);
    } else {
        TRY(compose(scratch, text, len));
    }
    *out = buf_cstr(scratch);
    *out_len = scratch->len;
    return OK;
}
