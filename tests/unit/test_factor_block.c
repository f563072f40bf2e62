/*
 * Items taken together against items taken one by one: the learner must hold the same bits, as an
 * image shows them.
 */

#include "base/memory.h"
#include "base/random.h"
#include "core/factor_block.h"
#include "core/learner.h"

#include <lattn/learner.h>
#include <lattn/state.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum {
    D = 4,
    M = 2,
    TOKENS = 5,
    ITEMS = 450,
    BATCH = 225,
    NUMBERS = TOKENS * (D + M),
    BYTES_MAX = 1 << 20
};

/* What tokens and labels are like, and what the learner makes of them. */
struct stream {
    enum lattn_engine engine;
    double forget;
    int has_weights;
    int has_zeros;
    int is_far_apart;
    int has_all_labels;
    int32_t bias;
};

struct image {
    unsigned char bytes[BYTES_MAX];
    size_t count;
};

static struct lattn_item item_make(const struct stream *stream, struct random *random,
                                   double *numbers, int32_t i)
{
    enum lattn_labels labels =
        stream->has_all_labels ? (enum lattn_labels)(random_below(random, 3)) : LATTN_LABELS_LAST;
    double far_apart = stream->is_far_apart && i > ITEMS / 2 ? 0x1p-120 : 1;

    random_normals(random, numbers, NUMBERS);
    for (int32_t t = 0; t < TOKENS * D; t++) {
        if (stream->has_zeros && i > 0 && random_below(random, 4) == 0)
            numbers[t] = 0;
        numbers[t] *= t % D == 0 ? far_apart : 1;
    }
    return (struct lattn_item){.z = numbers,
                               .y = numbers + TOKENS * D,
                               .weight = stream->has_weights ? 0.5 + random_uniform(random) : 1,
                               .labels = labels,
                               .n = 1 + (int32_t)random_below(random, TOKENS),
                               .d = D,
                               .m = M};
}

static struct lattn_learner *learner_make(const struct stream *stream, int32_t threads)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;

    settings.engine = stream->engine;
    settings.forget = stream->forget;
    settings.bias = stream->bias;
    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    cr_assert_eq(lattn_learner_threads_set(learner, threads), LATTN_OK);
    return learner;
}

static void learn_singly(struct lattn_learner *learner, const struct lattn_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        factor_take(&learner->factor, &batch->items[i], NULL, NULL);
    factor_fold(&learner->factor);
}

static enum lattn_status image_sink(void *arg, const void *bytes, size_t count)
{
    struct image *image = arg;

    cr_assert(count <= BYTES_MAX - image->count);
    memcpy(image->bytes + image->count, bytes, count);
    image->count += count;
    return LATTN_OK;
}

static void check_same(const struct lattn_learner *a, const struct lattn_learner *b)
{
    static struct image one, other;

    one.count = other.count = 0;
    cr_assert_eq(lattn_learner_save(a, image_sink, &one), LATTN_OK);
    cr_assert_eq(lattn_learner_save(b, image_sink, &other), LATTN_OK);
    cr_assert_eq(one.count, other.count);
    cr_assert_eq(memcmp(one.bytes, other.bytes, one.count), 0);
}

static void check_stream(const struct stream *stream)
{
    struct random random = {.state = 3};
    double *numbers = memory_raw(ITEMS * NUMBERS, sizeof *numbers);
    struct lattn_item *items = memory_raw(ITEMS, sizeof *items);
    struct lattn_learner *singly = learner_make(stream, 1), *alone = learner_make(stream, 1),
                         *helped = learner_make(stream, 3);
    size_t taken = 0;

    for (int32_t i = 0; i < ITEMS; i++) {
        items[i] = item_make(stream, &random, numbers + (size_t)i * NUMBERS, i);
        cr_assert_eq(lattn_learner_admit(singly, &items[i], NULL), LATTN_OK);
        cr_assert_eq(lattn_learner_admit(alone, &items[i], NULL), LATTN_OK);
        cr_assert_eq(lattn_learner_admit(helped, &items[i], NULL), LATTN_OK);
    }
    for (size_t i = 0; i < ITEMS; i += taken) {
        struct lattn_batch batch = {items + i, BATCH};

        taken = batch.count;
        learn_singly(singly, &batch);
        lattn_learner_absorb(alone, &batch);
        lattn_learner_absorb(helped, &batch);
        check_same(singly, alone);
        check_same(singly, helped);
    }
    cr_expect(helped->factor.block != NULL && singly->factor.block == NULL);
    lattn_learner_close(&singly);
    lattn_learner_close(&alone);
    lattn_learner_close(&helped);
    memory_release(numbers);
    memory_release(items);
}

Test(factor_block, learns_the_same_as_one_by_one)
{
    const struct stream streams[] = {
        {.forget = 1},
        {.forget = 0.999, .has_weights = 1, .has_all_labels = 1},
        {.forget = 1, .has_zeros = 1, .bias = 1},
        {.forget = 1, .has_weights = 1, .is_far_apart = 1},
    };

    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        struct stream stream = streams[i];

        stream.engine = LATTN_ENGINE_RLS;
        check_stream(&stream);
        stream.engine = LATTN_ENGINE_GRAM;
        check_stream(&stream);
    }
}

/* Before every feature has its place, and where there is too little of it, there is no block. */
Test(factor_block, leaves_what_is_not_for_it)
{
    const struct stream stream = {.forget = 1};
    struct random random = {.state = 4};
    double numbers[NUMBERS];
    struct lattn_item items[2];
    struct lattn_learner *learner = learner_make(&stream, 2);

    items[0] = items[1] = item_make(&stream, &random, numbers, 0);
    cr_expect_eq(factor_block_take(&learner->factor, items, 2), 0);
    cr_assert_eq(lattn_learner_admit(learner, items, NULL), LATTN_OK);
    cr_expect_eq(factor_block_take(&learner->factor, items, 2), 0);
    lattn_learner_close(&learner);
}

Test(factor_block, does_without_memory)
{
    const struct stream stream = {.forget = 1};
    struct random random = {.state = 5};
    double numbers[NUMBERS];
    struct lattn_item items[20];
    struct lattn_learner *learner = learner_make(&stream, 2);

    for (size_t i = 0; i < 20; i++)
        items[i] = item_make(&stream, &random, numbers, 0);
    cr_assert_eq(lattn_learner_admit(learner, items, NULL), LATTN_OK);
    for (uint64_t k = 1; learner->factor.block == NULL; k++) {
        memory_fail(k, 0);
        if (factor_block_take(&learner->factor, items, 20) == 0)
            cr_expect(learner->factor.pairs == 0 && learner->factor.block == NULL);
        memory_fail(0, 0);
    }
    cr_expect_eq(learner->factor.pairs, 20);
    factor_fold(&learner->factor);
    lattn_learner_close(&learner);
}
