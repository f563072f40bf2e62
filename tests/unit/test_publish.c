#include "serve/publish.h"

#include <lattn/emission.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <string.h>
#include <uv.h>

enum { DIM = 2, P = DIM * DIM * (DIM + 1) / 2 };

static void nothing_done(void *arg)
{
    (void)arg;
}

static struct publisher *publisher_make(int with_safetensors)
{
    const struct publisher_settings settings = {
        .heads = LATTN_HEADS_SVD, .with_safetensors = with_safetensors, .done = nothing_done};
    struct publisher *publisher = NULL;

    cr_assert_eq(publisher_open(&publisher, &settings, NULL), LATTN_OK);
    return publisher;
}

static struct lattn_learner *learner_make(int pairs)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;

    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    for (int i = 0; i < pairs; i++) {
        const double z[2 * DIM] = {1, i, i * i, 2};
        const double y = i;
        struct lattn_item item = {.z = z, .y = &y, .weight = 1, .n = 2, .d = DIM, .m = 1};

        cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
        lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
    }
    return learner;
}

/* The bulletin on a learner of so many pairs, in this epoch. */
static struct bulletin *bulletin_make(struct publisher *publisher, int pairs, uint64_t epoch)
{
    const struct lattn_service service = {.accepted = 7};
    struct lattn_learner *learner = learner_make(pairs);
    struct publisher_result result;
    struct bulletin *bulletin = NULL;
    struct pace pace;

    pace_init(&pace, 0);
    cr_assert_eq(publisher_start(publisher, learner, &service, &pace, epoch), LATTN_OK);
    lattn_learner_close(&learner);
    publisher_wait(publisher);
    cr_assert_eq(publisher_result(publisher, &result), LATTN_OK);
    cr_assert_eq(result.status, LATTN_OK);
    cr_assert_eq(publisher_bulletin(publisher, &bulletin), LATTN_OK);
    cr_expect_eq(result.certificate.pairs, bulletin->report.pairs);
    lattn_model_close(&result.model);
    return bulletin;
}

Test(publish, has_numbers_and_texts)
{
    struct publisher *publisher = publisher_make(1);
    struct bulletin *bulletin = bulletin_make(publisher, 3, 0);
    struct lattn_model *model = NULL;

    cr_expect_eq(bulletin->number, 1);
    cr_expect_eq(bulletin->report.pairs, 3);
    cr_expect_not_null(bulletin->report.r2);
    cr_expect_eq(bulletin->service.accepted, 7);
    cr_expect_eq(bulletin->service.pairs_to_go, P - 3, "one direction a pair");
    cr_assert_eq(lattn_model_read(bulletin->model[LATTN_FORMAT_JSON].data,
                                  bulletin->model[LATTN_FORMAT_JSON].length, &model, NULL),
                 LATTN_OK);
    cr_expect_eq(model->heads, bulletin->service.heads);
    lattn_model_close(&model);
    cr_assert_eq(
        lattn_model_read(bulletin->safetensors.data, bulletin->safetensors.length, &model, NULL),
        LATTN_OK);
    cr_expect_eq(model->heads, bulletin->service.heads);
    lattn_model_close(&model);
    cr_expect_gt(bulletin->status[LATTN_FORMAT_MSGPACK].length, 0);
    bulletin_close(&bulletin);
    publisher_close(&publisher);
}

Test(publish, leaves_out_what_is_not_there_or_not_wanted)
{
    struct publisher *publisher = publisher_make(0);
    struct bulletin *bulletin = bulletin_make(publisher, 0, 0);

    cr_expect_eq(bulletin->model[LATTN_FORMAT_JSON].length, 0);
    bulletin_close(&bulletin);
    bulletin = bulletin_make(publisher, 3, 0);
    cr_expect_eq(bulletin->safetensors.length, 0);
    cr_expect_eq(bulletin->spectrum[LATTN_FORMAT_JSON].length, 0);
    bulletin_close(&bulletin);
    publisher_close(&publisher);
}

static void expect_generation(const struct bulletin *bulletin, int has, const char *generation)
{
    const struct lattn_text *text = &bulletin->spectrum[LATTN_FORMAT_JSON];

    cr_expect_eq(text->length > 0, has);
    cr_expect(!has || strstr(text->data, generation) != NULL, "%s", text->data);
}

Test(publish, has_the_spectrum_where_it_is_wanted)
{
    struct publisher *publisher = publisher_make(0);
    struct bulletin *bulletin;

    publisher_want_spectrum(publisher, 1);
    bulletin = bulletin_make(publisher, 0, 0);
    expect_generation(bulletin, 0, "of no pair there is none");
    bulletin_close(&bulletin);
    bulletin = bulletin_make(publisher, 3, 0);
    expect_generation(bulletin, 1, "\"generation\":");
    bulletin_close(&bulletin);
    /* Everything was forgotten: that of before must not come again, nor hold up a new one. */
    bulletin = bulletin_make(publisher, 0, 1);
    expect_generation(bulletin, 0, "");
    bulletin_close(&bulletin);
    bulletin = bulletin_make(publisher, 1, 2);
    expect_generation(bulletin, 1, "\"largest\":[1,0]");
    bulletin_close(&bulletin);
    publisher_want_spectrum(publisher, 0);
    bulletin = bulletin_make(publisher, 5, 2);
    expect_generation(bulletin, 0, "");
    bulletin_close(&bulletin);
    publisher_close(&publisher);
}

/* ---- where memory ends ---- */

static uint64_t fail_after; /* of the next emission */
static int has_failed;      /* an allocation of the last one */
static uv_sem_t done;

/* On the publisher's thread, behind an emission. */
static void failure_arm(void *arg)
{
    (void)arg;
    has_failed = memory_failed();
    memory_fail(fail_after, 0);
    uv_sem_post(&done);
}

static struct publisher_result result_make(struct publisher *publisher,
                                           const struct lattn_learner *learner)
{
    const struct lattn_service service = {.accepted = 7};
    struct publisher_result result;
    struct pace pace;

    pace_init(&pace, 0);
    cr_assert_eq(publisher_start(publisher, learner, &service, &pace, 0), LATTN_OK);
    uv_sem_wait(&done);
    cr_assert_eq(publisher_result(publisher, &result), LATTN_OK);
    lattn_model_close(&result.model);
    return result;
}

/* Each allocation fails once, of two learners in turn: an older spectrum is always another one. */
Test(publish, asks_for_no_emission_at_once_where_the_spectrum_cannot_be_made)
{
    const struct publisher_settings settings = {.heads = LATTN_HEADS_SVD, .done = failure_arm};
    struct lattn_learner *learners[] = {learner_make(3), learner_make(5)};
    struct publisher *publisher = NULL;
    int emissions = 0;

    cr_assert_eq(uv_sem_init(&done, 0), 0);
    cr_assert_eq(publisher_open(&publisher, &settings, NULL), LATTN_OK);
    publisher_want_spectrum(publisher, 1);
    do {
        uint64_t start_ns = uv_hrtime();
        struct publisher_result result;

        fail_after++;
        result = result_make(publisher, learners[emissions++ % 2]);
        cr_assert(result.status == LATTN_OK || has_failed);
        if (result.status == LATTN_OK)
            cr_assert_gt(result.spectrum_due_ns, start_ns, "allocation %d", emissions);
    } while (emissions < 3 || has_failed);
    cr_expect_gt(emissions, 20);
    publisher_close(&publisher);
    lattn_learner_close(&learners[0]);
    lattn_learner_close(&learners[1]);
    uv_sem_destroy(&done);
}
