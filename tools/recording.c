/*
 * Lines of a recording are the params of an emission as they came, so that whoever reads them does
 * it with the words for what a daemon sends, and no number in them is rounded on the way.
 */
#include "recording.h"

#include <lattn/learner.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char message_begin[] = "{\"method\": \"emission\", \"params\": ";
static const char message_end[] = "}";

static enum lattn_status refuse(struct lattn_complaint *complaint, enum lattn_status status,
                                const char *reason)
{
    snprintf(complaint->text, sizeof complaint->text, "%s", reason);
    return status;
}

/* ---- to read --------------------------------------------------------------------------------- */

static void lines_begin(struct recording *recording, int fd)
{
    *recording = (struct recording){.fd = fd};
    reader_init(&recording->lines, fd, READER_LINES, READER_BYTES_MAX);
    lattn_text_init(&recording->message);
}

enum lattn_status recording_open(struct recording *recording, const char *path,
                                 struct lattn_complaint *complaint)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *recording = (struct recording){.fd = -1};
    if (fd < 0)
        return refuse(complaint, LATTN_INPUT_OUTPUT, strerror(errno));
    lines_begin(recording, fd);
    return LATTN_OK;
}

/* The message that a line was cut out of, in its own words. */
static enum lattn_status message_restore(struct recording *recording, const char *text,
                                         size_t length)
{
    struct lattn_text *message = &recording->message;
    enum lattn_status status;

    message->length = 0;
    status = lattn_text_add(message, message_begin, sizeof message_begin - 1);
    if (status == LATTN_OK)
        status = lattn_text_add(message, text, length);
    if (status == LATTN_OK)
        status = lattn_text_add(message, message_end, sizeof message_end - 1);
    return status;
}

/* A line is an emission where it has a status. */
static enum lattn_status emission_read(const struct lattn_text *message, struct lattn_reply *ret,
                                       struct lattn_complaint *complaint)
{
    struct lattn_state_of_service state;
    struct lattn_reply reply;
    enum lattn_status status =
        lattn_reply_read(message->data, message->length, LATTN_FORMAT_JSON, &reply, complaint);

    /* Its own words would count bytes from where the message begins. */
    if (status == LATTN_SYNTAX)
        return refuse(complaint, status, "it is no emission in JSON");
    if (status != LATTN_OK)
        return status;
    status = lattn_reply_status(&reply, &state);
    if (status != LATTN_OK) {
        lattn_reply_done(&reply);
        return refuse(complaint, status, "it holds no status");
    }
    lattn_report_done(&state.report);
    *ret = reply;
    return LATTN_OK;
}

static enum lattn_status line_read(struct recording *recording, struct lattn_reply *ret_emission,
                                   struct lattn_complaint *complaint)
{
    char *text;
    size_t length;
    enum lattn_status status = reader_read(&recording->lines, &text, &length);

    if (status == LATTN_MORE && recording->lines.error != 0)
        return refuse(complaint, LATTN_INPUT_OUTPUT, strerror(recording->lines.error));
    if (status == LATTN_OK)
        status = message_restore(recording, text, length);
    if (status == LATTN_OK)
        status = emission_read(&recording->message, ret_emission, complaint);
    else if (status == LATTN_TOO_BIG)
        return refuse(complaint, status, READER_TOO_LONG);
    return status;
}

enum lattn_status recording_next(struct recording *recording, struct lattn_reply *ret_emission,
                                 struct lattn_complaint *complaint)
{
    struct lattn_complaint reason = {""};
    enum lattn_status status = line_read(recording, ret_emission, &reason);

    if (status == LATTN_OK || status == LATTN_MORE)
        return status;
    /* The reader gives what has no end only where there is nothing behind it. */
    if (recording->lines.ended && recording->lines.error == 0 && status != LATTN_NO_MEMORY)
        return LATTN_MORE;
    snprintf(complaint->text, sizeof complaint->text, "line %llu: %.200s",
             (unsigned long long)recording->lines.number,
             reason.text[0] ? reason.text : lattn_status_text(status));
    return status;
}

