#include "json_text.h"

// The bytes that may stand second behind a lead byte (RFC 3629): no overlong forms, no
// surrogates, nothing above U+10FFFF.
static int second_fits(unsigned lead, unsigned second)
{
    unsigned least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return second >= least && second <= most;
}

static size_t wanted(unsigned lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

// Length of the piece that begins at b[0], and whether it is a character.
static size_t piece(const unsigned char *b, size_t len, int *whole)
{
    size_t n = wanted(b[0]), have = 1;
    while (have < n && have < len &&
           (have == 1 ? second_fits(b[0], b[1]) : (b[have] & 0xc0) == 0x80))
        have++;
    *whole = n > 0 && have == n;
    return have;
}

static void put_ascii(struct buf *out, unsigned char c)
{
    if (c == '"' || c == '\\')
        buf_printf(out, "\\%c", c);
    else if (c == '\n')
        buf_str(out, "\\n");
    else if (c < 0x20 || c == 0x7f)
        buf_printf(out, "\\u%04x", c);
    else
        buf_char(out, (char)c);
}

void json_text(struct buf *out, const void *bytes, size_t len)
{
    const unsigned char *b = bytes;
    buf_char(out, '"');
    for (size_t at = 0, n = 0; at < len; at += n) {
        int whole = 0;
        n = piece(b + at, len - at, &whole);
        if (!whole)
            buf_str(out, "\xef\xbf\xbd");
        else if (n == 1)
            put_ascii(out, b[at]);
        else
            buf_append(out, b + at, n);
    }
    buf_char(out, '"');
}
