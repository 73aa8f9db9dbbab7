// Text into HTML.
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "base/buf.h"

// Appends text in which nothing is markup; control bytes become spaces.
void html_text(struct buf *out, const char *text, size_t len);

#endif
