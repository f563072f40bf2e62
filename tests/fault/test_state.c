/*
 * Every allocation of a state's steps and of its image fails once, and from then on. What is
 * refused leaves nothing behind; what is asked again succeeds.
 */
#include "store/state.h"

#include "base/memory.h"
#include "core/dense.h"
#include "support/bytes.h"
#include "support/courses.h"
#include "support/leaks.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(state, .init = dense_threads_one);

static struct course course;

/* A step of course number 11, whose names grow and whose components meet. */
static struct record step_next(const char **name, int *ret_is_naming)
{
    static struct record_note note = {.producer = "somebody"};
    struct lattn_batch batch = course_next(&course, name);

    *ret_is_naming = *name != NULL;
    note.seq++;
    return (struct record){.kind = RECORD_BLOCK,
                           .items = batch.items,
                           .items_count = batch.count,
                           .notes = &note,
                           .notes_count = 1};
}

static void state_make(struct state *ret_state, int blocks)
{
    course_start(&course, 11, 21);
    cr_assert_eq(state_open(ret_state, &course.settings), LATTN_OK);
    for (int b = 0; b < blocks; b++) {
        const char *name;
        int is_naming;
        struct record block = step_next(&name, &is_naming);
        struct record naming = {.kind = RECORD_NAMES, .append = &name, .append_count = 1};

        if (is_naming)
            cr_assert_eq(state_apply(ret_state, &naming, NULL), LATTN_OK);
        cr_assert_eq(state_apply(ret_state, &block, NULL), LATTN_OK);
    }
}

static struct bytes bytes_of_state(const struct state *state)
{
    struct bytes bytes = {0};

    cr_assert_eq(state_save(state, bytes_sink, &bytes), LATTN_OK);
    return bytes;
}

static void expect_no_leak(void)
{
    cr_expect_eq(leaks(), 0);
}

static enum lattn_status run_open(const struct bytes *bytes, struct state *ret_state)
{
    const struct lattn_learner_settings settings = lattn_learner_settings_default();

    (void)bytes;
    return state_open(ret_state, &settings);
}

static enum lattn_status run_load(const struct bytes *bytes, struct state *ret_state)
{
    struct bytes source = *bytes;

    source.at = 0;
    return state_load(ret_state, bytes_source, &source, source.length, NULL);
}

static enum lattn_status run_copy(const struct bytes *bytes, struct state *ret_state)
{
    struct state state = {0};
    enum lattn_status status = run_load(bytes, &state);

    if (status == LATTN_OK)
        status = state_copy(&state, ret_state);
    state_done(&state);
    return status;
}

Test(state, is_opened_loaded_and_copied_whole_or_not_at_all)
{
    enum lattn_status (*const runs[])(const struct bytes *, struct state *) = {run_open, run_load,
                                                                               run_copy};
    struct state original;
    struct bytes bytes;

    state_make(&original, 70);
    bytes = bytes_of_state(&original);
    for (size_t r = 0; r < sizeof runs / sizeof runs[0]; r++)
        for (int from_then_on = 0; from_then_on <= 1; from_then_on++)
            for (uint64_t k = 1, failed = 1; failed; k++) {
                struct state state = {0};
                enum lattn_status status;

                memory_fail(k, from_then_on);
                status = runs[r](&bytes, &state);
                failed = (uint64_t)memory_failed();
                memory_fail(0, 0);
                cr_expect_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK, "run %zu, allocation %d",
                             r, (int)k);
                cr_expect_eq(state.learner == NULL, failed != 0);
                state_done(&state);
            }
    bytes_done(&bytes);
    state_done(&original);
    expect_no_leak();
}

/*
 * Let allocation k of a step fail; returns 0 when it needs fewer. Without memory for tests or for
 * predictions the step is taken all the same.
 */
static int step_fails(const struct bytes *before, const struct record *record, uint64_t k,
                      const struct bytes *after)
{
    struct state state = {0};
    struct bytes bytes = *before;
    enum lattn_status status;
    int failed;

    bytes.at = 0;
    cr_assert_eq(state_load(&state, bytes_source, &bytes, bytes.length, NULL), LATTN_OK);
    memory_fail(k, 0);
    status = state_apply(&state, record, NULL);
    failed = memory_failed();
    memory_fail(0, 0);
    if (!failed) {
        struct bytes got = bytes_of_state(&state);

        cr_expect_eq(got.length, after->length);
        cr_expect_eq(memcmp(got.data, after->data, got.length), 0);
        bytes_done(&got);
    }
    cr_expect(status == LATTN_OK || (failed && status == LATTN_NO_MEMORY), "allocation %d", (int)k);
    state_done(&state);
    return failed;
}

static void expect_steps_fail(const struct record *record)
{
    struct state state;
    struct bytes before, source, after;
    uint64_t k = 1;

    state_make(&state, 25);
    before = bytes_of_state(&state);
    state_done(&state);
    /* Loaded, as the others are: they have tests of the stream to find out anew. */
    source = before;
    cr_assert_eq(state_load(&state, bytes_source, &source, source.length, NULL), LATTN_OK);
    cr_assert_eq(state_apply(&state, record, NULL), LATTN_OK);
    after = bytes_of_state(&state);
    state_done(&state);
    while (step_fails(&before, record, k, &after))
        k++;
    cr_expect_gt(k, 1, "it needs memory");
    bytes_done(&before);
    bytes_done(&after);
    expect_no_leak();
}

Test(state, says_when_a_block_had_no_memory)
{
    static const double z[] = {1, 2, 0, 1, 1, 1, 0, 3}, y[] = {1, 2};
    const struct lattn_item item = {
        .z = z, .y = y, .weight = 1, .n = 2, .d = 4, .m = 1, .labels = LATTN_LABELS_CAUSAL};
    const struct record_note note = {.producer = "new", .seq = 3};
    const struct record record = {
        .kind = RECORD_BLOCK, .items = &item, .items_count = 1, .notes = &note, .notes_count = 1};

    expect_steps_fail(&record);
}

Test(state, says_when_names_or_a_reset_had_no_memory)
{
    const char *const names[] = {"eel", "fox"};
    const struct lattn_block block = {.name = "animals", .start = 5, .size = 2};
    const struct record naming = {.kind = RECORD_NAMES,
                                  .append = names,
                                  .append_count = 2,
                                  .outputs = names,
                                  .outputs_count = 1,
                                  .blocks = &block,
                                  .blocks_count = 1};
    const struct record reset = {.kind = RECORD_RESET};

    expect_steps_fail(&naming);
    expect_steps_fail(&reset);
}
