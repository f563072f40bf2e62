#include "store/contents.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lattn_complaint complaint;

static const struct contents example = {
    .position = 90,
    .count = 2,
    .checkpoints = {{.position = 80, .bytes = 5000, .serial = 7},
                    {.position = 40, .bytes = 4000, .serial = 5}},
};

Test(contents, come_back_as_they_were)
{
    struct volume_head head;
    struct contents back;

    contents_write(&example, &head);
    cr_assert_eq(head.length, 64);
    cr_assert_eq(contents_read(&head, &back, &complaint), LATTN_OK);
    cr_assert_eq(memcmp(&back, &example, sizeof back), 0);
}

Test(contents, keep_the_two_newest_checkpoints)
{
    struct contents contents = {.position = 100};

    cr_assert_eq(contents_oldest(&contents), 0);
    for (uint32_t serial = 1; serial <= 3; serial++)
        contents_add(&contents, &(struct contents_checkpoint){10 * serial, 1, serial});
    cr_assert_eq(contents.count, 2);
    cr_assert_eq(contents.checkpoints[0].position, 30);
    cr_assert_eq(contents_oldest(&contents), 20);
    cr_assert(contents_has(&contents, 2) && contents_has(&contents, 3));
    cr_assert_not(contents_has(&contents, 1));
}

static enum lattn_status status_of(struct contents contents)
{
    struct volume_head head;
    struct contents back;

    contents_write(&contents, &head);
    return contents_read(&head, &back, &complaint);
}

Test(contents, that_contradict_themselves_are_damaged)
{
    struct contents contents = example;
    struct volume_head head;
    struct contents back;

    contents.position = 70;
    cr_assert_eq(status_of(contents), LATTN_DAMAGED, "a checkpoint behind the last record");
    contents = example;
    contents.checkpoints[1].position = 81;
    cr_assert_eq(status_of(contents), LATTN_DAMAGED, "an older one that is newer");
    contents = example;
    contents.checkpoints[1].serial = 7;
    cr_assert_eq(status_of(contents), LATTN_DAMAGED, "two of one serial");
    contents_write(&example, &head);
    for (head.length = 0; head.length < 64; head.length++)
        cr_assert_eq(contents_read(&head, &back, &complaint), LATTN_DAMAGED);
}
