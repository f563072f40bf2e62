#include "serve/fold.h"

#include "core/learner.h"
#include "support/folding.h"
#include "support/learn_frame.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(fold, learns_answers_and_counts_in_order)
{
    open_fold(NULL);
    read_line("{\"id\":1,\"z\":[[1,2],[3,4]],\"y\":[[1],[2]]}");
    read_line("{\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"z\":[[1,2,3]],\"y\":[1]}");
    read_line("nonsense");
    read_line("{\"id\":2,\"z\":[[5,6]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 4);
    cr_assert_eq(tally.accepted, 3);
    cr_assert_eq(tally.rejected, 2);
    cr_assert_eq(fold_state(fold)->tally.accepted, 3);
    cr_assert_eq(fold_entries(fold), 0);
    cr_assert(strstr(answers(), "\"applied\":2") < strstr(answers(), "\"line\":3"));
    cr_assert(strstr(answers(), "\"line\":3") < strstr(answers(), "\"line\":4"));
    cr_assert(strstr(answers(), "\"line\":4") < strstr(answers(), "\"applied\":4"));
    close_fold();
}

Test(fold, learns_nothing_before_it_is_flushed)
{
    open_fold(NULL);
    read_line("{\"id\":1,\"z\":[[1,2],[3,4]],\"y\":[[1],[2]]}");
    chunk_seal(chunk);
    fold_entry(fold, chunk, &chunk->entries[0]);
    cr_assert_eq(fold_entries(fold), 1);
    cr_assert_eq(fold_rows(fold), 2);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 0);
    cr_assert_str_empty(answers());
    fold_flush(fold);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 2);
    close_fold();
}

Test(fold, says_why_a_line_is_missing)
{
    open_fold(NULL);
    read_line("{\"producer\":\"p\",\"seq\":1,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"producer\":\"p\",\"seq\":3,\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(count_of("\"gap\""), 1);
    cr_assert_not_null(strstr(fold_refusal(fold), "expected 2, got 3"));
    close_fold();
}

