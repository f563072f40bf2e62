#include "serve/saver.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <string.h>
#include <uv.h>

static uv_sem_t done;

static void post(void *arg)
{
    uv_sem_post(arg);
}

static struct saver *open_saver(void)
{
    struct saver *saver = NULL;

    cr_assert_eq(uv_sem_init(&done, 0), 0);
    cr_assert_eq(saver_open(&saver, NULL, post, &done), LATTN_OK);
    return saver;
}

static struct state open_state(void)
{
    const struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct state state;

    cr_assert_eq(state_open(&state, &settings), LATTN_OK);
    cr_assert_eq(producers_put(state.producers, "p", 7), LATTN_OK);
    return state;
}

struct bytes {
    char data[4096];
    size_t length;
};

static enum lattn_status bytes_add(void *arg, const void *bytes, size_t length)
{
    struct bytes *sum = arg;

    cr_assert_leq(length, sizeof sum->data - sum->length);
    memcpy(sum->data + sum->length, bytes, length);
    sum->length += length;
    return LATTN_OK;
}

Test(saver, makes_the_image_of_a_snapshot)
{
    struct saver *saver = open_saver();
    struct state state = open_state();
    struct saver_result result;
    struct bytes expected = {.length = 0};

    cr_assert_eq(state_save(&state, bytes_add, &expected), LATTN_OK);
    cr_assert(saver_is_idle(saver));
    cr_assert_eq(saver_result(saver, &result), LATTN_MORE);
    cr_assert_eq(saver_start(saver, SAVER_IMAGE, &state, 3), LATTN_OK);
    uv_sem_wait(&done);
    saver_wait(saver);
    cr_assert(saver_is_idle(saver));
    cr_assert_eq(saver_result(saver, &result), LATTN_OK);
    cr_assert_eq(result.job, SAVER_IMAGE);
    cr_assert_eq(result.status, LATTN_OK);
    cr_assert_eq(result.position, 3);
    cr_assert_eq(result.bytes, expected.length);
    cr_assert_arr_eq(result.image, expected.data, expected.length);
    cr_assert_eq(saver_result(saver, &result), LATTN_MORE, "taken once");
    memory_release(result.image);
    saver_close(&saver);
    cr_assert_null(saver);
    state_done(&state);
}

Test(saver, saves_what_was_when_it_began_each_time)
{
    struct saver *saver = open_saver();
    struct state state = open_state();

    for (uint64_t seq = 8; seq < 11; seq++) {
        struct saver_result result;
        struct bytes expected = {.length = 0};

        cr_assert_eq(producers_put(state.producers, "p", seq), LATTN_OK);
        cr_assert_eq(state_save(&state, bytes_add, &expected), LATTN_OK);
        cr_assert_eq(saver_start(saver, SAVER_IMAGE, &state, seq), LATTN_OK);
        cr_assert_eq(producers_put(state.producers, "p", seq + 100), LATTN_OK);
        saver_wait(saver);
        cr_assert_eq(saver_result(saver, &result), LATTN_OK);
        cr_expect_eq(result.position, seq);
        cr_assert_eq(result.bytes, expected.length);
        cr_expect_arr_eq(result.image, expected.data, expected.length);
        memory_release(result.image);
        state_done(&state);
        state = open_state();
    }
    saver_close(&saver);
    state_done(&state);
}

Test(saver, without_memory_begins_nothing)
{
    struct saver *saver = open_saver();
    struct state state = open_state();
    enum lattn_status status = LATTN_NO_MEMORY;

    for (uint64_t k = 1; status != LATTN_OK; k++) {
        memory_fail(k, 0);
        status = saver_start(saver, SAVER_IMAGE, &state, 1);
        cr_assert_eq(status == LATTN_OK, !memory_failed());
        memory_fail(0, 0);
        cr_assert(status == LATTN_OK || (status == LATTN_NO_MEMORY && saver_is_idle(saver)));
    }
    saver_close(&saver);
    state_done(&state);
}

Test(saver, finishes_what_is_under_way_when_it_is_closed)
{
    struct saver *saver = open_saver();
    struct state state = open_state();

    cr_assert_eq(saver_start(saver, SAVER_IMAGE, &state, 1), LATTN_OK);
    saver_close(&saver);
    cr_assert_eq(uv_sem_trywait(&done), 0, "done was called");
    saver_close(&saver);
    state_done(&state);
}

Test(saver, opens_or_refuses_without_memory)
{
    struct saver *saver = NULL;

    for (uint64_t k = 1; k <= 2; k++) {
        memory_fail(k, 0);
        cr_expect_eq(saver_open(&saver, NULL, post, NULL), LATTN_NO_MEMORY);
    }
    memory_fail(0, 0);
    cr_assert_null(saver);
}
