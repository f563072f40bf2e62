/*
 * The file is read once, when it is opened, to find where the answer to each question stands; an
 * answer is read from there when its question is asked again. The file of a large probe does not
 * fit into memory, where its lines stand does.
 *
 * A line is written whole by one call, behind the last whole line. What a full disk left of one is
 * taken away, what a killed process left of one is half a line at the end.
 */
#include "answers.h"

#include "numbers.h"
#include "question.h"
#include "reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the line of an answer stands; length 0: nowhere. */
struct place {
    uint64_t start;
    size_t length;
};

/*
 * places  by the number of the question; as many as `room`
 * lines   read, with the head
 * end     behind the last whole line
 */
struct answers {
    int fd;
    struct lattn_transcript head;
    int has_head;
    struct place *places;
    size_t room;
    uint64_t lines;
    uint64_t end;
    struct lattn_text line;
    struct numbers numbers;
};

/* What every head begins with. */
static const char head_beginning[] = "{\"log\":\"lattn probe";

__attribute__((format(printf, 3, 4))) static enum lattn_status
refuse(struct lattn_complaint *complaint, enum lattn_status status, const char *format, ...)
{
    va_list words;

    va_start(words, format);
    vsnprintf(complaint->text, sizeof complaint->text, format, words);
    va_end(words);
    return status;
}

/* ---- finding what is there ------------------------------------------------------------------- */

/*
 * Remember where an answer stands. Answers come a batch at a time, so a number is never further
 * than a batch ahead of how many there are.
 */
static enum lattn_status place_keep(struct answers *answers, uint64_t id, struct place place,
                                    struct lattn_complaint *complaint)
{
    struct place *places;
    size_t room;

    if (id > answers->lines + LATTN_QUESTIONS_MAX)
        return refuse(complaint, LATTN_DAMAGED, "id %" PRIu64 " comes too early", id);
    if (id >= answers->room) {
        room = 2 * (size_t)id + LATTN_QUESTIONS_MAX;
        places = realloc(answers->places, room * sizeof *places);
        if (places == NULL)
            return LATTN_NO_MEMORY;
        memset(places + answers->room, 0, (room - answers->room) * sizeof *places);
        answers->places = places;
        answers->room = room;
    }
    if (answers->places[id].length > 0)
        return refuse(complaint, LATTN_DAMAGED, "id %" PRIu64 " comes twice", id);
    answers->places[id] = place;
    return LATTN_OK;
}

/* The number of a question, as we wrote it. */
static enum lattn_status id_read(const char *id, uint64_t *ret_id,
                                 struct lattn_complaint *complaint)
{
    if (sscanf(id, "%" SCNu64, ret_id) == 1)
        return LATTN_OK;
    return refuse(complaint, LATTN_DAMAGED, "its id is no number");
}

static enum lattn_status line_keep(struct answers *answers, const char *text, struct place place,
                                   struct lattn_complaint *complaint)
{
    struct lattn_response response;
    uint64_t id;
    enum lattn_status status;

    if (!answers->has_head) {
        status = lattn_transcript_read(text, place.length, &answers->head, complaint);
        answers->has_head = status == LATTN_OK;
        return status;
    }
    status = numbers_reserve_line(&answers->numbers, place.length);
    if (status == LATTN_OK)
        status =
            lattn_response_read(text, place.length, answers->numbers.data, &response, complaint);
    if (status == LATTN_OK)
        status = id_read(response.id, &id, complaint);
    return status == LATTN_OK ? place_keep(answers, id, place, complaint) : status;
}

/* Half a line: of an answer, or of the head of a file that was only begun? */
static enum lattn_status half_check(const struct answers *answers, const char *text, size_t length,
                                    struct lattn_complaint *complaint)
{
    size_t compared = length < sizeof head_beginning - 1 ? length : sizeof head_beginning - 1;

    if (answers->has_head || memcmp(text, head_beginning, compared) == 0)
        return LATTN_MORE;
    return refuse(complaint, LATTN_DAMAGED, "it is no log of a probe");
}

