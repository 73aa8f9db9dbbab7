// Drawings: the rules, the numbers, and text that cannot harm a terminal.
#include "tree/draw.h"

#include "tree_test.h"

#include "base/buf.h"

#include <limits.h>
#include <string.h>

static const char *piece(void *context, int32_t token, size_t *len)
{
    const char *const *words = context;
    if (token < 0 || token > 3)
        return NULL;
    *len = strlen(words[token]);
    return words[token];
}

static void add(struct tree *t, int32_t parent, int32_t child, enum node_end end,
                int32_t token, float reward)
{
    const float zero = 0.0F;
    int32_t index = -1;
    assert_ok(tree_add(t, parent, child, end, &token, &zero, &zero, 1, &index));
    t->nodes[index].branching = end == NODE_BRANCHED ? 2 : 0;
    t->nodes[index].reward = reward;
}

static void drawn_tree(struct tree *t)
{
    struct credit_config c;
    const int32_t prompt = 0;
    *t = (struct tree){0};
    assert_ok(tree_init(t, 0, &prompt, 1));
    t->nodes[0].branching = 2;
    add(t, 0, 0, NODE_BRANCHED, 1, 0.0F);
    add(t, 1, 0, NODE_EOS, 2, 1.0F);
    add(t, 1, 1, NODE_CUT, 3, 0.0F);
    add(t, 0, 1, NODE_LENGTH, 9, 0.0F); // a token without text
    assert_ok(credit_by_name(&c, "etreerpo"));
    assert_ok(credit_assign(t, &c, NULL));
}

static char *drawing(struct buf *out, const struct tree *t, const char *const *words,
                     int width, int color)
{
    *out = (struct buf){0};
    assert_ok(tree_draw(out, t, piece, (void *)(uintptr_t)words, width, color));
    buf_char(out, '\0');
    return (char *)out->data;
}

static const char *const plain_words[] = {"2+3=?", "first", "5", "6"};

static void the_drawing_is_as_expected(void **state)
{
    (void)state;
    struct tree t;
    struct buf out;
    drawn_tree(&t);
    assert_string_equal(drawing(&out, &t, plain_words, 80, 0),
                        "V=0.25  2+3=?\n"
                        "├─ V=0.50 A=+0.50 first\n"
                        "│  ├─ V=1.00 A=+1.00 5 ✓\n"
                        "│  └─ V=0.00 A=-1.00 6 ✂\n"
                        "└─ V=0.00 A=-0.50  … too long\n");
    buf_free(&out);
    tree_free(&t);
}

static void colours_only_where_wanted(void **state)
{
    (void)state;
    struct tree t;
    struct buf out;
    drawn_tree(&t);
    assert_non_null(strstr(drawing(&out, &t, plain_words, 80, 1), "\033[32m"));
    buf_free(&out);
    assert_null(strchr(drawing(&out, &t, plain_words, 80, 0), '\033'));
    buf_free(&out);
    tree_free(&t);
}

// The first child's line, for a text that comes in two tokens.
static void expect_line(const char *first, const char *second, const char *line)
{
    const char *words[] = {"", first, second, ""};
    const int32_t tokens[] = {1, 2}, prompt = 0;
    const float zeros[] = {0.0F, 0.0F};
    struct tree t = {0};
    struct buf out;
    int32_t index = -1;
    assert_ok(tree_init(&t, 0, &prompt, 1));
    t.nodes[0].branching = 1;
    assert_ok(tree_add(&t, 0, 0, NODE_EOS, tokens, zeros, zeros, 2, &index));
    const char *text = drawing(&out, &t, words, 40, 0);
    const char *start = "V=0.00  \n└─ V=0.00 A=+0.00 ";
    assert_memory_equal(text, start, strlen(start));
    assert_string_equal(text + strlen(start), line);
    buf_free(&out);
    tree_free(&t);
}

static void text_cannot_steer_the_terminal(void **state)
{
    (void)state;
    expect_line("a\nb", "\tc", "a\\nb\\tc ✗\n");
    expect_line("\033[2J\a\177", "\r\b", "?[2J???? ✗\n");
    expect_line("\xc2\x9b" // C1: what ESC [ is in one character
                "2J",
                "", "?2J ✗\n");
    expect_line("\xe2\x80\xae", "\xe2\x80\xa8", "?? ✗\n"); // right to left; a new line
}

static void characters_may_be_split_between_tokens(void **state)
{
    (void)state;
    expect_line("\xc3", "\xa9", "\xc3\xa9 ✗\n");
    expect_line("\xe2\x82", "\xac!", "\xe2\x82\xac! ✗\n");
    expect_line("\xf0\x9f\x98", "\x80", "\xf0\x9f\x98\x80 ✗\n");
}

