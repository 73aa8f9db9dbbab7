#include "utf8.h"

static int continues(unsigned char c, unsigned char least, unsigned char most)
{
    return c >= least && c <= most;
}

// Bytes of the character at p; 0: none there.
static size_t character(const unsigned char *p, size_t len)
{
    unsigned char c = p[0], least = 0x80, most = 0xbf;
    if (c < 0x80)
        return 1;
    size_t size = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (!size || size > len)
        return 0;
    if (c == 0xe0)
        least = 0xa0; // overlong below
    else if (c == 0xed)
        most = 0x9f; // surrogates above
    else if (c == 0xf0)
        least = 0x90; // overlong below
    else if (c == 0xf4)
        most = 0x8f; // beyond U+10FFFF above
    if (!continues(p[1], least, most))
        return 0;
    for (size_t i = 2; i < size; i++)
        if (!continues(p[i], 0x80, 0xbf))
            return 0;
    return size;
}

size_t utf8_valid_prefix(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t done = 0, size;
    while (done < len && (size = character(p + done, len - done)) > 0)
        done += size;
    return done;
}

size_t utf8_invalid_prefix(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t done = 0;
    while (done < len && character(p + done, len - done) == 0)
        done++;
    return done;
}

size_t utf8_width(const char *text, size_t len)
{
    return character((const unsigned char *)text, len);
}
