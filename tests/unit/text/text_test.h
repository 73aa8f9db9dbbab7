// What the tokenizer tests share: temporary folders and files, and encoding in one
// call.
#ifndef TEST_TEXT_H
#define TEST_TEXT_H

// cmocka.h needs the four before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "text/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define assert_ok(call)                                                                \
    do {                                                                               \
        if ((call) != OK)                                                              \
            fail_msg("%s: %s", #call, status_message());                               \
    } while (0)

struct folder {
    char path[64];
};

static inline struct folder folder_make(void)
{
    struct folder f = {"/tmp/etreerpo-text-XXXXXX"};
    assert_non_null(mkdtemp(f.path));
    return f;
}

static inline void folder_put(const struct folder *f, const char *name,
                              const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", f->path, name);
    assert_ok(file_write(path, text, strlen(text)));
}

static inline void folder_remove(const struct folder *f)
{
    assert_ok(file_remove_tree(f->path));
}

// The text of decode(encode(text)) is the text.
static inline void assert_round_trip(const struct tokenizer *t, const char *text,
                                     size_t len)
{
    struct tokens ids = {0};
    struct buf back = {0};
    assert_ok(tokenizer_encode(t, text, len, &ids));
    assert_ok(tokenizer_decode(t, ids.ids, ids.len, &back));
    assert_int_equal(back.len, len);
    if (len)
        assert_memory_equal(back.data, text, len);
    tokens_free(&ids);
    buf_free(&back);
}

static inline void assert_same_ids(const struct tokens *a, const struct tokens *b)
{
    assert_int_equal(a->len, b->len);
    for (size_t i = 0; i < a->len; i++)
        assert_int_equal(a->ids[i], b->ids[i]);
}

static const char TEXT_SAMPLE[] =
    "Eva has 4 eggs. Eva gets 6 more. It grows 2 times. How many?\n"
    "4+6=<<4+6=10>>10\n10*2=<<10*2=20>>20\n#### 20\n"
    "Tom has 14 nuts. Tom loses 6. Tom finds 12 more nuts. How many nuts?\n"
    "14-6=<<14-6=8>>8\n8+12=<<8+12=20>>20\n#### 20\n"
    "The eggs and the nuts are there: three eggs, other nuts, the other eggs.\n";

#endif
