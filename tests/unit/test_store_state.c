#include "store/state.h"

#include "core/dense.h"
#include "support/bytes.h"
#include "support/courses.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(store_state, .init = dense_threads_one);

static struct bytes bytes_of_state(const struct state *state)
{
    struct bytes bytes = {0};

    cr_assert_eq(state_save(state, bytes_sink, &bytes), LATTN_OK);
    cr_assert_eq(bytes.length, state_bytes(state));
    return bytes;
}

static enum lattn_status state_of_bytes(struct bytes *bytes, struct state *ret_state,
                                        struct lattn_complaint *complaint)
{
    bytes->at = 0;
    bytes->calls = 0;
    return state_load(ret_state, bytes_source, bytes, bytes->length, complaint);
}

static void expect_same_bytes(const struct bytes *a, const struct bytes *b, const char *title)
{
    cr_assert_eq(a->length, b->length, "%s", title);
    cr_assert_eq(memcmp(a->data, b->data, a->length), 0, "%s", title);
}

static void expect_same_states(const struct state *a, const struct state *b, const char *title)
{
    struct bytes of_a = bytes_of_state(a), of_b = bytes_of_state(b);

    expect_same_bytes(&of_a, &of_b, title);
    bytes_done(&of_a);
    bytes_done(&of_b);
}

/* The block that came last as a step, as the journal has it. */
static struct record record_of(struct lattn_batch batch, const struct record_note *note,
                               uint64_t accepted)
{
    return (struct record){
        .kind = RECORD_BLOCK,
        .items = batch.items,
        .items_count = batch.count,
        .notes = note,
        .notes_count = 1,
        .tally = {.accepted = accepted, .rejected = accepted / 7},
    };
}

static void apply(struct state *state, const struct record *record)
{
    struct lattn_complaint complaint = {""};

    cr_assert_eq(state_apply(state, record, &complaint), LATTN_OK, "%s", complaint.text);
}

static void apply_course(struct course *course, int blocks, struct state **states, int count)
{
    for (int b = 0; b < blocks; b++) {
        const char *name;
        char producer[16];
        struct lattn_batch batch = course_next(course, &name);
        struct record_note note = {.producer = producer, .seq = course->block};
        struct record block = record_of(batch, &note, 10 * course->block);
        struct record naming = {.kind = RECORD_NAMES, .append = &name, .append_count = 1};

        (void)snprintf(producer, sizeof producer, "p%d", (int)(course->block * 5 % 37));
        for (int i = 0; i < count; i++) {
            if (name != NULL)
                apply(states[i], &naming);
            apply(states[i], &block);
        }
    }
}

Test(store_state, is_the_same_from_image_and_journal)
{
    for (int32_t number = 0; number < COURSES; number++) {
        struct course course;
        struct state original, loaded = {0};
        struct state *both[] = {&original, &loaded};
        struct lattn_complaint complaint = {""};
        struct bytes bytes;

        course_start(&course, number, 3);
        cr_assert_eq(state_open(&original, &course.settings), LATTN_OK);
        apply_course(&course, 40, both, 1);
        bytes = bytes_of_state(&original);
        cr_assert_eq(state_of_bytes(&bytes, &loaded, &complaint), LATTN_OK, "%s", complaint.text);
        expect_same_states(&original, &loaded, course_name(&course));
        apply_course(&course, 40, both, 2);
        cr_expect_eq(lattn_learner_pairs(original.learner), lattn_learner_pairs(loaded.learner));
        bytes_done(&bytes);
        state_done(&original);
        state_done(&loaded);
    }
}

Test(store_state, learns_many_items_as_the_journal_replays_them)
{
    enum { ITEMS = 2500 };
    static double z[ITEMS][2], y[ITEMS];
    static struct lattn_item items[ITEMS];
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct state live, replayed;
    struct record record = {.kind = RECORD_BLOCK, .items = items, .items_count = ITEMS};
    struct random random = {.state = 1};

    cr_assert_eq(state_open(&live, &settings), LATTN_OK);
    cr_assert_eq(state_open(&replayed, &settings), LATTN_OK);
    for (int i = 0; i < ITEMS; i++) {
        random_normals(&random, z[i], 2);
        random_normals(&random, &y[i], 1);
        items[i] = (struct lattn_item){.z = z[i],
                                       .y = &y[i],
                                       .weight = 1,
                                       .n = 1,
                                       .d = 2,
                                       .m = 1,
                                       .labels = LATTN_LABELS_LAST};
        cr_assert_eq(lattn_learner_admit(live.learner, &items[i], NULL), LATTN_OK);
    }
    state_learn(&live, items, ITEMS);
    cr_expect_eq(lattn_learner_generation(live.learner), 1 + 3, "sizes, and three blocks");
    apply(&replayed, &record);
    expect_same_states(&live, &replayed, "many items");
    state_done(&live);
    state_done(&replayed);
}

