// What is sent for one verification, and the check of a problem's tests (tests.md).
#ifndef JUDGE_REQUEST_H
#define JUDGE_REQUEST_H

#include "server.h"

#include "base/status.h"

// ERR_INPUT: not an object as tests.md has it.
CHECKED enum status request_check(const char *tests, size_t len);

// *out = a job with its frame; mem_free.  ERR_INPUT (too long), ERR_NOMEM.
CHECKED enum status request_new(struct job **out, uint64_t ticket, const char *text,
                                size_t len, const char *tests, int partial);

// The tests within a job's frame, *len bytes.
const char *request_tests(const struct job *job, size_t *len);

#endif
