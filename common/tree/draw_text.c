#include "draw_text.h"

#include <string.h>

static const char dots[] = "...";
enum { DOTS = sizeof dots - 1 };

struct range {
    uint32_t first, last;
};

static int within(const struct range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return 1;
    return 0;
}

// Controls of the terminal, of the line and of the direction of writing: what a text
// could use to show another text than it is.
static int is_control(uint32_t c)
{
    static const struct range controls[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x200b, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
    };
    return within(controls, sizeof controls / sizeof *controls, c);
}

// Columns in a terminal (Unicode TR 11, the blocks that matter).
static int columns_of(uint32_t c)
{
    static const struct range combining[] = {{0x0300, 0x036f}, {0xfe00, 0xfe0f}};
    static const struct range wide[] = {
        {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},
        {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
    };
    if (within(combining, sizeof combining / sizeof *combining, c))
        return 0;
    return within(wide, sizeof wide / sizeof *wide, c) ? 2 : 1;
}

static void put(struct draw_text *d, const void *bytes, size_t len, int columns)
{
    if (d->full || d->columns + columns > d->room) {
        d->full = 1;
        return;
    }
    buf_append(d->out, bytes, len);
    d->columns += columns;
    if (d->columns + DOTS <= d->room)
        d->cut = d->out->len;
}

static void put_invalid(struct draw_text *d)
{
    put(d, "?", 1, 1);
}

// The character that the pending bytes are; 0, a control, for no valid one (RFC 3629).
static uint32_t code_point(const unsigned char *b, int n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t c = b[0] & (0xffU >> (n + 1));
    for (int i = 1; i < n; i++)
        c = c << 6 | (b[i] & 0x3fU);
    int surrogate = c >= 0xd800 && c <= 0xdfff;
    return c < least[n] || c > 0x10ffff || surrogate ? 0 : c;
}

static void put_pending(struct draw_text *d)
{
    uint32_t c = code_point(d->pending, d->n_wanted);
    if (is_control(c))
        put_invalid(d);
    else
        put(d, d->pending, (size_t)d->n_wanted, columns_of(c));
    d->n_pending = 0;
}

static void put_ascii(struct draw_text *d, unsigned char c)
{
    if (c == '\n')
        put(d, "\\n", 2, 2);
    else if (c == '\t')
        put(d, "\\t", 2, 2);
    else if (is_control(c))
        put_invalid(d);
    else
        put(d, &c, 1, 1);
}

static void begin_character(struct draw_text *d, unsigned char byte)
{
    if (byte < 0x80) {
        put_ascii(d, byte);
    } else if (byte < 0xc0 || byte >= 0xf8) {
        put_invalid(d);
    } else {
        d->n_wanted = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        d->pending[0] = byte;
        d->n_pending = 1;
    }
}

static void put_byte(struct draw_text *d, unsigned char byte)
{
    if (d->n_pending > 0 && (byte & 0xc0) == 0x80) {
        d->pending[d->n_pending++] = byte;
        if (d->n_pending == d->n_wanted)
            put_pending(d);
        return;
    }
    if (d->n_pending > 0)
        put_invalid(d);
    d->n_pending = 0;
    begin_character(d, byte);
}

void draw_text_begin(struct draw_text *d, struct buf *out, int room)
{
    *d = (struct draw_text){.out = out, .room = room, .cut = out->len};
}

void draw_text_put(struct draw_text *d, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && !d->full; i++)
        put_byte(d, (unsigned char)bytes[i]);
}

void draw_text_end(struct draw_text *d)
{
    if (d->n_pending > 0) // the text ended inside a character
        put_invalid(d);
    if (!d->full || d->out->status != OK)
        return;
    if (d->out->data) {
        d->out->len = d->cut;
        d->out->data[d->cut] = 0;
    }
    if (d->room >= DOTS)
        buf_str(d->out, dots);
}
