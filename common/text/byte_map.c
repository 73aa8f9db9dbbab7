#include "byte_map.h"

#include <string.h>

static int is_printable(int byte)
{
    return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
}

void byte_map_build(struct byte_map *m)
{
    memset(m->byte, -1, sizeof m->byte);
    int next = 0x100;
    for (int byte = 0; byte < 256; byte++) {
        int point = is_printable(byte) ? byte : next++;
        m->point[byte] = (uint16_t)point;
        m->byte[point] = (int16_t)byte;
    }
}

// The code point at p, of one or two bytes; -1: longer or cut off.
static int next_point(const unsigned char **p, const unsigned char *end)
{
    const unsigned char *c = *p;
    if (c[0] < 0x80) {
        *p = c + 1;
        return c[0];
    }
    if ((c[0] & 0xe0) != 0xc0 || end - c < 2 || (c[1] & 0xc0) != 0x80)
        return -1;
    *p = c + 2;
    return (c[0] & 0x1f) << 6 | (c[1] & 0x3f);
}

int byte_map_read(const struct byte_map *m, const char *text, size_t len,
                  struct buf *out)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + len;
    size_t start = out->len;
    while (p < end) {
        int point = next_point(&p, end);
        if (point < 0 || point >= BYTE_MAP_POINTS || m->byte[point] < 0) {
            out->len = start;
            return 0;
        }
        buf_char(out, (char)m->byte[point]);
    }
    return 1;
}

void byte_map_write(const struct byte_map *m, const char *bytes, size_t len,
                    struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        int point = m->point[(unsigned char)bytes[i]];
        if (point < 0x80) {
            buf_char(out, (char)point);
        } else {
            buf_char(out, (char)(0xc0 | point >> 6));
            buf_char(out, (char)(0x80 | (point & 0x3f)));
        }
    }
}
