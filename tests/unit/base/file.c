// Files: whole reads, writes that are all or nothing, folders.
#include "base/file.h"

#include "base_test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

// A path inside the test's folder; valid until the fourth call after.
static const char *in(const char *name)
{
    static char paths[4][PATH_MAX];
    static int next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/etreerpo-file-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(folder) == OK && !file_exists(folder) ? 0 : -1;
}

static void expect_content(const char *path, const char *text)
{
    struct buf b = {0};
    assert_ok(file_read(&b, path, 1 << 20));
    assert_string_equal(buf_cstr(&b), text);
    assert_int_equal(b.len, strlen(text));
    buf_free(&b);
}

// ---- reading -----------------------------------------------------------------------

static void what_is_written_is_read(void **state)
{
    (void)state;
    enum { BYTES = 300000 }; // more than one chunk
    static uint8_t data[BYTES];
    struct buf b = {0};
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)(i * 31 >> 3);
    assert_ok(file_write(in("data"), data, BYTES));
    buf_str(&b, "head");
    assert_ok(file_read(&b, in("data"), BYTES)); // just fits
    assert_int_equal(b.len, 4 + BYTES);
    assert_memory_equal(b.data, "head", 4);
    assert_memory_equal(b.data + 4, data, BYTES);
    buf_free(&b);
    assert_ok(file_write(in("data"), NULL, 0));
    expect_content(in("data"), "");
}

static void failed_reads_leave_the_buffer(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_str(&b, "kept");
    assert_ok(file_write(in("large"), "0123456789", 10));
    assert_fails(file_read(&b, in("large"), 9), ERR_INPUT,
                 "large: larger than 9 bytes");
    assert_string_equal(buf_cstr(&b), "kept");
    static const char chunks[150000];
    assert_ok(
        file_write(in("large"), chunks, sizeof chunks)); // found out in the second
    assert_fails(file_read(&b, in("large"), 100000), ERR_INPUT, "larger than 100000");
    assert_int_equal(b.len, 4);
    assert_string_equal(buf_cstr(&b), "kept");
    assert_fails(file_read(&b, in("absent"), 9), ERR_INPUT, "absent: No such file");
    assert_fails(file_read(&b, folder, 9), ERR_INPUT, "Is a directory");
    assert_string_equal(buf_cstr(&b), "kept");
    assert_int_equal(b.status, OK);
    buf_free(&b);
}

static void memory_may_run_out_while_reading(void **state)
{
    (void)state;
    assert_ok(file_write(in("text"), "text", 4));
    struct buf b = {0};
    mem_fail_nth(1);
    assert_fails(file_read(&b, in("text"), 100), ERR_NOMEM, "text: cannot allocate");
    mem_fail_nth(0);
    buf_clear(&b);
    assert_ok(file_read(&b, in("text"), 100));
    assert_string_equal(buf_cstr(&b), "text");
    buf_free(&b);
}

// ---- writing is all or nothing -----------------------------------------------------

static void writing_replaces_and_leaves_nothing_aside(void **state)
{
    (void)state;
    assert_ok(file_write(in("note"), "first, longer", 13));
    assert_ok(file_write(in("note"), "second", 6));
    expect_content(in("note"), "second");
    assert_false(file_exists(in("note.tmp")));
    assert_ok(file_write(in("note.tmp"), "in the way", 10)); // left by a crash
    assert_ok(file_write(in("note"), "third", 5));
    expect_content(in("note"), "third");
    assert_false(file_exists(in("note.tmp")));
}

static void a_refused_write_keeps_the_old_file(void **state)
{
    (void)state;
    struct rlimit was, small;
    char data[8192] = {0};
    assert_ok(file_write(in("kept"), "old", 3));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    small = was;
    small.rlim_cur = 4096; // then the system refuses, as a full disk would
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status st = file_write(in("kept"), data, sizeof data);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_fails(st, ERR_IO, "kept: File too large");
    expect_content(in("kept"), "old");
    assert_false(file_exists(in("kept.tmp")));
}

static void impossible_places_are_named(void **state)
{
    (void)state;
    char lengthy[PATH_MAX + 10];
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = 0;
    assert_fails(file_write(in("no/such/file"), "x", 1), ERR_IO, "No such file");
    assert_int_equal(mkdir(in("taken"), 0755), 0);
    assert_fails(file_write(in("taken"), "x", 1), ERR_IO, "taken");
    assert_false(file_exists(in("taken.tmp")));
    assert_fails(file_write(lengthy, "x", 1), ERR_INPUT, "path too long");
    assert_fails(file_make_dirs(lengthy), ERR_INPUT, "path too long");
    assert_fails(file_check_room(lengthy, 1), ERR_INPUT, "path too long");
    assert_fails(file_sync(in("absent")), ERR_IO, "absent: No such file");
}

enum { PAGE = 1 << 16 };

static int write_page(const char *path, char letter)
{
    static char page[PAGE];
    memset(page, letter, PAGE);
    return file_write(path, page, PAGE) == OK;
}

// A reader sees one whole page of one letter, or fails the test.
static void expect_one_page(const char *path)
{
    struct buf b = {0};
    assert_ok(file_read(&b, path, PAGE));
    assert_int_equal(b.len, PAGE);
    for (size_t i = 1; i < PAGE; i++)
        assert_int_equal(b.data[i], b.data[0]);
    buf_free(&b);
}

struct rewriting {
    const char *path;
    atomic_int done, failed;
};

static void *rewrite(void *context)
{
    struct rewriting *r = context;
    for (int i = 0; i < 100; i++)
        if (!write_page(r->path, (char)('a' + i % 26)))
            atomic_store(&r->failed, 1);
    atomic_store(&r->done, 1);
    return NULL;
}

