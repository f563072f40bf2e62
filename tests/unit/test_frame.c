#include <lattn/frame.h>
#include <lattn/wire.h>

#include "base/random.h"
#include "support/packed.h"

#include <criterion/criterion.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

static enum lattn_status scan_once(const char *bytes, size_t length, size_t bytes_max,
                                   struct lattn_frame *ret_frame)
{
    lattn_frame_init(ret_frame, bytes_max);
    return lattn_frame_scan(ret_frame, bytes, length, NULL);
}

Test(frame, tells_the_format_by_the_first_byte)
{
    for (int byte = 0; byte < 256; byte++) {
        int is_array = (byte >= 0x90 && byte <= 0x9f) || byte == 0xdc || byte == 0xdd;

        cr_assert_eq(lattn_format_of((char)byte),
                     is_array ? LATTN_FORMAT_MSGPACK : LATTN_FORMAT_JSON, "0x%02x", byte);
    }
}

/* ---- where a value ends -------------------------------------------------------------------- */

/* A value of any kind, inside of at most `depth` containers. */
static void pack_random(msgpack_packer *packer, struct random *random, int depth)
{
    char bytes[300] = {0};
    uint32_t kind = random_below(random, depth > 0 ? 10 : 8);
    size_t size = random_below(random, 8) == 0 ? random_below(random, sizeof bytes)
                                               : random_below(random, 20);

    switch (kind) {
    case 0:
        msgpack_pack_nil(packer);
        break;
    case 1:
        msgpack_pack_true(packer);
        break;
    case 2:
        msgpack_pack_uint64(packer, random_bits(random) >> random_below(random, 64));
        break;
    case 3:
        msgpack_pack_int64(packer,
                           -(int64_t)(random_bits(random) >> (1 + random_below(random, 63))));
        break;
    case 4:
        msgpack_pack_double(packer, 0.1);
        break;
    case 5:
        msgpack_pack_str_with_body(packer, bytes, size);
        break;
    case 6:
        msgpack_pack_bin_with_body(packer, bytes, size);
        break;
    case 7:
        msgpack_pack_ext_with_body(packer, bytes, size, 3);
        break;
    case 8:
        msgpack_pack_array(packer, size);
        for (size_t i = 0; i < size; i++)
            pack_random(packer, random, depth - 1);
        break;
    default:
        msgpack_pack_map(packer, size / 2);
        for (size_t i = 0; i < size / 2 * 2; i++)
            pack_random(packer, random, depth - 1);
        break;
    }
}

static void assert_found(const msgpack_sbuffer *buffer, struct random *random)
{
    struct lattn_frame frame;
    struct lattn_frame pieces;
    uint32_t step_max = (uint32_t)buffer->size / 64 + 7;
    enum lattn_status status = LATTN_MORE;

    cr_assert_eq(scan_once(buffer->data, buffer->size, buffer->size, &frame), LATTN_OK);
    cr_assert_eq(frame.at, buffer->size);
    cr_assert_eq(scan_once(buffer->data, buffer->size, buffer->size - 1, &frame), LATTN_TOO_BIG);
    lattn_frame_init(&pieces, buffer->size);
    for (size_t length = 0; length < buffer->size; length += 1 + random_below(random, step_max)) {
        char *piece = malloc(length + 1); /* a sanitizer sees a byte read behind it */

        memcpy(piece, buffer->data, length);
        status = lattn_frame_scan(&pieces, piece, length, NULL);
        cr_assert_eq(status, LATTN_MORE, "%zu of %zu bytes", length, buffer->size);
        free(piece);
    }
    cr_assert_eq(lattn_frame_scan(&pieces, buffer->data, buffer->size, NULL), LATTN_OK);
    cr_assert_eq(pieces.at, buffer->size);
}

Test(frame, finds_the_end_that_another_packer_wrote)
{
    struct random random = {7};

    for (int trial = 0; trial < 500; trial++) {
        msgpack_sbuffer buffer;
        msgpack_packer packer;

        msgpack_sbuffer_init(&buffer);
        msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
        pack_random(&packer, &random, 3);
        assert_found(&buffer, &random);
        msgpack_sbuffer_destroy(&buffer);
    }
}

Test(frame, knows_every_first_byte)
{
    static const char zeros[32] = {0};

    for (int byte = 0; byte < 256; byte++) {
        char bytes[32];
        struct lattn_frame frame;
        msgpack_unpacked unpacked;
        size_t length = 0;
        enum lattn_status status;

        memcpy(bytes, zeros, sizeof bytes);
        bytes[0] = (char)byte;
        status = scan_once(bytes, sizeof bytes, sizeof bytes, &frame);
        msgpack_unpacked_init(&unpacked);
        if (msgpack_unpack_next(&unpacked, bytes, sizeof bytes, &length) ==
            MSGPACK_UNPACK_SUCCESS) {
            cr_assert_eq(status, LATTN_OK, "0x%02x", byte);
            cr_assert_eq(frame.at, length, "0x%02x: %zu, %zu", byte, frame.at, length);
        } else {
            cr_assert_eq(status, byte == 0xc1 ? LATTN_SYNTAX : LATTN_OK, "0x%02x", byte);
        }
        msgpack_unpacked_destroy(&unpacked);
    }
}