Test(store_state, copies_are_independent)
{
    struct course course;
    struct state original, copy = {0};
    struct state *first = &original;
    struct bytes before, after;

    course_start(&course, 1, 4);
    cr_assert_eq(state_open(&original, &course.settings), LATTN_OK);
    apply_course(&course, 10, &first, 1);
    cr_assert_eq(state_copy(&original, &copy), LATTN_OK);
    before = bytes_of_state(&copy);
    apply_course(&course, 5, &first, 1);
    after = bytes_of_state(&copy);
    expect_same_bytes(&before, &after, "copy");
    bytes_done(&before);
    bytes_done(&after);
    state_done(&original);
    state_done(&copy);
}

Test(store_state, forgets_everything_when_reset)
{
    struct course course;
    struct state state;
    struct state *one = &state;
    uint64_t seq;

    course_start(&course, 1, 5);
    cr_assert_eq(state_open(&state, &course.settings), LATTN_OK);
    apply_course(&course, 10, &one, 1);
    apply(&state, &(struct record){.kind = RECORD_RESET});
    cr_expect_eq(lattn_learner_pairs(state.learner), 0);
    cr_expect_eq(state.tally.accepted, 0);
    cr_expect_eq(producers_last(state.producers, "p5", &seq), LATTN_NO_DATA);
    state_done(&state);
}

/* What was learned once was within the limit then; a lower one of now does not undo it. */
Test(store_state, replays_beyond_the_memory_limit)
{
    struct course course;
    struct lattn_learner_settings settings;
    struct state state;
    struct state *one = &state;

    course_start(&course, 3, 6);
    settings = course.settings;
    settings.memory_max = 1;
    cr_assert_eq(state_open(&state, &settings), LATTN_OK);
    apply_course(&course, 5, &one, 1);
    cr_expect_gt(lattn_learner_pairs(state.learner), 0);
    cr_expect_eq(lattn_learner_settings_get(state.learner).memory_max, 1);
    state_done(&state);
}

Test(store_state, refuses_steps_that_do_not_fit)
{
    const double z[] = {1, 2, 3}, y[] = {1};
    struct lattn_item items[2] = {
        {.z = z, .y = y, .weight = 1, .n = 1, .d = 2, .m = 1, .labels = LATTN_LABELS_LAST},
        {.z = z, .y = y, .weight = 1, .n = 1, .d = 3, .m = 1, .labels = LATTN_LABELS_LAST},
    };
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct record record = {.kind = RECORD_BLOCK, .items = items, .items_count = 2};
    struct lattn_complaint complaint = {""};
    struct state state;

    cr_assert_eq(state_open(&state, &settings), LATTN_OK);
    cr_expect_eq(state_apply(&state, &record, &complaint), LATTN_DAMAGED);
    cr_expect_str_eq(complaint.text, "item 1 of a block was learned: a token of z has 3 "
                                     "coordinates, the learner has 2");
    record.kind = (enum record_kind)9;
    cr_expect_eq(state_apply(&state, &record, &complaint), LATTN_DAMAGED);
    cr_expect_str_eq(complaint.text, "there is no step of kind 9");
    state_done(&state);
}

/* Names that were refused when they were asked for are refused again, which is no failure. */
Test(store_state, passes_over_names_that_were_refused)
{
    static const char *const names[] = {"a", "a"};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct record record = {.kind = RECORD_NAMES, .append = names, .append_count = 2};
    struct state state;

    cr_assert_eq(state_open(&state, &settings), LATTN_OK);
    apply(&state, &record);
    cr_expect_eq(lattn_learner_dim(state.learner), 0);
    record.append_count = 1;
    apply(&state, &record);
    cr_expect_eq(lattn_learner_dim(state.learner), 1);
    state_done(&state);
}