static void broken_characters_are_marked(void **state)
{
    (void)state;
    expect_line("\xe2\x82", "x", "?x ✗\n");            // ends too early
    expect_line("x\xe2", "", "x? ✗\n");                // the text does
    expect_line("\x80\xbf", "\xff", "??? ✗\n");        // never begins
    expect_line("\xc0\xaf", "\xe0\x80\xaf", "?? ✗\n"); // overlong
    expect_line("\xed\xa0\x80", "\xf4\x90\x80\x80", "?? ✗\n");
    expect_line("\xe2\xe2\x82\xac", "", "?\xe2\x82\xac ✗\n");
}

// Width 40: 3 columns of rule, 15 of numbers, 2 of mark; 20 are left for the text.
static void text_is_cut_between_characters(void **state)
{
    (void)state;
    expect_line("12345678901234567890", "", "12345678901234567890 ✗\n");
    expect_line("12345678901234567890", "1", "12345678901234567... ✗\n");
    expect_line("1234567890123456\xc3\xa9", "7890", "1234567890123456\xc3\xa9... ✗\n");
    expect_line("1234567890123456\xe4\xb8\xad", "789", // two columns wide
                "1234567890123456... ✗\n");
    expect_line("1234567890123456\n", "789", "1234567890123456... ✗\n");
}

static int columns(const char *line, size_t bytes)
{
    int n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += ((unsigned char)line[i] & 0xc0) != 0x80;
    return n;
}

// A spine of `depth` nodes, a long text at each.
static void deep_tree(struct tree *t, int32_t depth)
{
    const int32_t prompt = 0;
    int32_t at = 0;
    *t = (struct tree){0};
    assert_ok(tree_init(t, 0, &prompt, 1));
    t->nodes[0].branching = 2;
    for (int32_t d = 1; d < depth; d++) {
        add(t, at, 0, NODE_BRANCHED, 1, 0.0F);
        at = (int32_t)t->n_nodes - 1;
    }
    add(t, at, 0, NODE_LENGTH, 1, 0.0F);
}

static void lines_are_no_wider_than_asked(void **state)
{
    (void)state;
    static char lengthy[400];
    memset(lengthy, 'x', sizeof lengthy - 1);
    static const char *const words[] = {lengthy, lengthy, "5", lengthy};
    static const int widths[][2] = {
        {INT_MIN, 40}, {0, 40}, {40, 40}, {80, 80}, {200, 200}};
    for (int32_t depth = 1; depth <= 60; depth += 4) {
        struct tree t;
        deep_tree(&t, depth);
        for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
            struct buf out;
            int lines = 0;
            char *text = drawing(&out, &t, words, widths[i][0], 0);
            for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
                assert_int_equal(columns(line, strlen(line)), widths[i][1]);
                assert_non_null(strstr(line, "V=0.00"));
                lines++;
            }
            assert_int_equal(lines, depth + 1);
            buf_free(&out);
        }
        tree_free(&t);
    }
}

static void outer_rules_of_deep_nodes_are_left_out(void **state)
{
    (void)state;
    struct tree t;
    struct buf out;
    deep_tree(&t, 5);
    const char *text = drawing(&out, &t, plain_words, 40, 0);
    assert_non_null(strstr(text, "\n│  │  ├─ V=0.00 A=+0.00 first\n"
                                 "⋯ │  │  ├─ V=0.00 A=+0.00 first\n"
                                 "⋯ │  │  ├─ V=0.00 A=+0.00 ... … too long\n"));
    buf_free(&out);
    tree_free(&t);
}

static enum status draw_anew(const struct tree *t)
{
    struct buf out = {0};
    enum status st = tree_draw(&out, t, piece, (void *)(uintptr_t)plain_words, 80, 0);
    buf_free(&out);
    return st;
}

static void a_failed_allocation_is_said(void **state)
{
    (void)state;
    struct tree t;
    drawn_tree(&t);
    assert_true(failures_of(draw_anew(&t)) >= 2);
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_drawing_is_as_expected),
        cmocka_unit_test(colours_only_where_wanted),
        cmocka_unit_test(text_cannot_steer_the_terminal),
        cmocka_unit_test(characters_may_be_split_between_tokens),
        cmocka_unit_test(broken_characters_are_marked),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(lines_are_no_wider_than_asked),
        cmocka_unit_test(outer_rules_of_deep_nodes_are_left_out),
        cmocka_unit_test(a_failed_allocation_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
