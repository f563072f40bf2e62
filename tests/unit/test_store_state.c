#include "store/state.h"

#include "core/dense.h"
#include "store/checksum.h"
#include "support/bytes.h"
#include "support/courses.h"
#include "support/sharing.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

/* ---- images -------------------------------------------------------------------------------- */

enum { AT_VERSION = 8, AT_ENGINE = 12, AT_LENGTH = 16 };

static struct bytes bytes_made(void)
{
    struct course course;
    struct state state;
    struct state *one = &state;
    struct bytes bytes;

    course_start(&course, 9, 8);
    cr_assert_eq(state_open(&state, &course.settings), LATTN_OK);
    apply_course(&course, 12, &one, 1);
    bytes = bytes_of_state(&state);
    state_done(&state);
    return bytes;
}

/* Let the checksum be that of the bytes. */
static void bytes_sum(struct bytes *bytes)
{
    uint64_t sum = checksum_of(bytes->data, bytes->length - 8, 0);

    for (int i = 0; i < 8; i++)
        bytes->data[bytes->length - 8 + (size_t)i] = (unsigned char)(sum >> 8 * i);
}

static void expect_refused(struct bytes *bytes, enum lattn_status want, const char *complaint)
{
    struct lattn_complaint got = {""};
    struct state state = {0};

    cr_expect_eq(state_of_bytes(bytes, &state, &got), want, "%s", complaint);
    cr_expect(strstr(got.text, complaint) != NULL, "\"%s\" instead of \"%s\"", got.text, complaint);
    cr_expect_null(state.learner);
    cr_expect_null(state.producers);
}

Test(store_state, refuses_an_image_with_any_bit_changed)
{
    struct bytes bytes = bytes_made();

    for (size_t bit = 0; bit < 8 * bytes.length; bit += 1 + bit % 5) {
        bytes.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        expect_refused(&bytes, LATTN_DAMAGED, " image");
        bytes.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t length = 0; length < bytes.length; length += 1 + length / 100) {
        struct bytes cut = bytes;

        cut.length = length;
        expect_refused(&cut, LATTN_DAMAGED, "state image");
    }
    bytes_done(&bytes);
}

/* A version is believed only where the bytes are those that were written. */
Test(store_state, names_a_format_or_an_engine_that_it_does_not_know)
{
    struct bytes bytes = bytes_made();

    bytes.data[AT_VERSION] = 3;
    expect_refused(&bytes, LATTN_DAMAGED, "its checksum is ");
    bytes_sum(&bytes);
    expect_refused(&bytes, LATTN_OTHER_VERSION,
                   "the state has format 3, formats 1 to 2 are known here");
    bytes.data[AT_VERSION] = 1;
    bytes.data[AT_ENGINE] = 2;
    bytes_sum(&bytes);
    expect_refused(&bytes, LATTN_OTHER_VERSION, "engine 2, engines 1 to 1 are known here");
    bytes_done(&bytes);
}

Test(store_state, refuses_what_contradicts_itself_under_a_right_checksum)
{
    struct bytes bytes = bytes_made();

    bytes.data[AT_LENGTH]++;
    bytes_sum(&bytes);
    expect_refused(&bytes, LATTN_DAMAGED, "state image, byte 24: the state says it has ");
    bytes.data[AT_LENGTH]--;
    bytes.data[0] = 'x';
    bytes_sum(&bytes);
    expect_refused(&bytes, LATTN_DAMAGED, "state image, byte 24: no state begins like this");
    bytes.data[0] = 'l';
    bytes.data[50]++; /* of the number of producers */
    bytes_sum(&bytes);
    expect_refused(&bytes, LATTN_DAMAGED, "producers is ");
    bytes_done(&bytes);
}

Test(store_state, says_what_sink_and_source_said)
{
    struct bytes bytes = bytes_made(), again;
    struct state state = {0};
    uint64_t pieces;

    cr_assert_eq(state_of_bytes(&bytes, &state, NULL), LATTN_OK);
    pieces = bytes.calls;
    for (uint64_t call = 1; call <= pieces; call++) {
        struct state none = {0};

        bytes.fail_at = call;
        cr_expect_eq(state_of_bytes(&bytes, &none, NULL), LATTN_INPUT_OUTPUT);
        cr_expect_null(none.learner);
    }
    for (uint64_t call = 1; call <= 3; call++) {
        again = (struct bytes){.fail_at = call};
        cr_expect_eq(state_save(&state, bytes_sink, &again), LATTN_INPUT_OUTPUT);
        cr_expect_eq(again.calls, call, "nothing follows");
        bytes_done(&again);
    }
    state_done(&state);
    bytes_done(&bytes);
}

/* ---- version 1, read for ever -------------------------------------------------------------- */

static struct bytes bytes_of_file(const char *name)
{
    const char *folder = getenv("LATTN_GOLDEN");
    char path[512];
    struct bytes bytes = {0};
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", folder == NULL ? "tests/golden" : folder, name);
    file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    bytes.data = malloc(1 << 16);
    bytes.length = fread(bytes.data, 1, 1 << 16, file);
    cr_assert_eq(fclose(file), 0);
    return bytes;
}

