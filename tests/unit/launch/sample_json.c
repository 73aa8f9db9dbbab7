// A sampled tree as JSON: what a reader gets back from it.
// cmocka.h needs the standard headers before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
// clang-format on
#include "launch/sample_json.h"

#include <jansson.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void check_numbers(const json_t *list, const float *want, size_t n)
{
    assert_int_equal(json_array_size(list), n);
    for (size_t i = 0; i < n; i++)
        assert_true((float)json_number_value(json_array_get(list, i)) == want[i]);
}

// A root, a step below it and two leaves below that.
static void a_tree_comes_back(void **state)
{
    (void)state;
    struct tokenizer *t = NULL;
    struct tree tree = {0};
    struct buf out = {0};
    const char folder[] = TEST_DATA "/text/families/smollm2";
    const float log_probs[] = {-0.1F, -1.0F / 3.0F, -12.5F}, zeros[3] = {0};
    int32_t ids[3], at = 0;
    assert_ok(tokenizer_load(&t, folder));
    struct tokens text = {0};
    assert_ok(tokenizer_encode(t, "a\"b", 3, &text));
    assert_true(text.len >= 1 && text.len <= 3);
    memcpy(ids, text.ids, text.len * sizeof *ids);
    assert_ok(tree_init(&tree, 5, ids, text.len));
    tree.nodes[0].branching = 1;
    assert_ok(
        tree_add(&tree, 0, 0, NODE_BRANCHED, ids, log_probs, zeros, text.len, &at));
    tree.nodes[at].branching = 2;
    assert_ok(tree_add(&tree, 1, 0, NODE_EOS, ids, log_probs, zeros, text.len, &at));
    tree.nodes[at].reward = 1.0F;
    assert_ok(tree_add(&tree, 1, 1, NODE_LENGTH, ids, log_probs, zeros, 1, &at));
    assert_ok(sample_json(&out, &tree, t));
    assert_int_equal(out.data[out.len - 1], '\n');
    json_t *line = json_loadb((const char *)out.data, out.len, 0, NULL);
    assert_non_null(line);
    assert_int_equal(json_integer_value(json_object_get(line, "problem")), 5);
    assert_string_equal(text_of(line, "prompt"), "a\"b");
    const json_t *nodes = json_object_get(line, "nodes");
    assert_int_equal(json_array_size(nodes), 3);
    const json_t *step = json_array_get(nodes, 0), *leaf = json_array_get(nodes, 1);
    assert_string_equal(text_of(step, "end"), "branched");
    assert_null(json_object_get(step, "reply"));
    check_numbers(json_object_get(step, "log_probs"), log_probs, text.len);
    assert_string_equal(text_of(leaf, "end"), "eos");
    assert_string_equal(text_of(leaf, "reply"), "a\"ba\"b");
    assert_true(json_number_value(json_object_get(leaf, "reward")) == 1.0);
    assert_int_equal(json_integer_value(json_object_get(leaf, "parent")), 1);
    assert_string_equal(text_of(json_array_get(nodes, 2), "end"), "length");
    json_decref(line);
    buf_free(&out);
    tokens_free(&text);
    tree_free(&tree);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_tree_comes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
