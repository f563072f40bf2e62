#include "store/recover.h"

#include "core/cost.h"
#include "core/learner.h"
#include "support/storing.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct recover_info info;

enum { GROWING = 11 };

TestSuite(recover, .init = storing_begin, .fini = storing_end);

static void open_new(void)
{
    cr_assert_eq(diary_open(&diary, place(), &complaint), LATTN_OK, "%s", complaint.text);
}

/* Recover into `state` and keep it, with the settings of the course as the wish. */
static enum lattn_status recover(unsigned given, struct store **ret_store, struct state *ret_state)
{
    enum lattn_status status = recover_open(place(), &diary.course.settings, given, ret_store,
                                            ret_state, &info, &complaint);

    return status == LATTN_OK ? recover_keep(*ret_store, ret_state, &info, &complaint) : status;
}

/* Recover, and compare with the diary, which never stopped. */
static void assert_recovers(void)
{
    struct store *store = NULL;
    struct state state = {0};

    store_close(&diary.store);
    cr_assert_eq(recover(0, &store, &state), LATTN_OK, "%s", complaint.text);
    cr_assert_eq(store_position(store), diary.position);
    cr_assert(diary_agrees(&state, &diary.state));
    store_close(&store);
    state_done(&state);
}

Test(recover, begins_anew_where_nothing_is)
{
    struct store *store;
    struct state state;

    cr_assert_eq(recover(0, &store, &state), LATTN_OK, "%s", complaint.text);
    cr_assert(info.is_new && !info.is_imported && !info.is_renewed);
    cr_assert_eq(store_position(store), 0);
    store_close(&store);
    state_done(&state);
    cr_assert_eq(recover(0, &store, &state), LATTN_OK, "%s", complaint.text);
    cr_assert_not(info.is_new);
    cr_assert_eq(info.settings.forget, diary.course.settings.forget);
    store_close(&store);
    state_done(&state);
}

Test(recover, gives_the_bits_of_one_that_never_stopped)
{
    for (int32_t course = 0; course < COURSES; course++) {
        diary_done(&diary);
        diary_begin(&diary, course, STORING_SEED);
        open_new();
        step(4);
        assert_recovers();
        open_new();
        checkpoint();
        step(3);
        checkpoint();
        step(2);
        assert_recovers();
        cr_assert_eq(info.records, diary.position - info.checkpoint);
        cr_assert_gt(info.checkpoint, 0);
        cr_assert_eq(info.damage[0], '\0');
        folder_remove(&folder);
        folder = folder_make();
    }
}

Test(recover, goes_on_where_it_was)
{
    struct state truth;

    diary_done(&diary);
    diary_begin(&diary, GROWING, STORING_SEED);
    open_new();
    for (int i = 0; i < 6; i++) {
        step(5);
        if (i % 2 == 0)
            checkpoint();
        store_close(&diary.store);
        open_new();
    }
    diary_truth(GROWING, STORING_SEED, diary.position, &truth);
    cr_assert(diary_agrees(&truth, &diary.state));
    state_done(&truth);
}

/* ---- wishes --------------------------------------------------------------------------------- */

static void assert_conflict(unsigned given, const char *why)
{
    struct store *store = NULL;
    struct state state = {0};

    cr_assert_eq(recover(given, &store, &state), LATTN_CONFLICT);
    cr_assert_str_eq(complaint.text, why);
    cr_assert_null(store);
}

Test(recover, names_the_option_that_contradicts)
{
    struct lattn_learner_settings *wish = &diary.course.settings;
    unsigned all = RECOVER_DIM | RECOVER_OUTPUTS | RECOVER_BIAS | RECOVER_FORGET | RECOVER_ENGINE;
    struct store *store;
    struct state state;

    open_new();
    step(3);
    checkpoint();
    store_close(&diary.store);
    wish->dim = 7;
    assert_conflict(RECOVER_DIM, "--dim is 7, the state has 5");
    wish->dim = 5;
    wish->outputs = 2;
    assert_conflict(RECOVER_OUTPUTS, "--outputs is 2, the state has 1");
    wish->outputs = 1;
    wish->forget = 0.5;
    assert_conflict(RECOVER_FORGET, "--forget is 0.5, the state has 1");
    wish->forget = 1;
    wish->bias = 0;
    assert_conflict(RECOVER_BIAS, "--bias is off, the state has one");
    cr_assert_eq(recover(RECOVER_DIM | RECOVER_FORGET, &store, &state), LATTN_OK, "not given");
    store_close(&store);
    state_done(&state);
    wish->bias = 1;
    wish->ridge = 0.25;
    wish->precision = 1e-9;
    cr_assert_eq(recover(all, &store, &state), LATTN_OK, "%s", complaint.text);
    cr_assert_eq(lattn_learner_settings_get(state.learner).ridge, 0.25);
    cr_assert_eq(lattn_learner_settings_get(state.learner).precision, 1e-9);
    store_close(&store);
    state_done(&state);
}

