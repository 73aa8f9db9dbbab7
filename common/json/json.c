#include "json.h"

#include "base/file.h"

#include <string.h>

size_t json_mark_bytes(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

size_t json_string_end(const char *text, size_t len, size_t at)
{
    for (size_t i = at + 1; i < len; i++) {
        if (text[i] == '\\')
            i++;
        else if (text[i] == '"')
            return i + 1;
    }
    return len;
}

int json_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Nearly every file is read at the first try.
enum status json_parse(json_t **out, const char *text, size_t len)
{
    json_error_t error;
    struct buf tame = {0};
    json_t *root = json_loadb(text, len, JSON_ALLOW_NUL, &error);
    enum status st = OK;
    if (!root) {
        TRY_OUT(json_tame(&tame, text, len));
        root = json_loadb(buf_cstr(&tame), tame.len, JSON_ALLOW_NUL, &error);
    }
    if (root)
        *out = root;
    else
        st = status_fail(ERR_INPUT, "line %d: %s", error.line, error.text);
out:
    buf_free(&tame);
    return st;
}

enum status json_parse_file(json_t **out, struct buf *kept, const char *path,
                            size_t max_bytes)
{
    struct buf text = {0};
    enum status st;
    TRY_OUT(file_read(&text, path, max_bytes));
    if (file_is_lfs_pointer(text.data, text.len)) {
        st = status_fail(ERR_INPUT, "%s: " FILE_LFS_ADVICE, path);
        goto out;
    }
    TRY_OUT(status_wrap(json_parse(out, buf_cstr(&text), text.len), "%s", path));
    if (kept) {
        *kept = text;
        text = (struct buf){0};
    }
out:
    buf_free(&text);
    return st;
}
