#include "reader.h"

#include <lattn/limits.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Units of a text that arrives in pieces of so many bytes. */
struct source {
    struct reader reader;
    int fds[2];
    const char *text;
    size_t left;
    size_t piece;
};

static void source_open(struct source *source, enum reader_unit unit, const char *text,
                        size_t piece, size_t bytes_max)
{
    *source = (struct source){.text = text, .left = strlen(text), .piece = piece};
    cr_assert_eq(pipe(source->fds), 0);
    reader_init(&source->reader, source->fds[0], unit, bytes_max);
}

static void source_close(struct source *source)
{
    reader_done(&source->reader);
    close(source->fds[0]);
}

static void source_push(struct source *source)
{
    size_t piece = source->left < source->piece ? source->left : source->piece;

    cr_assert_eq(write(source->fds[1], source->text, piece), (ssize_t)piece);
    source->text += piece;
    source->left -= piece;
    if (source->left == 0)
        close(source->fds[1]);
}

static enum lattn_status source_next(struct source *source, char **ret_text, size_t *ret_length)
{
    enum lattn_status status;

    while ((status = reader_next(&source->reader, ret_text, ret_length, NULL)) == LATTN_MORE &&
           !source->reader.ended) {
        if (source->left > 0)
            source_push(source);
        cr_assert_eq(reader_fill(&source->reader), LATTN_OK);
    }
    return status;
}

static void expect_line(struct source *source, const char *expected)
{
    size_t length;
    char *text;

    cr_assert_eq(source_next(source, &text, &length), LATTN_OK);
    cr_expect_eq(length, strlen(expected));
    cr_expect_str_eq(text, expected);
}

Test(reader, gives_the_same_lines_in_any_pieces)
{
    for (size_t piece = 1; piece < 20; piece++) {
        struct source source;
        size_t length;
        char *text;

        source_open(&source, READER_LINES, "one\n\ntwo words\nlast", piece, 100);
        expect_line(&source, "one");
        expect_line(&source, "");
        expect_line(&source, "two words");
        cr_expect_eq(source.reader.number, 3);
        expect_line(&source, "last");
        cr_expect_eq(source_next(&source, &text, &length), LATTN_MORE);
        cr_expect_eq(source.reader.number, 4);
        source_close(&source);
    }
}

Test(reader, passes_over_a_line_too_long)
{
    for (size_t piece = 1; piece < 60; piece++) {
        struct source source;
        size_t length;
        char *text;

        source_open(&source, READER_LINES, "short\nthis one is far too long to be kept\nnext\n",
                    piece, 10);
        expect_line(&source, "short");
        cr_expect_eq(source_next(&source, &text, &length), LATTN_TOO_BIG);
        cr_expect_eq(source.reader.number, 2);
        expect_line(&source, "next");
        cr_expect_eq(source_next(&source, &text, &length), LATTN_MORE);
        source_close(&source);
    }
}

Test(reader, cuts_records_at_line_ends_without_quotes)
{
    static const char text[] = "a,\"b\nc\"\r\n\"1\"\"\n\",2\nodd\"one\n\"\n\n\",last";

    for (size_t piece = 1; piece < 40; piece++) {
        struct source source;
        size_t length;
        char *record;

        source_open(&source, READER_RECORDS, text, piece, 100);
        expect_line(&source, "a,\"b\nc\"\r");
        cr_expect_eq(source.reader.number, 1);
        expect_line(&source, "\"1\"\"\n\",2");
        cr_expect_eq(source.reader.number, 3);
        expect_line(&source, "odd\"one");
        cr_expect_eq(source.reader.number, 5);
        expect_line(&source, "\"\n\n\",last");
        cr_expect_eq(source.reader.number, 6);
        cr_expect_eq(source_next(&source, &record, &length), LATTN_MORE);
        source_close(&source);
    }
}

