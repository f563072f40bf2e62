#include "wire/pair.h"

#include "base/memory.h"
#include "support/unpack.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

static const double z[] = {0.1, -1e-300, 3, 1.0 / 3, 5e20, -0.0};
static const double y[] = {1, 2.5, 1e-7, 4, 5, 6};

static struct lattn_text write_pair(const struct lattn_item *item, const char *producer)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_pair(&text, LATTN_FORMAT_MSGPACK, item, "7", producer, 9), LATTN_OK);
    return text;
}

static void assert_says(const struct lattn_item *item, const char *json)
{
    struct lattn_text text = write_pair(item, NULL);

    cr_assert(unpack_equal(text.data, text.length, json), "%s", json);
    lattn_text_done(&text);
}

Test(pair, is_a_map_of_tensors)
{
    static const double numbers[] = {1, 2, 3, 4};
    struct lattn_item item = {.z = numbers, .y = numbers, .weight = 1, .n = 2, .d = 2, .m = 1};
#define Z "\"z\":{\"shape\":[2,2],\"dtype\":\"<f8\",\"data\":{\"$f8\":[1,2,3,4]}}"

    assert_says(&item, "{" Z ",\"y\":1}");
    item.labels = LATTN_LABELS_CAUSAL;
    assert_says(&item,
                "{" Z ",\"y\":{\"shape\":[2,1],\"dtype\":\"<f8\",\"data\":{\"$f8\":[1,2]}}}");
    item.labels = LATTN_LABELS_FULL;
    item.m = 2;
    item.weight = 0.5;
    assert_says(&item, "{" Z ",\"y\":{\"shape\":[2,2],\"dtype\":\"<f8\",\"data\":{\"$f8\":"
                       "[1,2,3,4]}},\"causal\":false,\"w\":0.5}");
    item.labels = LATTN_LABELS_LAST;
    item.weight = 1;
    assert_says(&item, "{" Z ",\"y\":{\"shape\":[2],\"dtype\":\"<f8\",\"data\":{\"$f8\":[1,2]}}}");
    item.y = NULL;
    assert_says(&item, "{" Z "}");
#undef Z
}

Test(pair, tokens_of_float32_go_as_they_came)
{
    static const double singles[] = {0.5, (double)0.1f};
    struct lattn_item item = {.z = singles,
                              .y = z,
                              .weight = 1,
                              .precision = LATTN_PRECISION_F32,
                              .n = 1,
                              .d = 2,
                              .m = 1};

    assert_says(&item, "{\"z\":{\"shape\":[1,2],\"dtype\":\"<f4\",\"data\":{\"$f4\":"
                       "[0.5,0.10000000149011612]}},\"y\":0.10000000000000001}");
    item.precision = LATTN_PRECISION_F32 / 2;
    assert_says(&item, "{\"z\":{\"shape\":[1,2],\"dtype\":\"<f8\",\"data\":{\"$f8\":"
                       "[0.5,0.10000000149011612]}},\"y\":0.10000000000000001}");
}

Test(pair, tokens_beyond_float32_stay_finite)
{
    static const double big[] = {1e300, FLT_MAX};
    struct lattn_item item = {.z = big, .weight = 1, .precision = 1e-3, .n = 2, .d = 1, .m = 1};

    assert_says(&item, "{\"z\":{\"shape\":[2,1],\"dtype\":\"<f8\",\"data\":{\"$f8\":"
                       "[1e300,3.4028234663852886e38]}}}");
}

static const double ones[] = {2, 0, 3, 0, 1, 255};

static const struct lattn_item item_of_ones = {
    .z = ones, .y = y, .weight = 1, .n = 3, .d = 256, .m = 1, .tokens = LATTN_TOKENS_ONES};

Test(pair, tokens_of_ones_are_their_indices)
{
    struct lattn_text text;

    assert_says(&item_of_ones, "{\"t\":[[0,3],[],[255]],\"y\":1}");
    lattn_text_init(&text);
    cr_assert_eq(lattn_write_pair(&text, LATTN_FORMAT_JSON, &item_of_ones, NULL, NULL, 0),
                 LATTN_OK);
    cr_assert_str_eq(text.data, "{\"t\":[[0,3],[],[255]],\"y\":1}\n");
    lattn_text_done(&text);
}

/* z and y of any shape come back to the bit from the reader of either format. */
Test(pair, reads_back_what_it_wrote)
{
    static const enum lattn_labels labels[] = {LATTN_LABELS_LAST, LATTN_LABELS_CAUSAL,
                                               LATTN_LABELS_FULL};

    for (int32_t i = 0; i < 6; i++) {
        int32_t m = 1 + i / 3;
        struct lattn_item item = {
            .z = z, .y = y, .weight = 1 + i, .n = 3, .d = 2, .m = m, .labels = labels[i % 3]};
        size_t count = (size_t)lattn_item_rows(&item) * (size_t)m;
        struct lattn_text text = write_pair(&item, "me\"\n");
        struct lattn_complaint complaint = {0};
        struct lattn_message read;
        double numbers[64];
        size_t used;

        cr_assert_eq(lattn_learn_read(text.data, text.length, numbers, &used, &read, &complaint),
                     LATTN_OK, "%s", complaint.text);
        cr_assert_eq(read.item.labels, item.labels);
        cr_assert_eq(read.item.weight, item.weight);
        cr_assert_eq(read.item.precision, 0);
        cr_assert_eq(read.count, 1);
        cr_assert_eq(read.seq, 9);
        cr_assert_str_eq(read.producer, "me\"\n");
        cr_assert_eq(memcmp(read.item.z, z, sizeof z), 0);
        cr_assert_eq(memcmp(read.item.y, y, count * sizeof *y), 0);
        lattn_text_done(&text);
    }
}