static void expect_golden_names(const struct lattn_names *names)
{
    cr_assert_eq(names->coordinates_count, 4);
    cr_expect_str_eq(names->coordinates[0], "(bias)");
    cr_expect_str_eq(names->coordinates[1], "red");
    cr_expect_str_eq(names->coordinates[2], "green");
    cr_expect_str_eq(names->coordinates[3], "blue");
    cr_assert_eq(names->outputs_count, 2);
    cr_expect_str_eq(names->outputs[1], "b");
    cr_assert_eq(names->blocks_count, 1);
    cr_expect_str_eq(names->blocks[0].name, "colour");
    cr_expect_eq(names->blocks[0].start, 1);
    cr_expect_eq(names->blocks[0].size, 2);
}

/*
 * 2 S_12 z_1 - S_22 z_2 + n z_2 and n z_1 / 3, worked out by hand. The first input has the width of
 * before, the last one a coordinate that never occurred.
 */
static void expect_golden_predictions(struct lattn_learner *learner)
{
    static const struct {
        double z[9];
        int32_t n, d;
        double y[2];
        int determined;
    } inputs[] = {
        {{1, 2, 3, -1}, 2, 2, {2 * (2 - 3) * 3 - (4 + 1) * -1 + 2 * -1, 2}, 1},
        {{0.5, -2, 0}, 1, 3, {2 * -1 * 0.5 - 4 * -2 + -2, 0.5 / 3}, 1},
        {{1, 1, 0, 2, -3, 0, 0, 4, 0},
         3,
         3,
         {2 * (1 - 6 + 0) * 0 - (1 + 9 + 16) * 4 + 3 * 4, 0},
         1},
        {{1, 1, 1}, 1, 3, {2 - 1 + 1, 1 / 3.0}, 0},
    };

    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        const struct lattn_item item = {
            .z = inputs[i].z, .weight = 1, .n = inputs[i].n, .d = inputs[i].d};
        double y[2], error[2];
        struct lattn_prediction prediction = {.y = y, .std_error = error};

        cr_assert_eq(lattn_learner_predict(learner, &item, &prediction, NULL), LATTN_OK);
        cr_expect_eq(prediction.determined, inputs[i].determined, "input %zu", i);
        for (int a = 0; a < 2; a++)
            cr_expect_float_eq(y[a], inputs[i].y[a], 1e-10, "input %zu: %.17g", i, y[a]);
    }
}

static void expect_golden_report(struct lattn_learner *learner)
{
    struct lattn_report report;

    cr_assert_eq(lattn_learner_report(learner, &report), LATTN_OK);
    cr_expect_eq(report.d, 4);
    cr_expect_eq(report.m, 2);
    cr_expect_eq(report.pairs, 60);
    cr_expect_eq(report.certificate.features_seen, 18);
    cr_expect_eq(report.certificate.rank, 18);
    cr_expect_eq(report.certificate.verdict, LATTN_NOT_IDENTIFYING, "a third coordinate came");
    cr_expect_eq(report.certificate.identifying_since, 60);
    cr_expect_eq(report.certificate.lost_at, 60);
    cr_expect_lt(report.loss_train, 1e-20);
    lattn_report_done(&report);
}

Test(store_state, reads_version_1_for_ever)
{
    struct bytes bytes = bytes_of_file("state_1.image"), again;
    struct lattn_complaint complaint = {""};
    struct lattn_learner_settings settings;
    struct state state;
    uint64_t seq = 0;

    cr_assert_eq(state_of_bytes(&bytes, &state, &complaint), LATTN_OK, "%s", complaint.text);
    again = bytes_of_state(&state);
    expect_same_bytes(&bytes, &again, "version 1 is written as it was read");
    cr_expect_eq(state.tally.accepted, 60);
    cr_expect_eq(state.tally.rejected, 3);
    cr_expect_eq(state.tally.duplicates, 2);
    cr_expect_eq(producers_last(state.producers, "left", &seq), LATTN_OK);
    cr_expect_eq(seq, 100);
    cr_expect_eq(producers_last(state.producers, "right", &seq), LATTN_OK);
    cr_expect_eq(seq, 200);
    settings = lattn_learner_settings_get(state.learner);
    cr_expect_eq(settings.bias, 1);
    cr_expect_eq(settings.forget, 0.999);
    cr_expect_eq(settings.precision, 1e-14);
    cr_expect_eq(settings.memory_max, (size_t)1 << 30);
    expect_golden_names(lattn_learner_names(state.learner));
    expect_golden_predictions(state.learner);
    expect_golden_report(state.learner);
    bytes_done(&bytes);
    bytes_done(&again);
    state_done(&state);
}

/* ---- shards and streams --------------------------------------------------------------------- */

