// Which files of a folder travel with a model, and that they do unchanged.
// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "launch/companions.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

struct folders {
    char root[64], from[96], to[96];
};

static struct folders folders_make(void)
{
    struct folders f = {.root = "/tmp/etreerpo-companions-XXXXXX"};
    assert_non_null(mkdtemp(f.root));
    (void)snprintf(f.from, sizeof f.from, "%s/from", f.root);
    (void)snprintf(f.to, sizeof f.to, "%s/to", f.root);
    assert_ok(file_make_dirs(f.from));
    assert_ok(file_make_dirs(f.to));
    return f;
}

static void put(const char *folder, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(file_write(path, text, strlen(text)));
}

static int has(const char *folder, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return file_exists(path);
}

static void travel(const struct folders *f, int of)
{
    struct companions c = {0};
    assert_ok(companions_read(&c, f->from, of));
    assert_ok(companions_write(&c, f->to));
    companions_free(&c);
}

static const char *const of_tokenizer[] = {
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "chat_template.json",
    "chat_template.jinja",
    "vocab.txt",
    "spiece.model",
    "qwen.tiktoken",
    "tokenization_x.py",
    "tokenizer.model.v3",
};
static const char *const of_model[] = {
    "generation_config.json",
    "preprocessor_config.json",
    "README.md",
    "LICENSE",
    "modeling_x.py",
    "NOTICE",
    "USE_POLICY.md",
    "params.json",
};
static const char *const left_behind[] = {
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
    "model-00001-of-00002.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "consolidated.00.pth",
    "training_args.bin",
    "x.gguf",
    "optimizer.pt",
    "flax_model.msgpack",
    "tf_model.h5",
    "train.jsonl",
    ".gitattributes",
    "pytorch_model.bin.index.json",
    "trainer_state.json",
};

enum { TOKENIZERS = sizeof of_tokenizer / sizeof *of_tokenizer };
enum { MODELS = sizeof of_model / sizeof *of_model };
enum { LEFT = sizeof left_behind / sizeof *left_behind };

static void fill(const struct folders *f)
{
    char below[128];
    for (size_t i = 0; i < TOKENIZERS; i++)
        put(f->from, of_tokenizer[i], of_tokenizer[i]);
    for (size_t i = 0; i < MODELS; i++)
        put(f->from, of_model[i], of_model[i]);
    for (size_t i = 0; i < LEFT; i++)
        put(f->from, left_behind[i], left_behind[i]);
    (void)snprintf(below, sizeof below, "%s/additional_chat_templates", f->from);
    assert_ok(file_make_dirs(below));
    put(below, "tool_use.jinja", "{{ tools }}");
    (void)snprintf(below, sizeof below, "%s/original", f->from);
    assert_ok(file_make_dirs(below));
    put(below, "params.json", "x");
}

static void check(const struct folders *f, int tokenizers, int models)
{
    for (size_t i = 0; i < TOKENIZERS; i++)
        assert_int_equal(has(f->to, of_tokenizer[i]), tokenizers);
    for (size_t i = 0; i < MODELS; i++)
        assert_int_equal(has(f->to, of_model[i]), models);
    for (size_t i = 0; i < LEFT; i++)
        assert_int_equal(has(f->to, left_behind[i]), 0);
    assert_int_equal(has(f->to, "additional_chat_templates/tool_use.jinja"),
                     tokenizers);
    assert_int_equal(has(f->to, "original"), 0);
}

static void files_travel(void **state)
{
    static const int both = COMPANIONS_OF_MODEL | COMPANIONS_OF_TOKENIZER;
    (void)state;
    for (int of = 0; of <= both; of++) {
        struct folders f = folders_make();
        fill(&f);
        travel(&f, of);
        check(&f, (of & COMPANIONS_OF_TOKENIZER) != 0, (of & COMPANIONS_OF_MODEL) != 0);
        assert_ok(file_remove_tree(f.root));
    }
}