void recording_close(struct recording *recording)
{
    if (recording->fd < 0)
        return;
    (void)close(recording->fd); /* what was added was checked then */
    reader_done(&recording->lines);
    lattn_text_done(&recording->message);
    recording->fd = -1;
}

/* ---- to add ---------------------------------------------------------------------------------- */

/* Does the file begin as a recording does, or hold nothing yet? */
static enum lattn_status beginning_check(struct recording *recording,
                                         struct lattn_complaint *complaint)
{
    struct lattn_complaint reason = {""};
    struct lattn_reply emission;
    enum lattn_status status = recording_next(recording, &emission, &reason);

    if (status == LATTN_OK)
        lattn_reply_done(&emission);
    if (status == LATTN_OK || status == LATTN_NO_MEMORY)
        return status;
    if (status == LATTN_MORE && recording->lines.number == 0)
        return LATTN_OK;
    if (status == LATTN_INPUT_OUTPUT)
        return refuse(complaint, status, reason.text);
    return refuse(complaint, LATTN_FIELD, "it is there, and no recording of emissions");
}

/* Where the last whole line ends; -1 with errno. */
static off_t end_find(int fd, off_t size)
{
    char bytes[4096];

    while (size > 0) {
        size_t length = size < (off_t)sizeof bytes ? (size_t)size : sizeof bytes;
        ssize_t got = pread(fd, bytes, length, size - (off_t)length);
        const char *newline;

        if (got != (ssize_t)length)
            return -1;
        newline = memrchr(bytes, '\n', length);
        if (newline != NULL)
            return size - (off_t)length + (newline - bytes) + 1;
        size -= (off_t)length;
    }
    return 0;
}

static enum lattn_status file_check(struct recording *recording, struct lattn_complaint *complaint)
{
    enum lattn_status status;
    struct stat info;
    off_t end;

    if (fstat(recording->fd, &info) != 0)
        return refuse(complaint, LATTN_INPUT_OUTPUT, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return LATTN_OK;
    if (flock(recording->fd, LOCK_EX | LOCK_NB) != 0)
        return refuse(complaint, LATTN_CONFLICT, "somebody records to it at the moment");
    status = beginning_check(recording, complaint);
    if (status != LATTN_OK)
        return status;
    end = end_find(recording->fd, info.st_size);
    if (end < 0 || (end < info.st_size && ftruncate(recording->fd, end) != 0))
        return refuse(complaint, LATTN_INPUT_OUTPUT, strerror(errno));
    return LATTN_OK;
}

enum lattn_status recording_extend(struct recording *recording, const char *path,
                                   struct lattn_complaint *complaint)
{
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    enum lattn_status status;

    *recording = (struct recording){.fd = -1};
    if (fd < 0)
        return refuse(complaint, LATTN_INPUT_OUTPUT, strerror(errno));
    lines_begin(recording, fd);
    status = file_check(recording, complaint);
    if (status != LATTN_OK)
        recording_close(recording);
    return status;
}

/* All of the line; where it cannot be, the file is as before. */
static enum lattn_status line_write(int fd, const struct lattn_text *line)
{
    size_t written = 0;

    while (written < line->length) {
        ssize_t count = write(fd, line->data + written, line->length - written);
        int reason = errno;

        if (count < 0 && reason == EINTR)
            continue;
        if (count < 0) {
            off_t end = lseek(fd, 0, SEEK_END);

            if (written > 0 && end >= 0)
                (void)!ftruncate(fd, end - (off_t)written); /* else the next run cuts it off */
            errno = reason;
            return LATTN_INPUT_OUTPUT;
        }
        written += (size_t)count;
    }
    return LATTN_OK;
}

enum lattn_status recording_add(struct recording *recording, const struct lattn_reply *emission)
{
    struct lattn_text *line = &recording->message;
    enum lattn_status status;

    line->length = 0;
    status = lattn_reply_text(emission, 0, line);
    if (status == LATTN_OK)
        status = lattn_text_add(line, "\n", 1);
    return status == LATTN_OK ? line_write(recording->fd, line) : status;
}
