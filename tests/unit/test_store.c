#include "store/store.h"

#include "support/corpus.h"
#include "support/storing.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(store, .init = storing_begin, .fini = storing_end);

static struct store *store_of(const char *path)
{
    struct store *store = NULL;

    cr_assert_eq(store_open(&store, path, STORE_WRITE, &complaint), LATTN_OK, "%s", complaint.text);
    if (store_holds(store) == DIRECTORY_HAS_STORE)
        cr_assert_eq(store_write(store, &complaint), LATTN_OK, "%s", complaint.text);
    return store;
}

/* A new store of the diary's state. */
static void begin(void)
{
    diary.store = store_of(place());
    cr_assert_eq(store_holds(diary.store), DIRECTORY_EMPTY);
    cr_assert_eq(store_renew(diary.store, &diary.state, 0, &complaint), LATTN_OK, "%s",
                 complaint.text);
}

static void open_again(void)
{
    store_close(&diary.store);
    diary.store = store_of(place());
}

static uint64_t oldest_record(struct store *store)
{
    struct record_copy copy;

    for (uint64_t position = 1; position <= store_position(store); position++)
        if (store_read(store, position, &copy, &complaint) == LATTN_OK) {
            record_copy_done(&copy);
            return position;
        }
    return 0;
}

Test(store, keeps_records_until_they_are_read)
{
    struct record_copy copy;

    begin();
    step(3);
    open_again();
    cr_assert_eq(store_position(diary.store), 3);
    for (uint64_t position = 1; position <= 3; position++) {
        cr_assert_eq(store_read(diary.store, position, &copy, &complaint), LATTN_OK);
        cr_assert_eq(copy.record.notes[0].seq, position);
        record_copy_done(&copy);
    }
    cr_assert_eq(store_read(diary.store, 4, &copy, &complaint), LATTN_NO_DATA);
}

Test(store, is_for_its_owner_alone)
{
    struct stat found;

    begin();
    step(1);
    cr_assert_eq(stat(place(), &found), 0);
    cr_assert_eq(found.st_mode & 07777, 0700);
    cr_assert_eq(stat(folder_file(&folder, "state/data.mdb"), &found), 0);
    cr_assert_eq(found.st_mode & 07777, 0600);
}

Test(store, takes_back_the_last_record)
{
    struct record_copy copy;
    uint64_t bytes;

    begin();
    step(2);
    bytes = store_journal_bytes(diary.store);
    step(1);
    cr_assert_eq(store_retract(diary.store, &complaint), LATTN_OK, "%s", complaint.text);
    cr_assert_eq(store_journal_bytes(diary.store), bytes);
    open_again();
    cr_assert_eq(store_position(diary.store), 2);
    cr_assert_eq(store_journal_bytes(diary.store), bytes);
    cr_assert_eq(store_read(diary.store, 3, &copy, &complaint), LATTN_NO_DATA);
    step(1);
    cr_assert_eq(store_position(diary.store), 3);
}

Test(store, keeps_two_checkpoints_and_the_journal_behind_the_older)
{
    uint64_t positions[2];
    struct state state;

    begin();
    for (int i = 0; i < 4; i++) {
        step(5);
        checkpoint();
    }
    step(2);
    open_again();
    cr_assert_eq(store_checkpoints(diary.store, positions), 2);
    cr_assert_eq(positions[0], 20);
    cr_assert_eq(positions[1], 15);
    cr_assert_eq(oldest_record(diary.store), 16);
    cr_assert_eq(store_load(diary.store, 20, &state, &complaint), LATTN_OK, "%s", complaint.text);
    state_done(&state);
    cr_assert_eq(store_load(diary.store, 10, &state, &complaint), LATTN_DAMAGED);
}

Test(store, counts_the_journal_behind_the_newest_checkpoint)
{
    uint64_t before, last;

    begin();
    cr_assert_eq(store_journal_bytes(diary.store), 0);
    step(3);
    before = store_journal_bytes(diary.store);
    step(1);
    last = store_journal_bytes(diary.store) - before;
    cr_assert_gt(last, 0);
    cr_assert_eq(store_checkpoint(diary.store, &diary.state, 3, &complaint), LATTN_OK);
    cr_assert_eq(store_journal_bytes(diary.store), last);
    open_again();
    cr_assert_eq(store_journal_bytes(diary.store), last);
}

Test(store, gives_back_the_state_of_a_checkpoint)
{
    struct state state;

    begin();
    step(7);
    checkpoint();
    cr_assert_eq(store_load(diary.store, 7, &state, &complaint), LATTN_OK, "%s", complaint.text);
    cr_assert(diary_agrees(&state, &diary.state));
    state_done(&state);
}

