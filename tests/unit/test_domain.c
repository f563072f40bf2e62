#include "core/dense.h"
#include "support/corpus.h"

#include <lattn/learner.h>
#include <lattn/wire.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(domain, .init = dense_threads_one);

static const double label[1] = {1};

static struct lattn_item item_of(const double *z, int32_t n)
{
    return (struct lattn_item){.z = z, .y = label, .weight = 1, .n = n, .d = 3, .m = 1};
}

/* Learned: the first symbol alone, and the second followed by the first. */
static const double first[] = {1, 0, 0};
static const double second_first[] = {0, 1, 0, 1, 0, 0};
static const double third[] = {0, 0, 1};
static const double first_first[] = {1, 0, 0, 1, 0, 0};
static const double first_second[] = {1, 0, 0, 0, 1, 0};

static struct lattn_learner *learner_of_two(void)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    const struct lattn_item items[] = {item_of(second_first, 2)};

    corpus_teach_item(&items[0], learner);
    return learner;
}

Test(domain, counts_what_is_determined)
{
    struct lattn_learner *learner = learner_of_two();
    const struct lattn_item inputs[] = {item_of(second_first, 2), item_of(second_first, 2)};
    const struct lattn_batch batch = {inputs, 2};
    struct lattn_domain domain;

    cr_assert_eq(lattn_learner_cover(learner, &batch, &domain, NULL), LATTN_OK);
    cr_assert_eq(domain.inputs, 2);
    cr_assert_eq(domain.determined, 2);
    cr_assert_eq(domain.bound95, lattn_stream_bound(2, 0, 0.05));
    cr_assert_eq(domain.undetermined_count, 0);
    cr_assert_eq(domain.lacks_count, 0);
    lattn_learner_close(&learner);
}

/* The one row holds S_00 z_0 and S_11 z_0: seen together they are one direction of two columns. */
Test(domain, names_what_is_missing)
{
    static const char *const names[] = {"yes", "no", "perhaps"};
    struct lattn_learner *learner = learner_of_two();
    const struct lattn_item inputs[] = {item_of(first, 1),        item_of(third, 1),
                                        item_of(second_first, 2), item_of(first_second, 2),
                                        item_of(third, 1),        item_of(first_first, 2)};
    const struct lattn_batch batch = {inputs, 6};
    struct lattn_domain domain;
    int32_t indices[3];

    cr_assert_eq(lattn_learner_name(learner, names, 2, NULL, 0, NULL, 0, indices, NULL, NULL),
                 LATTN_OK);
    cr_assert_eq(lattn_learner_cover(learner, &batch, &domain, NULL), LATTN_OK);
    cr_assert_eq(domain.determined, 1);
    cr_assert_eq(domain.undetermined_count, 5);
    cr_assert_eq(domain.undetermined[2], 3);
    cr_assert_eq(domain.lacks_count, 4);
    for (int32_t i = 0; i < domain.lacks_count; i++) {
        const struct lattn_lack *lack = &domain.lacks[i];

        if (lack->columns > 0) {
            cr_expect_eq(lack->columns, 2);
            cr_expect_eq(lack->rank, 1);
            cr_expect_eq(lack->inputs, 2);
        } else {
            cr_expect_eq(lack->inputs, strstr(lack->feature, "2") == lack->feature ? 2 : 1, "%s",
                         lack->feature);
        }
    }
    lattn_learner_close(&learner);
}

/* Each lacks S_22 z_0, and would lack a direction of the component as well. */
Test(domain, counts_equal_inputs_alike)
{
    static const double third_first[] = {0, 0, 1, 1, 0, 0};
    struct lattn_learner *learner = learner_of_two();
    const struct lattn_item input = item_of(third_first, 2);
    const struct lattn_item inputs[] = {input, input, input, input, input};
    struct lattn_domain domain;

    cr_assert_eq(lattn_learner_cover(learner, &(struct lattn_batch){inputs, 5}, &domain, NULL),
                 LATTN_OK);
    cr_assert_eq(domain.determined, 0);
    cr_assert_eq(domain.lacks_count, 1);
    cr_expect_str_eq(domain.lacks[0].feature, "2 * 2 * 0");
    cr_expect_eq(domain.lacks[0].columns, 0);
    cr_expect_eq(domain.lacks[0].inputs, 5);
    lattn_learner_close(&learner);
}

