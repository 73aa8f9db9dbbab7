#include "math_box.h"

#include "math_token.h"

#include <string.h>

// A gap between two boxes that belong together is no longer than this.
enum { MAX_GAP = 80 };

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool math_begins(const char *p, const char *end, const char *word)
{
    for (; *word; p++, word++) {
        if (p >= end)
            return false;
        char c = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
        if (c != *word)
            return false;
    }
    return true;
}

// The length of a box command at p; 0: none.
static size_t command(const char *p, const char *end)
{
    size_t len = 0;
    if (end - p >= 6 && memcmp(p, "\\boxed", 6) == 0)
        len = 6;
    else if (end - p >= 5 && memcmp(p, "\\fbox", 5) == 0)
        len = 5;
    else if (end - p >= 9 && memcmp(p, "\\framebox", 9) == 0)
        len = 9;
    return len > 0 && p + len < end && letter(p[len]) ? 0 : len;
}

// The brace that closes the one at p; NULL: none, or too far.
static const char *closing(const char *p, const char *end)
{
    int depth = 0;
    if (end - p > 2 * MATH_MAX_BYTES)
        end = p + 2 * MATH_MAX_BYTES;
    for (; p < end; p++) {
        if (*p == '\\')
            p++; // \{ is no brace of a group
        else if (*p == '{')
            depth++;
        else if (*p == '}' && --depth == 0)
            return p;
    }
    return NULL;
}

static bool read_box(struct math_box *out, const char *p, size_t len, const char *end)
{
    *out = (struct math_box){.start = p};
    for (p += len; p < end && *p == ' '; p++)
        continue;
    out->inner = p;
    if (p < end && *p == '{') {
        out->after = closing(p, end);
        out->inner = p + 1;
        out->end = out->after ? out->after + 1 : NULL;
        return out->after != NULL;
    }
    // \boxed 5: to the end of the formula or of the sentence
    for (; p < end && *p != '$' && *p != '\n' && p - out->inner < MATH_MAX_BYTES; p++) {
        if (*p == '\\' && p + 1 < end && (p[1] == ')' || p[1] == ']'))
            break;
        if (*p == '.' && (p + 1 >= end || p[1] == ' ' || p[1] == '\n' || p[1] == '$'))
            break;
    }
    out->after = out->end = p;
    return p > out->inner;
}

// A word between two boxes by which the second replaces the first.
static bool takes_back(const char *word, size_t len)
{
    static const char *const WORDS[] = {
        "but",     "not",    "no",    "wait",       "actually", "however",
        "instead", "rather", "sorry", "correction", "wrong",    "then",
        "so",      "thus",   "hence", "therefore",  "becomes",  "it",
        "should",  "now",    "gives", "finally"};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (strlen(WORDS[i]) == len && math_begins(word, word + len, WORDS[i]))
            return true;
    return false;
}

// "and", ", ", " \text{ for part (a) and } ", " \) and \( y_2 = ": few words, and one
// that joins.
static bool joins(const char *p, const char *end)
{
    if (end - p > MAX_GAP)
        return false;
    int words = 0, conjunctions = 0, commas = 0;
    while (p < end) {
        bool is_command = *p == '\\';
        p += is_command;
        const char *start = p;
        while (p < end && letter(*p))
            p++;
        size_t len = (size_t)(p - start);
        if (len == 0) {
            if (p < end && (*p == '.' || *p == '\n'))
                return false;
            commas += p < end && !is_command && (*p == ',' || *p == ';');
            p += p < end;
        } else if (!is_command) {
            bool and = math_begins(start, p, "and") || math_begins(start, p, "or");
            if (takes_back(start, len))
                return false;
            conjunctions += and&&len <= 3;
            words += len >= 2;
        }
    }
    return words <= 4 && (conjunctions == 1 || (conjunctions == 0 && commas == 1));
}

// The last box that starts before `before`; NULL: none.
static const char *last_command(const char *text, const char *before, const char *end)
{
    for (const char *p = before; p > text;) {
        p--;
        if (*p == '\\' && command(p, end) > 0)
            return p;
    }
    return NULL;
}

// \boxed{}, \boxed{...}, \boxed{\text{your answer}}: it stands for an answer.
static bool is_placeholder(const struct math_box *box)
{
    static const char *const COMMANDS[] = {"\\text", "\\ldots", "\\dots", "\\cdots",
                                           "your",   "final",   "answer", "here",
                                           "the",    "number",  "result"};
    for (const char *p = box->inner; p < box->after;) {
        size_t i = 0, count = sizeof COMMANDS / sizeof *COMMANDS;
        while (i < count && !math_begins(p, box->after, COMMANDS[i]))
            i++;
        if (i < count)
            p += strlen(COMMANDS[i]);
        else if (strchr(" \t\r\n{}.,~$_", *p))
            p++;
        else
            return false;
    }
    return true;
}

// The box around boxes that the one at `start` stands in, or that one.
static const char *outermost(const char *text, const char *start, const char *end)
{
    enum { MAX_LOOKED_AT = 32 };
    struct math_box box, outer;
    const char *best = start, *p = start;
    if (!read_box(&box, start, command(start, end), end))
        return start;
    for (int i = 0; i < MAX_LOOKED_AT && p - text > 0; i++) {
        const char *reach =
            start - text > MATH_MAX_BYTES ? start - MATH_MAX_BYTES : text;
        p = last_command(reach, p, end);
        if (!p)
            break;
        if (p + command(p, end) < end && p[command(p, end)] == '{' &&
            read_box(&outer, p, command(p, end), end) && outer.end >= box.end)
            best = p;
    }
    return best;
}

int math_boxes(struct math_box out[MATH_MAX_BOXES], const char *text, size_t len)
{
    const char *end = text + len, *start = last_command(text, end, end);
    struct math_box box;
    int count = 0;
    while (start && read_box(&box, start, command(start, end), end) &&
           is_placeholder(&box))
        start = last_command(text, start, end);
    if (start && count == 0)
        start = outermost(text, start, end);
    while (start && count < MATH_MAX_BOXES) {
        // A box around boxes is one; a gap joins only boxes side by side.
        if (!read_box(&box, start, command(start, end), end) || is_placeholder(&box) ||
            (count > 0 && (box.end > out[0].start || !joins(box.end, out[0].start))))
            break;
        memmove(out + 1, out, (size_t)count * sizeof *out);
        out[0] = box;
        count++;
        const char *reach =
            start - text > MATH_MAX_BYTES ? start - MATH_MAX_BYTES : text;
        start = last_command(reach, start, end);
    }
    return count;
}