Test(fold, takes_more_lines_than_a_block_holds)
{
    enum { COUNT = 10000 };

    open_fold(NULL);
    for (int i = 0; i < COUNT; i++)
        read_line(i % 3 == 0 ? "nonsense" : "{\"id\":1,\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(tally.accepted + tally.rejected, COUNT);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), tally.accepted);
    cr_assert_eq(count_of("\n"), COUNT);
    close_fold();
}

Test(fold, starts_a_new_epoch_when_it_forgets)
{
    uint64_t seq;

    open_fold(NULL);
    read_line("{\"producer\":\"p\",\"seq\":1,\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(fold_epoch(fold), 0);
    cr_assert_eq(fold_reset(fold, NULL), LATTN_OK);
    cr_assert_eq(fold_epoch(fold), 1);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 0);
    cr_assert_eq(fold_state(fold)->tally.accepted, 0);
    cr_assert_eq(producers_last(fold_state(fold)->producers, "p", &seq), LATTN_NO_DATA);
    close_fold();
}

/* ---- batches ---- */

static void expect_tally(uint64_t accepted, uint64_t rejected, uint64_t duplicates)
{
    cr_assert_eq(tally.accepted, accepted, "accepted %d", (int)tally.accepted);
    cr_assert_eq(tally.rejected, rejected, "rejected %d", (int)tally.rejected);
    cr_assert_eq(tally.duplicates, duplicates, "duplicates %d", (int)tally.duplicates);
}

static uint64_t pairs(void)
{
    return lattn_learner_pairs(fold_learner(fold));
}

Test(fold, learns_the_members_of_a_batch)
{
    const double z[] = {1, 2, 3, 4};

    open_fold_of(LATTN_FORMAT_MSGPACK, NULL);
    read_batch(1, z, 4, NULL, 0);
    read_batch(2, z, 1, NULL, 0);
    read_batch(3, z, 0, NULL, 0);
    fold_all();
    cr_assert_eq(pairs(), 6);
    expect_tally(6, 0, 0);
    close_fold();
}

Test(fold, refuses_a_batch_as_a_whole_and_takes_no_sizes_from_it)
{
    const double z[] = {1, 2, 1e60, 4};

    open_fold_of(LATTN_FORMAT_MSGPACK, &journal);
    read_batch(1, z, 4, NULL, 0);
    fold_next();
    expect_tally(0, 4, 0);
    cr_assert_eq(pairs(), 0);
    cr_assert_eq(committed, 0);
    cr_assert_eq(strncmp(fold_refusal(fold), "item 2: features of z", 21), 0, "%s",
                 fold_refusal(fold));
    cr_assert_eq(lattn_learner_dim(fold_learner(fold)), 0, "d is still open");
    read_batch(1, z, 2, NULL, 0);
    read_batch(1, z, 4, NULL, 0);
    fold_all();
    expect_tally(2, 8, 0);
    cr_assert_eq(pairs(), 2);
    close_fold();
}

Test(fold, makes_no_room_for_a_batch_with_a_bad_member)
{
    /* The first member would bring features, the second has one that is too large. */
    const double narrow[] = {1, 0}, wide[] = {1, 1, 1e60, 0};
    const double y[] = {1, 1};
    static char bytes[LEARN_FRAME_BYTES_MAX];
    struct learn_frame frame = {
        .id = 1, .item = {.z = narrow, .y = y, .weight = 1, .n = 1, .d = 2, .m = 1}, .count = 1};
    size_t before;

    open_fold_of(LATTN_FORMAT_MSGPACK, NULL);
    read_bytes(bytes, learn_frame_pack(&frame, bytes));
    fold_next();
    before = lattn_learner_memory(fold_learner(fold));
    frame.item.z = wide;
    frame.count = 2;
    read_bytes(bytes, learn_frame_pack(&frame, bytes));
    fold_all();
    expect_tally(1, 2, 0);
    cr_assert_eq(lattn_learner_memory(fold_learner(fold)), before);
    close_fold();
}

Test(fold, refuses_a_batch_of_another_size)
{
    const double z[] = {1, 2, 3, 4, 5, 6};
    static char bytes[LEARN_FRAME_BYTES_MAX];
    const struct learn_frame wide = {
        .id = 2, .item = {.z = z, .y = z, .weight = 1, .n = 1, .d = 2, .m = 1}, .count = 3};

    open_fold_of(LATTN_FORMAT_MSGPACK, NULL);
    read_batch(1, z, 2, NULL, 0);
    read_bytes(bytes, learn_frame_pack(&wide, bytes));
    fold_all();
    expect_tally(2, 3, 0);
    close_fold();
}

Test(fold, leaves_out_of_a_batch_what_came_before)
{
    const double z[] = {1, 2, 3, 4, 5};
    uint64_t seq;

    open_fold_of(LATTN_FORMAT_MSGPACK, &journal);
    read_batch(1, z, 3, "p", 10); /* 10 11 12 */
    read_batch(2, z, 5, "p", 11); /* 11 12, then 13 14 15 */
    read_batch(3, z, 5, "p", 11); /* all of them again */
    read_batch(4, z, 2, "p", 17); /* without 16 */
    fold_all();
    expect_tally(6, 2, 7);
    cr_assert_eq(committed, 6);
    cr_assert_eq(committed_seq, 15);
    cr_assert_eq(pairs(), 6);
    cr_assert_eq(producers_last(fold_state(fold)->producers, "p", &seq), LATTN_OK);
    cr_assert_eq(seq, 15);
    cr_assert_not_null(strstr(fold_refusal(fold), "expected 16, got 17"));
    close_fold();
}

Test(fold, learns_the_right_members_where_some_came_before)
{
    const double z[] = {1, 1, 3};
    struct lattn_report report;

    open_fold_of(LATTN_FORMAT_MSGPACK, NULL);
    read_batch(1, z, 2, "p", 1);
    read_batch(2, z, 3, "p", 1); /* only the 3 is new */
    fold_all();
    cr_assert_eq(lattn_learner_report(fold_learner(fold), &report), LATTN_OK);
    /* One feature, z^3: the mean of its square is (1 + 1 + 3^6) / 3. */
    cr_assert_float_eq(report.certificate.lambda_max, 731.0 / 3, 1e-9, "%.17g",
                       report.certificate.lambda_max);
    lattn_report_done(&report);
    close_fold();
}

Test(fold, uses_up_the_numbers_of_a_refused_batch)
{
    const double good[] = {1, 2, 3};
    const double bad[] = {1, 1e60, 3};

    open_fold_of(LATTN_FORMAT_MSGPACK, NULL);
    read_batch(1, bad, 3, "p", 1);
    read_batch(2, good, 3, "p", 4);
    fold_all();
    expect_tally(3, 3, 0);
    close_fold();
}

Test(fold, refuses_numbers_beyond_64_bits)
{
    const double z[] = {1, 2, 3};

    open_fold_of(LATTN_FORMAT_MSGPACK, NULL);
    read_batch(1, z, 3, "p", UINT64_MAX - 1);
    fold_all();
    expect_tally(0, 3, 0);
    cr_assert_not_null(strstr(fold_refusal(fold), "64 bits"), "%s", fold_refusal(fold));
    close_fold();
}

Test(fold, takes_a_batch_larger_than_a_block)
{
    enum { COUNT = 5000 };
    static double z[COUNT];

    for (int i = 0; i < COUNT; i++)
        z[i] = i % 7 - 3;
    open_fold_of(LATTN_FORMAT_MSGPACK, &journal);
    read_batch(1, z, 10, NULL, 0);
    fold_next();
    cr_assert_eq(pairs(), 10);
    fold_close(&fold);
    chunk_close(&chunk);
    committed = 0;
    open_fold_of(LATTN_FORMAT_MSGPACK, &journal);
    read_batch(1, z, COUNT, "p", 1);
    fold_all();
    cr_assert_eq(committed, COUNT, "one commit");
    cr_assert_eq(committed_seq, COUNT);
    cr_assert_eq(pairs(), COUNT);
    expect_tally(COUNT, 0, 0);
    close_fold();
}

Test(fold, never_answers_a_notification_but_counts_it)
{
    const double good[] = {1, 2, 3};
    const double bad[] = {1, 1e60, 3};

    open_fold_of(LATTN_FORMAT_MSGPACK, NULL);
    read_batch(-1, good, 3, NULL, 0);
    read_batch(-1, bad, 3, NULL, 0);
    fold_all();
    expect_tally(3, 3, 0);
    cr_assert_eq(chunk->answers.length, 0);
    close_fold();
}

/* ---- both formats ---- */

enum { ITEMS = 64, TOKENS = 4, DIM = 3 };

/* R and C of everything learned, row by row from the diagonal. */
static size_t factor_numbers(double *ret_numbers)
{
    const struct factor *factor = &fold_learner(fold)->factor;
    size_t count = 0;

    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];
        size_t ld;
        const double *triangle = component_triangle(component, &ld);
        size_t columns = (size_t)(component->columns + component->m);

        for (size_t row = 0; row < (size_t)component->columns; row++) {
            memcpy(ret_numbers + count, triangle + row * ld + row,
                   (columns - row) * sizeof *triangle);
            count += columns - row;
        }
    }
    return count;
}

