#include "serve/emitter.h"

#include "base/memory.h"
#include "support/folding.h"

#include <criterion/criterion.h>
#include <uv.h>

enum { TRIES_MAX = 1000 };

static uv_sem_t done;
static uint64_t fail_after; /* on the publisher's thread, in the next job; 0: nothing */

/* On that thread, behind each job. */
static void made(void *arg)
{
    memory_fail(fail_after, 0);
    uv_sem_post(arg);
}

static void nothing_to_tell(void *arg, struct lattn_service *ret_service)
{
    (void)arg;
    *ret_service = (struct lattn_service){.accepted = 0};
}

static struct emitter *emitter_make(void)
{
    const struct emitter_settings settings = {
        .every_ns = UINT64_MAX,
        .every_pairs = UINT64_MAX,
        .heads = LATTN_HEADS_SVD,
        .service = nothing_to_tell,
        .done = made,
        .arg = &done,
    };
    struct emitter *emitter = NULL;

    cr_assert_eq(uv_sem_init(&done, 0), 0);
    cr_assert_eq(emitter_open(&emitter, &settings, fold, NULL), LATTN_OK);
    return emitter;
}

static void open_emitter(struct emitter **ret_emitter)
{
    open_fold(NULL);
    *ret_emitter = emitter_make();
}

static void close_emitter(struct emitter **emitter)
{
    emitter_close(emitter);
    uv_sem_destroy(&done);
    close_fold();
}

static void learn(void)
{
    read_line("{\"z\":[[1,2,3,4,5,6,7,8]],\"y\":[1]}");
    fold_next();
}

/* Wait for the job under way. Returns whether that was news. */
static int await(struct emitter *emitter)
{
    uv_sem_wait(&done);
    return emitter_tend(emitter, 0);
}

/* Learn a pair and emit. */
static void emit(struct emitter *emitter)
{
    learn();
    emitter_ask(emitter);
    emitter_tend(emitter, uv_hrtime());
    cr_assert_not(await(emitter), "nobody has asked");
}

/* ---- what is asked for ---- */

Test(emitter, makes_one_emission_for_all_who_ask_before_it_is_begun)
{
    struct emitter *emitter;
    uint64_t tickets[3] = {0};
    uint64_t generations[3];

    open_emitter(&emitter);
    learn();
    for (int i = 0; i < 2; i++)
        cr_assert_eq(emitter_emission(emitter, &tickets[i], &generations[i]), LATTN_MORE);
    cr_assert_eq(emitter_due(emitter), 0);
    cr_assert_not(emitter_tend(emitter, 0));
    learn();
    cr_assert_eq(emitter_emission(emitter, &tickets[2], &generations[2]), LATTN_MORE);
    cr_assert(await(emitter));
    for (int i = 0; i < 2; i++)
        cr_assert_eq(emitter_emission(emitter, &tickets[i], &generations[i]), LATTN_OK);
    cr_expect_eq(tickets[0], 0, "it may ask for something else");
    cr_expect_eq(generations[0], generations[1]);
    cr_assert_eq(emitter_emission(emitter, &tickets[2], &generations[2]), LATTN_MORE,
                 "who asks later gets the next");
    cr_assert(await(emitter));
    cr_assert_eq(emitter_emission(emitter, &tickets[2], &generations[2]), LATTN_OK);
    cr_expect_eq(generations[2], lattn_learner_generation(fold_learner(fold)));
    cr_expect_gt(generations[2], generations[0]);
    cr_expect_eq(emitter_tally(emitter).made, 2);
    close_emitter(&emitter);
}

/* Ask until it is there. */
static enum lattn_status model_get(struct emitter *emitter, int32_t count,
                                   const struct lattn_model **ret_model)
{
    uint64_t ticket = 0;
    enum lattn_status status = LATTN_MORE;

    while ((status = emitter_model(emitter, LATTN_HEADS_COUNT, count, &ticket, ret_model)) ==
           LATTN_MORE) {
        if (!emitter_tend(emitter, 0))
            cr_assert(await(emitter));
    }
    cr_expect_eq(ticket, 0);
    return status;
}

