/*
 * The k-th write, sync, rename or allocation below a state's directory fails, for every k, once and
 * from then on. What was written stays, what was refused is not there, and once the disk is well
 * the store goes on; where nobody knows what the disk holds it says so, and is made anew.
 */
#include "store/recover.h"

#include "base/memory.h"
#include "core/dense.h"
#include "support/corpus.h"
#include "support/diary.h"
#include "support/failing_io.h"
#include "support/folder.h"
#include "support/leaks.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { COURSE = 2, SEED = 3, STEPS = 3 };

static struct folder folder;
static struct diary diary;
static struct lattn_complaint complaint;
static int runs;

TestSuite(store_faults, .init = dense_threads_one, .timeout = 1800);

/* A way to fail. */
struct fault {
    int error;
    int and_all;
    unsigned calls;
};

enum { CALLS = FAILING_IO_WRITE | FAILING_IO_SYNC | FAILING_IO_NAME };

static const struct fault faults[] = {
    {EIO, 0, CALLS},
    {ENOSPC, 1, CALLS | FAILING_IO_SHORT},
    {EIO, 1, CALLS},
    {ENOSPC, 0, CALLS},
    {EIO, 0, CALLS | FAILING_IO_SHORT},
    {EDQUOT, 1, FAILING_IO_WRITE | FAILING_IO_SHORT},
    {EIO, 1, FAILING_IO_SYNC},
};
enum { FAULTS = 2, FAULTS_LONG = 7 };

static int faults_count(void)
{
    return corpus_is_long() ? FAULTS_LONG : FAULTS;
}

static void open_diary(void)
{
    cr_assert_eq(diary_open(&diary, folder.path, &complaint), LATTN_OK, "%s", complaint.text);
}

static void assert_refused(enum lattn_status status)
{
    cr_assert(status == LATTN_INPUT_OUTPUT || status == LATTN_NO_SPACE, "%d: %s", status,
              complaint.text);
    cr_assert_eq(strncmp(complaint.text, "state ", 6), 0, "%s", complaint.text);
}

/* Recover what is on the disk; it is what was acknowledged, to the bit. */
static void assert_is_on_disk(void)
{
    struct state have = diary.state;
    uint64_t position = diary.position;

    store_close(&diary.store);
    diary.state = (struct state){0};
    open_diary();
    cr_assert_eq(diary.position, position);
    cr_assert(diary_agrees(&have, &diary.state));
    state_done(&have);
}

/* ---- the journal and checkpoints ------------------------------------------------------------- */

/* Steps with a checkpoint among them; whatever is refused is refused cleanly. Returns the worst. */
static enum lattn_status live(void)
{
    enum lattn_status worst = LATTN_OK;

    for (int i = 0; i < STEPS; i++) {
        enum lattn_status status = diary_step(&diary, &complaint);

        if (status != LATTN_OK)
            assert_refused(status);
        worst = status == LATTN_OK ? worst : status;
        if (i != STEPS - 2)
            continue;
        status = store_checkpoint(diary.store, &diary.state, diary.position, &complaint);
        if (status != LATTN_OK)
            assert_refused(status);
        worst = status == LATTN_OK ? worst : status;
    }
    return worst;
}

/* The disk is well again: the store goes on, or asks to be made anew and goes on then. */
static void get_well(void)
{
    enum lattn_status status = diary_step(&diary, &complaint);

    if (status == LATTN_INPUT_OUTPUT) {
        cr_assert_eq(diary_step(&diary, &complaint), LATTN_INPUT_OUTPUT, "it stays suspect");
        cr_assert_eq(store_renew(diary.store, &diary.state, 0, &complaint), LATTN_OK, "%s",
                     complaint.text);
        status = diary_step(&diary, &complaint);
    }
    cr_assert_eq(status, LATTN_OK, "%s", complaint.text);
    cr_assert_eq(store_checkpoint(diary.store, &diary.state, diary.position, &complaint), LATTN_OK,
                 "%s", complaint.text);
}

/* Returns whether a call failed. */
static int run_journal(const struct fault *fault, uint64_t after)
{
    enum lattn_status status;
    int has_failed;

    folder = folder_make();
    diary_begin(&diary, COURSE, SEED);
    open_diary();
    failing_io_arm(folder.path, after, fault->and_all, fault->error, fault->calls);
    status = live();
    has_failed = failing_io_disarm() > 0;
    cr_assert(has_failed || status == LATTN_OK, "%s", complaint.text);
    get_well();
    assert_is_on_disk();
    diary_done(&diary);
    folder_remove(&folder);
    runs++;
    return has_failed;
}

Test(store_faults, of_the_disk_lose_nothing_and_invent_nothing)
{
    for (int f = 0; f < faults_count(); f++) {
        uint64_t after = 0;

        while (run_journal(&faults[f], ++after))
            continue;
        cr_assert_gt(after, 5);
    }
    cr_log_info("%d runs", runs);
    cr_assert_eq(leaks(), 0);
}

