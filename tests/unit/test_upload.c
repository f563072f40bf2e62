#include "serve/upload.h"

#include <criterion/criterion.h>
#include <string.h>

static struct upload upload;
static struct lattn_complaint complaint;

static void upload_end(void)
{
    upload_drop(&upload);
}

TestSuite(upload, .fini = upload_end);

/* One part of "abcdefg" in three, from the worker. */
static enum lattn_status add(const char *worker, uint64_t part, char *bytes)
{
    struct lattn_offer offer = {.bytes = 7, .parts = 3, .lost = part + 5};

    strncpy(offer.worker, worker, sizeof offer.worker - 1);
    offer.data.data = bytes;
    offer.data.length = strlen(bytes);
    complaint.text[0] = '\0';
    return upload_add(&upload, &offer, part, 100, 10 * (part + 1), &complaint);
}

Test(upload, puts_parts_together)
{
    cr_expect_eq(add("a", 0, "abc"), LATTN_MORE);
    cr_expect_eq(add("a", 1, "def"), LATTN_MORE);
    cr_expect_eq(upload.heard_ns, 20);
    cr_expect_eq(add("a", 2, "g"), LATTN_OK);
    cr_expect(upload.is_whole);
    cr_expect_eq(upload.bytes.length, 7);
    cr_expect_arr_eq(upload.bytes.data, "abcdefg", 7);
    cr_expect_str_eq(upload.told.worker, "a");
    cr_expect_eq(upload.told.lost, 5);
    cr_expect_eq(add("a", 0, "abc"), LATTN_BUSY, "it is read first");
    cr_expect(upload.is_whole);
}

Test(upload, begins_anew_with_a_first_part)
{
    cr_expect_eq(add("a", 0, "abc"), LATTN_MORE);
    cr_expect_eq(add("b", 0, "xyz"), LATTN_MORE);
    cr_expect_eq(add("b", 1, "uvw"), LATTN_MORE);
    cr_expect_eq(add("b", 2, "t"), LATTN_OK);
    cr_expect_arr_eq(upload.bytes.data, "xyzuvwt", 7);
}

Test(upload, drops_what_does_not_follow)
{
    static const struct {
        const char *worker;
        uint64_t part;
        char *bytes;
        enum lattn_status status;
    } cases[] = {{"a", 2, "g", LATTN_GAP},
                 {"b", 1, "def", LATTN_GAP},
                 {"a", 1, "defgh", LATTN_RANGE},
                 {"a", 1, "defg", LATTN_RANGE}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(add("a", 0, "abc"), LATTN_MORE);
        cr_expect_eq(add(cases[i].worker, cases[i].part, cases[i].bytes), cases[i].status);
        cr_expect_eq(upload.next, 0);
        cr_expect_null(upload.bytes.data);
        cr_expect_eq(add("a", 1, "def"), LATTN_GAP, "nothing is left of it");
    }
    cr_expect_eq(add("a", 0, "abc"), LATTN_MORE);
    cr_expect_eq(add("a", 1, "de"), LATTN_MORE);
    cr_expect_eq(add("a", 2, "f"), LATTN_RANGE);
    cr_expect_str_eq(complaint.text, "part 2 of 3 has 1 bytes, 2 are missing");
}

Test(upload, takes_no_more_than_is_allowed)
{
    struct lattn_offer offer = {.bytes = 101, .parts = 2, .data = {.data = "x", .length = 1}};

    cr_expect_eq(upload_add(&upload, &offer, 0, 100, 1, &complaint), LATTN_MEMORY_LIMIT);
    cr_expect_str_eq(complaint.text, "the state has 101 bytes, 100 are allowed");
    cr_expect_eq(upload_add(&upload, &offer, 0, 0, 1, &complaint), LATTN_MORE, "0 is no limit");
}
