#include "store/origin.h"

#include "base/serial.h"
#include "support/bytes.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lattn_complaint complaint;

Test(origin, binds_a_state_of_no_shard_and_no_other)
{
    const struct origin wish = {.shard = 1, .shards = 4, .epoch = 2};
    struct origin origin = {0}, other = {0}, bound;
    int is_bound;

    cr_assert_eq(origin_bind(&origin, &wish, &is_bound, &complaint), LATTN_OK);
    cr_expect(is_bound && origin.shard == 1 && origin.shards == 4 && origin.epoch == 2);
    cr_expect_eq(strspn(origin.worker, "0123456789abcdef"), ORIGIN_WORKER_MAX - 1);
    bound = origin;
    cr_assert_eq(origin_bind(&origin, &wish, &is_bound, &complaint), LATTN_OK);
    cr_expect(!is_bound && strcmp(origin.worker, bound.worker) == 0, "the same goes on");
    cr_assert_eq(origin_bind(&origin, &(struct origin){0}, &is_bound, &complaint), LATTN_OK);
    cr_expect(!is_bound && origin.shards == 4, "nobody asked for a shard");
    cr_assert_eq(origin_bind(&other, &wish, &is_bound, &complaint), LATTN_OK);
    cr_expect_str_neq(other.worker, origin.worker);
}

Test(origin, names_both_where_they_differ)
{
    const struct origin wishes[] = {{.shard = 2, .shards = 4, .epoch = 2},
                                    {.shard = 1, .shards = 8, .epoch = 2},
                                    {.shard = 1, .shards = 4, .epoch = 3}};
    struct origin origin = {0};
    int is_bound;

    cr_assert_eq(origin_bind(&origin, &(struct origin){.shard = 1, .shards = 4, .epoch = 2},
                             &is_bound, &complaint),
                 LATTN_OK);
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
        cr_expect_eq(origin_bind(&origin, &wishes[i], &is_bound, &complaint), LATTN_CONFLICT);
    cr_expect_str_eq(complaint.text,
                     "--shard is 1/4 of epoch 3, the state has learned 1/4 of epoch 2");
}

static enum lattn_status read_again(const struct origin *origin, struct origin *ret_origin)
{
    struct serial_reader reader;
    struct serial_writer writer;
    struct bytes bytes = {0};

    serial_writer_init(&writer, bytes_sink, &bytes);
    origin_write(origin, &writer);
    cr_assert_eq(serial_flush(&writer), LATTN_OK);
    cr_assert_eq(bytes.length, origin_bytes(origin));
    serial_reader_init(&reader, "origin", bytes_source, &bytes, bytes.length, &complaint);
    origin_read(ret_origin, &reader);
    bytes_done(&bytes);
    return reader.status;
}

Test(origin, comes_back_as_it_was_or_is_refused)
{
    struct origin origin = {.shard = 3, .shards = 4, .epoch = 9}, read;

    cr_assert_eq(read_again(&(struct origin){0}, &read), LATTN_OK);
    cr_expect_eq(read.shards, 0);
    memset(origin.worker, 'a', ORIGIN_WORKER_MAX - 1);
    cr_assert_eq(read_again(&origin, &read), LATTN_OK);
    cr_expect_eq(memcmp(&read, &origin, sizeof read), 0);
    origin.shard = 4;
    cr_expect_eq(read_again(&origin, &read), LATTN_DAMAGED);
    origin.shard = 3;
    origin.epoch = 0;
    cr_expect_eq(read_again(&origin, &read), LATTN_DAMAGED);
    origin.epoch = 1;
    origin.worker[5] = '\0';
    cr_expect_eq(read_again(&origin, &read), LATTN_DAMAGED);
}