static void readers_see_the_old_or_the_new(void **state)
{
    (void)state;
    struct rewriting r = {.path = in("page")};
    pthread_t writer;
    assert_true(write_page(r.path, 'z'));
    assert_int_equal(pthread_create(&writer, NULL, rewrite, &r), 0);
    while (!atomic_load(&r.done))
        expect_one_page(r.path);
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(atomic_load(&r.failed), 0);
}

static void a_killed_writer_leaves_a_whole_file(void **state)
{
    (void)state;
    const char *path = in("victim");
    assert_true(write_page(path, 'z'));
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            for (;;)
                if (!write_page(path, 'a') || !write_page(path, 'b'))
                    _exit(1);
        (void)usleep((useconds_t)(500 + 700 * i));
        int how = 0;
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how)); // and did not give up before
        expect_one_page(path);
    }
}

// ---- folders -----------------------------------------------------------------------

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    assert_ok(file_make_dirs(in("a/b/c")));
    assert_ok(file_make_dirs(in("a/b/c"))); // is there: fine
    assert_ok(file_make_dirs(in("a//d/")));
    assert_true(file_exists(in("a/b/c")) && file_exists(in("a/d")));
    assert_ok(file_make_dirs("/"));
    assert_ok(file_make_dirs("."));
    assert_fails(file_make_dirs(""), ERR_INPUT, "empty");
    assert_ok(file_write(in("a/file"), "x", 1));
    assert_fails(file_make_dirs(in("a/file")), ERR_IO, "not a directory");
    assert_fails(file_make_dirs(in("a/file/b")), ERR_IO, "a/file");
}

static void trees_are_removed_but_not_what_they_point_to(void **state)
{
    (void)state;
    assert_ok(file_make_dirs(in("t/u/v")));
    assert_ok(file_make_dirs(in("outside")));
    assert_ok(file_write(in("outside/kept"), "x", 1));
    assert_ok(file_write(in("t/u/file"), "x", 1));
    assert_int_equal(symlink("../outside", in("t/link")), 0);
    assert_int_equal(symlink("nowhere", in("t/dangling")), 0);
    assert_ok(file_remove_tree(in("t")));
    assert_false(file_exists(in("t")));
    assert_true(file_exists(in("outside/kept")));
    assert_ok(file_remove_tree(in("t"))); // absent: fine
    assert_ok(file_remove_tree(in("outside/kept")));
    assert_false(file_exists(in("outside/kept")));
}

static void renaming_replaces(void **state)
{
    (void)state;
    assert_ok(file_write(in("from"), "new", 3));
    assert_ok(file_write(in("to"), "old", 3));
    assert_ok(file_rename(in("from"), in("to")));
    expect_content(in("to"), "new");
    assert_false(file_exists(in("from")));
    assert_fails(file_rename(in("from"), in("to")), ERR_IO, "from");
    expect_content(in("to"), "new");
}

static void relative_paths_are_synced_in_place(void **state)
{
    (void)state;
    char was[PATH_MAX];
    assert_non_null(getcwd(was, sizeof was));
    assert_int_equal(chdir(folder), 0);
    enum status st = file_write("plain", "x", 1);
    assert_int_equal(chdir(was), 0);
    assert_ok(st);
    expect_content(in("plain"), "x");
}

static void room_is_checked_before_it_is_needed(void **state)
{
    (void)state;
    assert_ok(file_make_dirs(in("room")));
    assert_ok(file_check_room(in("room"), 1));
    assert_fails(file_check_room(in("room"), UINT64_MAX), ERR_IO, "MB needed");
    assert_fails(file_check_room(in("absent"), 1), ERR_IO, "not writable");
    assert_int_equal(rmdir(in("room")), 0); // empty: the probe is gone
}

static int say_stop(void)
{
    return 1;
}

// One holder at a time, until it lets go; waiting ends with the time or on request.
static void a_lock_has_one_holder(void **state)
{
    int held = -1, other = -1;
    (void)state;
    assert_ok(file_lock(in("lock"), 0, NULL, &held));
    assert_int_equal(file_lock(in("lock"), 0, NULL, &other), ERR_TIMEOUT);
    assert_non_null(strstr(status_message(), "another process"));
    assert_int_equal(file_lock(in("lock"), 150, NULL, &other), ERR_TIMEOUT);
    assert_int_equal(file_lock(in("lock"), 3600000, say_stop, &other), ERR_TIMEOUT);
    assert_int_equal(other, -1);
    assert_int_equal(close(held), 0);
    assert_ok(file_lock(in("lock"), 0, NULL, &other));
    assert_int_equal(close(other), 0);
    assert_int_equal(file_lock(in("absent/lock"), 0, NULL, &other), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(failed_reads_leave_the_buffer),
        cmocka_unit_test(memory_may_run_out_while_reading),
        cmocka_unit_test(writing_replaces_and_leaves_nothing_aside),
        cmocka_unit_test(a_refused_write_keeps_the_old_file),
        cmocka_unit_test(impossible_places_are_named),
        cmocka_unit_test(readers_see_the_old_or_the_new),
        cmocka_unit_test(a_killed_writer_leaves_a_whole_file),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(trees_are_removed_but_not_what_they_point_to),
        cmocka_unit_test(renaming_replaces),
        cmocka_unit_test(relative_paths_are_synced_in_place),
        cmocka_unit_test(room_is_checked_before_it_is_needed),
        cmocka_unit_test(a_lock_has_one_holder),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