/* The next line of the file; LATTN_MORE where there is none, or half of one. */
static enum lattn_status line_find(struct answers *answers, struct reader *reader,
                                   struct lattn_complaint *complaint)
{
    struct lattn_complaint reason = {""};
    size_t length;
    char *text;
    enum lattn_status status = reader_read(reader, &text, &length);

    if (status == LATTN_MORE && reader->error != 0)
        return refuse(complaint, LATTN_INPUT_OUTPUT, "%s", strerror(reader->error));
    if (status == LATTN_TOO_BIG)
        return refuse(complaint, LATTN_DAMAGED, "line %" PRIu64 ": " READER_TOO_LONG,
                      answers->lines + 1);
    if (status != LATTN_OK)
        return status;
    if (text + length == reader->data + reader->start)
        return half_check(answers, text, length, complaint);
    status = line_keep(answers, text, (struct place){answers->end, length}, &reason);
    if (status == LATTN_NO_MEMORY)
        return status;
    if (status != LATTN_OK)
        return refuse(complaint, LATTN_DAMAGED, "line %" PRIu64 ": %.200s", answers->lines + 1,
                      reason.text);
    answers->lines++;
    answers->end += length + 1;
    return LATTN_OK;
}

static enum lattn_status lines_find(struct answers *answers, struct lattn_complaint *complaint)
{
    struct reader reader;
    enum lattn_status status;

    reader_init(&reader, answers->fd, READER_LINES, READER_BYTES_MAX);
    do {
        status = line_find(answers, &reader, complaint);
    } while (status == LATTN_OK);
    reader_done(&reader);
    return status == LATTN_MORE ? LATTN_OK : status;
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum lattn_status file_open(struct answers *answers, const char *path, enum answers_use use,
                                   struct lattn_complaint *complaint)
{
    /* The oracle's command may tell what is nobody else's business. */
    const mode_t mode = S_IRUSR | S_IWUSR;
    /* Not to block is for pipes, which nobody may write to; they are refused below. */
    const int flags = O_CLOEXEC | O_NONBLOCK;
    struct stat facts;

