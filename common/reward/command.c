#include "command.h"

#include "answer.h"
#include "reward.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PROBE_MS = 20000, MAX_TEXTS = 48 };

extern char **environ;

// Pieces of the command line that are made here.
struct texts {
    struct buf bytes; // each with its NUL
    size_t at[MAX_TEXTS];
    size_t n;
};

static void add(struct texts *t, const char *text)
{
    if (t->n < MAX_TEXTS)
        t->at[t->n] = t->bytes.len;
    t->n++;
    buf_append(&t->bytes, text, strlen(text) + 1);
}

static const char *const masked[] = {"/tmp", "/var/tmp", "/run"};
enum { MASKED = sizeof masked / sizeof *masked };

// The masked folder that a path lies in; -1: none.
static int mask_of(const char *path)
{
    for (int i = 0; i < MASKED; i++) {
        size_t len = strlen(masked[i]);
        if (strncmp(path, masked[i], len) == 0 && (!path[len] || path[len] == '/'))
            return i;
    }
    return -1;
}

static void show(struct texts *t, const char *path)
{
    add(t, "--ro-bind");
    add(t, path);
    add(t, path);
}

static void cut_name(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
}

// A word that names a file in a masked folder: its folder is shown (of a program in a
// folder bin the one above, where a virtual environment has its libraries), or, right
// in the masked folder, the file alone.
static void show_word(struct texts *t, const char *cwd, const char *word)
{
    char path[PATH_MAX], folder[PATH_MAX];
    int n = *word == '/' ? snprintf(path, sizeof path, "%s", word)
                         : snprintf(path, sizeof path, "%s/%s", cwd, word);
    if (n < 0 || n >= (int)sizeof path || mask_of(path) < 0 || !file_exists(path))
        return;
    memcpy(folder, path, sizeof folder);
    cut_name(folder);
    size_t len = strlen(folder);
    if (len > 4 && strcmp(folder + len - 4, "/bin") == 0)
        cut_name(folder);
    int whole = mask_of(folder) >= 0 && strcmp(folder, masked[mask_of(folder)]) != 0;
    show(t, whole ? folder : path);
}

static void hide(struct texts *t, const char *cwd, char *const *words, int *own_tmp)
{
    *own_tmp = 1;
    for (int i = 0; i < MASKED; i++) {
        if (strcmp(cwd, masked[i]) == 0 || !file_exists(masked[i])) {
            *own_tmp &= i != 0; // the run's own folder: seen, and read-only
            continue;
        }
        add(t, "--tmpfs");
        add(t, masked[i]);
    }
    if (mask_of(cwd) >= 0 && strcmp(cwd, masked[mask_of(cwd)]) != 0)
        show(t, cwd);
    for (; *words; words++)
        show_word(t, cwd, *words);
}

// The options of bubblewrap; `proc`: whether a /proc can be mounted.
static enum status sandbox(struct texts *t, const char *bwrap, char *const *words,
                           int proc, int *own_tmp)
{
    static const char *const fixed[] = {"--unshare-user",
                                        "--unshare-ipc",
                                        "--unshare-pid",
                                        "--unshare-net",
                                        "--unshare-uts",
                                        "--unshare-cgroup-try",
                                        "--new-session",
                                        "--die-with-parent",
                                        "--cap-drop",
                                        "ALL",
                                        "--ro-bind",
                                        "/",
                                        "/",
                                        "--dev",
                                        "/dev"};
    char cwd[PATH_MAX];
    if (!getcwd(cwd, sizeof cwd))
        return status_fail(ERR_IO, "the working directory: %s", strerror(errno));
    add(t, bwrap ? bwrap : "bwrap");
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        add(t, fixed[i]);
    add(t, proc ? "--proc" : "--tmpfs");
    add(t, "/proc");
    hide(t, cwd, words, own_tmp);
    add(t, "--chdir");
    add(t, cwd);
    return OK;
}

// The shell sets the limit on memory and becomes the program.
static void limit(struct texts *t, int64_t memory_mb)
{
    char kb[24];
    (void)snprintf(kb, sizeof kb, "%lld", (long long)memory_mb * 1024);
    add(t, "/bin/sh");
    add(t, "-c");
    add(t, memory_mb > 0 ? "ulimit -v \"$0\" && exec \"$@\"" : "exec \"$@\"");
    add(t, kb);
}

