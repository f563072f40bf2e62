#include "support/diary.h"

#include "core/learner.h"
#include "store/recover.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

void diary_begin(struct diary *diary, int32_t course, uint64_t seed)
{
    *diary = (struct diary){.position = 0};
    course_start(&diary->course, course, seed);
    cr_assert_eq(state_open(&diary->state, &diary->course.settings), LATTN_OK);
}

void diary_done(struct diary *diary)
{
    store_close(&diary->store);
    state_done(&diary->state);
}

static enum lattn_status take(struct diary *diary, const struct record *record,
                              struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    if (diary->store != NULL)
        status = store_append(diary->store, record, complaint);
    if (status != LATTN_OK)
        return status;
    cr_assert_eq(state_apply(&diary->state, record, complaint), LATTN_OK, "%s", complaint->text);
    diary->position++;
    return status;
}

enum lattn_status diary_step(struct diary *diary, struct lattn_complaint *complaint)
{
    const char *name;
    char producer[16];
    struct lattn_batch batch = course_next(&diary->course, &name);
    struct record_note note = {.producer = producer, .seq = diary->course.block};
    struct record naming = {.kind = RECORD_NAMES, .append = &name, .append_count = 1};
    struct record block = {
        .kind = RECORD_BLOCK,
        .items = batch.items,
        .items_count = batch.count,
        .notes = &note,
        .notes_count = 1,
        .tally = {.accepted = 10 * diary->course.block, .rejected = diary->course.block / 7},
    };
    enum lattn_status status = LATTN_OK;

    snprintf(producer, sizeof producer, "p%d", (int)(diary->course.block % 5));
    if (name != NULL)
        status = take(diary, &naming, complaint);
    return status == LATTN_OK ? take(diary, &block, complaint) : status;
}

struct bytes diary_image(const struct state *state)
{
    struct bytes bytes = {0};

    cr_assert_eq(state_save(state, bytes_sink, &bytes), LATTN_OK);
    return bytes;
}

static struct bytes image_learned(const struct state *state)
{
    struct state copy;
    struct bytes bytes;

    cr_assert_eq(state_copy(state, &copy), LATTN_OK);
    survey_reset(&copy.learner->survey);
    copy.learner->p_identified = 0;
    copy.learner->identifying_since = 0;
    copy.learner->lost_at = 0;
    bytes = diary_image(&copy);
    state_done(&copy);
    return bytes;
}

int diary_agrees(const struct state *a, const struct state *b)
{
    struct bytes of_a = image_learned(a), of_b = image_learned(b);
    int agrees = of_a.length == of_b.length && memcmp(of_a.data, of_b.data, of_a.length) == 0;

    bytes_done(&of_a);
    bytes_done(&of_b);
    return agrees;
}

void diary_truth(int32_t course, uint64_t seed, uint64_t position, struct state *ret_state)
{
    struct lattn_complaint complaint = {""};
    struct diary diary;

    diary_begin(&diary, course, seed);
    while (diary.position < position)
        cr_assert_eq(diary_step(&diary, &complaint), LATTN_OK);
    cr_assert_eq(diary.position, position, "between a name and its block");
    *ret_state = diary.state;
}

enum lattn_status diary_open(struct diary *diary, const char *path,
                             struct lattn_complaint *complaint)
{
    struct recover_info info;
    struct state state;
    enum lattn_status status =
        recover_open(path, &diary->course.settings, 0, &diary->store, &state, &info, complaint);

    if (status != LATTN_OK)
        return status;
    status = recover_keep(diary->store, &state, &info, complaint);
    if (status != LATTN_OK) {
        store_close(&diary->store);
        state_done(&state);
        return status;
    }
    state_done(&diary->state);
    diary->state = state;
    diary->position = store_position(diary->store);
    return status;
}
