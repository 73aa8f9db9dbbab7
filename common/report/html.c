#include "html.h"

void html_text(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '&')
            buf_str(out, "&amp;");
        else if (c == '<')
            buf_str(out, "&lt;");
        else if (c == '>')
            buf_str(out, "&gt;");
        else if (c == '"')
            buf_str(out, "&quot;");
        else if (c == '\'')
            buf_str(out, "&#39;");
        else
            buf_char(out, c < ' ' && c != '\n' ? ' ' : (char)c);
    }
}
