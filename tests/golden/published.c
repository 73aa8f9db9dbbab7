// Folders as transformers publishes them, against what transformers makes of them: ids
// of texts, logits, greedy continuations, ends of texts (make_published.py).
//
// With a folder as argument: the folders in that one instead of tests/data/published.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/file.h"
#include "json/json.h"
#include "model/decode.h"
#include "model/generation.h"
#include "model/kv_cache.h"
#include "tensor/ops.h"
#include "text/tokenizer.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEXT = 128, MAX_ROWS = 1024 };

static const char *root = TEST_DATA "/published";

struct published {
    const char *name;
    struct model m;
    struct tokenizer *t;
    json_t *expected;
};

static void load(struct published *p, const char *name)
{
    char path[512];
    *p = (struct published){.name = name};
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    if (model_folder_check(path) != OK || model_load(&p->m, path) != OK ||
        tokenizer_load(&p->t, path) != OK)
        fail_msg("%s", status_message());
    (void)snprintf(path, sizeof path, "%s/%s/expected.json", root, name);
    if (json_parse_file(&p->expected, NULL, path, 1 << 24) != OK)
        fail_msg("%s", status_message());
}

static void unload(struct published *p)
{
    json_decref(p->expected);
    tokenizer_free(p->t);
    model_free(&p->m);
}

static int same(const int32_t *got, size_t n, const json_t *wanted)
{
    if (n != json_array_size(wanted))
        return 0;
    for (size_t i = 0; i < n; i++)
        if (got[i] != json_integer_value(json_array_get(wanted, i)))
            return 0;
    return 1;
}

static void check_same(const struct published *p, const char *what, const int32_t *got,
                       size_t n, const json_t *wanted)
{
    if (same(got, n, wanted))
        return;
    char *text = json_dumps(wanted, JSON_COMPACT);
    print_message("%s: %s: expected %s, got", p->name, what, text);
    for (size_t i = 0; i < n; i++)
        print_message(" %d", got[i]);
    print_message("\n");
    free(text);
    fail();
}

static size_t check_texts(const struct published *p)
{
    const json_t *row, *rows = json_object_get(p->expected, "texts");
    size_t i;
    assert_true(json_array_size(rows) > 10);
    json_array_foreach(rows, i, row)
    {
        const json_t *text = json_array_get(row, 0);
        struct tokens ids = {0};
        assert_int_equal(tokenizer_encode_special(p->t, json_string_value(text),
                                                  json_string_length(text), &ids),
                         OK);
        check_same(p, json_string_value(text), ids.ids, ids.len,
                   json_array_get(row, 1));
        tokens_free(&ids);
    }
    return json_array_size(rows);
}

static int32_t best_of(const float *logits, int32_t rows)
{
    int32_t best = 0;
    for (int32_t i = 1; i < rows; i++)
        best = logits[i] > logits[best] ? i : best;
    return best;
}

static void step(const struct published *p, struct decoder *d, struct kv_cache *cache,
                 int32_t *branch, int32_t token, float *logits)
{
    assert_int_equal(decode_step(d, &p->m, cache, branch, &token, 1), OK);
    assert_int_equal(decode_logits(d, &p->m, cache, *branch, logits), OK);
}

// max |got - wanted| / max |wanted|
static double error_of(const float *got, const json_t *wanted)
{
    double off = 0, most = 0;
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        double want = json_number_value(json_array_get(wanted, i));
        off = fmax(off, fabs((double)got[i] - want));
        most = fmax(most, fabs(want));
    }
    return off / most;
}

// The prompt's logits and what follows greedily; the logits' error.
static double check_prompt(const struct published *p, const json_t *prompt)
{
    static float logits[MAX_ROWS];
    int32_t greedy[CONTEXT], branch = -1;
    const json_t *ids = json_object_get(prompt, "ids");
    const json_t *wanted = json_object_get(prompt, "greedy");
    struct kv_cache *cache = NULL;
    struct decoder *d = NULL;
    size_t n = json_array_size(wanted);
    assert_in_range(p->m.config.vocab, 1, MAX_ROWS);
    assert_in_range(n + json_array_size(ids), 2, CONTEXT);
    assert_int_equal(json_array_size(json_object_get(prompt, "logits")),
                     p->m.config.vocab);
    assert_int_equal(kv_cache_new(&cache, &p->m.config, CONTEXT / KV_PAGE), OK);
    assert_int_equal(decoder_new(&d, &p->m, 1), OK);
    assert_int_equal(kv_branch_open(cache, -1, &branch), OK);
    for (size_t i = 0; i < json_array_size(ids); i++)
        step(p, d, cache, &branch, (int32_t)json_integer_value(json_array_get(ids, i)),
             logits);
    double error = error_of(logits, json_object_get(prompt, "logits"));
    for (size_t i = 0; i < n; i++) {
        greedy[i] = best_of(logits, p->m.config.vocab);
        step(p, d, cache, &branch, greedy[i], logits);
    }
    check_same(p, "greedy", greedy, n, wanted);
    kv_cache_free(cache);
    decoder_free(d);
    return error;
}

static int ascending(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void check_ends(const struct published *p)
{
    struct generation g = {0};
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", root, p->name);
    assert_int_equal(generation_read(&g, path, p->m.config.vocab, 1.0), OK);
    qsort(g.ends, g.n_ends, sizeof *g.ends, ascending);
    check_same(p, "ends", g.ends, g.n_ends, json_object_get(p->expected, "ends"));
    generation_free(&g);
}

static double check_folder(const char *name)
{
    struct published p;
    const json_t *prompt;
    double worst = 0;
    size_t i, tokens = 0;
    load(&p, name);
    assert_int_equal(p.m.config.vocab,
                     json_integer_value(json_object_get(p.expected, "rows")));
    size_t texts = check_texts(&p);
    check_ends(&p);
    json_array_foreach(json_object_get(p.expected, "prompts"), i, prompt)
    {
        worst = fmax(worst, check_prompt(&p, prompt));
        tokens += json_array_size(json_object_get(prompt, "greedy"));
    }
    print_message("%-14s %zu texts, %zu greedy tokens, logits %.1e\n", name, texts,
                  tokens, worst);
    assert_true(tokens > 0 && worst < 1e-5);
    unload(&p);
    return worst;
}

static void test_published(void **state)
{
    struct dirent **names = NULL;
    int n = scandir(root, &names, NULL, alphasort), folders = 0;
    double worst = 0;
    (void)state;
    assert_true(n > 2);
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.') {
            worst = fmax(worst, check_folder(names[i]->d_name));
            folders++;
        }
        free(names[i]);
    }
    free(names);
    print_message("worst of %d folders: %.1e\n", folders, worst);
}

int main(int argc, char **argv)
{
    root = argc > 1 ? argv[1] : root;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
