/*
 * Events for people and for machines: each is one write of one line, so lines of several threads
 * do not mix. Level and format are set once, before there are threads.
 *
 * The journal of systemd reads standard error line by line, stamps each with the time, and takes
 * a "<6>" at its start for its priority: sd-daemon(3), systemd.exec(5) on $JOURNAL_STREAM.
 */
#include "serve/log.h"

#include "wire/scan.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_BYTES_MAX = 4096,
    ESCAPED_BYTES_MAX = sizeof "\\u0000" - 1,
    /* A value may come from a client; six of them, each byte escaped, fit into a line. */
    VALUE_BYTES_MAX = 100 * ESCAPED_BYTES_MAX,
    FIELDS_MAX = 5,
    /* A full pipe behind stderr may hold up the daemon this long, not for ever. */
    WRITE_WAIT_MS = 1000
};

static_assert((FIELDS_MAX + 1) * (VALUE_BYTES_MAX + 64) + 96 < LINE_BYTES_MAX,
              "a line holds its fields");
static_assert(LINE_BYTES_MAX <= PIPE_BUF, "a pipe that has room has room for a line");

static enum log_level level_least = LOG_LEVEL_INFO;
static enum log_format format_chosen = LOG_FORMAT_LOGFMT;
static int is_journal; /* who reads stderr */

/* Between asking whether there is room and using it nobody else may. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static int is_stuck; /* the last line did not go out: the next ones do not wait for room */

struct line {
    char bytes[LINE_BYTES_MAX];
    size_t length;
    size_t start; /* of the event, behind what is for the journal */
};

/* A variable of this name may have come down from a program whose stderr is not ours. */
static int stderr_is(const char *stream)
{
    struct stat file;
    char identity[64];

    if (stream == NULL || fstat(STDERR_FILENO, &file) != 0)
        return 0;
    snprintf(identity, sizeof identity, "%ju:%ju", (uintmax_t)file.st_dev, (uintmax_t)file.st_ino);
    return strcmp(stream, identity) == 0;
}

void log_configure(enum log_level level, enum log_format format)
{
    level_least = level;
    format_chosen = format;
    is_journal = stderr_is(getenv("JOURNAL_STREAM"));
}

struct log_field log_text(const char *key, const char *text)
{
    return (struct log_field){.kind = LOG_KIND_TEXT, .key = key, .text = text};
}

struct log_field log_count(const char *key, int64_t count)
{
    return (struct log_field){.kind = LOG_KIND_COUNT, .key = key, .count = count};
}

struct log_field log_real(const char *key, double real)
{
    return (struct log_field){.kind = LOG_KIND_REAL, .key = key, .real = real};
}

static const char *level_word(enum log_level level)
{
    static const char *const words[] = {"debug", "info", "warn", "error"};

    return words[level];
}

static void line_add_bytes(struct line *line, const char *bytes, size_t length)
{
    size_t room = sizeof line->bytes - line->length;

    if (length > room)
        length = room;
    memcpy(line->bytes + line->length, bytes, length);
    line->length += length;
}

static void line_add(struct line *line, const char *text)
{
    line_add_bytes(line, text, strlen(text));
}

/* As in JSON. Where length is 0 the byte is not UTF-8, such as that of a character that was cut. */
static void line_add_character(struct line *line, const char *character, size_t length)
{
    unsigned char byte = (unsigned char)*character;
    char escaped[ESCAPED_BYTES_MAX + 1];

    if (length == 0) {
        line_add(line, "\\ufffd");
    } else if (byte < 0x20 || byte == 0x7f) {
        snprintf(escaped, sizeof escaped, "\\u%04x", byte);
        line_add(line, escaped);
    } else {
        line_add(line, byte == '"' || byte == '\\' ? "\\" : "");
        line_add_bytes(line, character, length);
    }
}