Test(reader, passes_over_a_record_too_long)
{
    for (size_t piece = 1; piece < 60; piece++) {
        struct source source;
        size_t length;
        char *record;

        source_open(&source, READER_RECORDS, "a\n\"this one\nis far\ntoo long\"\nb\n", piece, 10);
        expect_line(&source, "a");
        cr_expect_eq(source_next(&source, &record, &length), LATTN_TOO_BIG);
        cr_expect_eq(source.reader.number, 2);
        expect_line(&source, "b");
        cr_expect_eq(source.reader.number, 5);
        source_close(&source);
    }
}

/* [1, 2, 3], then {"a": "bc"}, then 5. */
static const char frames[] = "\x93\x01\x02\x03\x81\xa1"
                             "a\xa2"
                             "bc\x05";

static void expect_frame(struct source *source, const char *expected, size_t expected_length)
{
    size_t length;
    char *bytes;

    cr_assert_eq(source_next(source, &bytes, &length), LATTN_OK);
    cr_assert_eq(length, expected_length);
    cr_expect_arr_eq(bytes, expected, length);
}

Test(reader, cuts_frames)
{
    for (size_t piece = 1; piece < 14; piece++) {
        struct source source;
        size_t length;
        char *bytes;

        source_open(&source, READER_FRAMES, frames, piece, 100);
        expect_frame(&source, frames, 4);
        cr_expect_geq(source.reader.frame_numbers, 3);
        expect_frame(&source, frames + 4, 6);
        expect_frame(&source, frames + 10, 1);
        cr_expect_eq(source.reader.number, 3);
        cr_expect_eq(source_next(&source, &bytes, &length), LATTN_MORE);
        source_close(&source);
    }
}

/* The first frame of the text is whole, the second is refused, and nothing comes behind it. */
static void expect_refusal(const char *text, enum lattn_status expected)
{
    for (size_t piece = 1; piece < 14; piece++) {
        struct source source;
        size_t length;
        char *bytes;

        source_open(&source, READER_FRAMES, text, piece, 100);
        expect_frame(&source, frames, 4);
        cr_expect_eq(source_next(&source, &bytes, &length), expected);
        cr_expect_eq(source.reader.number, 2);
        cr_expect_eq(source.reader.ended, 1);
        cr_expect_eq(source_next(&source, &bytes, &length), LATTN_MORE);
        source_close(&source);
    }
}

Test(reader, ends_where_the_place_of_the_next_frame_is_lost)
{
    expect_refusal("\x93\x01\x02\x03\xc1\x05", LATTN_SYNTAX);
    expect_refusal("\x93\x01\x02\x03\xdd\xff\xff\xff\xff\x05", LATTN_TOO_BIG);
    expect_refusal("\x93\x01\x02\x03\xa5xyz", LATTN_CLOSED);
}

Test(reader, peeks_at_lines_without_taking_them)
{
    struct source source;
    const char *peeked;
    size_t offset = 0;
    size_t length;

    source_open(&source, READER_LINES, "one\ntwo\nthr", 100, 100);
    source_push(&source);
    cr_assert_eq(reader_fill(&source.reader), LATTN_OK);
    expect_line(&source, "one");
    cr_assert_eq(reader_peek(&source.reader, &offset, &peeked, &length), LATTN_OK);
    cr_expect_eq(length, 3);
    cr_expect_arr_eq(peeked, "two", 3);
    cr_expect_eq(reader_peek(&source.reader, &offset, &peeked, &length), LATTN_MORE);
    expect_line(&source, "two");
    source_close(&source);
}

Test(reader, ends_where_reading_fails)
{
    struct reader reader;
    size_t length;
    char *text;
    int fd = open("/", O_RDONLY | O_DIRECTORY);

    cr_assert_geq(fd, 0);
    reader_init(&reader, fd, READER_LINES, 10);
    cr_expect_eq(reader_read(&reader, &text, &length), LATTN_MORE);
    cr_expect_eq(reader.ended, 1);
    cr_expect_neq(reader.error, 0);
    reader_done(&reader);
    close(fd);
}

Test(reader, knows_blank_lines)
{
    cr_expect(reader_is_blank("", 0));
    cr_expect(reader_is_blank(" \t\r", 3));
    cr_expect_not(reader_is_blank(" x", 2));
}

