#include "serve/judge.h"

#include "core/learner.h"
#include "support/folder.h"
#include "support/sharing.h"

#include <criterion/criterion.h>
#include <string.h>
#include <uv.h>

static struct folder folder;
static struct judge *judge;
static uv_sem_t done;

static void post(void *arg)
{
    uv_sem_post(arg);
}

static void judge_begin(void)
{
    struct judge_settings settings = {
        .directory = folder.path, .shards = 2, .done = post, .arg = &done};

    folder = folder_make();
    settings.learner = lattn_learner_settings_default();
    settings.learner.ridge = 0.5;
    settings.learner.precision = 1e-7;
    cr_assert_eq(uv_sem_init(&done, 0), 0);
    cr_assert_eq(judge_open(&judge, &settings), LATTN_OK);
}

static void judge_end(void)
{
    judge_close(&judge);
    cr_assert_null(judge);
    judge_close(&judge);
    uv_sem_destroy(&done);
    folder_remove(&folder);
}

TestSuite(judge, .init = judge_begin, .fini = judge_end);

static struct judge_result result_await(void)
{
    struct judge_result result;

    uv_sem_wait(&done);
    cr_expect_not(judge_is_idle(judge), "a result is there");
    cr_assert_eq(judge_result(judge, &result), LATTN_OK);
    cr_expect(judge_is_idle(judge));
    cr_expect_eq(judge_result(judge, &result), LATTN_MORE);
    return result;
}

Test(judge, reads_a_state_under_its_own_settings)
{
    const struct sharing sharing = {SHARING_A, 1, 2, .pairs = 3};
    struct lattn_text bytes = sharing_offer(&sharing).data;
    struct lattn_learner_settings settings;
    struct judge_result result;

    cr_expect_eq(judge_result(judge, &result), LATTN_MORE);
    judge_read(judge, 1, &bytes);
    cr_expect_null(bytes.data, "they were given");
    result = result_await();
    cr_assert_eq(result.status, LATTN_OK, "%s", result.complaint.text);
    cr_expect(result.has_state);
    cr_expect_eq(result.shard, 1);
    cr_expect_eq(result.age_ns, 0);
    cr_expect_eq(lattn_learner_pairs(result.state.learner), 3);
    settings = lattn_learner_settings_get(result.state.learner);
    cr_expect_eq(settings.ridge, 0.5);
    cr_expect_eq(settings.precision, 1e-7, "the coarser one");
    state_done(&result.state);
}

Test(judge, says_why_there_is_no_state)
{
    struct lattn_text bytes;
    struct judge_result result;

    lattn_text_init(&bytes);
    cr_assert_eq(lattn_text_add(&bytes, "no image of a state", 19), LATTN_OK);
    judge_read(judge, 0, &bytes);
    result = result_await();
    cr_expect_lt(result.status, LATTN_OK);
    cr_expect_str_neq(result.complaint.text, "");
    cr_expect_not(result.has_state);
    cr_expect_null(result.state.learner);
}

Test(judge, finds_states_in_the_directory)
{
    const struct sharing sharing = {SHARING_A, 1, 2, .pairs = 3};
    struct lattn_text bytes = sharing_offer(&sharing).data;
    struct judge_result result;
    struct drop_mark mark;
    char path[PATH_MAX];

    judge_look(judge);
    cr_expect_eq(result_await().status, LATTN_MORE);
    cr_assert_eq(drop_path(folder.path, 1, 2, path), LATTN_OK);
    cr_assert_eq(drop_put(path, bytes.data, bytes.length, &mark, NULL), LATTN_OK);
    lattn_text_done(&bytes);
    judge_look(judge);
    result = result_await();
    cr_assert_eq(result.status, LATTN_OK);
    cr_expect(result.has_state);
    cr_expect_eq(result.shard, 1);
    cr_expect_str_eq(result.state.origin.worker, SHARING_A);
    state_done(&result.state);
}
