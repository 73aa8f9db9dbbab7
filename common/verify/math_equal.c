#include "math.h"
#include "math_box.h"
#include "math_compare.h"

#include "base/mem.h"

#include <string.h>

// Steps of one comparison: nodes evaluated and compared; some tenths of a second.
enum { MAX_STEPS = 2000000, DECIMALS = 6 };

// Both answers, as text without their boxes and as trees.
struct pair {
    struct math_tree tree[2];
    char text[2][MATH_MAX_BYTES];
    size_t len[2];
};

static bool has_or(const char *p, const char *end)
{
    for (; end - p >= 4; p++)
        if (memcmp(p, " or ", 4) == 0)
            return true;
    return false;
}

// **5** is 5.
static void strip_stars(struct math_box *b)
{
    while (b->after - b->inner > 2 && *b->inner == '*' && b->after[-1] == '*') {
        b->inner++;
        b->after--;
    }
}

// Spaces, dollar signs, \[ and \( (and a line's end that was written as \n).
static bool only_marks(const char *p, const char *end)
{
    for (; p < end; p++) {
        bool command = *p == '\\' && p + 1 < end && p[1] && strchr("[]()n", p[1]);
        if (!command && !(*p && strchr(" \t\r\n$*.", *p)))
            return false;
        p += command;
    }
    return true;
}

// Nothing stands around the boxes but the marks of a formula.
static bool only_boxes(const struct math_box *first, const struct math_box *last,
                       const char *p, const char *end)
{
    return only_marks(p, first->start) && only_marks(last->end, end);
}

// \text{y = 4x - 5} is a formula in the wrong type.
static void strip_text(char *text, size_t *len)
{
    static const char OPEN[] = "\\text{";
    const size_t open = sizeof OPEN - 1;
    while (*len > 2 && *text == '$' && text[*len - 1] == '$') {
        *len -= 2;
        memmove(text, text + 1, *len);
    }
    if (*len < open + 2 || memcmp(text, OPEN, open) != 0 || text[*len - 1] != '}' ||
        !memchr(text, '=', *len) || memchr(text + open, '{', *len - open))
        return;
    *len -= open + 1;
    memmove(text, text + open, *len);
}

// (A), A) and A. are the choice A.
static void bare_choice(char *text, size_t *len)
{
    size_t start = 0, end = *len;
    while (start < end && strchr(" \t\n(", text[start]))
        start++;
    while (end > start && strchr(" \t\n).:", text[end - 1]))
        end--;
    if (end - start != 1 || text[start] < 'A' || text[start] > 'J')
        return;
    text[0] = text[start];
    *len = 1;
}

// Copies the answer; of boxes their insides, as a list.  false: too long.
static bool unbox(char out[MATH_MAX_BYTES], size_t *out_len, const char *text,
                  size_t len)
{
    struct math_box boxes[MATH_MAX_BOXES];
    int count = math_boxes(boxes, text, len);
    if (count > 0 && !only_boxes(&boxes[0], &boxes[count - 1], text, text + len))
        count = 0; // a formula with a box in it
    if (count == 0) {
        boxes[0] = (struct math_box){.inner = text, .after = text + len};
        count = 1;
    }
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        strip_stars(&boxes[i]);
        size_t part = (size_t)(boxes[i].after - boxes[i].inner);
        if (part + 4 > MATH_MAX_BYTES - used)
            return false;
        if (i > 0) {
            bool or = has_or(boxes[i - 1].end, boxes[i].start);
            memcpy(out + used, or ? " or " : " ,  ", 4);
            used += 4;
        }
        memcpy(out + used, boxes[i].inner, part);
        used += part;
    }
    strip_text(out, &used);
    bare_choice(out, &used);
    *out_len = used;
    return true;
}

