// Rows of the sets whose replies are programs, with their tests as the judge reads them
// (judge/tests.md).  Private to data; as problem_of_row (formats.h).
#ifndef DATA_FORMATS_PROGRAMS_H
#define DATA_FORMATS_PROGRAMS_H

#include "formats.h"

CHECKED enum status format_humaneval(struct problem *out, const json_t *row,
                                     const struct format *format);
CHECKED enum status format_mbpp(struct problem *out, const json_t *row,
                                const struct format *format);
CHECKED enum status format_apps(struct problem *out, const json_t *row,
                                const struct format *format);

#endif