static void make_pairs(double *ret_z, double *ret_y)
{
    uint64_t state = 1;

    for (int i = 0; i < ITEMS * TOKENS * DIM; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        ret_z[i] = (double)(state >> 11) / 4503599627370496.0 - 1;
    }
    for (int i = 0; i < ITEMS; i++)
        ret_y[i] = ret_z[i] * 3 - ret_z[ITEMS + i];
}

static void read_as_lines(const struct lattn_item *first)
{
    struct lattn_text text;

    for (size_t i = 0; i < ITEMS; i++) {
        const struct lattn_item item = lattn_item_member(first, i);

        lattn_text_init(&text);
        cr_assert_eq(lattn_write_pair(&text, LATTN_FORMAT_JSON, &item, NULL, NULL, 0), LATTN_OK);
        read_bytes(text.data, text.length - 1);
        lattn_text_done(&text);
    }
}

Test(fold, learns_the_same_bits_from_lines_and_from_a_frame)
{
    static char bytes[LEARN_FRAME_BYTES_MAX];
    static double z[ITEMS * TOKENS * DIM];
    static double y[ITEMS];
    static double by_line[1000];
    static double by_frame[1000];
    const struct learn_frame frame = {
        .id = 1,
        .item = {.z = z, .y = y, .weight = 1, .n = TOKENS, .d = DIM, .m = 1},
        .count = ITEMS,
    };
    size_t count;

    make_pairs(z, y);
    open_fold_of(LATTN_FORMAT_JSON, NULL);
    read_as_lines(&frame.item);
    fold_all();
    count = factor_numbers(by_line);
    cr_assert_eq(count, 18 * 19 / 2 + 18, "one component of p = 18 features");
    close_fold();
    open_fold_of(LATTN_FORMAT_MSGPACK, NULL);
    read_bytes(bytes, learn_frame_pack(&frame, bytes));
    fold_all();
    cr_assert_eq(factor_numbers(by_frame), count);
    cr_assert_eq(memcmp(by_line, by_frame, count * sizeof *by_line), 0);
    close_fold();
}
