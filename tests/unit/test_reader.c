#include "reader.h"

#include <lattn/limits.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Lines of a text that arrives in pieces of so many bytes. */
struct source {
    struct reader reader;
    int fds[2];
    const char *text;
    size_t left;
    size_t piece;
};

static void source_open(struct source *source, const char *text, size_t piece, size_t bytes_max)
{
    *source = (struct source){.text = text, .left = strlen(text), .piece = piece};
    cr_assert_eq(pipe(source->fds), 0);
    reader_init(&source->reader, source->fds[0], bytes_max);
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

    while ((status = reader_next(&source->reader, ret_text, ret_length)) == LATTN_MORE &&
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

        source_open(&source, "one\n\ntwo words\nlast", piece, 100);
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

        source_open(&source, "short\nthis one is far too long to be kept\nnext\n", piece, 10);
        expect_line(&source, "short");
        cr_expect_eq(source_next(&source, &text, &length), LATTN_TOO_BIG);
        cr_expect_eq(source.reader.number, 2);
        expect_line(&source, "next");
        cr_expect_eq(source_next(&source, &text, &length), LATTN_MORE);
        source_close(&source);
    }
}

Test(reader, peeks_at_lines_without_taking_them)
{
    struct source source;
    const char *peeked;
    size_t offset = 0;
    size_t length;

    source_open(&source, "one\ntwo\nthr", 100, 100);
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
    reader_init(&reader, fd, 10);
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