    answers->fd = open(path, flags | (use == ANSWERS_READ ? O_RDONLY : O_RDWR | O_CREAT), mode);
    if (answers->fd < 0 || fstat(answers->fd, &facts) != 0)
        return refuse(complaint, LATTN_INPUT_OUTPUT, "%s", strerror(errno));
    if (!S_ISREG(facts.st_mode))
        return refuse(complaint, LATTN_INPUT_OUTPUT, "it is no regular file");
    if (use == ANSWERS_EXTEND && flock(answers->fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? refuse(complaint, LATTN_CONFLICT, "another probe writes to it")
                   : refuse(complaint, LATTN_INPUT_OUTPUT, "cannot lock it: %s", strerror(errno));
    return LATTN_OK;
}

enum lattn_status answers_open(struct answers **ret_answers, const char *path, enum answers_use use,
                               struct lattn_complaint *complaint)
{
    struct answers *answers = calloc(1, sizeof *answers);
    enum lattn_status status;

    if (answers == NULL)
        return LATTN_NO_MEMORY;
    lattn_text_init(&answers->line);
    status = file_open(answers, path, use, complaint);
    if (status == LATTN_OK)
        status = lines_find(answers, complaint);
    if (status == LATTN_OK && use == ANSWERS_EXTEND) {
        (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk to us */
        if (ftruncate(answers->fd, (off_t)answers->end) != 0)
            status = refuse(complaint, LATTN_INPUT_OUTPUT, "%s", strerror(errno));
    }
    if (status != LATTN_OK)
        answers_close(&answers);
    else
        *ret_answers = answers;
    return status;
}

void answers_close(struct answers **answers)
{
    if (*answers == NULL)
        return;
    if ((*answers)->fd >= 0)
        (void)close((*answers)->fd); /* what was added was checked then */
    lattn_text_done(&(*answers)->line);
    numbers_done(&(*answers)->numbers);
    free((*answers)->places);
    free(*answers);
    *answers = NULL;
}

const struct lattn_transcript *answers_head(const struct answers *answers)
{
    return answers->has_head ? &answers->head : NULL;
}

/* ---- adding ---------------------------------------------------------------------------------- */

static int is_full(int reason)
{
    return reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
}

/* Write the line that was composed, whole or not at all. */
static enum lattn_status line_write(struct answers *answers, struct lattn_complaint *complaint)
{
    const struct lattn_text *line = &answers->line;
    size_t there = 0;

    while (there < line->length) {
        ssize_t written = pwrite(answers->fd, line->data + there, line->length - there,
                                 (off_t)(answers->end + there));
        int reason = errno;

        if (written < 0) {
            (void)!ftruncate(answers->fd,
                             (off_t)answers->end); /* else half a line, cut off later */
            return refuse(complaint, is_full(reason) ? LATTN_NO_SPACE : LATTN_INPUT_OUTPUT,
                          "cannot write: %s", strerror(reason));
        }
        there += (size_t)written;
    }
    answers->end += line->length;
    return LATTN_OK;
}

/* The oracle as the questions of this file see it. */
static struct lattn_oracle oracle_of(const struct answers *answers)
{
    return (struct lattn_oracle){
        .d = answers->head.d,
        .m = answers->head.m,
        .answers = answers->head.positions ? LATTN_ANSWERS_POSITIONS : LATTN_ANSWERS_LAST,
    };
}

enum lattn_status answers_add(struct answers *answers, uint64_t id,
                              const struct lattn_question *question, const char *refusal,
                              struct lattn_complaint *complaint)
{
    const struct lattn_oracle oracle = oracle_of(answers);
    enum lattn_status status;

    assert(answers->has_head);
    answers->line.length = 0;
    status = question_write_answered(&answers->line, &oracle, id, question, refusal);
    return status == LATTN_OK ? line_write(answers, complaint) : status;
}

/* ---- the head -------------------------------------------------------------------------------- */

/* Settings in words stand behind each other like this. */
static const char separator[] = ", ";

/* Bytes of the setting that text begins with, "seed 1", up to the next one. */
static size_t setting_length(const char *text)
{
    const char *next = strstr(text, separator);

    return next == NULL ? strlen(text) : (size_t)(next - text);
}

static const char *setting_next(const char *text)
{
    size_t length = setting_length(text);

    return text[length] == '\0' ? text + length : text + length + sizeof separator - 1;
}

/* Name the first setting in which two texts differ; they do. */
static enum lattn_status decided_refuse(const char *made, const char *now,
                                        struct lattn_complaint *complaint)
{
    size_t made_length = setting_length(made);
    size_t now_length = setting_length(now);

    while (made_length == now_length && memcmp(made, now, made_length) == 0) {
        made = setting_next(made);
        now = setting_next(now);
        made_length = setting_length(made);
        now_length = setting_length(now);
    }
    return refuse(complaint, LATTN_CONFLICT, "it was made with \"%.*s\", and not \"%.*s\"",
                  made_length > 90 ? 90 : (int)made_length, made,
                  now_length > 90 ? 90 : (int)now_length, now);
}

static enum lattn_status head_compare(const struct lattn_transcript *made,
                                      const struct lattn_transcript *now,
                                      struct lattn_complaint *complaint)
{
    if (made->d != now->d)
        return refuse(complaint, LATTN_CONFLICT, "it was made with d = %d, and not %d", made->d,
                      now->d);
    if (made->m != now->m)
        return refuse(complaint, LATTN_CONFLICT, "it was made of an oracle with m = %d, and not %d",
                      made->m, now->m);
    if (made->positions != now->positions)
        return refuse(complaint, LATTN_CONFLICT, "it was made of an oracle that answers %s",
                      made->positions ? "at all positions" : "at the last position only");
    if (strcmp(made->decided, now->decided) != 0)
        return decided_refuse(made->decided, now->decided, complaint);
    return LATTN_OK;
}

enum lattn_status answers_begin(struct answers *answers, const struct lattn_transcript *head,
                                struct lattn_complaint *complaint)
{
    enum lattn_status status;

    if (answers->has_head)
        return head_compare(&answers->head, head, complaint);
    answers->line.length = 0;
    status = lattn_write_transcript(&answers->line, head);
    if (status == LATTN_OK)
        status = lattn_text_add(&answers->line, "\n", 1);
    if (status == LATTN_OK)
        status = line_write(answers, complaint);
    if (status != LATTN_OK)
        return status;
    answers->head = *head;
    answers->has_head = 1;
    return LATTN_OK;
}

/* ---- recalling ------------------------------------------------------------------------------- */

/* Read the line at a place into answers->line. */
static enum lattn_status line_read(struct answers *answers, struct place place,
                                   struct lattn_complaint *complaint)
{
    struct lattn_text *line = &answers->line;
    char bytes[4096];

    line->length = 0;
    while (line->length < place.length) {
        size_t left = place.length - line->length;
        ssize_t got = pread(answers->fd, bytes, left < sizeof bytes ? left : sizeof bytes,
                            (off_t)(place.start + line->length));

        if (got <= 0)
            return refuse(complaint, LATTN_INPUT_OUTPUT, "cannot read: %s",
                          got < 0 ? strerror(errno) : "it was cut off meanwhile");
        if (lattn_text_add(line, bytes, (size_t)got) != LATTN_OK)
            return LATTN_NO_MEMORY;
    }
    return numbers_reserve_line(&answers->numbers, place.length);
}

static int is_same(const struct lattn_item *kept, const struct lattn_question *question, int32_t d)
{
    size_t count = (size_t)question->n * (size_t)d;

    return kept->tokens == LATTN_TOKENS_DENSE && kept->n == question->n && kept->d == d &&
           memcmp(kept->z, question->x, count * sizeof *question->x) == 0;
}

static enum lattn_status answer_take(struct answers *answers, struct lattn_question *question,
                                     char *refusal, size_t size, struct lattn_complaint *complaint)
{
    const struct lattn_oracle oracle = oracle_of(answers);
    const struct lattn_text *line = &answers->line;
    struct lattn_response response;
    enum lattn_status status =
        lattn_response_read(line->data, line->length, answers->numbers.data, &response, complaint);

    if (status == LATTN_OK)
        status = question_take(&oracle, question, &response, answers->numbers.data, complaint);
    if (status == LATTN_OK && response.is_refused)
        snprintf(refusal, size, "%s", response.words);
    return status;
}

enum lattn_status answers_recall(struct answers *answers, uint64_t id,
                                 struct lattn_question *question, char *refusal, size_t size,
                                 struct lattn_complaint *complaint)
{
    struct lattn_complaint reason = {""};
    struct lattn_item kept;
    size_t used;
    enum lattn_status status;

    if (id >= answers->room || answers->places[id].length == 0)
        return LATTN_MORE;
    status = line_read(answers, answers->places[id], complaint);
    if (status != LATTN_OK)
        return status;
    status = lattn_input_read(answers->line.data, answers->line.length, answers->numbers.data,
                              &used, &kept, &reason);
    if (status == LATTN_OK && !is_same(&kept, question, answers->head.d))
        return refuse(
            complaint, LATTN_CONFLICT,
            "it was made with other settings, or by another version: its question %" PRIu64
            " is another one",
            id);
    if (status == LATTN_OK)
        status = answer_take(answers, question, refusal, size, &reason);
    if (status == LATTN_OK || status == LATTN_NO_MEMORY)
        return status;
    return refuse(complaint, LATTN_DAMAGED, "its answer to question %" PRIu64 ": %.180s", id,
                  reason.text);
}