static int is_at_hand(struct emitter *emitter, enum lattn_heads heads, int32_t count)
{
    const struct lattn_model *model;
    uint64_t ticket = 0;

    return emitter_model(emitter, heads, count, &ticket, &model) == LATTN_OK;
}

Test(emitter, finds_a_model_once_in_a_generation)
{
    const struct lattn_block block = {.name = "all", .start = 0, .size = 8};
    const struct lattn_model *model;
    struct emitter *emitter;

    open_emitter(&emitter);
    cr_expect_eq(model_get(emitter, 1, &model), LATTN_NO_DATA);
    emit(emitter);
    cr_assert_eq(model_get(emitter, 1, &model), LATTN_OK);
    cr_expect_eq(model->pairs, 1);
    cr_expect_eq(model->heads, 1);
    cr_expect(is_at_hand(emitter, LATTN_HEADS_COUNT, 1));
    cr_expect_eq(model_get(emitter, 1 << 20, &model), LATTN_RANGE);
    cr_expect_eq(model_get(emitter, 0, &model), LATTN_OK);
    cr_expect_eq(model->heads, 0);
    cr_assert_eq(model_get(emitter, 1, &model), LATTN_OK);
    cr_assert_eq(
        lattn_learner_name(fold_learner(fold), NULL, 0, NULL, 0, &block, 1, NULL, NULL, NULL),
        LATTN_OK);
    cr_assert_eq(model_get(emitter, 1, &model), LATTN_OK);
    cr_expect_eq(model->names.blocks_count, 1, "names are part of it");
    learn();
    cr_assert_eq(model_get(emitter, 1, &model), LATTN_OK);
    cr_expect_eq(model->pairs, 2);
    cr_expect_eq(emitter_tally(emitter).made, 1, "nobody else gets to see them");
    close_emitter(&emitter);
}

Test(emitter, has_the_model_of_an_emission_at_hand)
{
    struct emitter *emitter;

    open_emitter(&emitter);
    emit(emitter);
    cr_expect(is_at_hand(emitter, LATTN_HEADS_SVD, 0));
    cr_assert_eq(fold_reset(fold, NULL), LATTN_OK);
    emitter_forget(emitter);
    cr_expect_not(is_at_hand(emitter, LATTN_HEADS_SVD, 0));
    close_emitter(&emitter);
}

/* Two want heads of different number, and one an emission, all at once. */
Test(emitter, takes_turns)
{
    const struct lattn_model *model;
    struct emitter *emitter;
    uint64_t tickets[3] = {0};
    uint64_t generation;

    open_emitter(&emitter);
    learn();
    cr_assert_eq(emitter_model(emitter, LATTN_HEADS_COUNT, 1, &tickets[0], &model), LATTN_MORE);
    cr_assert_eq(emitter_model(emitter, LATTN_HEADS_COUNT, 0, &tickets[1], &model), LATTN_MORE);
    cr_assert_eq(emitter_emission(emitter, &tickets[2], &generation), LATTN_MORE);
    cr_assert_eq(tickets[1], 0, "these wait until the others are looked for");
    cr_assert_not(emitter_tend(emitter, 0));
    cr_assert_eq(emitter_model(emitter, LATTN_HEADS_COUNT, 0, &tickets[1], &model), LATTN_MORE);
    cr_assert_neq(tickets[1], 0);
    cr_assert(await(emitter));
    cr_assert_eq(emitter_model(emitter, LATTN_HEADS_COUNT, 1, &tickets[0], &model), LATTN_OK);
    cr_expect_eq(model->heads, 1);
    cr_assert(await(emitter));
    cr_assert_eq(emitter_emission(emitter, &tickets[2], &generation), LATTN_OK,
                 "an emission comes between two models");
    cr_assert(await(emitter));
    cr_assert_eq(emitter_model(emitter, LATTN_HEADS_COUNT, 0, &tickets[1], &model), LATTN_OK);
    cr_expect_eq(model->heads, 0);
    close_emitter(&emitter);
}

/* ---- where memory ends ---- */