struct halting {
    const char *text;
    int has_halted;
};

/* Gives a byte, or has none, in turn. */
static ssize_t halting_read(void *arg, void *bytes, size_t length)
{
    struct halting *source = arg;

    cr_assert_geq(length, (size_t)1);
    source->has_halted = !source->has_halted;
    if (source->has_halted) {
        errno = EAGAIN;
        return -1;
    }
    if (*source->text == '\0')
        return 0;
    *(char *)bytes = *source->text++;
    return 1;
}

Test(reader, reads_from_whatever_can_be_read)
{
    struct halting source = {.text = "one\ntwo"};
    struct reader reader;
    size_t length;
    char *text;

    reader_init_from(&reader, halting_read, &source, READER_LINES, 16);
    cr_assert_eq(reader_read(&reader, &text, &length), LATTN_OK);
    cr_expect_str_eq(text, "one");
    cr_assert_eq(reader_read(&reader, &text, &length), LATTN_OK);
    cr_expect_str_eq(text, "two");
    cr_expect_eq(reader_read(&reader, &text, &length), LATTN_MORE);
    cr_expect_eq(reader.error, 0);
    reader_done(&reader);
}

/* What a taker was given and refused, one after the other; it takes so many. */
struct taken {
    char texts[256];
    int left;
};

static void taken_note(struct taken *taken, const char *text, size_t length)
{
    size_t there = strlen(taken->texts);

    cr_assert_lt(there + length + 1, sizeof taken->texts);
    snprintf(taken->texts + there, sizeof taken->texts - there, "%.*s;", (int)length, text);
}

static int taken_is_ready(void *arg)
{
    const struct taken *taken = arg;

    return taken->left > 0;
}

static enum lattn_status taken_take(void *arg, char *text, size_t length)
{
    struct taken *taken = arg;

    if (strcmp(text, "end") == 0)
        return LATTN_CLOSED;
    taken->left--;
    taken_note(taken, text, length);
    return LATTN_OK;
}

static void taken_refuse(void *arg, const char *reason)
{
    if (strcmp(reason, READER_TOO_LONG) == 0)
        reason = "-";
    taken_note(arg, reason, strlen(reason));
}

Test(reader, gives_units_to_who_is_ready)
{
    struct taken taken = {.left = 2};
    const struct reader_taker taker = {taken_is_ready, taken_take, taken_refuse, &taken};
    struct source source;

    source_open(&source, READER_LINES, "a\n \t\nmuch too long\nb\nc\n\nend\nd\n", 100, 8);
    cr_expect_eq(reader_give(&source.reader, &taker), LATTN_MORE);
    source_push(&source);
    cr_assert_eq(reader_fill(&source.reader), LATTN_OK);
    cr_expect_eq(reader_give(&source.reader, &taker), LATTN_OK);
    cr_expect_str_eq(taken.texts, "a;-;b;");
    taken.left = 3;
    cr_expect_eq(reader_give(&source.reader, &taker), LATTN_CLOSED);
    cr_expect_str_eq(taken.texts, "a;-;b;c;");
    cr_expect_eq(reader_give(&source.reader, &taker), LATTN_MORE);
    cr_expect_str_eq(taken.texts, "a;-;b;c;d;");
    source_close(&source);
}

Test(reader, gives_frames_as_they_are_and_says_what_is_wrong_with_one)
{
    struct taken taken = {.left = 2};
    const struct reader_taker taker = {taken_is_ready, taken_take, taken_refuse, &taken};
    struct source source;

    source_open(&source, READER_FRAMES, "  \xc1", 3, 8);
    source_push(&source);
    cr_assert_eq(reader_fill(&source.reader), LATTN_OK);
    cr_expect_eq(reader_give(&source.reader, &taker), LATTN_OK);
    cr_expect_str_eq(taken.texts, " ; ;");
    taken.left = 1;
    cr_expect_eq(reader_give(&source.reader, &taker), LATTN_MORE);
    cr_expect_gt(strlen(taken.texts), strlen(" ; ;"));
    source_close(&source);
}
