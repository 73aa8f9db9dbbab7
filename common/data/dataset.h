// Problems with what verifies an answer and, mostly, with a worked solution.
//
// Files are JSON lines or one JSON array, plain or gzip, as their authors publish them
// (rows.h).  Where data.fields names the fields, any file with questions and answers
// will do; else the fields of a row say which set it is of:
//   GSM8K      question, answer (steps a line, <<a*b=c>> annotations, last "#### n"),
//   or
//              question, answer (a number), solution or none
//   MATH       problem, solution with its last \boxed{}, or answer, or both
//   HumanEval  prompt, entry_point, test, canonical_solution
//   MBPP       text (sanitised: prompt), code, test_list (MBPP+: test as well)
//   APPS       question, input_output, solutions, starter_code
//   Countdown  numbers, target, question, answer (steps a line, last "#### expression")
// The dataset owns its strings.
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "base/buf.h"
#include "base/status.h"
#include "verify/verify.h"

#include <stddef.h>
#include <stdint.h>

struct problem {
    char *question; // the task, as the set words it
    char *solution; // a worked solution or a program; "": the set has none
    char *answer; // the verifier's reference: an answer, a program's tests in JSON, or
                  // all of the row in JSON
    enum verifier verifier;
    int32_t continues; // 1: a solution is written on at the end of the question's text
    int32_t steps;     // lines of the solution (GSM8K: before the last)
};

struct dataset {
    struct problem *problems;
    size_t n, capacity;
};

// Reads at most `limit` problems (0: all) of the file, or of its rows [first, end)
// where the path ends in "[first:end]", counted from 0, either left out for the file's
// own end.  Rows whose set left answer or tests out are skipped with a line in the log.
// ERR_INPUT names file, line and reason.
CHECKED enum status dataset_load(struct dataset *out, const char *path, size_t limit);

// How rows are read; zeroed: as dataset_load reads them.
struct dataset_rules {
    const char *fields; // data.fields, a JSON object; NULL: none
    int by_program; // 1: VERIFIER_PROGRAM, which is given all of the row; answers may
                    // be absent
    int any_answer; // 1: an answer that stands alone need be no number
    int skip_bad;   // 1: rows that cannot be read are left out, with a line in the log
};
CHECKED enum status dataset_load_by(struct dataset *out, const char *path, size_t limit,
                                    const struct dataset_rules *rules);
void dataset_free(struct dataset *d);

// The question with a line's end: the prompt of a policy that knows no chat.
void problem_prompt(struct buf *out, const struct problem *p);

void problem_free(struct problem *p);
int32_t problem_count_lines(const char *text, size_t len); // that are not blank

// Builds one problem of GSM8K's kind (copies both texts); ERR_INPUT where the solution
// does not end in a line "#### n".
CHECKED enum status problem_make(struct problem *out, const char *question,
                                 const char *solution);
// Appends *p and takes its strings; *p is empty afterwards.  ERR_NOMEM.
CHECKED enum status dataset_add(struct dataset *d, struct problem *p);

// Writes a set of GSM8K's or Countdown's kind as JSONL, atomically.  ERR_IO.
CHECKED enum status dataset_save(const struct dataset *d, const char *path);

// The order in which epoch `epoch` visits n problems: item `i` < n of a seeded
// permutation.  No state: any item of any epoch costs the same.
uint64_t dataset_shuffled(uint64_t seed, uint64_t epoch, uint64_t n, uint64_t i);

#endif
