// Drawings: the rules, the numbers, and text that cannot harm a terminal.
#include "tree/draw.h"

#include "tree_test.h"

#include "base/buf.h"

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

static void text_is_harmless(void **state)
{
    (void)state;
    static const char *const words[] = {"a\nb", "\033[2J\a\177", "\xc3\xa9", "\r"};
    struct tree t;
    struct buf out;
    drawn_tree(&t);
    const char *text = drawing(&out, &t, words, 80, 0);
    assert_non_null(strstr(text, "a\\nb\n"));
    assert_non_null(strstr(text, "?[2J??\n"));
    assert_non_null(strstr(text, "\xc3\xa9 ✓\n"));
    assert_null(strchr(text, '\r'));
    buf_free(&out);
    tree_free(&t);
}

static int columns(const char *line, size_t bytes)
{
    int n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += ((unsigned char)line[i] & 0xc0) != 0x80;
    return n;
}

static void lines_are_no_wider_than_asked(void **state)
{
    (void)state;
    static char lengthy[400];
    memset(lengthy, 'x', sizeof lengthy - 1);
    static const char *const words[] = {lengthy, lengthy, "5", lengthy};
    struct tree t;
    struct buf out;
    drawn_tree(&t);
    for (int width = 50; width <= 120; width += 35) {
        char *text = drawing(&out, &t, words, width, 0);
        assert_non_null(strstr(text, "xxx..."));
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            assert_true(columns(line, strlen(line)) <= width);
        buf_free(&out);
    }
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
        cmocka_unit_test(text_is_harmless),
        cmocka_unit_test(lines_are_no_wider_than_asked),
        cmocka_unit_test(a_failed_allocation_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