Test(recover, leaves_a_state_that_contradicts_as_it_is)
{
    size_t before, after;
    unsigned char *was, *is;

    open_new();
    step(3);
    store_close(&diary.store);
    was = folder_read(folder_file(&folder, "state/data.mdb"), &before);
    diary.course.settings.forget = 0.5;
    assert_conflict(RECOVER_FORGET, "--forget is 0.5, the state has 1");
    is = folder_read(folder_file(&folder, "state/data.mdb"), &after);
    cr_assert(before == after && memcmp(was, is, before) == 0);
    free(was);
    free(is);
}

/* Items are as exact as they were said to be when they were learned, whatever is said later. */
Test(recover, takes_steps_by_the_precision_of_their_time)
{
    open_new();
    step(3);
    store_close(&diary.store);
    diary.course.settings.precision = 1e-6;
    open_new();
    step(2);
    assert_recovers();
    diary.course.settings.precision = 0;
    open_new();
    cr_assert_eq(diary.state.learner->factor.precision, 1e-6, "five steps ago it was 0");
    step(1);
    assert_recovers();
}

static int is_in_information_form(void)
{
    return diary.state.learner->factor.components[0]->moment != NULL;
}

/* A limit that the information form would pass keeps R what it is, whatever the limit is later. */
Test(recover, takes_forms_by_the_limit_of_their_time)
{
    struct cost cost = cost_of(diary.course.d, diary.course.m, LATTN_ENGINE_GRAM);

    cr_assert_lt(cost.first_bytes, cost.state_bytes);
    diary.course.settings.bias = 0;
    diary.course.settings.engine = LATTN_ENGINE_GRAM;
    diary.course.settings.memory_max = cost.first_bytes;
    open_new();
    step(4);
    cr_assert_gt(lattn_learner_pairs(diary.state.learner), 2 * (uint64_t)cost.features);
    cr_assert_not(is_in_information_form());
    assert_recovers();
    diary.course.settings.memory_max = 0;
    open_new();
    step(6);
    cr_assert(is_in_information_form());
    assert_recovers();
}

/* Whoever cannot go on with a state that was recovered leaves no trace. */
Test(recover, changes_nothing_before_it_is_kept)
{
    struct store *store = NULL;
    struct state state = {0};

    cr_assert_eq(
        recover_open(place(), &diary.course.settings, 0, &store, &state, &info, &complaint),
        LATTN_OK);
    store_close(&store);
    state_done(&state);
    cr_assert_not(folder_has(&folder, "state"), "not even a directory");
    open_new();
    step(1);
    store_close(&diary.store);
    cr_assert_eq(unlink(folder_file(&folder, "state/lock.mdb")), 0);
    cr_assert_eq(
        recover_open(place(), &diary.course.settings, 0, &store, &state, &info, &complaint),
        LATTN_OK);
    store_close(&store);
    state_done(&state);
    cr_assert_not(folder_has(&folder, "state/lock.mdb"));
    assert_recovers();
}

/* ---- images --------------------------------------------------------------------------------- */

static void write_image(const struct state *state)
{
    struct bytes bytes = diary_image(state);

    folder_write(folder_file(&folder, "state/image"), bytes.data, bytes.length);
    bytes_done(&bytes);
}

static void make_place(void)
{
    struct folder inner = folder_make();

    cr_assert_eq(rename(inner.path, place()), 0);
}

Test(recover, begins_from_an_image)
{
    step(6);
    make_place();
    write_image(&diary.state);
    diary.position = 0;
    assert_recovers();
    cr_assert(info.is_imported && !info.is_new);
    cr_assert_gt(info.pairs, 0);
    open_new();
    step(2);
    assert_recovers();
    cr_assert_not(info.is_imported);
    cr_assert_eq(info.records, 2);
}

Test(recover, refuses_an_image_that_is_damaged)
{
    struct store *store;
    struct state state;
    struct bytes bytes;

    step(6);
    make_place();
    bytes = diary_image(&diary.state);
    bytes.data[bytes.length / 2] ^= 1;
    folder_write(folder_file(&folder, "state/image"), bytes.data, bytes.length);
    cr_assert_eq(recover(0, &store, &state), LATTN_DAMAGED);
    cr_assert_not_null(strstr(complaint.text, "/state: image: "), "%s", complaint.text);
    folder_write(folder_file(&folder, "state/image"), bytes.data, bytes.length / 2);
    cr_assert_eq(recover(0, &store, &state), LATTN_DAMAGED);
    folder_write(folder_file(&folder, "state/image"), "", 0);
    cr_assert_eq(recover(0, &store, &state), LATTN_DAMAGED);
    cr_assert_not(folder_has(&folder, "state/data.mdb"));
    bytes_done(&bytes);
}

