#ifndef SERVE_LOG_H
#define SERVE_LOG_H

#include <lattn/status.h>

#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

enum log_kind { LOG_KIND_END, LOG_KIND_TEXT, LOG_KIND_COUNT, LOG_KIND_REAL };

/* One key with its value; made by log_text, log_count and log_real. */
struct log_field {
    enum log_kind kind;
    const char *key;
    const char *text;
    int64_t count;
    double real;
};

/* The fields of an event: log_event(level, "listening", LOG_FIELDS(log_text("address", path))). */
#define LOG_FIELDS(...)                                                                            \
    (const struct log_field[])                                                                     \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            .kind = LOG_KIND_END                                                                   \
        }                                                                                          \
    }

/*
 * What is written, and how; before the first thread starts. Default: info, logfmt.
 *
 * Where stderr is the journal, as $JOURNAL_STREAM tells, a line begins with its priority, "<6>",
 * and has no time.
 */
void log_configure(enum log_level level, enum log_format format);

/*
 * Write one event as one line on stderr; any thread may.
 *
 * message  lower case, no full stop
 * fields   from LOG_FIELDS, or NULL; values are cut where they are very long
 *
 * A line that cannot be written is lost, as when stderr has been full for a second: a log has
 * nobody to complain to.
 */
void log_event(enum log_level level, const char *message, const struct log_field *fields);

/*
 * Write that something was refused, as an error.
 *
 * what       "cannot listen"
 * object     "unix:/run/s"
 * complaint  in  why; where it is empty the text of the status stands for it
 */
void log_refusal(const char *what, const char *object, enum lattn_status status,
                 const struct lattn_complaint *complaint);

struct log_field log_text(const char *key, const char *text);
struct log_field log_count(const char *key, int64_t count);
struct log_field log_real(const char *key, double real);

#endif
