#include "serve/log.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_BYTES_MAX = 4096 };

static char written[LOG_BYTES_MAX];
static int kept;

/* From here on stderr is a file, which the environment calls the journal or does not. */
static void stderr_begin(int as_journal)
{
    int file = memfd_create("log", 0);
    struct stat identity;
    char stream[64];

    kept = dup(STDERR_FILENO);
    cr_assert(dup2(file, STDERR_FILENO) == STDERR_FILENO && fstat(file, &identity) == 0);
    close(file);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)identity.st_dev,
             (uintmax_t)identity.st_ino + (as_journal ? 0 : 1));
    setenv("JOURNAL_STREAM", stream, 1);
}

/* What was written, which ends with a newline; stderr is the old one again. */
static const char *stderr_end(void)
{
    ssize_t length = pread(STDERR_FILENO, written, sizeof written - 1, 0);

    cr_assert(dup2(kept, STDERR_FILENO) == STDERR_FILENO && length > 0);
    written[length] = '\0';
    return written;
}

Test(log, begins_with_the_time)
{
    const char *line;

    stderr_begin(0);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    log_event(LOG_LEVEL_DEBUG, "not wanted", NULL);
    log_event(LOG_LEVEL_WARN, "pairs came", LOG_FIELDS(log_count("count", 3)));
    line = stderr_end();
    cr_expect_eq(strncmp(line, "time=20", 7), 0, "%s", line);
    cr_expect_str_eq(strchr(line, ' '), " level=warn msg=\"pairs came\" count=3\n");
}

Test(log, tells_the_journal_a_priority_and_no_time)
{
    stderr_begin(1);
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_LOGFMT);
    log_event(LOG_LEVEL_DEBUG, "a", NULL);
    log_event(LOG_LEVEL_INFO, "b", LOG_FIELDS(log_text("c", "d e")));
    log_event(LOG_LEVEL_WARN, "f", NULL);
    log_event(LOG_LEVEL_ERROR, "g", NULL);
    cr_expect_str_eq(stderr_end(), "<7>level=debug msg=a\n"
                                   "<6>level=info msg=b c=\"d e\"\n"
                                   "<4>level=warn msg=f\n"
                                   "<3>level=error msg=g\n");
}

Test(log, says_why_something_was_refused)
{
    const struct lattn_complaint none = {""};
    const struct lattn_complaint complaint = {"it is a cow"};

    stderr_begin(1);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    log_refusal("cannot milk", "horse", LATTN_RANGE, &complaint);
    log_refusal("cannot listen", "fd:3", LATTN_NO_MEMORY, &none);
    cr_expect_str_eq(stderr_end(),
                     "<3>level=error msg=\"cannot milk\" object=horse error=\"it is a cow\"\n"
                     "<3>level=error msg=\"cannot listen\" object=fd:3 error=\"the system has no "
                     "memory left\"\n");
}

Test(log, is_json_behind_the_priority)
{
    stderr_begin(1);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_event(LOG_LEVEL_INFO, "say \"hello\"", LOG_FIELDS(log_real("half", 0.5)));
    cr_expect_str_eq(stderr_end(),
                     "<6>{\"level\":\"info\",\"msg\":\"say \\\"hello\\\"\",\"half\":0.5}\n");
}