/* ---- damage --------------------------------------------------------------------------------- */

/* Change these bytes wherever they are in the store: pages that are free by now may have them too.
 */
static void spoil(const void *what, size_t length, size_t offset)
{
    const char *path = folder_file(&folder, "state/data.mdb");
    size_t room, found = 0;
    unsigned char *bytes = folder_read(path, &room), *at = bytes;

    while ((at = memmem(at, room - (size_t)(at - bytes), what, length)) != NULL) {
        at[offset] ^= 0x10;
        found++;
    }
    cr_assert_gt(found, 0);
    folder_write(path, bytes, room);
    free(bytes);
}

/* The last bytes of an image are a checksum, which no other image has. */
static void spoil_checkpoint(const struct state *state)
{
    struct bytes bytes = diary_image(state);

    spoil(bytes.data + bytes.length - 8, 8, 0);
    bytes_done(&bytes);
}

Test(recover, takes_the_previous_checkpoint_where_the_newest_is_damaged)
{
    struct state then;

    open_new();
    step(3);
    checkpoint();
    step(3);
    checkpoint();
    cr_assert_eq(state_copy(&diary.state, &then), LATTN_OK);
    step(2);
    store_close(&diary.store);
    spoil_checkpoint(&then);
    assert_recovers();
    cr_assert(info.is_previous && info.is_renewed);
    cr_assert_eq(info.checkpoint, 3);
    cr_assert_eq(info.records, 5);
    cr_assert_str_eq(info.damage, "checkpoint 6: piece 0 is damaged");
    cr_assert(folder_has(&folder, "state/damaged-1.mdb"));
    assert_recovers();
    cr_assert(!info.is_previous && !info.is_renewed && info.damage[0] == '\0');
    state_done(&then);
}

Test(recover, needs_no_previous_checkpoint_but_makes_the_store_anew)
{
    struct state then;

    open_new();
    step(3);
    checkpoint();
    cr_assert_eq(state_copy(&diary.state, &then), LATTN_OK);
    step(3);
    checkpoint();
    store_close(&diary.store);
    spoil_checkpoint(&then);
    assert_recovers();
    cr_assert(!info.is_previous && info.is_renewed);
    cr_assert_eq(info.checkpoint, 6);
    state_done(&then);
}

Test(recover, skips_no_record_in_silence)
{
    struct store *store;
    struct state state;
    double label;

    open_new();
    step(2);
    label = diary.course.y[0];
    step(2);
    store_close(&diary.store);
    spoil(&label, sizeof label, 3);
    cr_assert_eq(recover(0, &store, &state), LATTN_DAMAGED);
    cr_assert_not_null(strstr(complaint.text, "record 2 has a broken seal"), "%s", complaint.text);
    cr_assert_not(folder_has(&folder, "state/damaged-1.mdb"));
}

Test(recover, does_without_records_that_a_sound_checkpoint_covers)
{
    double label;

    open_new();
    step(2);
    label = diary.course.y[0];
    step(2);
    checkpoint();
    step(1);
    store_close(&diary.store);
    spoil(&label, sizeof label, 3);
    assert_recovers();
    cr_assert(info.is_renewed && !info.is_previous);
    cr_assert_eq(info.checkpoint, 4);
}

/* ---- checks --------------------------------------------------------------------------------- */

Test(recover, checks_without_changing_anything)
{
    size_t before, after;
    unsigned char *was, *is;
    struct state then;

    cr_assert_eq(recover_check(place(), NULL, 0, &info, &complaint), LATTN_NO_DATA);
    open_new();
    cr_assert_eq(recover_check(place(), NULL, 0, &info, &complaint), LATTN_IN_USE);
    step(3);
    checkpoint();
    cr_assert_eq(state_copy(&diary.state, &then), LATTN_OK);
    step(2);
    store_close(&diary.store);
    spoil_checkpoint(&then);
    was = folder_read(folder_file(&folder, "state/data.mdb"), &before);
    cr_assert_eq(recover_check(place(), NULL, 0, &info, &complaint), LATTN_OK, "%s",
                 complaint.text);
    diary.course.settings.forget = 0.5;
    cr_assert_eq(recover_check(place(), &diary.course.settings, RECOVER_FORGET, &info, &complaint),
                 LATTN_CONFLICT);
    cr_assert_str_eq(complaint.text, "--forget is 0.5, the state has 1");
    cr_assert(info.is_previous && !info.is_renewed);
    cr_assert_eq(info.records, 5);
    is = folder_read(folder_file(&folder, "state/data.mdb"), &after);
    cr_assert(before == after && memcmp(was, is, before) == 0);
    cr_assert_not(folder_has(&folder, "state/damaged-1.mdb"));
    free(was);
    free(is);
    state_done(&then);
}
