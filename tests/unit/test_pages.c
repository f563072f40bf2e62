#include "store/pages.h"

#include "core/dense.h"
#include "store/store.h"
#include "support/diary.h"
#include "support/folder.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Where LMDB keeps what is changed here, from its documentation and from files that it wrote. */
enum {
    PAGE = 4096,
    KIND = 10,
    BRANCH = 1,
    OFFSETS_END = 12,
    OFFSETS = 16,
    FREE_ROOT = 80,
    TRANSACTION = 144,
    RECORDS = 400
};

static struct folder folder;
static struct diary diary;
static unsigned char *bytes;
static size_t length;
static struct lattn_complaint minor, complaint;

static void read_file(void)
{
    free(bytes);
    bytes = folder_read(folder_file(&folder, "data.mdb"), &length);
}

static void write_file(void)
{
    folder_write(folder_file(&folder, "data.mdb"), bytes, length);
}

/* A store with so many records that their tree has a branch, and with free pages. */
static void set_up(void)
{
    static const struct record nothing = {.kind = RECORD_RESET};

    dense_threads_one();
    folder = folder_make();
    diary_begin(&diary, 0, 1);
    cr_assert_eq(diary_open(&diary, folder.path, &complaint), LATTN_OK, "%s", complaint.text);
    for (int i = 0; i < RECORDS; i++)
        cr_assert_eq(store_append(diary.store, &nothing, &complaint), LATTN_OK);
    cr_assert_eq(store_checkpoint(diary.store, &diary.state, RECORDS / 2, &complaint), LATTN_OK);
    store_close(&diary.store);
    read_file();
}

static void tear_down(void)
{
    free(bytes);
    diary_done(&diary);
    folder_remove(&folder);
}

TestSuite(pages, .init = set_up, .fini = tear_down);

static enum lattn_status check(void)
{
    write_file();
    return pages_check(folder_file(&folder, "data.mdb"), &minor, &complaint);
}

static uint64_t get(size_t at)
{
    uint64_t number;

    memcpy(&number, bytes + at, sizeof number);
    return number;
}

static void put(size_t at, uint64_t number)
{
    memcpy(bytes + at, &number, sizeof number);
}

/* Offsets of the page LMDB begins from, and of the older one. */
static size_t newest(void)
{
    return get(TRANSACTION) > get(PAGE + TRANSACTION) ? 0 : PAGE;
}

static size_t oldest(void)
{
    return PAGE - newest();
}

Test(pages, of_a_sound_store_are_sound)
{
    cr_assert_eq(check(), LATTN_OK, "%s", complaint.text);
    cr_assert_str_eq(minor.text, "");
}

static void assert_lost(void)
{
    cr_assert_eq(check(), LATTN_DAMAGED);
    cr_assert_not_null(strstr(complaint.text, "transaction"), "%s", complaint.text);
}

/* Each of these lets LMDB begin from the older page, which is sound in itself. */
Test(pages, that_lost_a_transaction_are_noticed)
{
    uint64_t last = get(newest() + TRANSACTION);
    size_t lost = newest(), left = oldest();

    for (uint64_t fewer = 1; fewer <= 4; fewer++) {
        put(lost + TRANSACTION, last - fewer);
        assert_lost();
    }
    put(lost + TRANSACTION, 0);
    assert_lost();
    put(lost + TRANSACTION, last);
    put(left + TRANSACTION, last + 1);
    assert_lost();
    put(left + TRANSACTION, last - 1);
    cr_assert_eq(check(), LATTN_OK, "%s", complaint.text);
    memcpy(bytes + lost + 16, bytes + left + 16, 200);
    assert_lost();
}

Test(pages, whose_branches_lead_astray_are_noticed)
{
    size_t branch = 0;

    for (size_t page = 2 * PAGE; page < length; page += PAGE)
        if (get(page) == page / PAGE && bytes[page + KIND] == BRANCH && bytes[page + KIND + 1] == 0)
            branch = page;
    cr_assert_neq(branch, 0);
    for (size_t page = 2 * PAGE; page <= branch; page += PAGE) {
        uint16_t node;

        if (get(page) != page / PAGE || bytes[page + KIND] != BRANCH)
            continue;
        memcpy(&node, bytes + page + OFFSETS + 2, sizeof node);
        put(page + node + 8, get(page + node + 8) + 1);
    }
    cr_assert_eq(check(), LATTN_DAMAGED);
    cr_assert_not_null(strstr(complaint.text, "its keys are in disorder"), "%s", complaint.text);
}

Test(pages, that_are_said_to_be_free_and_are_not_are_for_readers_only)
{
    size_t leaf = get(newest() + FREE_ROOT) * PAGE;
    uint16_t node;

    memcpy(&node, bytes + leaf + OFFSETS, sizeof node);
    put(leaf + node + 8 + 8 + 8, leaf / PAGE);
    cr_assert_eq(check(), LATTN_OK, "%s", complaint.text);
    cr_assert_not_null(strstr(minor.text, "a page in use is said to be free"), "%s", minor.text);
}

Test(pages, are_checked_whatever_a_file_is)
{
    size_t whole = length;

    memset(bytes, 0xff, length);
    cr_assert_eq(check(), LATTN_DAMAGED);
    memset(bytes, 0, length);
    cr_assert_eq(check(), LATTN_DAMAGED);
    length = 1;
    cr_assert_eq(check(), LATTN_DAMAGED);
    length = 0;
    cr_assert_eq(check(), LATTN_DAMAGED);
    cr_assert_str_eq(complaint.text, "data.mdb is empty");
    cr_assert_eq(pages_check(folder_file(&folder, "none"), &minor, &complaint), LATTN_INPUT_OUTPUT);
    length = whole;
}

/* Every byte of the pages that LMDB begins from, and of every header: noticed or of no account. */
Test(pages, that_changed_never_bring_down_who_looks)
{
    struct random random = {.state = 1};
    int runs = getenv("LATTN_LONG") != NULL ? 3000 : 100;

    for (int run = 0; run < runs; run++) {
        size_t page = random_below(&random, (uint32_t)(length / PAGE)) * PAGE;
        size_t at = run % 2 == 0 ? random_below(&random, 2 * PAGE) : page + (size_t)(run / 2 % 32);
        unsigned char was = bytes[at];

        bytes[at] ^= (unsigned char)(1 << random_below(&random, 8));
        (void)check();
        bytes[at] = was;
    }
}