Test(pair, reads_back_ones_and_floats)
{
    static const double singles[] = {0.5, (double)0.1f};
    struct lattn_item single = {.z = singles,
                                .y = y,
                                .weight = 1,
                                .precision = LATTN_PRECISION_F32,
                                .n = 2,
                                .d = 1,
                                .m = 1};
    const struct lattn_item *const items[] = {&item_of_ones, &single};

    for (size_t i = 0; i < 2; i++) {
        struct lattn_text text = write_pair(items[i], NULL);
        struct lattn_message read;
        double numbers[64];
        size_t used;

        cr_assert_eq(lattn_learn_read(text.data, text.length, numbers, &used, &read, NULL),
                     LATTN_OK);
        cr_assert_eq(read.item.tokens, items[i]->tokens);
        cr_assert_eq(read.item.d, items[i]->d);
        cr_assert_eq(read.item.precision, items[i]->precision);
        cr_assert_eq(
            memcmp(read.item.z, items[i]->z, (size_t)lattn_item_numbers(items[i]) * sizeof(double)),
            0);
        cr_assert_eq(read.has_seq, 0);
        lattn_text_done(&text);
    }
}

Test(pair, is_written_whole_or_not_at_all)
{
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        struct lattn_text text;
        enum lattn_status status;

        lattn_text_init(&text);
        memory_fail(k, 0);
        status = lattn_write_pair(&text, LATTN_FORMAT_MSGPACK, &item_of_ones, NULL, "p", 1);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
        cr_assert(!failed || text.length == 0);
        lattn_text_done(&text);
    }
}

/* Written as a batch and read back, items are what they were. */
Test(pair, a_batch_is_read_as_it_was_written)
{
    double numbers[64];

    for (int labels = LATTN_LABELS_LAST; labels <= LATTN_LABELS_FULL; labels++) {
        const struct lattn_item first = {.z = z,
                                         .y = y,
                                         .weight = 0.5,
                                         .n = 1,
                                         .d = 2,
                                         .m = 2,
                                         .labels = (enum lattn_labels)labels};
        struct lattn_message message;
        struct lattn_text text;
        size_t used;

        lattn_text_init(&text);
        cr_assert_eq(lattn_write_batch(&text, &first, 3), LATTN_OK);
        cr_assert_eq(lattn_learn_read(text.data, text.length, numbers, &used, &message, NULL),
                     LATTN_OK);
        cr_expect_eq(message.count, 3);
        cr_expect_eq(message.item.labels, first.labels);
        cr_expect_eq(message.item.weight, 0.5);
        for (size_t i = 0; i < 3; i++) {
            struct lattn_item got = lattn_item_member(&message.item, i);

            cr_expect_arr_eq(got.z, z + 2 * i, 2 * sizeof *z);
            cr_expect_arr_eq(got.y, y + 2 * i, 2 * sizeof *y);
        }
        lattn_text_done(&text);
    }
}

Test(pair, a_batch_has_items_of_dense_tokens)
{
    const struct lattn_item item = {.z = z, .y = y, .weight = 1, .n = 1, .d = 2, .m = 1};
    struct lattn_text text;

    lattn_text_init(&text);
    cr_expect_eq(lattn_write_batch(&text, &item, 0), LATTN_SHAPE);
    cr_expect_eq(lattn_write_batch(&text, &item, (size_t)INT32_MAX + 1), LATTN_SHAPE);
    cr_expect_eq(lattn_write_batch(&text, &item_of_ones, 1), LATTN_SHAPE);
    memory_fail(1, 0);
    cr_expect_eq(lattn_write_batch(&text, &item, 2), LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_expect_eq(text.length, 0);
    lattn_text_done(&text);
}

Test(pair, learn_adds_producer_and_number_to_a_map)
{
    static const char map[] = "\x82\xa1y\x05\xa1z\x91\x91\x02"; /* {"y": 5, "z": [[2]]} */
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_learn(&text, "7", map, sizeof map - 1, NULL, 0), LATTN_OK);
    cr_expect(unpack_equal(text.data, text.length, "[0,7,\"learn\",{\"y\":5,\"z\":[[2]]}]"));
    text.length = 0;
    cr_assert_eq(lattn_write_learn(&text, "8", map, sizeof map - 1, "p", 300), LATTN_OK);
    cr_expect(unpack_equal(text.data, text.length,
                           "[0,8,\"learn\",{\"y\":5,\"z\":[[2]],\"producer\":\"p\",\"seq\":300}]"));
    lattn_text_done(&text);
}

Test(pair, learn_refuses_what_is_no_whole_map)
{
    static const char map[] = "\x82\xa1y\x05\xa1z\x91\x91\x02";
    struct lattn_text text;

    lattn_text_init(&text);
    for (size_t length = 0; length < sizeof map - 1; length++)
        cr_expect_eq(lattn_write_learn(&text, "7", map, length, "p", 1), LATTN_FIELD);
    cr_expect_eq(lattn_write_learn(&text, "7", map, sizeof map, "p", 1), LATTN_FIELD,
                 "there is a byte behind it");
    cr_expect_eq(lattn_write_learn(&text, "7", "\x90", 1, "p", 1), LATTN_FIELD);
    cr_expect_eq(lattn_write_learn(&text, "x", map, sizeof map - 1, "p", 1), LATTN_FIELD);
    cr_expect_eq(text.length, 0);
    lattn_text_done(&text);
}