static void line_add_escaped(struct line *line, const char *text)
{
    size_t most = line->length + VALUE_BYTES_MAX;
    const char *end = text + strlen(text);

    while (text < end && line->length + ESCAPED_BYTES_MAX <= most) {
        size_t length = scan_utf8(text, end);

        line_add_character(line, text, length);
        text += length == 0 ? 1 : length;
    }
}

/* Does logfmt need quotes around it? */
static int is_quoted(const char *text)
{
    if (*text == '\0')
        return 1;
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f || *text == '"' ||
            *text == '=' || *text == '\\')
            return 1;
    }
    return 0;
}

static void line_add_key(struct line *line, const char *key)
{
    int is_first = line->length == line->start;

    if (format_chosen == LOG_FORMAT_JSON) {
        line_add(line, is_first ? "{\"" : ",\"");
        line_add(line, key);
        line_add(line, "\":");
    } else {
        line_add(line, is_first ? "" : " ");
        line_add(line, key);
        line_add(line, "=");
    }
}

static void line_add_text(struct line *line, const char *key, const char *text)
{
    int quoted = format_chosen == LOG_FORMAT_JSON || is_quoted(text);

    line_add_key(line, key);
    line_add(line, quoted ? "\"" : "");
    line_add_escaped(line, text);
    line_add(line, quoted ? "\"" : "");
}

static void line_add_time(struct line *line)
{
    struct timespec now = {0};
    struct tm utc = {0};
    char seconds[32];
    char text[64];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, sizeof text, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
    line_add_text(line, "time", text);
}

/* When it was, or what the journal needs, which knows when. */
static void line_begin(struct line *line, enum log_level level)
{
    static const char *const priorities[] = {"<7>", "<6>", "<4>", "<3>"};

    if (!is_journal) {
        line_add_time(line);
        return;
    }
    line_add(line, priorities[level]);
    line->start = line->length;
}

static void line_add_field(struct line *line, const struct log_field *field)
{
    char number[32];

    switch (field->kind) {
    case LOG_KIND_TEXT:
        line_add_text(line, field->key, field->text);
        return;
    case LOG_KIND_COUNT:
        snprintf(number, sizeof number, "%" PRId64, field->count);
        break;
    case LOG_KIND_REAL:
        snprintf(number, sizeof number, "%.6g", field->real);
        break;
    case LOG_KIND_END:
        return;
    }
    line_add_key(line, field->key);
    line_add(line, number);
}

static int has_room(void)
{
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    int ready;

    do {
        ready = poll(&room, 1, is_stuck ? 0 : WRITE_WAIT_MS);
    } while (ready < 0 && errno == EINTR);
    is_stuck = ready <= 0;
    return !is_stuck;
}

/* Standard error may be a full pipe, and one that somebody made non-blocking. */
static void line_write(const struct line *line)
{
    size_t written = 0;

    while (written < line->length && has_room()) {
        ssize_t n = write(STDERR_FILENO, line->bytes + written, line->length - written);

        if (n >= 0)
            written += (size_t)n;
        else if (errno != EAGAIN && errno != EINTR)
            return;
    }
}

void log_event(enum log_level level, const char *message, const struct log_field *fields)
{
    struct line line = {.length = 0};

    if (level < level_least)
        return;
    line_begin(&line, level);
    line_add_text(&line, "level", level_word(level));
    line_add_text(&line, "msg", message);
    for (; fields != NULL && fields->kind != LOG_KIND_END; fields++)
        line_add_field(&line, fields);
    line_add(&line, format_chosen == LOG_FORMAT_JSON ? "}\n" : "\n");
    pthread_mutex_lock(&writing);
    line_write(&line);
    pthread_mutex_unlock(&writing);
}

void log_refusal(const char *what, const char *object, enum lattn_status status,
                 const struct lattn_complaint *complaint)
{
    const char *why = complaint->text[0] != '\0' ? complaint->text : lattn_status_text(status);

    log_event(LOG_LEVEL_ERROR, what,
              LOG_FIELDS(log_text("object", object), log_text("error", why)));
}