/* A state of shard `shard` of 2 that took one message from its stream. */
static void stream_make(struct course *course, int32_t shard, struct state *ret_state)
{
    const struct origin wish = {.shard = shard, .shards = 2, .epoch = 1};
    const char *name;
    char publisher[16];
    struct arrivals_mark mark = {.seq = 7, .time_ns = 5, .known = 9, .lost = 1};
    const struct arrivals_span span = {publisher, 1, 3};
    struct record block = {
        .kind = RECORD_BLOCK, .marks = &mark, .marks_count = 1, .spans = &span, .spans_count = 1};
    struct lattn_batch batch = course_next(course, &name);
    int is_bound;

    (void)snprintf(publisher, sizeof publisher, "p%d", (int)shard);
    (void)snprintf(mark.stream, sizeof mark.stream, "s%d", (int)shard);
    block.items = batch.items;
    block.items_count = batch.count;
    cr_assert_eq(state_open(ret_state, &course->settings), LATTN_OK);
    cr_assert_eq(origin_bind(&ret_state->origin, &wish, &is_bound, NULL), LATTN_OK);
    apply(ret_state, &block);
}

Test(store_state, keeps_its_shard_and_how_far_its_stream_is_taken)
{
    struct course course;
    struct state state, loaded;
    struct arrivals_mark mark;
    struct bytes bytes;

    course_start(&course, 3, 1);
    stream_make(&course, 1, &state);
    bytes = bytes_of_state(&state);
    cr_assert_eq(bytes.data[AT_VERSION], 2);
    cr_assert_eq(state_of_bytes(&bytes, &loaded, NULL), LATTN_OK);
    expect_same_states(&state, &loaded, "loaded");
    cr_expect(loaded.origin.shard == 1 && loaded.origin.shards == 2 && loaded.origin.epoch == 1);
    cr_assert_eq(arrivals_mark_of(loaded.arrivals, "s1", &mark), LATTN_OK);
    cr_expect(mark.seq == 7 && mark.known == 9 && mark.lost == 1);
    cr_expect(arrivals_has(loaded.arrivals, "p1", 3) && !arrivals_has(loaded.arrivals, "p1", 4));
    cr_assert_eq(state_reset(&loaded), LATTN_OK);
    cr_expect(arrivals_has(loaded.arrivals, "p1", 3), "what was taken does not come again");
    bytes_done(&bytes);
    state_done(&state);
    state_done(&loaded);
}

Test(store_state, adds_up_shards_and_refuses_the_same_one_twice)
{
    struct lattn_complaint complaint = {""};
    struct course course;
    struct state first, second, twin;
    struct bytes before, after;

    course_start(&course, 3, 1);
    stream_make(&course, 0, &first);
    stream_make(&course, 1, &second);
    stream_make(&course, 1, &twin);
    before = bytes_of_state(&second);
    cr_expect_eq(state_merge(&second, &twin, &complaint), LATTN_CONFLICT);
    cr_expect_str_eq(complaint.text, "shard 1/2 is in both: its pairs would count twice");
    after = bytes_of_state(&second);
    expect_same_bytes(&before, &after, "refused");
    twin.origin.shard = 0;
    twin.origin.shards = 3;
    cr_expect_eq(state_merge(&second, &twin, &complaint), LATTN_CONFLICT);
    cr_expect_str_eq(complaint.text, "one is of 2 shards, the other of 3, in the same epoch");
    cr_assert_eq(state_merge(&first, &second, &complaint), LATTN_OK, "%s", complaint.text);
    cr_expect_eq(first.origin.shards, 0);
    cr_expect(arrivals_has(first.arrivals, "p0", 1) && arrivals_has(first.arrivals, "p1", 1));
    bytes_done(&before);
    bytes_done(&after);
    state_done(&first);
    state_done(&second);
    state_done(&twin);
}

/* It is asked of each state that comes, so it must know all that the sum would refuse. */
Test(store_state, is_checked_for_merging_without_being_merged)
{
    static const struct {
        struct sharing one, other;
        enum lattn_status status;
    } cases[] = {
        {{SHARING_A, 0, 2, .pairs = 3}, {SHARING_B, 1, 2, .pairs = 4}, LATTN_OK},
        {{SHARING_A, 0, 2, .pairs = 3}, {SHARING_B, 0, 2, .pairs = 4}, LATTN_CONFLICT},
        {{SHARING_A, 0, 2, .pairs = 3}, {SHARING_B, 1, 3, .pairs = 4}, LATTN_CONFLICT},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct state one = sharing_state(&cases[i].one), other = sharing_state(&cases[i].other);
        struct bytes before = bytes_of_state(&one), after;
        struct lattn_complaint checked = {""}, merged = {""};

        cr_expect_eq(state_merge_check(&one, &other, &checked), cases[i].status, "%d", (int)i);
        after = bytes_of_state(&one);
        expect_same_bytes(&before, &after, "nothing is changed");
        cr_expect_eq(state_merge(&one, &other, &merged), cases[i].status, "%d", (int)i);
        cr_expect_str_eq(checked.text, merged.text);
        bytes_done(&before);
        bytes_done(&after);
        state_done(&one);
        state_done(&other);
    }
}
