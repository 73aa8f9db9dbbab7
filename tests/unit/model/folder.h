// A scratch folder for the tests of model files.
#ifndef TEST_MODEL_FOLDER_H
#define TEST_MODEL_FOLDER_H

#include "fixture.h"

#include "base/buf.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>

struct folder {
    char path[64];
    char config[128], weights[128];
};

static inline void folder_new(struct folder *f)
{
    (void)snprintf(f->path, sizeof f->path, "/tmp/model-test-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    (void)snprintf(f->config, sizeof f->config, "%s/config.json", f->path);
    (void)snprintf(f->weights, sizeof f->weights, "%s/model.safetensors", f->path);
}

static inline void folder_free(struct folder *f)
{
    assert_ok(file_remove_tree(f->path));
}

// Replaces the one occurrence of `from` in a file's text; the file keeps its length
// when both are equally long.
static inline void replace_in_file(const char *path, const char *from, const char *to)
{
    struct buf old = {0}, fresh = {0};
    assert_ok(file_read(&old, path, 1 << 24));
    const char *at = memmem(old.data, old.len, from, strlen(from));
    assert_non_null(at);
    size_t before = (size_t)(at - (const char *)old.data),
           after = before + strlen(from);
    buf_append(&fresh, old.data, before);
    buf_str(&fresh, to);
    buf_append(&fresh, old.data + after, old.len - after);
    assert_ok(file_write(path, fresh.data, fresh.len));
    buf_free(&old);
    buf_free(&fresh);
}

// The call failed with `code` and the message holds every given word.
#define assert_fails(call, code, ...)                                                  \
    do {                                                                               \
        const char *words_[] = {__VA_ARGS__};                                          \
        assert_int_equal((call), (code));                                              \
        for (size_t w_ = 0; w_ < sizeof words_ / sizeof words_[0]; w_++)               \
            if (!strstr(status_message(), words_[w_]))                                 \
                fail_msg("no \"%s\" in: %s", words_[w_], status_message());            \
    } while (0)

#endif
