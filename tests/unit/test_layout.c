#include <lattn/layout.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct lattn_layout layout;
static struct lattn_layout_found found;
static struct lattn_complaint complaint;

static void begin(void)
{
    lattn_layout_init(&layout, "lattn", 2, 8, 3);
    found = (struct lattn_layout_found){
        .subject = "lattn.in.2",
        .subjects = 1,
        .description = "lattn shard 2/8 epoch 3",
        .is_on_disk = 1,
        .keeps_old = 1,
        .keeps_taken = 1,
    };
}

static void describe(const char *description)
{
    snprintf(found.description, sizeof found.description, "%s", description);
}

Test(layout, is_what_others_rely_on, .init = begin)
{
    cr_assert_str_eq(layout.stream, "lattn_2");
    cr_assert_str_eq(layout.consumer, "lattn_2_worker");
    cr_assert_str_eq(layout.workers, "lattn_workers");
    cr_assert_str_eq(layout.workers_subject, "lattn.worker.*");
    cr_assert_str_eq(layout.worker, "lattn.worker.2");
    cr_assert_eq(lattn_layout_check(&layout, &found, &complaint), LATTN_OK);
}

Test(layout, longest_names_fit)
{
    lattn_layout_init(&layout, "12345678901234567890123456789012", LATTN_SHARDS_MAX - 1,
                      LATTN_SHARDS_MAX, UINT64_MAX);
    cr_assert_str_eq(layout.workers_subject, "12345678901234567890123456789012.worker.*");
    cr_assert_str_eq(layout.consumer, "12345678901234567890123456789012_4095_worker");
    cr_assert_str_eq(layout.worker, "12345678901234567890123456789012.worker.4095");
    cr_assert_str_eq(layout.description, "lattn shard 4095/4096 epoch 18446744073709551615");
}

Test(layout, takes_any_description_but_another_of_ours, .init = begin)
{
    describe("");
    cr_assert_eq(lattn_layout_check(&layout, &found, &complaint), LATTN_OK);
    describe("made by hand, lattn shard 1/2 epoch 9");
    cr_assert_eq(lattn_layout_check(&layout, &found, &complaint), LATTN_OK);
    describe("lattn shard 2/8 epoch 3 ");
    cr_assert_eq(lattn_layout_check(&layout, &found, &complaint), LATTN_CONFLICT);
}

static void expect_refused(const char *what)
{
    cr_expect_eq(lattn_layout_check(&layout, &found, &complaint), LATTN_CONFLICT);
    cr_expect_eq(strncmp(complaint.text, "wrong layout: ", 14), 0);
    cr_expect(strstr(complaint.text, what) != NULL, "%s", complaint.text);
    begin();
}

Test(layout, names_what_differs, .init = begin)
{
    snprintf(found.subject, sizeof found.subject, "lattn.in.>");
    expect_refused("its subject is \"lattn.in.>\", it should be \"lattn.in.2\"");
    found.subjects = 2;
    expect_refused("and others");
    describe("lattn shard 2/4 epoch 3");
    expect_refused("shard 2/4 epoch 3\", not \"lattn shard 2/8");
    describe("lattn shard 2/8 epoch 4");
    expect_refused("epoch 4");
    found.is_on_disk = 0;
    expect_refused("memory");
    found.keeps_old = 0;
    expect_refused("drops old");
    found.keeps_taken = 0;
    expect_refused("retention");
}
