#include "serve/gauges.h"

#include <criterion/criterion.h>
#include <string.h>
#include <uv.h>

enum { READINGS = 200000 };

static struct gauges gauges;

/* A reading whose every byte but the first eight says which one it is. */
static struct gauges_reading reading_of(uint64_t number)
{
    struct gauges_reading reading;

    memset(&reading, (int)(number % 251), sizeof reading);
    reading.open_ns = number;
    return reading;
}

static int is_whole(const struct gauges_reading *reading)
{
    struct gauges_reading expected = reading_of(reading->open_ns);

    return memcmp(reading, &expected, sizeof expected) == 0;
}

Test(gauges, are_zeros_before_anything_was_told)
{
    const struct gauges_reading zeros = {.open_ns = 0};
    struct gauges_reading reading;

    gauges_read(&gauges, &reading);
    cr_expect_eq(memcmp(&reading, &zeros, sizeof zeros), 0);
}

Test(gauges, give_the_newest_reading)
{
    for (uint64_t number = 1; number < 600; number++) {
        struct gauges_reading told = reading_of(number);
        struct gauges_reading read;

        gauges_tell(&gauges, &told);
        gauges_read(&gauges, &read);
        cr_assert_eq(memcmp(&read, &told, sizeof told), 0);
    }
}

static void tell_many(void *arg)
{
    (void)arg;
    for (uint64_t number = 1; number <= READINGS; number++) {
        struct gauges_reading reading = reading_of(number);

        gauges_tell(&gauges, &reading);
    }
}

/* Whatever is being told meanwhile. */
Test(gauges, give_whole_readings_in_order)
{
    struct gauges_reading reading = reading_of(0);
    uint64_t last = 0;
    uv_thread_t teller;

    gauges_tell(&gauges, &reading);
    cr_assert_eq(uv_thread_create(&teller, tell_many, NULL), 0);
    while (last < READINGS) {
        gauges_read(&gauges, &reading);
        cr_assert(is_whole(&reading), "reading %ju is mixed", (uintmax_t)reading.open_ns);
        cr_assert_geq(reading.open_ns, last);
        last = reading.open_ns;
    }
    uv_thread_join(&teller);
}
