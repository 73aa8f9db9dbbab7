// Cases of the judge in a text file:
//
//     what the file is about
//     == NAME                    of a case; "!" before it: the program must not pass;
//                                "~": a wrong program stands before the right one
//     -- PART                    program, tests, entry, prefix, setup, input, output;
//     its lines ...              "PART crlf": they end in CR LF
//
// The case "defaults" gives the parts that others lack.
#ifndef CASE_FILE_H
#define CASE_FILE_H

#include "judge_test.h"

#include "base/buf.h"

#include <stdio.h>

enum part { PROGRAM, TESTS, ENTRY, PREFIX, SETUP, INPUT, OUTPUT, PARTS };
enum { MAX_CASES = 256, MAX_LINE = 1 << 16 };

struct judge_case {
    char name[80];
    int hostile;  // must not pass
    int misleads; // a partial verifier may give it up
    struct buf parts[PARTS];
    int given[PARTS];
};

struct case_file {
    struct judge_case cases[MAX_CASES]; // the first: the defaults
    size_t n;
};

static inline enum part part_named(const char *name)
{
    static const char *const names[PARTS] = {"program", "tests", "entry", "prefix",
                                             "setup",   "input", "output"};
    for (int i = 0; i < PARTS; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum part)i;
    fail_msg("no such part: %s", name);
    return PARTS;
}

static inline struct judge_case *case_begin(struct case_file *file, const char *name)
{
    assert_true(file->n < MAX_CASES);
    struct judge_case *c = &file->cases[file->n++];
    c->hostile = name[0] == '!';
    c->misleads = name[0] == '~';
    (void)snprintf(c->name, sizeof c->name, "%s", name);
    return c;
}

static inline void case_file_read(struct case_file *file, const char *path)
{
    static char line[MAX_LINE];
    struct judge_case *c = NULL;
    enum part part = PARTS;
    int crlf = 0;
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    while (fgets(line, sizeof line, in)) {
        if (strncmp(line, "== ", 3) == 0) {
            line[strcspn(line, "\n")] = 0;
            c = case_begin(file, line + 3);
            part = PARTS;
        } else if (c && strncmp(line, "-- ", 3) == 0) {
            char *end = line + 3;
            end += strcspn(end, " \n");
            crlf = strncmp(end, " crlf", 5) == 0;
            *end = 0;
            part = part_named(line + 3);
            c->given[part] = 1;
        } else if (c && part < PARTS) {
            line[strcspn(line, "\n")] = 0;
            buf_str(&c->parts[part], line);
            buf_str(&c->parts[part], crlf ? "\r\n" : "\n");
        }
    }
    fclose(in);
    assert_true(file->n > 1 && strcmp(file->cases[0].name, "defaults") == 0);
}

static inline void case_file_free(struct case_file *file)
{
    for (size_t i = 0; i < file->n; i++)
        for (int part = 0; part < PARTS; part++)
            buf_free(&file->cases[i].parts[part]);
    *file = (struct case_file){0};
}

// A part of case i, or the defaults'.
static inline const char *case_part(const struct case_file *file, size_t i,
                                    enum part part)
{
    return buf_cstr(&file->cases[file->cases[i].given[part] ? i : 0].parts[part]);
}

static inline char *one_line(const char *text)
{
    char *line = strdup(text);
    assert_non_null(line);
    line[strcspn(line, "\n")] = 0;
    return line;
}

// The tests of a case as the judge takes them; the caller frees.
static inline char *case_tests(const struct case_file *file, size_t i)
{
    if (*case_part(file, i, OUTPUT)) {
        json_t *o =
            json_pack("{s:s, s:[s], s:[s]}", "form", "stdio", "inputs",
                      case_part(file, i, INPUT), "outputs", case_part(file, i, OUTPUT));
        assert_non_null(o);
        char *text = json_dumps(o, 0);
        json_decref(o);
        return text;
    }
    const char *prefix = case_part(file, i, PREFIX);
    char *entry = one_line(case_part(file, i, ENTRY));
    struct buf preamble = {0};
    if (*prefix)
        buf_printf(&preamble, "%s    pass\n", prefix);
    char *tests = asserts(prefix, entry, buf_cstr(&preamble), case_part(file, i, SETUP),
                          case_part(file, i, TESTS));
    buf_free(&preamble);
    free(entry);
    return tests;
}

#endif