Test(emitter, tells_whoever_asks_where_there_is_no_memory_for_a_copy)
{
    const struct lattn_model *model;
    struct emitter *emitter;
    uint64_t tickets[2] = {0};
    uint64_t generation;

    open_emitter(&emitter);
    learn();
    cr_assert_eq(emitter_emission(emitter, &tickets[0], &generation), LATTN_MORE);
    cr_assert_eq(emitter_model(emitter, LATTN_HEADS_SVD, 0, &tickets[1], &model), LATTN_MORE);
    memory_fail(1, 1);
    cr_assert(emitter_tend(emitter, 0));
    cr_assert(emitter_tend(emitter, 0));
    memory_fail(0, 0);
    cr_expect_eq(emitter_emission(emitter, &tickets[0], &generation), LATTN_NO_MEMORY);
    cr_expect_eq(emitter_model(emitter, LATTN_HEADS_SVD, 0, &tickets[1], &model), LATTN_NO_MEMORY);
    close_emitter(&emitter);
}

/* Each allocation of each job fails once; whoever asks again gets what it wants. */
Test(emitter, goes_on_behind_a_job_that_failed)
{
    const struct lattn_model *model;
    struct emitter *emitter;
    enum lattn_status status = LATTN_NO_MEMORY;
    int failures = 0;

    open_emitter(&emitter);
    learn();
    for (fail_after = 1; status != LATTN_OK; fail_after++) {
        emit(emitter); /* behind which the next job fails */
        learn();
        status = model_get(emitter, 1, &model);
        failures += status == LATTN_NO_MEMORY;
        cr_assert(status == LATTN_OK || status == LATTN_NO_MEMORY);
    }
    fail_after = 0;
    cr_expect_gt(failures, 5);
    cr_assert_eq(model_get(emitter, 1, &model), LATTN_OK);
    close_emitter(&emitter);
}

/* ---- the spectrum ---- */

/* Somebody comes to want it. Returns how many emissions are made for that. */
static uint64_t made_for_spectrum(struct emitter *emitter)
{
    uint64_t made = emitter_tally(emitter).made;

    emitter_want_spectrum(emitter, 1);
    cr_assert_not(emitter_tend(emitter, 0));
    emitter_finish(emitter);
    if (emitter_tally(emitter).made > made)
        uv_sem_wait(&done);
    return emitter_tally(emitter).made - made;
}

Test(emitter, makes_no_emission_for_a_spectrum_that_is_there_or_cannot_be)
{
    struct emitter *emitter;

    open_emitter(&emitter);
    cr_expect_eq(made_for_spectrum(emitter), 0, "before the first pair");
    emit(emitter);
    emitter_want_spectrum(emitter, 0);
    cr_expect_eq(made_for_spectrum(emitter), 0, "the last one has it");
    emitter_want_spectrum(emitter, 0);
    emit(emitter);
    cr_expect_eq(made_for_spectrum(emitter), 1, "the last one was without");
    close_emitter(&emitter);
}

/* Only for an older spectrum one is due without news, and only while there is memory for a copy. */
Test(emitter, waits_for_news_where_there_is_no_memory_for_a_copy)
{
    struct emitter *emitter;
    int tries = 0;

    open_emitter(&emitter);
    emit(emitter);
    cr_assert_eq(emitter_due(emitter), UINT64_MAX);
    emitter_want_spectrum(emitter, 1);
    while (emitter_due(emitter) == 0 || (emitter_due(emitter) == UINT64_MAX && tries < TRIES_MAX)) {
        emit(emitter);
        tries++;
    }
    cr_assert_lt(tries, TRIES_MAX, "a spectrum is never repeated");
    memory_fail(1, 1);
    emitter_tend(emitter, emitter_due(emitter));
    memory_fail(0, 0);
    cr_assert_eq(emitter_tally(emitter).failed, 1);
    cr_assert_eq(emitter_due(emitter), UINT64_MAX);
    emit(emitter);
    cr_assert_eq(emitter_tally(emitter).failed, 1);
    close_emitter(&emitter);
}
