#include "progress.h"

#include "scale.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PAUSE_MS = 100,
    /* Work that is done at once has no progress. */
    FIRST_MS = 300,
    COLUMNS_MAX = 256,
    COLUMNS_UNKNOWN = 80
};

/*
 * The line that there is.
 *
 * shows     somebody sees it
 * total     of bytes or of what is counted
 * start     where the input stood at the beginning
 * next_ms   when it may be shown again
 */
static struct {
    const char *verb;
    const char *word;
    int input;
    uint64_t total;
    off_t start;
    uint64_t begun_ms;
    uint64_t next_ms;
    int shows;
    int is_there;
} line;

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* Linux has it */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* Add to a line what it has room for. */
static size_t text_add(char *text, size_t size, size_t length, const char *before, const char *what)
{
    int added = snprintf(text + length, size - length, "%s%s", before, what);

    return length + (size_t)added < size ? length + (size_t)added : size - 1;
}

static void time_write(double seconds, char ret_text[32])
{
    long long whole = llround(fmin(seconds, 1e9));

    if (whole < 60)
        snprintf(ret_text, 32, "%lld s left", whole);
    else if (whole < 3600)
        snprintf(ret_text, 32, "%lld min %02lld s left", whole / 60, whole % 60);
    else
        snprintf(ret_text, 32, "%lld h %02lld min left", whole / 3600, whole / 60 % 60);
}

void progress_write(const struct progress_facts *facts, int32_t columns, char *ret_line,
                    size_t size)
{
    size_t room = columns >= 0 && (size_t)columns + 1 < size ? (size_t)columns + 1 : size;
    char number[SCALE_WHOLE_MAX];
    char part[64];
    size_t length = text_add(ret_line, room, 0, "lattn ", facts->verb);

    scale_whole((double)facts->count, number);
    length = text_add(ret_line, room, length, ": ", number);
    length = text_add(ret_line, room, length, " ", facts->word);
    if (isfinite(facts->rate)) {
        scale_whole(facts->rate, number);
        snprintf(part, sizeof part, "%s/s", number);
        length = text_add(ret_line, room, length, ", ", part);
    }
    if (isfinite(facts->share)) {
        snprintf(part, sizeof part, "%.0f %%", floor(100 * facts->share));
        length = text_add(ret_line, room, length, ", ", part);
    }
    if (isfinite(facts->left_s)) {
        time_write(facts->left_s, part);
        length = text_add(ret_line, room, length, ", ", part);
    }
    if (facts->more[0] != '\0')
        (void)text_add(ret_line, room, length, ", ", facts->more);
}

/* ---- when, and where ------------------------------------------------------------------------- */

/* A terminal on which a line can be written anew. */
static int stderr_shows(void)
{
    const char *name = getenv("TERM");

    return isatty(STDERR_FILENO) && name != NULL && name[0] != '\0' && strcmp(name, "dumb") != 0;
}

/* Do results go where nobody sees them come? Who reads a pipe may be on the terminal as well. */
static int stdout_is_quiet(void)
{
    struct stat info;

    return fstat(STDOUT_FILENO, &info) == 0 &&
           (S_ISREG(info.st_mode) || (S_ISCHR(info.st_mode) && !isatty(STDOUT_FILENO)));
}

/* Bytes from where a file stands to its end; 0 where that means nothing. */
static uint64_t bytes_ahead(int fd, off_t *ret_start)
{
    struct stat info;

    *ret_start = lseek(fd, 0, SEEK_CUR);
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || *ret_start < 0 ||
        info.st_size <= *ret_start)
        return 0;
    return (uint64_t)(info.st_size - *ret_start);
}

void progress_begin(const char *verb, const char *word, int input, uint64_t total,
                    enum progress_results results)
{
    line.verb = verb;
    line.word = word;
    line.input = input;
    line.total = total;
    line.shows = stderr_shows() && (results == PROGRESS_AT_END || stdout_is_quiet());
    line.is_there = 0;
    if (input >= 0)
        line.total = bytes_ahead(input, &line.start);
    line.begun_ms = now_ms();
    line.next_ms = line.begun_ms + FIRST_MS;
}

void progress_aim(uint64_t total)
{
    line.total = total;
}

int progress_is_due(void)
{
    return line.shows && now_ms() >= line.next_ms;
}

/* How much of the work is done; NaN where nobody knows. */
static double share_of(uint64_t count)
{
    double done =
        line.input < 0 ? (double)count : (double)(lseek(line.input, 0, SEEK_CUR) - line.start);

    if (line.total == 0)
        return NAN;
    return fmax(0, fmin(1, done / (double)line.total));
}

static int32_t columns_get(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS_UNKNOWN;
    return size.ws_col;
}

void progress_show(uint64_t count, const char *more)
{
    double seconds = (double)(now_ms() - line.begun_ms) / 1000;
    struct progress_facts facts;
    char text[COLUMNS_MAX];
    double share;

    if (!progress_is_due())
        return;
    share = share_of(count);
    facts = (struct progress_facts){
        .verb = line.verb,
        .word = line.word,
        .count = count,
        .rate = (double)count / seconds,
        .share = share,
        .left_s = share > 0 ? seconds * (1 - share) / share : (double)NAN,
        .more = more != NULL ? more : "",
    };
    progress_write(&facts, columns_get() - 1, text, sizeof text);
    /* One write: what others say in between stands before or behind it. */
    fprintf(stderr, "\r%s\033[K", text);
    line.is_there = 1;
    line.next_ms = now_ms() + PAUSE_MS;
}

void progress_hide(void)
{
    int reason = errno;

    if (line.is_there)
        fprintf(stderr, "\r\033[K");
    line.is_there = 0;
    errno = reason;
}

void progress_end(void)
{
    progress_hide();
    line.shows = 0;
}