static bool skip_command(const char **p, const char *end)
{
    static const char *const COMMANDS[] = {
        "\\text{", "\\textbf{", "\\mathrm{", "\\mbox{", "\\left",
        "\\right", "\\,",       "\\!",       "\\;",     "\\ "};
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        size_t len = strlen(COMMANDS[i]);
        if ((size_t)(end - *p) < len || memcmp(*p, COMMANDS[i], len) != 0)
            continue;
        *p += COMMANDS[i][len - 1] == '{' ? len - 1 : len;
        return true;
    }
    return false;
}

// The text without spacing and fonts, in place; true: only letters are left when braces
// go, too, and they went.
static bool plain_text(char *text, size_t *len, bool letters)
{
    const char *p = text, *end = text + *len;
    size_t used = 0;
    while (p < end) {
        if (skip_command(&p, end))
            continue;
        char c = *p++;
        if (strchr(" \t\r\n$", c) || (letters && strchr("{}.", c)))
            continue;
        bool upper = c >= 'A' && c <= 'Z';
        if (letters && !upper && !(c >= 'a' && c <= 'z'))
            return false;
        text[used++] = (char)(letters && upper ? c - 'A' + 'a' : c);
    }
    *len = used;
    return used > 0;
}

static bool same_text(struct pair *pair, bool letters)
{
    return plain_text(pair->text[0], &pair->len[0], letters) &&
           plain_text(pair->text[1], &pair->len[1], letters) &&
           pair->len[0] == pair->len[1] &&
           memcmp(pair->text[0], pair->text[1], pair->len[0]) == 0;
}

static bool equal_pair(struct pair *pair, int decimals, struct verify_reason *why)
{
    bool left = math_parse(&pair->tree[0], pair->text[0], pair->len[0]);
    bool right = math_parse(&pair->tree[1], pair->text[1], pair->len[1]);
    if (!left || !right) { // a language of its own: the same text at least
        verify_because(why, "%s is not read as mathematics, and the text differs",
                       left ? "the reference" : "the answer");
        return left == right && same_text(pair, false);
    }
    struct math_work work = {.steps = MAX_STEPS, .decimals = decimals, .why = why};
    for (int i = 0; i < 2; i++)
        work.state = math_hash(work.state * 31, pair->text[i], pair->len[i]);
    struct math_side a = {.tree = &pair->tree[0], .node = pair->tree[0].root};
    struct math_side b = {
        .tree = &pair->tree[1], .node = pair->tree[1].root, .reference = true};
    if (math_compare(&work, a, b))
        return true;
    // $odd$, a product of variables, is \text{odd}
    bool words =
        math_node_of(a)->kind == MATH_TEXT || math_node_of(b)->kind == MATH_TEXT;
    if (words)
        verify_because(why, "the text differs");
    if (work.steps < 0)
        verify_because(why, "too large to be compared");
    return words && same_text(pair, true);
}

static int compare(const char *a, size_t a_len, const char *b, size_t b_len,
                   int decimals, struct verify_reason *why)
{
    if (a_len == 0 || b_len == 0)
        return 0;
    if (a_len == b_len && memcmp(a, b, a_len) == 0)
        return 1;
    struct pair *pair = NULL;
    if (mem_new(&pair, 1, sizeof *pair) != OK)
        return 0;
    bool equal = unbox(pair->text[0], &pair->len[0], a, a_len) &&
                 unbox(pair->text[1], &pair->len[1], b, b_len) &&
                 equal_pair(pair, decimals, why);
    mem_free(pair);
    return equal;
}

int math_equal_rounded(const char *a, size_t a_len, const char *b, size_t b_len,
                       int decimals)
{
    return compare(a, a_len, b, b_len, decimals, NULL);
}

int math_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return math_equal_rounded(a, a_len, b, b_len, DECIMALS);
}

int math_answer_equal(const char *found, size_t found_len, const char *reference,
                      struct verify_reason *why)
{
    const char *wanted = reference;
    size_t wanted_len = strlen(reference);
    (void)math_extract(reference, wanted_len, &wanted, &wanted_len);
    return compare(found, found_len, wanted, wanted_len, DECIMALS, why);
}