static enum status add_texts(struct command *c, struct texts *t)
{
    TRY(t->bytes.status);
    if (t->n > MAX_TEXTS)
        return status_fail(ERR_LIMIT, "a command of too many words");
    TRY(mem_dup(&c->texts, t->bytes.data, t->bytes.len, 1));
    for (size_t i = 0; i < t->n; i++) {
        const char *const word[] = {c->texts + t->at[i], NULL};
        TRY(child_spec_add(&c->spec, word));
    }
    return OK;
}

static enum status build(struct command *c, const struct reward_config *config,
                         char *const *words, int proc, int *own_tmp)
{
    struct texts t = {0};
    enum status st = OK;
    mem_free(c->texts);
    c->texts = NULL;
    child_spec_init(&c->spec, "verifier");
    c->spec.keep_user = 1; // it reads what the user reads
    c->spec.log_pipe = 1;
    c->spec.environment = c->environment;
    if (!config->bare)
        TRY_OUT(sandbox(&t, config->bwrap, words, proc, own_tmp));
    limit(&t, config->memory_mb);
    TRY_OUT(add_texts(c, &t));
    st = child_spec_add(&c->spec, (const char *const *)words);
out:
    buf_free(&t.bytes);
    return st;
}

// Whether the sandbox works here; without a /proc where none can be mounted.
static enum status look(struct command *c, const struct reward_config *config,
                        int *proc, int *own_tmp)
{
    static char *const nothing[] = {(char *)"true", NULL};
    struct buf out = {0};
    enum status st = OK;
    for (*proc = 1; *proc >= 0; --*proc) {
        TRY(build(c, config, nothing, *proc, own_tmp));
        c->spec.log_pipe = 0;
        st = child_exchange(&c->spec, "", 0, PROBE_MS, 1024, &out);
        buf_free(&out);
        if (st == OK)
            return OK;
    }
    st = status_wrap(st, "no sandbox here (verifier.sandbox=none does without)");
    return st == ERR_IO ? ERR_INPUT : st;
}

static int is_of(const char *entry, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return 1;
    return 0;
}

// This process's environment, without what belongs to its MPI job; Python writes its
// lines at once, and a set has the same order each time.
static enum status make_environment(char ***out, int own_tmp)
{
    static const char *const dropped[] = {
        "OMPI_", "PMIX_", "PMI_", "PYTHONUNBUFFERED=", "PYTHONHASHSEED=", "TMPDIR="};
    static char *const more[] = {(char *)"PYTHONUNBUFFERED=1",
                                 (char *)"PYTHONHASHSEED=0", NULL};
    size_t n_dropped = sizeof dropped / sizeof *dropped - !own_tmp, n = 0, kept = 0;
    char **list = NULL;
    while (environ && environ[n])
        n++;
    TRY(mem_new(&list, n + 4, sizeof *list));
    for (size_t i = 0; i < n; i++)
        if (!is_of(environ[i], dropped, n_dropped))
            list[kept++] = environ[i];
    for (size_t i = 0; more[i]; i++)
        list[kept++] = more[i];
    *out = list;
    return OK;
}

// Where the run's folder is /tmp itself, temporary files go elsewhere.
static void move_tmp(char **environment)
{
    while (*environment)
        environment++;
    *environment = (char *)"TMPDIR=/dev/shm";
}

enum status command_open(struct command *out, const struct reward_config *c)
{
    struct command fresh = {0};
    size_t n = 0;
    int proc = 1, own_tmp = 1;
    enum status st;
    TRY_OUT(
        status_wrap(command_words(&fresh.words, &n, c->command), "verifier.command"));
    TRY_OUT(make_environment(&fresh.environment, !c->bare));
    if (!c->bare)
        TRY_OUT(look(&fresh, c, &proc, &own_tmp));
    TRY_OUT(build(&fresh, c, fresh.words, proc, &own_tmp));
    if (!own_tmp)
        move_tmp(fresh.environment);
    *out = fresh;
    return OK;
out:
    command_close(&fresh);
    return st;
}

void command_close(struct command *c)
{
    mem_free(c->words);
    mem_free(c->environment);
    mem_free(c->texts);
    *c = (struct command){0};
}
