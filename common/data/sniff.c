#include "sniff.h"

#include <string.h>

#define CONVERT     "launch/parquet-to-jsonl FILE OUT.jsonl makes JSON lines of it"
#define UNPACK      "unpack it first"
#define TO_UTF_8    "iconv -f UTF-16 -t UTF-8 FILE >OUT.jsonl makes UTF-8 of it"
#define BYTES(text) text, sizeof text - 1

static const struct {
    const char *magic;
    size_t len, at;
    const char *means;
} magics[] = {
    {BYTES("PAR1"), 0, "a Parquet file: " CONVERT},
    {BYTES("PARE"), 0, "an encrypted Parquet file: decrypt it first"},
    {BYTES("ARROW1"), 0, "an Arrow file: " CONVERT},
    {BYTES("\xff\xff\xff\xff"), 0, "an Arrow stream: " CONVERT},
    {BYTES("FEA1"), 0, "a Feather file: " CONVERT},
    {BYTES("ORC"), 0, "an ORC file: write it as JSON lines"},
    {BYTES("Obj\x01"), 0, "an Avro file: write it as JSON lines"},
    {BYTES("PK\x03\x04"), 0, "a zip archive (or a spreadsheet): " UNPACK},
    {BYTES("\xfd"
           "7zXZ"),
     0, "compressed by xz: unxz FILE unpacks it"},
    {BYTES("\x28\xb5\x2f\xfd"), 0, "compressed by zstd: unzstd FILE unpacks it"},
    {BYTES("BZh"), 0, "compressed by bzip2: bunzip2 FILE unpacks it"},
    {BYTES("\x04\x22\x4d\x18"), 0, "compressed by lz4: unlz4 FILE unpacks it"},
    {BYTES("\x1f\x8b"), 0, "compressed by gzip twice: " UNPACK},
    {BYTES("7z\xbc\xaf\x27\x1c"), 0, "a 7z archive: " UNPACK},
    {BYTES("Rar!"), 0, "a rar archive: " UNPACK},
    {BYTES("ustar"), 257, "a tar archive: " UNPACK},
    {BYTES("\x89HDF"), 0, "an HDF5 file: write it as JSON lines"},
    {BYTES("SQLite format 3"), 0, "an SQLite database: write it as JSON lines"},
    {BYTES("\x93NUMPY"), 0, "a NumPy array: write it as JSON lines"},
    {BYTES("\x80\x03"), 0, "a Python pickle: write it as JSON lines"},
    {BYTES("\x80\x04"), 0, "a Python pickle: write it as JSON lines"},
    {BYTES("\x80\x05"), 0, "a Python pickle: write it as JSON lines"},
    {BYTES("%PDF"), 0, "a PDF document: it holds no rows"},
    {BYTES("\xff\xfe\0\0"), 0,
     "UTF-32 text: iconv -f UTF-32 -t UTF-8 FILE >OUT.jsonl makes UTF-8 of it"},
    {BYTES("\xff\xfe"), 0, "UTF-16 text: " TO_UTF_8},
    {BYTES("\xfe\xff"), 0, "UTF-16 text: " TO_UTF_8},
    {BYTES("{\0"), 0,
     "UTF-16 text: iconv -f UTF-16LE -t UTF-8 FILE >OUT.jsonl makes UTF-8 of it"},
    {BYTES("\0{"), 0,
     "UTF-16 text: iconv -f UTF-16BE -t UTF-8 FILE >OUT.jsonl makes UTF-8 of it"},
    {BYTES("version https://git-lfs"), 0,
     "a Git LFS pointer, not the file itself: git lfs pull brings it"},
    {BYTES("version https://hawser"), 0,
     "a Git LFS pointer, not the file itself: git lfs pull brings it"},
};

// Words that a text begins with, in any case.
static const struct {
    const char *word, *means;
} words[] = {
    {"<!doctype", "an HTML page, perhaps an error page: download the file itself"},
    {"<html", "an HTML page, perhaps an error page: download the file itself"},
    {"<head", "an HTML page, perhaps an error page: download the file itself"},
    {"<?xml", "an XML document: write it as JSON lines"},
    {"---\n", "a YAML document: write it as JSON lines"},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static int begins(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);
    if (len < n)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (lower(text[i]) != word[i])
            return 0;
    return 1;
}

// Names with separators between them, where a JSON row would begin with a bracket.
static const char *sniff_table(const char *text, size_t len)
{
    const char *end = memchr(text, '\n', len);
    size_t line = end ? (size_t)(end - text) : len;
    if (!len || strchr("{[", *text))
        return NULL;
    if (memchr(text, '\t', line))
        return "tab-separated values: write them as JSON lines, {\"question\": ..., "
               "\"answer\": ...}";
    if (memchr(text, ',', line) || memchr(text, ';', line))
        return "comma-separated values: write them as JSON lines, {\"question\": ..., "
               "\"answer\": ...}";
    return NULL;
}

const char *sniff(const char *bytes, size_t len)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (len >= magics[i].at + magics[i].len &&
            memcmp(bytes + magics[i].at, magics[i].magic, magics[i].len) == 0)
            return magics[i].means;
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        len -= 3;
    }
    while (len && strchr(" \t\r\n", *bytes) && *bytes) {
        bytes++;
        len--;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (begins(bytes, len, words[i].word))
            return words[i].means;
    return sniff_table(bytes, len);
}
