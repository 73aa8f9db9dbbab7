// The final answer of a text: where it stands, and where it ends.
#include "math.h"
#include "math_box.h"
#include "math_span.h"
#include "verify.h"

#include <string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int math_trimmed(const char *p, const char *end, const char **answer,
                 size_t *answer_len)
{
    while (p < end && *p && strchr(" \t\r\n*:\"", *p))
        p++;
    while (end > p && end[-1] && strchr(" \t\r\n*.,\"", end[-1]) &&
           !(end - p >= 2 && end[-2] == '\\'))
        end--;
    if (p == end)
        return 0;
    *answer = p;
    *answer_len = (size_t)(end - p);
    return 1;
}

// Where the last `mark` (lower case) begins; NULL: there is none.
static const char *last_of(struct span text, const char *mark)
{
    for (const char *p = text.end; p > text.p;)
        if (lower(*--p) == *mark && math_begins(p, text.end, mark))
            return p;
    return NULL;
}

static bool ends_sentence(const char *p, const char *end)
{
    if (*p == '\n' || math_begins(p, end, "<|") || math_begins(p, end, "</") ||
        math_begins(p, end, "\xe3\x80\x82"))
        return true;
    return *p == '.' && (p + 1 >= end || blank(p[1]) || p[1] == '<');
}

// A clause behind the answer that only explains it: "5 because 2+3=5", "6, not 5".
static bool begins_reason(const char *p, const char *end)
{
    static const char *const REASONS[] = {" because ",
                                          " since ",
                                          ", since ",
                                          ", because ",
                                          " as the ",
                                          ", as ",
                                          " which ",
                                          ", which ",
                                          ", so ",
                                          ", not ",
                                          " rather than ",
                                          ", hence ",
                                          " (because",
                                          " (since",
                                          " (not ",
                                          " (and not ",
                                          ", after ",
                                          " given that ",
                                          "\xef\xbc\x8c\xe5\x9b\xa0"};
    for (size_t i = 0; i < sizeof REASONS / sizeof *REASONS; i++)
        if (math_begins(p, end, REASONS[i]))
            return true;
    return false;
}

// From p to the end of the line or sentence; a displayed formula may span lines.
static struct span sentence(const char *p, const char *end)
{
    static const char *const DISPLAYS[][2] = {{"\\[", "\\]"}, {"$$", "$$"}};
    while (p < end && (blank(*p) || *p == '*' || *p == ':' || *p == '"'))
        p++;
    struct span out = {p, p};
    for (int i = 0; i < 2; i++)
        if (math_begins(p, end, DISPLAYS[i][0])) {
            out.end += 2;
            while (out.end < end && !math_begins(out.end, end, DISPLAYS[i][1]))
                out.end++;
            return out;
        }
    int depth = 0;
    for (; out.end < end && !ends_sentence(out.end, end); out.end++) {
        depth += (*out.end == '{') - (*out.end == '}');
        if (depth == 0 && begins_reason(out.end, end))
            break;
    }
    return out;
}

static bool accept(const char **p, const char *end, const char *word)
{
    if (!math_begins(*p, end, word))
        return false;
    *p += strlen(word);
    return true;
}

// Behind "answer": what leads to it; NULL: nothing does.
static const char *behind_verb(const char *p, const char *end)
{
    static const char *const VERBS[] = {" is",        " are",      " must be",
                                        " should be", " would be", " will be",
                                        " equals",    " was"};
    static const char *const FILLERS[] = {
        " therefore", " thus",    " hence",    " then",     " simply", " just",
        " indeed",    " clearly", " equal to", " given by", " option", " choice"};
    bool led = false;
    while (p < end && (*p == '*' || *p == '_' || *p == '}'))
        p++; // **Answer**: 5
    for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS && !led; i++)
        led = accept(&p, end, VERBS[i]) && (p == end || !letter(*p));
    if (!led) {
        while (p < end && *p == ' ')
            p++;
        led = accept(&p, end, ":") || accept(&p, end, "=") ||
              accept(&p, end, "\xef\xbc\x9a");
        return led ? p : NULL;
    }
    for (size_t i = 0; i < sizeof FILLERS / sizeof *FILLERS; i++) {
        (void)accept(&p, end, ",");
        (void)accept(&p, end, FILLERS[i]);
    }
    return p;
}

