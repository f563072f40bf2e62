#include "source/layout.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct layout layout;
static struct jetstream_stream stream;
static struct lattn_complaint complaint;

static void begin(void)
{
    layout_init(&layout, "lattn", 2, 8, 3);
    stream = (struct jetstream_stream){.subjects = 1, .is_on_disk = 1, .is_limits = 1};
    snprintf(stream.subject, sizeof stream.subject, "lattn.in.2");
    snprintf(stream.description, sizeof stream.description, "lattn shard 2/8 epoch 3");
}

Test(layout, is_what_publishers_know, .init = begin)
{
    struct jetstream_plan plan = layout_plan(&layout);

    cr_assert_str_eq(layout.stream, "lattn_2");
    cr_assert_str_eq(layout.consumer, "lattn_2_worker");
    cr_assert_str_eq(layout.workers, "lattn_workers");
    cr_assert_str_eq(layout.worker, "lattn.worker.2");
    cr_assert_str_eq(plan.description, stream.description);
    cr_assert_eq(plan.duplicates_ns, INT64_C(600000000000));
    cr_assert_eq(layout_check(&layout, &stream, &complaint), LATTN_OK);
}

Test(layout, longest_names_fit)
{
    layout_init(&layout, "12345678901234567890123456789012", 4095, 4096, UINT64_MAX);
    cr_assert_str_eq(layout.workers_subject, "12345678901234567890123456789012.worker.*");
    cr_assert_str_eq(layout.consumer, "12345678901234567890123456789012_4095_worker");
    cr_assert_str_eq(layout.description, "lattn shard 4095/4096 epoch 18446744073709551615");
}

Test(layout, takes_a_stream_without_description, .init = begin)
{
    stream.description[0] = '\0';
    cr_assert_eq(layout_check(&layout, &stream, &complaint), LATTN_OK);
}

static void expect_refused(const char *what)
{
    cr_expect_eq(layout_check(&layout, &stream, &complaint), LATTN_CONFLICT);
    cr_expect(strstr(complaint.text, what) != NULL, "%s", complaint.text);
    begin();
}

Test(layout, names_what_differs, .init = begin)
{
    snprintf(stream.subject, sizeof stream.subject, "lattn.in.>");
    expect_refused("subject lattn.in.>");
    stream.subjects = 2;
    expect_refused("and others");
    snprintf(stream.description, sizeof stream.description, "lattn shard 2/4 epoch 3");
    expect_refused("shard 2/4 epoch 3\", not \"lattn shard 2/8");
    snprintf(stream.description, sizeof stream.description, "lattn shard 2/8 epoch 4");
    expect_refused("epoch 4");
    stream.is_on_disk = 0;
    expect_refused("memory");
    stream.drops_old = 1;
    expect_refused("drops old");
    stream.is_limits = 0;
    expect_refused("retention");
}
