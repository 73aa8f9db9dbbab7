// Data files as they come: what is read all the same, and what is named.
#include "data_test.h"

#include <zlib.h>

#define GOOD  "{\"question\": \"q\", \"answer\": \"#### 1\"}"
#define GOOD2 "{\"question\": \"r\", \"answer\": \"#### 2\"}"
#define BOM   "\xef\xbb\xbf"

struct text {
    const char *bytes;
    size_t len;
};
#define TEXT(literal)                                                                  \
    {                                                                                  \
        literal, sizeof literal - 1                                                    \
    }

static enum status load(struct dataset *d, const struct text *text,
                        const struct dataset_rules *rules)
{
    struct temporary t = temporary_make();
    temporary_put(&t, text->bytes, text->len);
    enum status st = dataset_load_by(d, t.path, 0, rules);
    temporary_remove(&t);
    return st;
}

// Each holds the same two problems.
static void test_read_all_the_same(void **state)
{
    static const struct text texts[] = {
        TEXT(GOOD "\n" GOOD2 "\n"),
        TEXT(GOOD "\n" GOOD2),
        TEXT(BOM GOOD "\n" GOOD2 "\n"),
        TEXT(GOOD "\n" BOM GOOD2 "\n"), // two files, one behind the other
        TEXT("\n\n" GOOD "\n \t\n" GOOD2 "\n\n\n"),
        TEXT(GOOD "\r\n" GOOD2 "\r\n"),
        TEXT(GOOD "\r\n\r\n" GOOD2 "\r\n\r\n"),
        TEXT(GOOD "\r" GOOD2 "\r"),
        TEXT(BOM "\r\n" GOOD "\r\n" GOOD2),
        TEXT("  " GOOD "  \n\t" GOOD2 " "),
        TEXT("[" GOOD "," GOOD2 "]"),
        TEXT(BOM "\n [" GOOD ",\n" GOOD2 "\n]\n\n"),
        TEXT("{\"data\": [" GOOD "," GOOD2 "]}"),
        TEXT("{\"version\": 1.0, \"tags\": [1, 2], \"data\": [\n" GOOD ",\n" GOOD2
             "]\n}\n"),
        TEXT("{\n  \"question\": \"q\",\n  \"answer\": \"#### 1\"\n}\n{\n  "
             "\"question\": \"r\",\n  \"answer\": \"#### 2\"\n}\n"),
        TEXT(BOM "{\"question\": \"q\",\r\n\"answer\": \"#### 1\"}\r\n\r\n" GOOD2),
        TEXT("{\"question\": \"q\", \"answer\": 1}\n{\"question\": \"r\", \"answer\": "
             "\"2\"}"),
        TEXT(
            "{\"question\": \"q\", \"answer\": \"#### 1\", \"id\": "
            "123456789012345678901234567890, \"x\": 1e999, \"y\": [NaN, -Infinity]}\n"
            "{\"question\": \"r\", \"answer\": \"#### 2\", \"more\": {\"a\": [1, {}]}, "
            "\"none\": null}"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct dataset d = {0};
        if (load(&d, &texts[i], &(struct dataset_rules){0}) != OK)
            fail_msg("case %zu: %s", i, status_message());
        assert_int_equal(d.n, 2);
        assert_string_equal(d.problems[0].question, "q");
        assert_string_equal(d.problems[0].answer, "1");
        assert_string_equal(d.problems[1].question, "r");
        assert_string_equal(d.problems[1].answer, "2");
        dataset_free(&d);
    }
}

// Numbers where a text is usual keep their spelling.
static void test_numbers_as_texts(void **state)
{
    static const struct {
        const char *json, *text;
    } numbers[] = {
        {"42", "42"},
        {"-7", "-7"},
        {"3.5", "3.5"},
        {"3.50", "3.50"},
        {"0.10", "0.10"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"0.1234567890123456789012345678901234567890",
         "0.1234567890123456789012345678901234567890"},
        {"-0", "-0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char json[256];
        struct dataset d = {0};
        (void)snprintf(json, sizeof json, "{\"question\": %s, \"answer\":%s}",
                       numbers[i].json, numbers[i].json);
        const struct text text = {json, strlen(json)};
        assert_ok(load(&d, &text, &(struct dataset_rules){0}));
        assert_string_equal(d.problems[0].question, numbers[i].text);
        assert_string_equal(d.problems[0].answer, numbers[i].text);
        dataset_free(&d);
        (void)snprintf(json, sizeof json, "{\"problem\": \"p\", \"answer\": %s }",
                       numbers[i].json);
        const struct text math = {json, strlen(json)};
        assert_ok(load(&d, &math, &(struct dataset_rules){0}));
        assert_string_equal(d.problems[0].answer, numbers[i].text);
        dataset_free(&d);
    }
}

static void expect(const struct text *text, const struct dataset_rules *rules,
                   const char *words)
{
    struct dataset d = {0};
    enum status st = load(&d, text, rules);
    if (st != ERR_INPUT || !strstr(status_message(), words) ||
        strncmp(status_message(), "/tmp/etreerpo-data-", 19) != 0)
        fail_msg("expected \"%s\": %d: %s", words, (int)st, status_message());
    assert_null(d.problems);
}

static void test_bad_rows_are_named(void **state)
{
    static const struct {
        struct text text;
        const char *words;
    } bad[] = {
        {TEXT(GOOD "\n\n" GOOD "\nbad\n"), ":4: column 3: not JSON"},
        {TEXT(GOOD "\r\n" GOOD "\r\nbad\r\n"), ":3: column"},
        {TEXT(GOOD "\r" GOOD "\rbad"), ":3: column"},
        {TEXT(BOM GOOD "\n{\"question\": \"q\""), ":2: column 16, where the file ends"},
        {TEXT(GOOD "\n{\"question\": \"cut of"), ", where the file ends: not JSON"},
        {TEXT(GOOD "\n{\"question\": 12345 oops}"), ":2: column 23: not JSON"},
        {TEXT(GOOD "\n{\"question\": 01}"), ":2: column"},
        {TEXT(GOOD "\n{\"question\": 1.}"), ":2: column"},
        {TEXT(GOOD "\n{\"question\": .5}"), ":2: column"},
        {TEXT(GOOD "\n{\"question\": +1}"), ":2: column"},
        {TEXT(GOOD "\n{\"question\": 1e}"), ":2: column"},
        {TEXT(GOOD "\n{\"question\": nan}"), ":2: column"},
        {TEXT(GOOD "\n{1: 2}"), ":2: column"},
        {TEXT(GOOD "\n{'question': 'q'}"), ":2: column"},
        {TEXT(GOOD "\n{\"a\": 1,}"), ":2: column"},
        {TEXT(GOOD "\n{\"a\": \"\\ud800\"}"), ":2: column"},
        {TEXT(GOOD "\n{\"question\": \"caf\xe9\"}"), "not UTF-8"},
        {TEXT(GOOD "\n" GOOD GOOD2), ":2: column"},
        {TEXT(GOOD "\n{\"a\": 1, \"a\": 2}"), "duplicate"},
        {TEXT(GOOD "\n{\"question\": null, \"answer\": \"#### 1\"}"),
         ":2: \"question\" is not a string, but null"},
        {TEXT(GOOD "\n{\"question\": \"q\", \"answer\": NaN}"),
         ":2: \"answer\" is NaN"},
        {TEXT(GOOD "\n{\"question\": \"q\", \"answer\": Infinity}"), "is Infinity"},
        {TEXT(GOOD "\n{\"question\": \"q\", \"answer\": [\"1\"]}"),
         "\"answer\" is not a string, but a list"},
        {TEXT(GOOD "\n{\"question\": \"q\", \"answer\": {\"value\": 1}}"), "an object"},
        {TEXT(GOOD "\n{\"prompt\": \"q\", \"completion\": \"#### 1\"}"),
         ":2: no field \"question\" (it has: prompt, completion; data.fields names"},
        {TEXT(GOOD "\n{}"), "it has: none"},
        {TEXT(GOOD "\n3"), ":2: not a JSON object"},
        {TEXT(GOOD "\n[" GOOD "]"), ":2: not a JSON object"},
        {TEXT("[" GOOD ", 3]"), ": row 2: not a JSON object"},
        {TEXT("[" GOOD ",\n\n{\"question\" 3}]"), ":3: not JSON"},
        {TEXT("[" GOOD ",\n" GOOD2), ":2: not JSON"},
        {TEXT("{\"data\": [" GOOD ", {\"question\": 1}]}"),
         ": \"data\" row 2: no field"},
        {TEXT("{\"train\": [" GOOD "], \"test\": [" GOOD2 "]}"),
         "one object with 2 lists of rows in it"},
        {TEXT(
             "{\n\"question\": \"q\",\n\"answer\": \"#### 1\"}\n{\n\"question\": 1\n}"),
         ":4: no field \"answer\""},
        {TEXT("{\n\"question\": \"q\",\n\"answer\": \"#### 1\"}\n{\n\"question\" 1\n}"),
         ":5: not JSON"},
        {TEXT("{\"question\": \"q\", \"answer\": \"sixteen\"}"),
         "no last line \"#### n\""},
        {TEXT("{\"question\": \"q\", \"answer\": \"x+1\", \"solution\": \"s\"}"),
         "\"answer\" is no number: x+1"},
        {TEXT(""), ": no problems in it"},
        {TEXT("\n \r\n"), ": no problems in it"},
        {TEXT(BOM), ": no problems in it"},
        {TEXT("[ ]"), ": no problems in it"},
        {TEXT("{\"problem\": \"p\", \"answer\": null}"),
         "no problems in it: 1 rows have no answer or tests"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(&bad[i].text, &(struct dataset_rules){0}, bad[i].words);
}

static void test_other_kinds_are_named(void **state)
{
    static const struct {
        struct text text;
        const char *words;
    } kinds[] = {
        {TEXT("PAR1\x15\0\x15"), "a Parquet file: launch/parquet-to-jsonl /tmp/"},
        {TEXT("ARROW1\0\0"), "an Arrow file: launch/parquet-to-jsonl"},
        {TEXT("\xff\xff\xff\xff\x10"), "an Arrow stream"},
        {TEXT("PK\x03\x04"), "a zip archive"},
        {TEXT("\xfd"
              "7zXZ\0"),
         "compressed by xz: unxz /tmp/"},
        {TEXT("\x28\xb5\x2f\xfd\0"), "compressed by zstd"},
        {TEXT("BZh9"), "compressed by bzip2"},
        {TEXT("7z\xbc\xaf\x27\x1c"), "a 7z archive"},
        {TEXT("\x89HDF\r\n"), "an HDF5 file"},
        {TEXT("SQLite format 3\0"), "an SQLite database"},
        {TEXT("\x80\x04\x95"), "a Python pickle"},
        {TEXT("\x93NUMPY\x01"), "a NumPy array"},
        {TEXT("%PDF-1.4"), "a PDF document"},
        {TEXT("\xff\xfe{\0\"\0"), "UTF-16 text: iconv -f UTF-16 -t UTF-8 /tmp/"},
        {TEXT("\xfe\xff\0{"), "UTF-16 text"},
        {TEXT("{\0\"\0q\0"), "UTF-16 text: iconv -f UTF-16LE"},
        {TEXT("\0{\0\"\0q"), "UTF-16 text: iconv -f UTF-16BE"},
        {TEXT("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n"),
         "a Git LFS pointer, not the file itself: git lfs pull"},
        {TEXT("<!DOCTYPE html>\n<html>"), "an HTML page"},
        {TEXT("\n  <HTML><body>404"), "an HTML page"},
        {TEXT("<?xml version=\"1.0\"?>"), "an XML document"},
        {TEXT("question,answer\nq,1\n"), "comma-separated values"},
        {TEXT("\"question\",\"answer\"\n\"q\",\"1\"\n"), "comma-separated values"},
        {TEXT(BOM "question;answer\nq;1\n"), "comma-separated values"},
        {TEXT("question\tanswer\nq\t1\n"), "tab-separated values"},
        {TEXT("just a text\n"), ":1: column"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        expect(&kinds[i].text, &(struct dataset_rules){0}, kinds[i].words);
    struct dataset d = {0};
    assert_int_equal(dataset_load(&d, "/tmp", 0), ERR_INPUT);
    assert_string_equal(status_message(),
                        "/tmp: a folder; name a file of JSON lines in it");
    assert_int_equal(dataset_load(&d, "", 0), ERR_INPUT);
    assert_string_equal(status_message(), "no file is named");
}

static void gzip(const struct temporary *t, const char *text, size_t len)
{
    gzFile file = gzopen(t->path, "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, text, (unsigned)len), len);
    assert_int_equal(gzclose(file), Z_OK);
}

static void test_gzip(void **state)
{
    struct temporary t = temporary_make();
    struct dataset d = {0};
    struct buf bytes = {0}, long_text = {0};
    (void)state;
    gzip(&t, BOM GOOD "\r\n\r\n" GOOD2, sizeof(BOM GOOD "\r\n\r\n" GOOD2) - 1);
    assert_ok(dataset_load(&d, t.path, 0));
    assert_int_equal(d.n, 2);
    dataset_free(&d);
    gzip(&t, "PAR1....", 8);
    assert_int_equal(dataset_load(&d, t.path, 0), ERR_INPUT);
    assert_non_null(strstr(status_message(), "a Parquet file"));
    for (int i = 0; i < 5000; i++)
        buf_printf(&long_text, "{\"question\": \"%d\", \"answer\": \"#### %d\"}\n", i,
                   i * i * 7919 % 1000);
    gzip(&t, buf_cstr(&long_text), long_text.len);
    assert_ok(file_read(&bytes, t.path, 1 << 20));
    bytes.data[bytes.len / 2] ^= 0x55;
    temporary_put(&t, buf_cstr(&bytes), bytes.len);
    assert_int_equal(dataset_load(&d, t.path, 0), ERR_INPUT);
    assert_non_null(strstr(status_message(), "its gzip stream is damaged"));
    assert_null(d.problems);
    buf_free(&bytes);
    buf_free(&long_text);
    temporary_remove(&t);
}

static void test_skipped(void **state)
{
    static const struct {
        struct text text;
        size_t n;
    } cases[] = {
        {TEXT(GOOD "\nbad\n" GOOD2), 2},
        {TEXT("bad\n" GOOD "\n{}\n\n" GOOD2 "\n{\"question\": \"q\"}"), 2},
        {TEXT(GOOD "\n{\"question\": \"cut of"), 1},
        {TEXT("[" GOOD ", 3, {}, " GOOD2 "]"), 2},
        {TEXT("{\"data\": [{}, " GOOD2 "]}"), 1},
        {TEXT("{\"question\": \"q\"\n" GOOD2), 1},
        {TEXT("{\n\"question\": 1\n}\n" GOOD), 1},
    };
    const struct dataset_rules skip = {.skip_bad = 1};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset d = {0};
        if (load(&d, &cases[i].text, &skip) != OK)
            fail_msg("case %zu: %s", i, status_message());
        assert_int_equal(d.n, cases[i].n);
        dataset_free(&d);
    }
    static const struct text all_bad = TEXT("{}\nbad\n{}");
    expect(&all_bad, &skip,
           "no problems in it: of 3 rows 3 cannot be read, the first is");
    expect(&all_bad, &skip, ":1: no field \"question\"");
    static const struct text broken = TEXT("[" GOOD ", {\"question\" 3}]");
    expect(&broken, &skip, ":1: not JSON");
    static const struct text parquet = TEXT("PAR1");
    expect(&parquet, &skip, "a Parquet file");
}

// Rows are counted without blank lines and with those that are skipped.
static void test_ranges(void **state)
{
    static const char text[] = BOM GOOD "\n\n" GOOD2 "\nbad\n\n" GOOD "\n";
    static const struct {
        const char *rows;
        int skip;
        size_t n; // 0: refused
        const char *words;
    } cases[] = {
        {"[0:2]", 0, 2, ""},
        {"[1:2]", 0, 1, ""},
        {"[3:4]", 0, 1, ""},
        {"[3:]", 0, 1, ""},
        {"[:3]", 0, 0, ":4: column"},
        {"[:]", 1, 3, ""},
        {"[1:9]", 1, 2, ""},
        {"[4:5]", 0, 0, "no row 4: it has 4, counted from 0"},
        {"[9:]", 1, 0, "no row 9"},
        {"[100:200]", 0, 0, "no row 100: it has 4"},
    };
    struct temporary t = temporary_make();
    (void)state;
    temporary_put(&t, text, sizeof text - 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[64];
        struct dataset d = {0};
        (void)snprintf(path, sizeof path, "%s%s", t.path, cases[i].rows);
        enum status st = dataset_load_by(
            &d, path, 0, &(struct dataset_rules){.skip_bad = cases[i].skip});
        if (st != (cases[i].n ? OK : ERR_INPUT) || d.n != cases[i].n ||
            (st != OK && !strstr(status_message(), cases[i].words)))
            fail_msg("%s: %zu: %s", cases[i].rows, d.n, status_message());
        dataset_free(&d);
    }
    temporary_remove(&t);
}

// Thousands of objects over several lines cost no more than they are long.
static void test_long_stream(void **state)
{
    enum { ROWS = 100000 };
    struct buf text = {0};
    struct dataset d = {0};
    (void)state;
    for (int i = 0; i < ROWS; i++)
        buf_printf(&text, "{\n \"question\": \"%d\",\n \"answer\": \"#### 1\"\n}\n", i);
    const struct text all = {buf_cstr(&text), text.len};
    assert_ok(load(&d, &all, &(struct dataset_rules){0}));
    assert_int_equal(d.n, ROWS);
    assert_string_equal(d.problems[ROWS - 1].question, "99999");
    dataset_free(&d);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_all_the_same),
        cmocka_unit_test(test_numbers_as_texts),
        cmocka_unit_test(test_bad_rows_are_named),
        cmocka_unit_test(test_other_kinds_are_named),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_long_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