/* A checkpoint of several transactions: states of a course are too small for that. */
Test(store, takes_records_while_a_large_checkpoint_is_read_back)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct state large, back;
    double z[2 * 12] = {0}, y[1] = {1};
    struct lattn_item item = {.z = z, .y = y, .weight = 1, .n = 2, .d = 12, .m = 1};

    for (int i = 0; i < 24; i++)
        z[i] = 1 + 0.1 * i;
    cr_assert_eq(state_open(&large, &settings), LATTN_OK);
    cr_assert_eq(lattn_learner_admit(large.learner, &item, &complaint), LATTN_OK);
    state_learn(&large, &item, 1);
    cr_assert_gt(state_bytes(&large), (uint64_t)3 << 20);
    begin();
    step(3);
    cr_assert_eq(store_checkpoint(diary.store, &large, 2, &complaint), LATTN_OK);
    step(1);
    cr_assert_eq(store_load(diary.store, 2, &back, &complaint), LATTN_OK, "%s", complaint.text);
    cr_assert(diary_agrees(&large, &back));
    state_done(&large);
    state_done(&back);
}

/* ---- two threads ---------------------------------------------------------------------------- */

static atomic_int is_done;

static void *checkpoint_often(void *arg)
{
    struct state *snapshot = arg;
    struct lattn_complaint said;

    for (uint64_t position = 1; position <= 8; position++)
        cr_assert_eq(store_checkpoint(diary.store, snapshot, position, &said), LATTN_OK);
    atomic_store(&is_done, 1);
    return NULL;
}

Test(store, takes_records_while_checkpoints_are_written)
{
    struct state snapshot;
    uint64_t positions[2];
    pthread_t thread;

    begin();
    step(8);
    cr_assert_eq(state_copy(&diary.state, &snapshot), LATTN_OK);
    cr_assert_eq(pthread_create(&thread, NULL, checkpoint_often, &snapshot), 0);
    while (!atomic_load(&is_done))
        step(1);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    state_done(&snapshot);
    open_again();
    cr_assert_eq(store_position(diary.store), diary.position);
    cr_assert_eq(store_checkpoints(diary.store, positions), 2);
    cr_assert_eq(positions[0], 8);
    cr_assert_eq(oldest_record(diary.store), 8);
}

/* ---- renewal -------------------------------------------------------------------------------- */

Test(store, made_anew_goes_on_where_it_was)
{
    uint64_t positions[2];
    struct state state;

    begin();
    step(3);
    checkpoint();
    step(2);
    cr_assert_eq(store_renew(diary.store, &diary.state, 1, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_assert(folder_has(&folder, "state/damaged-1.mdb"));
    cr_assert_not(folder_has(&folder, "state/new.mdb"));
    step(1);
    open_again();
    cr_assert_eq(store_position(diary.store), 6);
    cr_assert_eq(store_checkpoints(diary.store, positions), 1);
    cr_assert_eq(positions[0], 5);
    cr_assert_eq(store_load(diary.store, 5, &state, &complaint), LATTN_OK);
    state_done(&state);
}

/* ---- refusals ------------------------------------------------------------------------------- */

static enum lattn_status status_of(const char *path, enum store_use use)
{
    struct store *store = NULL;
    enum lattn_status status = store_open(&store, path, use, &complaint);

    store_close(&store);
    return status;
}

Test(store, belongs_to_one_process)
{
    begin();
    cr_assert_eq(status_of(place(), STORE_WRITE), LATTN_IN_USE);
    cr_assert_not_null(strstr(complaint.text, "/state: another process has it open"), "%s",
                       complaint.text);
    cr_assert_eq(status_of(place(), STORE_READ), LATTN_IN_USE);
    store_close(&diary.store);
    cr_assert_eq(status_of(place(), STORE_READ), LATTN_OK);
}

Test(store, is_not_made_where_other_things_are)
{
    folder_write(folder_file(&folder, "letter.txt"), "dear", 4);
    cr_assert_eq(status_of(folder.path, STORE_WRITE), LATTN_DAMAGED);
    cr_assert_not_null(strstr(complaint.text, "it holds no state but other things, as letter.txt"),
                       "%s", complaint.text);
    cr_assert_eq(status_of(folder_file(&folder, "letter.txt"), STORE_WRITE), LATTN_INPUT_OUTPUT);
    cr_assert_not_null(strstr(complaint.text, "Not a directory"), "%s", complaint.text);
    cr_assert_eq(status_of(folder_file(&folder, "none"), STORE_READ), LATTN_NO_DATA);
    cr_assert_eq(status_of(folder_file(&folder, "none/below"), STORE_WRITE), LATTN_INPUT_OUTPUT);
}

Test(store, leaves_no_directory_that_it_made_in_vain)
{
    struct store *store = store_of(place());

    store_close(&store);
    cr_assert_not(folder_has(&folder, "state"));
}

Test(store, of_another_version_is_refused_by_name)
{
    static const char magic[] = "lattnd\n\x1a";
    size_t length, patched = 0;
    unsigned char *bytes;

    begin();
    step(1);
    store_close(&diary.store);
    bytes = folder_read(folder_file(&folder, "state/data.mdb"), &length);
    for (size_t i = 0; i + 12 < length; i++)
        if (memcmp(bytes + i, magic, 8) == 0) {
            bytes[i + 8] = 77;
            patched++;
        }
    cr_assert_gt(patched, 0);
    folder_write(folder_file(&folder, "state/data.mdb"), bytes, length);
    free(bytes);
    cr_assert_eq(status_of(place(), STORE_WRITE), LATTN_OTHER_VERSION);
    cr_assert_not_null(strstr(complaint.text, "has version 77, versions up to 1 are known"), "%s",
                       complaint.text);
}
