#include "launch/prompt_date.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DATE_BYTES = 11 }; // YYYY-MM-DD

// mktime moves what no calendar has, such as the 30th of February.
static int is_date(const char *text)
{
    char again[DATE_BYTES + 8];
    struct tm day = {.tm_hour = 12, .tm_isdst = -1};
    if (strlen(text) != DATE_BYTES - 1 ||
        sscanf(text, "%4d-%2d-%2d", &day.tm_year, &day.tm_mon, &day.tm_mday) != 3)
        return 0;
    day.tm_year -= 1900;
    day.tm_mon -= 1;
    return mktime(&day) != -1 && strftime(again, sizeof again, "%Y-%m-%d", &day) &&
           strcmp(again, text) == 0;
}

static enum status set(struct settings *s, const char *text)
{
    char *copy = NULL;
    TRY(mem_strdup(&copy, text));
    mem_free(s->prompt.date);
    s->prompt.date = copy;
    return OK;
}

static enum status set_today(struct settings *s)
{
    char text[DATE_BYTES] = "";
    struct tm day;
    time_t now = time(NULL);
    if (!localtime_r(&now, &day) || !strftime(text, sizeof text, "%Y-%m-%d", &day))
        return status_fail(ERR_IO, "the day of today is not known");
    return set(s, text);
}

static enum status take_from_run(struct settings *s, const char *run_dir)
{
    char path[PATH_MAX];
    struct settings of_run = {0};
    int n = snprintf(path, sizeof path, "%s/config.yaml", run_dir);
    if (n < 0 || n >= PATH_MAX || !file_exists(path))
        return OK;
    enum status st = settings_load(&of_run, path, 0, NULL);
    if (st != OK) {
        log_warn("%s: its prompt.date is not taken over", status_message());
        return OK;
    }
    st = *of_run.prompt.date ? set(s, of_run.prompt.date) : OK;
    settings_free(&of_run);
    return st;
}

enum status prompt_date_settle(struct settings *s, const char *run_dir)
{
    if (!*s->prompt.date && run_dir)
        TRY(take_from_run(s, run_dir));
    if (!*s->prompt.date)
        TRY(set_today(s));
    if (!is_date(s->prompt.date))
        return status_fail(ERR_INPUT, "prompt.date: '%.32s' is not a day YYYY-MM-DD",
                           s->prompt.date);
    return OK;
}