// They are kept when the folder is read: it may be gone when they are written.
static void a_lost_folder_loses_nothing(void **state)
{
    struct folders f = folders_make();
    struct companions c = {0};
    struct buf text = {0};
    char path[256];
    static const char bytes[] = "a\0b\r\n\xff";
    (void)state;
    (void)snprintf(path, sizeof path, "%s/tokenizer.model", f.from);
    assert_ok(file_write(path, bytes, sizeof bytes));
    put(f.from, "README.md", "");
    assert_ok(
        companions_read(&c, f.from, COMPANIONS_OF_MODEL | COMPANIONS_OF_TOKENIZER));
    assert_ok(file_remove_tree(f.from));
    assert_ok(companions_write(&c, f.to));
    companions_free(&c);
    (void)snprintf(path, sizeof path, "%s/tokenizer.model", f.to);
    assert_ok(file_read(&text, path, 100));
    assert_int_equal(text.len, sizeof bytes);
    assert_memory_equal(text.data, bytes, sizeof bytes);
    assert_int_equal(has(f.to, "README.md"), 1);
    buf_free(&text);
    assert_ok(file_remove_tree(f.root));
}

static void link_to(const char *target, const char *folder, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(symlink(target, path), 0);
}

// Links stay in the folder, but for those of the Hub's cache: snapshots/REV/FILE is a
// link to ../../blobs/HASH.
static void links_do_not_lead_out(void **state)
{
    struct folders f = folders_make();
    char blobs[128];
    (void)state;
    put(f.root, "secret", "x");
    put(f.from, "NOTICE", "y");
    link_to("../secret", f.from, "README.md");
    link_to("/etc/passwd", f.from, "LICENSE");
    link_to("NOTICE", f.from, "COPYING");
    link_to("nowhere", f.from, "USE_POLICY.md");
    link_to("..", f.from, "additional_chat_templates");
    travel(&f, COMPANIONS_OF_MODEL | COMPANIONS_OF_TOKENIZER);
    assert_int_equal(has(f.to, "README.md") + has(f.to, "LICENSE"), 0);
    assert_int_equal(has(f.to, "USE_POLICY.md"), 0);
    assert_int_equal(has(f.to, "additional_chat_templates/secret"), 0);
    assert_int_equal(has(f.to, "COPYING"), 1);
    (void)snprintf(f.from, sizeof f.from, "%s/snapshots/rev", f.root);
    (void)snprintf(blobs, sizeof blobs, "%s/blobs", f.root);
    assert_ok(file_make_dirs(f.from));
    assert_ok(file_make_dirs(blobs));
    put(blobs, "0123", "blob");
    link_to("../../blobs/0123", f.from, "generation_config.json");
    link_to("../../secret", f.from, "README.md");
    travel(&f, COMPANIONS_OF_MODEL);
    assert_int_equal(has(f.to, "generation_config.json"), 1);
    assert_int_equal(has(f.to, "README.md"), 0);
    assert_ok(file_remove_tree(f.root));
}

static void what_is_too_large_stays(void **state)
{
    struct folders f = folders_make();
    char path[256];
    (void)state;
    (void)snprintf(path, sizeof path, "%s/tokenizer.model", f.from);
    put(f.from, "tokenizer.model", "x");
    assert_int_equal(truncate(path, (65 << 20)), 0);
    put(f.from, "NOTICE", "x");
    travel(&f, COMPANIONS_OF_MODEL | COMPANIONS_OF_TOKENIZER);
    assert_int_equal(has(f.to, "tokenizer.model"), 0);
    assert_int_equal(has(f.to, "NOTICE"), 1);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(path, sizeof path, "note%d.txt", i);
        put(f.from, path, "x");
    }
    struct companions c = {0};
    assert_ok(companions_read(&c, f.from, COMPANIONS_OF_MODEL));
    assert_int_equal(c.n, 256);
    companions_free(&c);
    assert_ok(file_remove_tree(f.root));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_travel),
        cmocka_unit_test(a_lost_folder_loses_nothing),
        cmocka_unit_test(links_do_not_lead_out),
        cmocka_unit_test(what_is_too_large_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
