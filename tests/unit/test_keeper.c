#include "serve/keeper.h"

#include "base/memory.h"
#include "store/recover.h"
#include "support/failing_io.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { PART_BYTES = 100 };

#define HOUR_NS UINT64_C(3600000000000)

static char directory[64] = "/tmp/lattn-keeper-XXXXXX";
static struct store *store;
static struct state state;
static struct keeper *keeper;
static struct fold_journal journal;
static uv_sem_t done;

static void post(void *arg)
{
    uv_sem_post(arg);
}

static void open_keeper(void)
{
    const struct keeper_settings settings = {
        .store = store,
        .directory = directory,
        .checkpoint_every_ns = HOUR_NS,
        .part_bytes_max = PART_BYTES,
        .done = post,
        .arg = &done,
    };

    cr_assert_eq(uv_sem_init(&done, 0), 0);
    cr_assert_eq(keeper_open(&keeper, &settings, &state), LATTN_OK);
    journal = keeper_journal(keeper);
}

static void open_in_memory(void)
{
    const struct lattn_learner_settings settings = lattn_learner_settings_default();

    cr_assert_eq(state_open(&state, &settings), LATTN_OK);
    open_keeper();
}

static struct recover_info recover(void)
{
    const struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_complaint complaint = {""};
    struct recover_info info;

    cr_assert_eq(recover_open(directory, &settings, 0, &store, &state, &info, &complaint), LATTN_OK,
                 "%s", complaint.text);
    cr_assert_eq(recover_keep(store, &state, &info, &complaint), LATTN_OK, "%s", complaint.text);
    return info;
}

static void open_on_disk(void)
{
    cr_assert_not_null(mkdtemp(directory));
    (void)recover();
    open_keeper();
}