Test(frame, looks_no_further_than_the_value)
{
    struct lattn_frame frame;

    cr_assert_eq(scan_once("\x92\x01\x02\xc1", 4, 100, &frame), LATTN_OK);
    cr_assert_eq(frame.at, 3);
    cr_assert_eq(lattn_frame_scan(&frame, "\x92\x01\x02\xc1", 4, NULL), LATTN_OK, "it stays whole");
    cr_assert_eq(frame.at, 3);
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void assert_refused(const char *bytes, size_t length, size_t bytes_max,
                           enum lattn_status status, const char *said)
{
    struct lattn_frame frame;
    struct lattn_complaint complaint = {0};

    lattn_frame_init(&frame, bytes_max);
    cr_assert_eq(lattn_frame_scan(&frame, bytes, length, &complaint), status);
    cr_assert_str_eq(complaint.text, said);
}

Test(frame, refuses_five_bytes_that_claim_gigabytes)
{
    assert_refused("\xdd\xff\xff\xff\xff", 5, 1 << 24, LATTN_TOO_BIG,
                   "the frame claims at least 4294967300 bytes, at most 16777216 are accepted");
    assert_refused("\xdf\xff\xff\xff\xff", 5, 1 << 24, LATTN_TOO_BIG,
                   "the frame claims at least 8589934595 bytes, at most 16777216 are accepted");
    assert_refused("\xc6\xff\xff\xff\xff", 5, 1 << 24, LATTN_TOO_BIG,
                   "the frame claims at least 4294967300 bytes, at most 16777216 are accepted");
    assert_refused("\xdb\xff\xff\xff\xff", 5, 1 << 24, LATTN_TOO_BIG,
                   "the frame claims at least 4294967300 bytes, at most 16777216 are accepted");
    assert_refused("\xc9\xff\xff\xff\xff", 5, 1 << 24, LATTN_TOO_BIG,
                   "the frame claims at least 4294967301 bytes, at most 16777216 are accepted");
}

Test(frame, adds_up_the_claims_of_open_containers)
{
    /* 60000 values, of which the first says that it holds 60000 itself. */
    assert_refused("\xdc\xea\x60\xdc\xea\x60", 6, 100000, LATTN_TOO_BIG,
                   "the frame claims at least 120005 bytes, at most 100000 are accepted");
    /* The rest of an array does not fit behind a payload that would. */
    assert_refused("\xdc\x00\x80\xc4\x80", 5, 200, LATTN_TOO_BIG,
                   "the frame claims at least 260 bytes, at most 200 are accepted");
}

Test(frame, refuses_nesting_bombs)
{
    char bomb[1 << 16];
    char deepest[LATTN_DEPTH_MAX];
    struct lattn_frame frame;

    memset(bomb, '\x91', sizeof bomb);
    assert_refused(bomb, sizeof bomb, 1 << 24, LATTN_SYNTAX, "byte 17: nested deeper than 16");
    memset(bomb, '\x81', sizeof bomb);
    assert_refused(bomb, sizeof bomb, 1 << 24, LATTN_SYNTAX, "byte 17: nested deeper than 16");
    memset(deepest, '\x91', sizeof deepest);
    deepest[sizeof deepest - 1] = '\x90';
    cr_assert_eq(scan_once(deepest, sizeof deepest, 100, &frame), LATTN_OK);
}

Test(frame, refuses_the_byte_that_begins_no_value)
{
    assert_refused("\x92\x01\xc1", 3, 100, LATTN_SYNTAX,
                   "byte 3: no value of MessagePack begins with 0xc1");
}

/* ---- what else it tells -------------------------------------------------------------------- */

static size_t numbers_of(const char *json)
{
    struct packed packed = packed_of(json);
    struct lattn_frame frame;

    cr_assert_eq(scan_once(packed.data, packed.length, packed.length, &frame), LATTN_OK);
    packed_done(&packed);
    return frame.numbers;
}

Test(frame, bounds_the_numbers)
{
    cr_assert_geq(numbers_of("[1, 2.5, -3]"), 3);
    cr_assert_geq(numbers_of("[[1, 2], [3, 4], [5, 6]]"), 6);
    cr_assert_geq(numbers_of("[[], [], []]"), 3, "a token of no ones is a number: 0");
    cr_assert_geq(numbers_of("{'$f4': [1, 2, 3, 4]}"), 4);
    cr_assert_leq(numbers_of("{'$f4': [1, 2, 3, 4]}"), 5);
    cr_assert_leq(numbers_of("'a long string is no numbers'"), 1);
}

Test(frame, finds_the_id_as_soon_as_it_is_there)
{
    struct packed packed = packed_of("[0, 70000, 'learn', {}]");
    char id[LATTN_ID_MAX];

    for (size_t length = 0; length <= packed.length; length++) {
        char *piece = malloc(length + 1);

        memcpy(piece, packed.data, length);
        cr_assert_eq(lattn_frame_id(piece, length, id), length < 7 ? LATTN_FIELD : LATTN_OK);
        cr_assert_str_eq(id, length < 7 ? "" : "70000");
        free(piece);
    }
    packed_done(&packed);
}

Test(frame, finds_no_id_where_there_is_none)
{
    static const char *const texts[] = {"[2, 'learn', {}]",  "[1, 7, null, {}]", "{'id': 7}", "[0]",
                                        "[0, 'x', 'y', {}]", "[0, -1, 'y', {}]"};
    char id[LATTN_ID_MAX];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct packed packed = packed_of(texts[i]);

        cr_assert_eq(lattn_frame_id(packed.data, packed.length, id), LATTN_FIELD, "%s", texts[i]);
        cr_assert_str_eq(id, "");
        packed_done(&packed);
    }
    cr_assert_eq(lattn_frame_id("\x94\x00\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1x\x80", 14, id),
                 LATTN_OK);
    cr_assert_str_eq(id, "18446744073709551615");
}
