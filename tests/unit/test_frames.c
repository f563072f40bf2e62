#include "serve/frames.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct buffer buffer;
static struct frames frames;
static struct letter letter;
static struct lattn_complaint complaint;

static enum lattn_status next(void)
{
    return frames_next(&frames, &buffer, &letter, &complaint);
}

static void open_frames(size_t bytes_max)
{
    buffer_init(&buffer);
    frames_init(&frames, bytes_max);
}

static void add(const char *bytes, size_t length)
{
    cr_assert_eq(buffer_add(&buffer, bytes, length), LATTN_OK);
}

Test(frames, cuts_the_same_whatever_the_pieces)
{
    /* Three requests [0, id, "status", {}], the second with an array in an array. */
    static const char bytes[] = "\x94\x00\x01\xa6status\x80"
                                "\x94\x00\x02\xa6status\x91\x80"
                                "\x94\x00\x03\xa6status\x80";
    static const size_t lengths[] = {11, 12, 11};
    enum { LENGTH = sizeof bytes - 1 };

    for (size_t piece = 1; piece <= LENGTH; piece++) {
        size_t count = 0;

        open_frames(100);
        for (size_t at = 0; at < LENGTH; at += piece) {
            add(bytes + at, LENGTH - at < piece ? LENGTH - at : piece);
            while (next() == LATTN_OK) {
                cr_assert_eq(letter.length, lengths[count]);
                cr_assert_eq(letter.bytes[2], (char)++count, "pieces of %zu", piece);
                cr_assert_eq(letter.number, count);
            }
        }
        cr_assert_eq(count, 3);
        cr_assert_eq(frames_last(&frames, &buffer, &letter, &complaint), LATTN_MORE);
        buffer_done(&buffer);
    }
}

Test(frames, loses_its_place_at_a_claim_of_gigabytes_and_keeps_nothing)
{
    static char piece[4096];

    open_frames(1 << 20);
    add("\x90\x94\x00\x07\xdb\xff\xff\xff\xff", 9);
    cr_assert_eq(next(), LATTN_OK, "what came before is a frame");
    cr_assert_eq(next(), LATTN_TOO_BIG);
    cr_assert_eq(letter.number, 2);
    cr_assert_eq(letter.bytes[2], 7, "the id is there for the answer");
    cr_assert(frames.is_lost);
    for (int i = 0; i < 1000; i++) {
        add(piece, sizeof piece);
        cr_assert_eq(next(), LATTN_MORE, "said once");
    }
    cr_assert_leq(buffer.capacity, (size_t)128 << 10);
    cr_assert_eq(frames_last(&frames, &buffer, &letter, &complaint), LATTN_MORE);
    buffer_done(&buffer);
}

Test(frames, refuses_what_is_no_messagepack)
{
    open_frames(100);
    add("\x92\xc1\x00", 3);
    cr_assert_eq(next(), LATTN_SYNTAX);
    cr_assert(frames.is_lost);
    buffer_done(&buffer);
}

Test(frames, takes_a_frame_of_exactly_the_limit)
{
    static const char frame[] = "\x91\xa4text";

    open_frames(sizeof frame - 1);
    add(frame, sizeof frame - 1);
    cr_assert_eq(next(), LATTN_OK);
    buffer_done(&buffer);
    open_frames(sizeof frame - 2);
    add(frame, sizeof frame - 1);
    cr_assert_eq(next(), LATTN_TOO_BIG);
    buffer_done(&buffer);
}

Test(frames, names_where_the_last_one_is_cut_off)
{
    open_frames(100);
    add("\x94\x00\x05\xa6sta", 7);
    cr_assert_eq(next(), LATTN_MORE);
    cr_assert_eq(frames_last(&frames, &buffer, &letter, &complaint), LATTN_SYNTAX);
    cr_assert_str_eq(complaint.text, "the frame is cut off after 7 of its bytes");
    cr_assert_eq(letter.bytes[2], 5);
    cr_assert_eq(frames_last(&frames, &buffer, &letter, &complaint), LATTN_MORE, "said once");
    buffer_done(&buffer);
}