/* Inputs of 33 408 features, nearly all of them never seen: a name for each would take a minute. */
Test(domain, finds_lacks_among_many_features_at_once, .timeout = 15)
{
    enum { D = 40, COUNT = 256 };
    static const double one[D] = {1};
    static double all[D];
    static struct lattn_item inputs[COUNT];
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct lattn_domain domain;

    for (int32_t i = 0; i < D; i++)
        all[i] = 1;
    for (int32_t i = 0; i < COUNT; i++)
        inputs[i] = (struct lattn_item){.z = all, .weight = 1, .n = 1, .d = D};
    corpus_teach_item(
        &(struct lattn_item){.z = one, .y = label, .weight = 1, .n = 1, .d = D, .m = 1}, learner);
    cr_assert_eq(lattn_learner_cover(learner, &(struct lattn_batch){inputs, COUNT}, &domain, NULL),
                 LATTN_OK);
    cr_assert_eq(domain.determined, 0);
    cr_assert_eq(domain.lacks_count, LATTN_LACKS_MAX);
    for (int32_t i = 0; i < LATTN_LACKS_MAX; i++)
        cr_expect_eq(domain.lacks[i].inputs, COUNT, "%s", domain.lacks[i].feature);
    lattn_learner_close(&learner);
}

Test(domain, refuses_before_any_pair_and_bad_inputs)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct lattn_item inputs[] = {item_of(second_first, 2), item_of(second_first, 2)};
    const struct lattn_batch batch = {inputs, 2};
    struct lattn_complaint complaint;
    struct lattn_domain domain;

    cr_assert_eq(lattn_learner_cover(learner, &batch, &domain, &complaint), LATTN_NO_DATA);
    corpus_teach_item(&inputs[0], learner);
    inputs[1].d = 2;
    cr_assert_eq(lattn_learner_cover(learner, &batch, &domain, &complaint), LATTN_SHAPE);
    cr_assert_eq(strncmp(complaint.text, "inputs[1]: a token", 18), 0, "%s", complaint.text);
    lattn_learner_close(&learner);
}

Test(domain, comes_back_from_the_wire)
{
    const struct lattn_domain domain = {
        .inputs = 10,
        .determined = 7,
        .bound95 = 0.5,
        .undetermined = {1, 5},
        .undetermined_count = 2,
        .lacks = {{.feature = "a * b * c", .inputs = 2},
                  {.feature = "a * a * a", .columns = 5, .rank = 4, .inputs = 1}},
        .lacks_count = 2,
    };

    for (enum lattn_format format = LATTN_FORMAT_JSON; format <= LATTN_FORMAT_MSGPACK; format++) {
        struct lattn_text result, message;
        struct lattn_reply reply;
        struct lattn_domain again;

        lattn_text_init(&result);
        lattn_text_init(&message);
        cr_assert_eq(lattn_write_domain(&result, format, &domain), LATTN_OK);
        cr_assert_eq(lattn_write_reply(&message, format, "1", result.data, result.length),
                     LATTN_OK);
        cr_assert_eq(lattn_reply_read(message.data, message.length, format, &reply, NULL),
                     LATTN_OK);
        cr_assert_eq(lattn_reply_domain(&reply, &again), LATTN_OK);
        cr_assert_eq(memcmp(&again, &domain, sizeof domain), 0);
        lattn_reply_done(&reply);
        lattn_text_done(&message);
        lattn_text_done(&result);
    }
}

Test(domain, is_read_of_nothing_else)
{
    static const char *const results[] = {
        "{}", "{\"inputs\":0,\"determined\":0}", "{\"inputs\":1,\"determined\":2}",
        "{\"inputs\":1,\"determined\":1,\"short\":3}", "{\"inputs\":-1}"};

    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        struct lattn_text message;
        struct lattn_reply reply;
        struct lattn_domain domain;

        lattn_text_init(&message);
        cr_assert_eq(
            lattn_write_reply(&message, LATTN_FORMAT_JSON, "1", results[i], strlen(results[i])),
            LATTN_OK);
        cr_assert_eq(
            lattn_reply_read(message.data, message.length, LATTN_FORMAT_JSON, &reply, NULL),
            LATTN_OK);
        cr_assert_eq(lattn_reply_domain(&reply, &domain), LATTN_FIELD, "%s", results[i]);
        lattn_reply_done(&reply);
        lattn_text_done(&message);
    }
}