/* Killed when a write has just failed, instead of getting well: the refused step may be there. */
Test(store_faults, leave_at_most_the_step_that_was_refused)
{
    uint64_t after = 0;
    int has_failed;

    do {
        uint64_t before;
        enum lattn_status status;
        struct state have;

        folder = folder_make();
        diary_begin(&diary, COURSE, SEED);
        open_diary();
        cr_assert_eq(diary_step(&diary, &complaint), LATTN_OK);
        before = diary.position;
        failing_io_arm(folder.path, ++after, 1, EIO, CALLS);
        status = diary_step(&diary, &complaint);
        has_failed = failing_io_disarm() > 0;
        cr_assert_eq(has_failed, status != LATTN_OK);
        store_close(&diary.store);
        have = diary.state;
        diary.state = (struct state){0};
        open_diary();
        cr_assert(diary.position == before + 1 || (has_failed && diary.position == before));
        cr_assert(diary.position != before + !has_failed || diary_agrees(&have, &diary.state));
        state_done(&have);
        diary_done(&diary);
        folder_remove(&folder);
    } while (has_failed);
    cr_assert_gt(after, 4);
}

/* ---- opening and renewing -------------------------------------------------------------------- */

/* Let the newest checkpoint be damaged, so that recovery makes the store anew. */
static void damage_newest(void)
{
    struct bytes image = diary_image(&diary.state);
    size_t length;
    unsigned char *bytes, *at;

    cr_assert_eq(store_checkpoint(diary.store, &diary.state, diary.position, &complaint), LATTN_OK);
    store_close(&diary.store);
    bytes = folder_read(folder_file(&folder, "data.mdb"), &length);
    at = memmem(bytes, length, image.data, image.length);
    cr_assert_not_null(at);
    at[image.length / 2] ^= 1;
    folder_write(folder_file(&folder, "data.mdb"), bytes, length);
    free(bytes);
    bytes_done(&image);
}

static int run_recovery(const struct fault *fault, uint64_t after, int is_new)
{
    enum lattn_status status;
    int has_failed;

    folder = folder_make();
    diary_begin(&diary, COURSE, SEED);
    if (!is_new) {
        open_diary();
        cr_assert_eq(diary_step(&diary, &complaint), LATTN_OK);
        damage_newest();
    }
    failing_io_arm(folder.path, after, fault->and_all, fault->error, fault->calls);
    status = diary_open(&diary, folder.path, &complaint);
    has_failed = failing_io_disarm() > 0;
    if (status != LATTN_OK)
        assert_refused(status);
    cr_assert(has_failed || status == LATTN_OK, "%s", complaint.text);
    assert_is_on_disk();
    diary_done(&diary);
    folder_remove(&folder);
    return has_failed;
}

Test(store_faults, while_it_is_opened_leave_a_store_that_opens)
{
    for (int f = 0; f < faults_count(); f++)
        for (int is_new = 0; is_new < 2; is_new++) {
            uint64_t after = 0;

            if (!corpus_is_long() && is_new != f % 2)
                continue;
            while (run_recovery(&faults[f], ++after, is_new))
                continue;
            cr_assert_gt(after, 2);
        }
}

/* ---- memory ---------------------------------------------------------------------------------- */

/*
 * The child that reads first counts allocations of its own, from the same number on. A learner that
 * finds no memory for its tests of the stream learns without them.
 */
static int run_without_memory(uint64_t after, int and_all, const struct state *truth)
{
    enum lattn_status status;
    int has_failed;

    memory_fail(after, and_all);
    status = diary_open(&diary, folder.path, &complaint);
    has_failed = memory_failed() || status != LATTN_OK;
    memory_fail(0, 0);
    if (status == LATTN_OK) {
        cr_assert(diary_agrees(truth, &diary.state));
    } else {
        cr_assert_eq(status, LATTN_NO_MEMORY, "%d: %s", status, complaint.text);
        cr_assert_eq(strncmp(complaint.text, "state ", 6), 0, "%s", complaint.text);
    }
    store_close(&diary.store);
    return has_failed;
}

Test(store_faults, of_memory_leave_the_directory_as_it_is)
{
    for (int and_all = 0; and_all < 2; and_all++) {
        struct state truth;
        uint64_t after = 0;

        folder = folder_make();
        diary_begin(&diary, COURSE, SEED);
        open_diary();
        cr_assert_eq(diary_step(&diary, &complaint), LATTN_OK);
        cr_assert_eq(state_copy(&diary.state, &truth), LATTN_OK);
        damage_newest();
        while (run_without_memory(++after, and_all, &truth))
            continue;
        cr_assert_gt(after, 5);
        state_done(&truth);
        diary_done(&diary);
        folder_remove(&folder);
    }
    cr_assert_eq(leaks(), 0);
}
