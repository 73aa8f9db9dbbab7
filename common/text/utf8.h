// Where text is UTF-8 (RFC 3629: no surrogates, nothing overlong, up to U+10FFFF).
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include <stddef.h>

size_t utf8_valid_prefix(const char *text, size_t len);   // bytes of whole characters
size_t utf8_invalid_prefix(const char *text, size_t len); // bytes before the next one
// Bytes of the character at the front of text, of which there is some; 0: none there.
size_t utf8_width(const char *text, size_t len);

#endif