static void close_all(void)
{
    char command[128];

    keeper_close(&keeper);
    cr_assert_null(keeper);
    store_close(&store);
    state_done(&state);
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

/* Commit a number of a producer and take the step. */
static enum lattn_status commit(uint64_t seq, struct lattn_complaint *complaint)
{
    const struct record_note note = {"p", seq};
    const struct record record = {.kind = RECORD_BLOCK, .notes = &note, .notes_count = 1};
    enum lattn_status status = journal.commit(journal.arg, &record, complaint);

    if (status == LATTN_OK)
        cr_assert_eq(producers_put(state.producers, "p", seq), LATTN_OK);
    return status;
}

static void commit_well(uint64_t seq)
{
    struct lattn_complaint complaint = {""};

    cr_assert_eq(commit(seq, &complaint), LATTN_OK, "%s", complaint.text);
}

static struct lattn_kept describe(void)
{
    struct lattn_kept kept;

    keeper_describe(keeper, uv_hrtime(), &kept);
    return kept;
}

/* Let the job under way end, and take it in. */
static void await_job(void)
{
    uv_sem_wait(&done);
    cr_assert_eq(keeper_tend(keeper, &state, 0), 1);
}

/* ---- checkpoints ---- */

Test(keeper, keeps_nothing_without_a_store)
{
    open_in_memory();
    cr_assert_null(journal.commit);
    cr_assert_eq(keeper_due(keeper), UINT64_MAX);
    cr_assert_eq(keeper_tend(keeper, &state, HOUR_NS), 0);
    cr_assert_eq(describe().is_kept, 0);
    keeper_finish(keeper, &state);
    keeper_close(&keeper);
    state_done(&state);
}

Test(keeper, makes_a_checkpoint_when_a_change_is_old_enough)
{
    uint64_t before_ns;
    uint64_t due_ns;

    open_on_disk();
    cr_assert_eq(keeper_due(keeper), UINT64_MAX, "nothing has changed");
    before_ns = uv_hrtime();
    commit_well(1);
    due_ns = keeper_due(keeper);
    cr_assert(due_ns >= before_ns + HOUR_NS && due_ns <= uv_hrtime() + HOUR_NS);
    commit_well(2);
    cr_assert_eq(keeper_due(keeper), due_ns, "the first change counts");
    cr_assert_eq(keeper_tend(keeper, &state, due_ns - 1), 0);
    cr_assert_eq(keeper_due(keeper), due_ns);
    cr_assert_eq(keeper_tend(keeper, &state, due_ns), 0);
    await_job();
    cr_assert_eq(describe().position, 2);
    cr_assert_eq(describe().journal_bytes, 0);
    cr_assert_geq(describe().checkpoint_age_s, 0);
    cr_assert_eq(keeper_due(keeper), UINT64_MAX);
    close_all();
}

Test(keeper, answers_when_the_checkpoint_is_there)
{
    struct lattn_complaint complaint = {""};
    struct saver_result result;
    uint64_t first, second;

    open_on_disk();
    commit_well(1);
    first = keeper_ask(keeper, KEEPER_CHECKPOINT);
    cr_assert_eq(keeper_ask(keeper, KEEPER_CHECKPOINT), first, "one will do for both");
    cr_assert_eq(keeper_due(keeper), 0);
    cr_assert_eq(keeper_outcome(keeper, KEEPER_CHECKPOINT, first, &result, NULL), LATTN_MORE);
    cr_assert_eq(keeper_tend(keeper, &state, 0), 0);
    commit_well(2);
    second = keeper_ask(keeper, KEEPER_CHECKPOINT);
    cr_assert_neq(second, first, "that one was begun before");
    await_job();
    cr_assert_eq(keeper_outcome(keeper, KEEPER_CHECKPOINT, first, &result, &complaint), LATTN_OK);
    cr_assert_eq(result.position, 1);
    cr_assert_eq(keeper_outcome(keeper, KEEPER_CHECKPOINT, second, &result, NULL), LATTN_MORE);
    await_job();
    cr_assert_eq(keeper_outcome(keeper, KEEPER_CHECKPOINT, second, &result, &complaint), LATTN_OK);
    cr_assert_eq(result.position, 2);
    second = keeper_ask(keeper, KEEPER_CHECKPOINT);
    cr_assert_eq(keeper_tend(keeper, &state, 0), 1, "it is there already");
    cr_assert_eq(keeper_outcome(keeper, KEEPER_CHECKPOINT, second, &result, &complaint), LATTN_OK);
    cr_assert_eq(result.bytes, state_bytes(&state));
    close_all();
}

Test(keeper, ends_with_a_checkpoint)
{
    struct recover_info info;
    uint64_t seq = 0;

    open_on_disk();
    commit_well(1);
    commit_well(2);
    keeper_finish(keeper, &state);
    keeper_close(&keeper);
    store_close(&store);
    state_done(&state);
    info = recover();
    cr_assert_eq(info.checkpoint, 2);
    cr_assert_eq(info.records, 0);
    cr_assert_eq(producers_last(state.producers, "p", &seq), LATTN_OK);
    cr_assert_eq(seq, 2);
    close_all();
}

Test(keeper, counts_what_it_keeps)
{
    struct lattn_complaint complaint = {""};
    struct keeper_tally tally;

    open_on_disk();
    cr_assert_eq(keeper_tally(keeper).is_changed, 0);
    commit_well(1);
    commit_well(2);
    failing_io_arm(directory, 1, 1, ENOSPC, FAILING_IO_WRITE);
    cr_assert_eq(commit(3, &complaint), LATTN_NO_SPACE);
    cr_assert_eq(commit(3, &complaint), LATTN_NO_SPACE);
    (void)keeper_ask(keeper, KEEPER_CHECKPOINT);
    (void)keeper_tend(keeper, &state, 0);
    await_job();
    failing_io_disarm();
    tally = keeper_tally(keeper);
    cr_expect_eq(histogram_total(&tally.commits), 2);
    cr_expect_gt(tally.commits.sum_ns, 0);
    cr_expect_eq(tally.commits_failed, 2);
    cr_expect_eq(tally.checkpoints_failed, 1);
    cr_expect_eq(tally.checkpoints, 0);
    cr_expect_eq(tally.checkpoint_end_ns, 0);
    cr_expect(tally.is_changed && tally.changed_ns <= uv_hrtime());
    (void)keeper_tend(keeper, &state, keeper_due(keeper));
    await_job();
    tally = keeper_tally(keeper);
    cr_expect_eq(tally.checkpoints, 1);
    cr_expect_eq(tally.checkpoints_failed, 1);
    cr_expect_gt(tally.checkpoint_end_ns, 0);
    cr_expect_eq(tally.is_changed, 0);
    close_all();
}

/* ---- images ---- */

Test(keeper, hands_out_an_image_in_parts)
{
    const struct lattn_image *image;
    struct lattn_complaint complaint = {""};
    struct saver_result result;
    uint64_t ticket;
    uint64_t bytes = 0;
    const char *part;
    size_t length;

    open_in_memory();
    ticket = keeper_ask(keeper, KEEPER_IMAGE);
    cr_assert_null(keeper_image(keeper));
    cr_assert_eq(keeper_tend(keeper, &state, 0), 0);
    await_job();
    cr_assert_eq(keeper_outcome(keeper, KEEPER_IMAGE, ticket, &result, &complaint), LATTN_OK);
    image = keeper_image(keeper);
    cr_assert_eq(image->bytes, state_bytes(&state));
    cr_assert_eq(image->parts, (image->bytes + PART_BYTES - 1) / PART_BYTES);
    for (uint64_t i = 0; i < image->parts; i++) {
        cr_assert_eq(keeper_part(keeper, image->id, i, &part, &length, &complaint), LATTN_OK);
        cr_assert(length == PART_BYTES || i + 1 == image->parts);
        cr_assert(i > 0 || memcmp(part, "lattn", 5) == 0);
        bytes += length;
    }
    cr_assert_eq(bytes, image->bytes);
    cr_assert_eq(keeper_part(keeper, image->id, image->parts, &part, &length, &complaint),
                 LATTN_RANGE);
    cr_assert_eq(keeper_part(keeper, image->id + 1, 0, &part, &length, &complaint), LATTN_RANGE);
    keeper_image_close(keeper);
    cr_assert_eq(keeper_part(keeper, 1, 0, &part, &length, &complaint), LATTN_RANGE);
    cr_assert_str_eq(complaint.text, "image 1 is not here (any more)");
    keeper_close(&keeper);
    state_done(&state);
}

Test(keeper, says_so_where_there_is_no_memory_for_a_copy)
{
    struct saver_result result;
    uint64_t ticket;

    open_in_memory();
    ticket = keeper_ask(keeper, KEEPER_IMAGE);
    memory_fail(1, 0);
    cr_assert_eq(keeper_tend(keeper, &state, 0), 1, "whoever waits for it hears so");
    memory_fail(0, 0);
    cr_assert_eq(keeper_outcome(keeper, KEEPER_IMAGE, ticket, &result, NULL), LATTN_NO_MEMORY);
    cr_assert_eq(keeper_due(keeper), UINT64_MAX);
    keeper_close(&keeper);
    state_done(&state);
}

/* ---- a disk that fails ---- */

Test(keeper, refuses_while_the_disk_is_full_and_goes_on_by_itself)
{
    struct lattn_complaint complaint = {""};
    uint64_t tries;

    open_on_disk();
    commit_well(1);
    failing_io_arm(directory, 1, 1, ENOSPC, FAILING_IO_WRITE);
    cr_assert_eq(commit(2, &complaint), LATTN_NO_SPACE);
    cr_assert_not_null(strstr(complaint.text, directory), "%s", complaint.text);
    cr_assert_str_eq(describe().error, complaint.text);
    cr_assert_gt(keeper_tally(keeper).refuses_until_ns, 0);
    cr_assert_lt(keeper_tally(keeper).refuses_until_ns, uv_hrtime() + HOUR_NS);
    tries = failing_io_count();
    cr_assert_eq(commit(2, &complaint), LATTN_NO_SPACE);
    cr_assert_eq(failing_io_count(), tries, "not tried again at once");
    cr_assert_eq(describe().position, 1);
    failing_io_disarm();
    while (commit(2, &complaint) != LATTN_OK)
        usleep(10000);
    cr_assert_str_empty(describe().error);
    cr_assert_eq(keeper_tally(keeper).refuses_until_ns, 0);
    cr_assert_eq(describe().position, 2);
    close_all();
}

Test(keeper, writes_all_of_it_anew_where_the_disk_fails)
{
    struct lattn_complaint complaint = {""};
    struct saver_result result;
    uint64_t ticket;

    open_on_disk();
    commit_well(1);
    failing_io_arm(directory, 1, 0, EIO, FAILING_IO_SYNC);
    cr_assert_eq(commit(2, &complaint), LATTN_INPUT_OUTPUT);
    failing_io_disarm();
    cr_assert_eq(commit(2, &complaint), LATTN_INPUT_OUTPUT, "nobody knows what is there");
    cr_assert_eq(keeper_tally(keeper).refuses_until_ns, UINT64_MAX);
    cr_assert_not_null(strstr(complaint.text, directory), "%s", complaint.text);
    ticket = keeper_ask(keeper, KEEPER_CHECKPOINT);
    cr_assert_eq(keeper_tend(keeper, &state, 0), 1);
    cr_assert_eq(keeper_outcome(keeper, KEEPER_CHECKPOINT, ticket, &result, &complaint),
                 LATTN_INPUT_OUTPUT);
    cr_assert_lt(keeper_due(keeper), UINT64_MAX);
    cr_assert_eq(keeper_tend(keeper, &state, keeper_due(keeper)), 0);
    await_job();
    commit_well(2);
    keeper_close(&keeper);
    store_close(&store);
    state_done(&state);
    (void)recover();
    cr_assert_eq(producers_last(state.producers, "p", &ticket), LATTN_OK);
    cr_assert_eq(ticket, 2);
    close_all();
}

Test(keeper, writes_all_of_it_anew_at_the_end_if_not_before)
{
    struct lattn_complaint complaint = {""};
    struct recover_info info;

    open_on_disk();
    commit_well(1);
    failing_io_arm(directory, 1, 0, EIO, FAILING_IO_SYNC);
    cr_assert_eq(commit(2, &complaint), LATTN_INPUT_OUTPUT);
    failing_io_disarm();
    keeper_finish(keeper, &state);
    cr_assert_str_empty(describe().error);
    keeper_close(&keeper);
    store_close(&store);
    state_done(&state);
    info = recover();
    cr_assert_eq(info.checkpoint, 1);
    cr_assert_eq(info.records, 0);
    close_all();
}

Test(keeper, tries_a_checkpoint_again_that_failed)
{
    struct lattn_complaint complaint = {""};
    struct saver_result result;
    uint64_t ticket;

    open_on_disk();
    commit_well(1);
    failing_io_arm(directory, 1, 1, ENOSPC, FAILING_IO_WRITE);
    ticket = keeper_ask(keeper, KEEPER_CHECKPOINT);
    (void)keeper_tend(keeper, &state, 0);
    await_job();
    failing_io_disarm();
    cr_assert_eq(keeper_outcome(keeper, KEEPER_CHECKPOINT, ticket, &result, &complaint),
                 LATTN_NO_SPACE);
    cr_assert_not_null(strstr(describe().error, directory), "%s", describe().error);
    commit_well(2);
    cr_assert_not_null(strstr(describe().error, directory), "the journal goes on");
    cr_assert_eq(keeper_tally(keeper).refuses_until_ns, 0);
    cr_assert_lt(keeper_due(keeper), uv_hrtime() + HOUR_NS / 2);
    (void)keeper_tend(keeper, &state, keeper_due(keeper));
    await_job();
    cr_assert_str_empty(describe().error);
    close_all();
}

Test(keeper, takes_back_a_step_that_was_impossible)
{
    struct recover_info info;

    open_on_disk();
    commit_well(1);
    commit_well(2);
    journal.retract(journal.arg);
    cr_assert_eq(describe().position, 1);
    keeper_close(&keeper);
    store_close(&store);
    state_done(&state);
    info = recover();
    cr_assert_eq(info.checkpoint + info.records, 1);
    close_all();
}
