/*
 * Learners with a team against one without: they must hold the same bits, whatever happened.
 */

#include "base/memory.h"
#include "base/random.h"
#include "core/learner.h"

#include <lattn/learner.h>
#include <lattn/state.h>

#include <criterion/criterion.h>
#include <string.h>

/* d = 5 folds alone, d = 6 and more in waves of four blocks; both engines fold more at once. */
enum { TOKENS = 3, ITEMS = 700, BATCHES = 3, BYTES_MAX = 8 << 20 };

static struct lattn_learner *learner_of(enum lattn_engine engine, int32_t threads)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;

    settings.engine = engine;
    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    cr_assert_eq(lattn_learner_threads_get(learner), 1);
    cr_assert_eq(lattn_learner_threads_set(learner, threads), LATTN_OK);
    cr_assert_eq(lattn_learner_threads_get(learner), threads);
    return learner;
}

static void learn(struct lattn_learner *learner, int32_t d, uint64_t seed)
{
    struct random random = {seed};
    double *numbers = memory_raw((size_t)ITEMS * (TOKENS * (size_t)d + 1), sizeof *numbers);
    struct lattn_item *items = memory_zeroed(ITEMS, sizeof *items);

    random_normals(&random, numbers, ITEMS * (TOKENS * (int64_t)d + 1));
    for (size_t i = 0; i < ITEMS; i++) {
        double *z = numbers + i * (TOKENS * (size_t)d + 1);

        items[i] = (struct lattn_item){
            .n = TOKENS, .d = d, .m = 1, .z = z, .y = z + TOKENS * d, .weight = 1};
        cr_assert_eq(lattn_learner_admit(learner, &items[i], NULL), LATTN_OK);
    }
    lattn_learner_absorb(learner, &(struct lattn_batch){.items = items, .count = ITEMS});
    memory_release(items);
    memory_release(numbers);
}

struct image {
    unsigned char *bytes;
    size_t count;
};

static enum lattn_status image_sink(void *arg, const void *bytes, size_t count)
{
    struct image *image = arg;

    cr_assert(count <= BYTES_MAX - image->count);
    memcpy(image->bytes + image->count, bytes, count);
    image->count += count;
    return LATTN_OK;
}

static void check_same(const struct lattn_learner *a, const struct lattn_learner *b,
                       const char *what)
{
    struct image one = {memory_raw(BYTES_MAX, 1), 0}, other = {memory_raw(BYTES_MAX, 1), 0};

    cr_assert_eq(lattn_learner_save(a, image_sink, &one), LATTN_OK);
    cr_assert_eq(lattn_learner_save(b, image_sink, &other), LATTN_OK);
    cr_assert_eq(one.count, other.count, "%s", what);
    cr_assert_eq(memcmp(one.bytes, other.bytes, one.count), 0, "%s", what);
    memory_release(one.bytes);
    memory_release(other.bytes);
}

static void check_engine(enum lattn_engine engine, int32_t d)
{
    struct lattn_learner *alone = learner_of(engine, 1);

    for (uint64_t i = 0; i < BATCHES; i++)
        learn(alone, d, i);
    for (int32_t threads = 2; threads <= 4; threads++) {
        struct lattn_learner *helped = learner_of(engine, threads);

        for (uint64_t i = 0; i < BATCHES; i++)
            learn(helped, d, i);
        check_same(alone, helped, lattn_engine_text(engine));
        lattn_learner_close(&helped);
    }
    lattn_learner_close(&alone);
}

Test(learner_threads, learn_the_same)
{
    check_engine(LATTN_ENGINE_RLS, 5);
    check_engine(LATTN_ENGINE_RLS, 6);
    check_engine(LATTN_ENGINE_RLS, 8);
    check_engine(LATTN_ENGINE_GRAM, 8);
}

Test(learner_threads, may_come_and_go)
{
    struct lattn_learner *alone = learner_of(LATTN_ENGINE_RLS, 1);
    struct lattn_learner *helped = learner_of(LATTN_ENGINE_RLS, 3);

    for (int32_t threads = 3; threads >= 1; threads--) {
        learn(alone, 8, (uint64_t)threads);
        learn(helped, 8, (uint64_t)threads);
        cr_assert_eq(lattn_learner_threads_set(helped, threads), LATTN_OK);
        cr_assert_eq(lattn_learner_threads_get(helped), threads);
    }
    check_same(alone, helped, "fewer and fewer");
    lattn_learner_close(&helped);
    lattn_learner_close(&alone);
}

Test(learner_threads, stay_when_all_is_forgotten)
{
    struct lattn_learner *alone = learner_of(LATTN_ENGINE_RLS, 1);
    struct lattn_learner *helped = learner_of(LATTN_ENGINE_RLS, 2);

    learn(alone, 8, 1);
    learn(helped, 3, 1);
    cr_assert_eq(lattn_learner_reset(alone), LATTN_OK);
    cr_assert_eq(lattn_learner_reset(helped), LATTN_OK);
    cr_assert_eq(lattn_learner_threads_get(helped), 2);
    learn(alone, 8, 2);
    learn(helped, 8, 2);
    lattn_learner_close(&helped);
    lattn_learner_close(&alone);
}

/* A copy that had the same team would share it out from another thread. */
Test(learner_threads, are_not_copied)
{
    struct lattn_learner *helped = learner_of(LATTN_ENGINE_RLS, 2), *copy = NULL;

    learn(helped, 8, 1);
    cr_assert_eq(lattn_learner_copy(helped, &copy), LATTN_OK);
    cr_assert_eq(lattn_learner_threads_get(copy), 1);
    cr_assert_eq(lattn_learner_threads_get(helped), 2);
    learn(helped, 8, 2);
    learn(copy, 8, 2);
    check_same(helped, copy, "a copy");
    lattn_learner_close(&helped);
    learn(copy, 8, 3);
    lattn_learner_close(&copy);
}

Test(learner_threads, go_to_the_copy_that_stays)
{
    struct lattn_learner *helped = learner_of(LATTN_ENGINE_RLS, 2), *copy = NULL;

    learn(helped, 8, 1);
    cr_assert_eq(lattn_learner_copy(helped, &copy), LATTN_OK);
    cr_assert_eq(lattn_learner_threads_set(copy, 4), LATTN_OK);
    learner_threads_give(helped, copy);
    cr_assert_eq(lattn_learner_threads_get(helped), 1);
    cr_assert_eq(lattn_learner_threads_get(copy), 2);
    learn(helped, 8, 2);
    learn(copy, 8, 2);
    check_same(helped, copy, "who has threads now");
    lattn_learner_close(&helped);
    learn(copy, 8, 3);
    lattn_learner_close(&copy);
}

Test(learner_threads, are_refused_out_of_range)
{
    struct lattn_learner *learner = learner_of(LATTN_ENGINE_RLS, 2);

    cr_assert_eq(lattn_learner_threads_set(learner, 0), LATTN_RANGE);
    cr_assert_eq(lattn_learner_threads_set(learner, -1), LATTN_RANGE);
    cr_assert_eq(lattn_learner_threads_set(learner, LATTN_THREADS_MAX + 1), LATTN_RANGE);
    memory_fail(1, 0);
    cr_assert_eq(lattn_learner_threads_set(learner, 3), LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_assert_eq(lattn_learner_threads_get(learner), 2);
    lattn_learner_close(&learner);
}
