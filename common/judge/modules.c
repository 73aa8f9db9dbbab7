#include "modules.h"

#include "sandbox/child.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

enum { CHECK_MS = 20000, MOST_BYTES = 1 << 16, MAX_NAME = 64 };

static int is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t word(const char *text)
{
    size_t len = 0;
    while (is_word(text[len]))
        len++;
    return len;
}

static int is_noted(const struct buf *names, const char *name, size_t len)
{
    for (const char *at = buf_cstr(names); *at; at += word(at), at += *at == ' ')
        if (word(at) == len && memcmp(at, name, len) == 0)
            return 1;
    return 0;
}

static void note(struct buf *names, const char *name, size_t len)
{
    if (len == 0 || len > MAX_NAME || is_noted(names, name, len))
        return;
    buf_append(names, name, len);
    buf_char(names, ' ');
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

// "a.b as c, d": the word before each first dot.
static void note_list(struct buf *names, const char *at)
{
    for (;;) {
        at = skip_blanks(at);
        size_t len = word(at);
        note(names, at, len);
        at += strcspn(at, ",;#\n");
        if (len == 0 || *at != ',')
            return;
        at++;
    }
}

static void note_line(struct buf *names, const char *line)
{
    if (strncmp(line, "import ", 7) == 0)
        note_list(names, line + 7);
    else if (strncmp(line, "from ", 5) == 0)
        note(names, skip_blanks(line + 5), word(skip_blanks(line + 5)));
}

// Whether a line of this length opens or closes a string of several lines.
static int turns_string(const char *line, size_t len)
{
    int count = 0;
    for (size_t i = 0; i + 2 < len; i++)
        if ((line[i] == '"' || line[i] == '\'') && line[i + 1] == line[i] &&
            line[i + 2] == line[i]) {
            count++;
            i += 2;
        }
    return count % 2;
}

static void note_source(struct buf *names, const char *source, enum modules_where where)
{
    int in_string = 0;
    for (const char *line = source; *line;) {
        size_t len = strcspn(line, "\n");
        if (!in_string)
            note_line(names, where == MODULES_ANYWHERE ? skip_blanks(line) : line);
        in_string ^= turns_string(line, len);
        line += len + (line[len] == '\n');
    }
}

enum status modules_note(struct buf *names, const char *tests, size_t len,
                         enum modules_where where)
{
    json_error_t error;
    json_t *object =
        json_loadb(tests, len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    if (!object)
        return status_fail(ERR_INPUT, "tests: not JSON: %s", error.text);
    const char *source = json_string_value(json_object_get(object, "tests"));
    note_source(names, source ? source : "", where);
    json_decref(object);
    return names->status;
}

// Debian's policy: the package of a module is python3- and its name.
static enum status complain(const char *lacking)
{
    struct buf modules = {0}, packages = {0};
    enum status st = OK;
    for (const char *at = lacking; word(at); at = skip_blanks(at + word(at))) {
        const char *comma = modules.len ? ", " : "";
        buf_printf(&modules, "%s%.*s", comma, (int)word(at), at);
        buf_str(&packages, " python3-");
        for (size_t i = 0; i < word(at); i++)
            buf_char(&packages, at[i] == '_' ? '-' : (char)tolower(at[i]));
    }
    st = modules.status != OK ? modules.status : packages.status;
    if (st == OK)
        st = status_fail(ERR_INPUT,
                         "the tests import %s, which /usr/bin/python3 lacks here: "
                         "apt-get install%s",
                         buf_cstr(&modules), buf_cstr(&packages));
    buf_free(&modules);
    buf_free(&packages);
    return st;
}

enum status modules_check(const struct buf *names)
{
    static const char *const python[] = {
        "/usr/bin/python3",
        "-I",
        "-S",
        "-c",
        "import importlib.util as u, sys\n"
        "sys.path.append('/usr/lib/python3/dist-packages')\n"
        "print(*(n for n in sys.stdin.read().split() if not u.find_spec(n)))",
        NULL};
    struct child_spec spec;
    struct buf lacking = {0};
    enum status st = OK;
    if (names->len == 0)
        return OK;
    child_spec_init(&spec, "judge");
    TRY_OUT(child_spec_add(&spec, python));
    TRY_OUT(child_exchange(&spec, buf_cstr(names), names->len, CHECK_MS, MOST_BYTES,
                           &lacking));
    if (word(buf_cstr(&lacking)))
        st = complain(buf_cstr(&lacking));
out:
    buf_free(&lacking);
    return st;
}