// A line that says no more than "Final Answer" is the heading of the answer.
static bool is_heading(struct span text, const char *word, const char *behind)
{
    while (behind < text.end && *behind != '\n')
        if (!strchr(" \t\r*_:#", *behind++))
            return false;
    const char *start = word;
    while (start > text.p && start[-1] != '\n')
        start--;
    for (; start < word; start++) {
        if (accept(&start, word, "final") || accept(&start, word, "the "))
            start--;
        else if (!strchr(" \t*_#", *start))
            return false;
    }
    return behind < text.end;
}

// Where the text behind one "answer" begins; NULL: it announces none.
static const char *announced(struct span text, const char *word)
{
    const char *p = word + strlen("answer");
    if (word > text.p && letter(word[-1]))
        return NULL;
    (void)accept(&p, text.end, "s");
    const char *behind = behind_verb(p, text.end);
    return behind ? behind : is_heading(text, word, p) ? p : NULL;
}

// The last announcement in one of the languages and words in use; NULL: none.
static const char *last_announcement(struct span text)
{
    static const char *const OTHERS[] = {
        "correct option is",
        "correct choice is",
        "answer to the question is",
        "answer to this question is",
        "answer to the problem is",
        "\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf", // the answer is, in Chinese
        "\xe7\xad\x94\xe6\xa1\x88\xe4\xb8\xba",
        "\xe7\xad\x94\xe6\xa1\x88\xe7\x82\xba",
        "\xe7\xad\x94\xe6\xa1\x88\xef\xbc\x9a",
        "\xe7\xad\x94\xe6\xa1\x88:",
        "\xe7\xad\x94\xef\xbc\x9a"};
    const char *best = NULL;
    struct span rest = text;
    for (const char *word; !best && (word = last_of(rest, "answer")); rest.end = word)
        best = announced(text, word);
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        const char *other = last_of(text, OTHERS[i]);
        if (other && (!best || other > best))
            best = other + strlen(OTHERS[i]);
    }
    if (best && math_begins(best, text.end, "\xef\xbc\x9a"))
        best += 3; // a full-width colon
    return best;
}

static int extract_marked(struct span text, const char **answer, size_t *answer_len)
{
    if (verify_extract(text.p, (size_t)(text.end - text.p), answer, answer_len))
        return math_trimmed(*answer, *answer + *answer_len, answer, answer_len);
    const char *mark = last_announcement(text);
    if (!mark)
        return 0;
    struct span said = sentence(mark, text.end);
    const char *verb = last_of(said, " is "); // the largest n is 34
    if (verb)
        said.p = verb + 4;
    return math_trimmed(said.p, said.end, answer, answer_len);
}

// The last <answer> with something in it; `after` is where it ends.
static bool tagged(struct span text, struct span *out, const char **after)
{
    struct span rest = text;
    for (const char *close; (close = last_of(rest, "</answer>")); rest.end = close) {
        const char *open = last_of((struct span){text.p, close}, "<answer>"), *found;
        size_t len;
        if (!open)
            return false;
        *out = (struct span){open + strlen("<answer>"), close};
        *after = close;
        if (math_trimmed(out->p, out->end, &found, &len))
            return true;
    }
    return false;
}

static int extract(struct span text, const char **answer, size_t *answer_len)
{
    struct math_box boxes[MATH_MAX_BOXES];
    int count = math_boxes(boxes, text.p, (size_t)(text.end - text.p));
    if (count == 1) {
        *answer = boxes[0].inner;
        *answer_len = (size_t)(boxes[0].after - boxes[0].inner);
        return *answer_len > 0;
    }
    if (count > 1)
        return math_trimmed(boxes[0].start, boxes[count - 1].end, answer, answer_len);
    return extract_marked(text, answer, answer_len);
}

int math_extract(const char *text, size_t len, const char **answer, size_t *answer_len)
{
    text = verify_after_thought(text, &len);
    struct span all = {text, text + len}, inside;
    struct math_box boxes[MATH_MAX_BOXES];
    const char *after = NULL;
    if (!tagged(all, &inside, &after) ||
        math_boxes(boxes, after, (size_t)(all.end - after)) > 0)
        return extract(all, answer, answer_len);
    return extract(inside, answer, answer_len) ||
           math_trimmed(inside.p, inside.end, answer, answer_len);
}
