#include "shard_table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { SHARDS = 100 };

static struct lattn_shard shards[SHARDS];

static void shards_make(void)
{
    for (int i = 0; i < SHARDS; i++)
        shards[i] = (struct lattn_shard){.worker = "w", .pairs = 1000, .age_s = 1};
}

TestSuite(shard_table, .init = shards_make);

static void expect_table(const struct lattn_aggregate *aggregate, const char *expected)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(shard_table_write(&text, aggregate), LATTN_OK);
    cr_expect_str_eq(text.data, expected);
    lattn_text_done(&text);
}

Test(shard_table, says_how_each_shard_stands)
{
    struct lattn_aggregate aggregate = {.expect = 5, .epoch = 2, .shards = shards};

    shards[1] = (struct lattn_shard){.age_s = LATTN_NEVER};
    shards[2] = (struct lattn_shard){.worker = "w",
                                     .pairs = 18446744073709551615u,
                                     .age_s = 40,
                                     .lag = 12345,
                                     .lost = 37,
                                     .is_stale = 1,
                                     .is_rolled_back = 1};
    shards[3].is_rolled_back = 1;
    snprintf(shards[4].error, sizeof shards[4].error, "duplicate shard 4: workers w and v");
    snprintf(aggregate.error, sizeof aggregate.error, "out of memory");
    expect_table(
        &aggregate,
        "  shard  epoch                 pairs   age    lag  state\n"
        "      0      2                  1000   1 s      0  ok\n"
        "      1      -                     -     -      -  missing\n"
        "      2      2  18446744073709551615  40 s  12345  stale, lost 37, rolled back\n"
        "      3      2                  1000   1 s      0  rolled back\n"
        "      4      2                  1000   1 s      0  refused: duplicate shard 4: workers w "
        "and v\n"
        "  not added up: out of memory\n");
}

Test(shard_table, counts_those_that_are_all_right_where_they_are_many)
{
    const struct lattn_aggregate aggregate = {.expect = SHARDS, .epoch = 1, .shards = shards};

    shards[77].is_stale = 1;
    shards[77].age_s = 31;
    expect_table(&aggregate, "  shard  epoch  pairs   age  lag  state\n"
                             "     77      1   1000  31 s    0  stale\n"
                             "  99 more of 100 are ok\n");
}
