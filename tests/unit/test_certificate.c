#include "core/certificate.h"

#include "base/random.h"
#include "core/learner.h"

#include <lattn/learner.h>

#include <criterion/criterion.h>
#include <math.h>

enum { N = 3, D = 2, P = 6 };

static struct lattn_learner *learner_make(double forget, int32_t dim)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;

    settings.forget = forget;
    settings.dim = dim;
    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    return learner;
}

/* Sequences with standard normal tokens; the last `still` coordinates stay zero. */
static void teach(struct lattn_learner *learner, struct random *random, int count, int32_t d,
                  int32_t still)
{
    for (int i = 0; i < count; i++) {
        double z[N * 4], y[1];
        struct lattn_item item = {
            .z = z, .y = y, .weight = 1, .n = N, .d = d, .m = 1, .labels = LATTN_LABELS_LAST};

        random_normals(random, z, N * d);
        random_normals(random, y, 1);
        for (int k = 0; k < N * d; k++)
            z[k] *= k % d < d - still;
        cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
        lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
    }
}

static struct lattn_certificate certify(struct lattn_learner *learner)
{
    struct lattn_certificate certificate;

    cr_assert_eq(lattn_learner_certify(learner, &certificate), LATTN_OK);
    return certificate;
}

Test(certificate, before_data_is_not_identifying)
{
    struct lattn_learner *learner = learner_make(1, 0);
    struct lattn_certificate certificate = certify(learner);

    cr_expect_eq(certificate.verdict, LATTN_NOT_IDENTIFYING);
    cr_expect_eq(certificate.p, 0);
    cr_expect_eq(certificate.rank, 0);
    cr_expect_eq(certificate.identifying_since, LATTN_NEVER);
    cr_expect_eq(certificate.lost_at, LATTN_NEVER);
    lattn_learner_close(&learner);
}

Test(certificate, random_data_is_identifying_from_p_pairs_on)
{
    struct lattn_learner *learner = learner_make(1, 0);
    struct random random = {.state = 1};

    for (int pairs = 1; pairs <= 3 * P; pairs++) {
        struct lattn_certificate certificate;

        teach(learner, &random, 1, D, 0);
        certificate = certify(learner);
        cr_expect_eq(certificate.rank, pairs < P ? pairs : P);
        cr_expect_eq(certificate.verdict, pairs < P ? LATTN_NOT_IDENTIFYING : LATTN_IDENTIFYING);
        cr_expect_eq(certificate.identifying_since, pairs < P ? LATTN_NEVER : P);
        cr_expect_eq(certificate.pairs, (uint64_t)pairs);
        cr_expect_eq(certificate.generation, lattn_learner_generation(learner));
    }
    lattn_learner_close(&learner);
}

Test(certificate, a_feature_never_seen_leaves_rho_zero)
{
    struct lattn_learner *learner = learner_make(1, 3);
    struct random random = {.state = 2};
    struct lattn_certificate certificate;

    teach(learner, &random, 40, 3, 1);
    certificate = certify(learner);
    cr_expect_eq(certificate.verdict, LATTN_NOT_IDENTIFYING);
    cr_expect_eq(certificate.p, 18);
    cr_expect_eq(certificate.features_seen, 6);
    cr_expect_eq(certificate.rank, 6);
    cr_expect_eq(certificate.rho, 0);
    cr_expect_gt(certificate.rho_seen, 0.01);
    cr_expect_eq(certificate.lambda_min, 0);
    lattn_learner_close(&learner);
}

Test(certificate, admitted_columns_without_data_change_no_number)
{
    const double z[] = {1, 2, 3}, y[] = {1};
    struct lattn_item item = {.z = z, .y = y, .weight = 1, .n = 1, .d = 3, .m = 1};
    struct lattn_learner *learner = learner_make(1, 3);
    struct random random = {.state = 3};
    struct lattn_certificate before, after;

    teach(learner, &random, 40, 3, 1);
    before = certify(learner);
    cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
    after = certify(learner);
    cr_expect_eq(after.features_seen, before.features_seen);
    cr_expect_eq(after.rank, before.rank);
    cr_expect_eq(after.components, before.components);
    cr_expect_float_eq(after.rho_seen, before.rho_seen, 1e-10);
    cr_expect_float_eq(after.lambda_max, before.lambda_max, 1e-10);
    lattn_learner_close(&learner);
}

Test(certificate, lambdas_are_those_of_the_second_moment)
{
    /* d = 1, n = 1: one feature z^3. */
    const double z[] = {2}, y[] = {1};
    struct lattn_item item = {.z = z, .y = y, .weight = 3, .n = 1, .d = 1, .m = 1};
    struct lattn_learner *learner = learner_make(1, 0);
    struct lattn_certificate certificate;

    for (int i = 0; i < 5; i++) {
        cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
        lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
    }
    certificate = certify(learner);
    cr_expect_float_eq(certificate.lambda_min, 64, 1e-12);
    cr_expect_float_eq(certificate.lambda_max, 64, 1e-12);
    cr_expect_float_eq(certificate.rho, 1, 1e-14);
    lattn_learner_close(&learner);
}

Test(certificate, forgetting_loses_and_regains_it_and_says_when)
{
    struct lattn_learner *learner = learner_make(0.9, 0);
    struct random random = {.state = 4};
    struct lattn_certificate certificate;

    teach(learner, &random, 40, D, 0);
    certificate = certify(learner);
    cr_assert_eq(certificate.verdict, LATTN_IDENTIFYING);
    cr_expect_eq(certificate.identifying_since, 40);
    teach(learner, &random, 5, D, 0);
    cr_expect_eq(certify(learner).identifying_since, 40, "as long as it lasts");
    teach(learner, &random, 2000, D, 1);
    certificate = certify(learner);
    cr_expect_eq(certificate.verdict, LATTN_NOT_IDENTIFYING);
    cr_expect_eq(certificate.lost_at, 2045);
    cr_expect_eq(certificate.identifying_since, 40);
    teach(learner, &random, 10, D, 1);
    cr_expect_eq(certify(learner).lost_at, 2045, "the first evaluation that lost it");
    teach(learner, &random, 60, D, 0);
    certificate = certify(learner);
    cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING);
    cr_expect_eq(certificate.lost_at, LATTN_NEVER);
    cr_expect_eq(certificate.identifying_since, 2115, "the old data has faded: known anew");
    lattn_learner_close(&learner);
}

Test(certificate, growth_loses_it_until_the_new_features_are_known)
{
    const char *const names[] = {"third"};
    struct lattn_learner *learner = learner_make(1, 0);
    struct random random = {.state = 5};
    struct lattn_certificate certificate;
    int32_t index;

    teach(learner, &random, 40, D, 0);
    cr_assert_eq(certify(learner).verdict, LATTN_IDENTIFYING);
    cr_assert_eq(lattn_learner_name(learner, names, 1, NULL, 0, NULL, 0, &index, NULL, NULL),
                 LATTN_OK);
    certificate = certify(learner);
    cr_expect_eq(certificate.verdict, LATTN_NOT_IDENTIFYING);
    cr_expect_eq(certificate.lost_at, 40);
    /* All features occur, but the third coordinate repeats the first. */
    for (int i = 0; i < 200; i++) {
        double z[N * 3], y[1] = {1};
        struct lattn_item item = {.z = z, .y = y, .weight = 1, .n = N, .d = 3, .m = 1};

        random_normals(&random, z, N * 3);
        for (int t = 0; t < N; t++)
            z[3 * t + 2] = z[3 * t];
        cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
        lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
    }
    certificate = certify(learner);
    cr_expect_eq(certificate.features_seen, certificate.p);
    cr_expect_eq(certificate.verdict, LATTN_NOT_IDENTIFYING,
                 "the wider function never was determined, yet: %s",
                 lattn_verdict_text(certificate.verdict));
    teach(learner, &random, 60, 3, 0);
    certificate = certify(learner);
    cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING);
    cr_expect_eq(certificate.identifying_since, 300, "of this function, and not of the old one");
    cr_expect_eq(certificate.lost_at, LATTN_NEVER);
    lattn_learner_close(&learner);
}

/* Nobody looked between the growth and the data that made up for it. */
Test(certificate, growth_that_nobody_saw_begins_anew_as_well)
{
    const char *const names[] = {"third"};
    struct lattn_learner *learner = learner_make(1, 0);
    struct random random = {.state = 7};
    int32_t index;

    teach(learner, &random, 40, D, 0);
    cr_assert_eq(certify(learner).identifying_since, 40);
    cr_assert_eq(lattn_learner_name(learner, names, 1, NULL, 0, NULL, 0, &index, NULL, NULL),
                 LATTN_OK);
    teach(learner, &random, 60, 3, 0);
    cr_expect_eq(certify(learner).identifying_since, 100);
    lattn_learner_close(&learner);
}

Test(certificate, what_a_copy_found_out_is_noted)
{
    struct lattn_learner *learner = learner_make(0.9, 0), *copy = NULL;
    struct random random = {.state = 6};
    struct lattn_certificate found, later;

    teach(learner, &random, 40, D, 0);
    cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
    found = certify(copy);
    cr_assert_eq(found.identifying_since, 40);
    teach(learner, &random, 10, D, 0);
    lattn_learner_note(learner, &found);
    later = certify(learner);
    cr_expect_eq(later.identifying_since, 40, "not 50, when the learner itself first looked");
    lattn_learner_close(&copy);
    teach(learner, &random, 2000, D, 1);
    cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
    found = certify(copy);
    cr_expect_eq(found.lost_at, 2050);
    cr_expect_eq(found.identifying_since, 40);
    lattn_learner_note(learner, &found);
    teach(learner, &random, 1, D, 1);
    cr_expect_eq(certify(learner).lost_at, 2050);
    lattn_learner_close(&copy);
    lattn_learner_close(&learner);
}

Test(certificate, reset_forgets_its_history)
{
    struct lattn_learner *learner = learner_make(1, 0);
    struct random random = {.state = 7};

    teach(learner, &random, 40, D, 0);
    (void)certify(learner);
    cr_assert_eq(lattn_learner_reset(learner), LATTN_OK);
    cr_expect_eq(certify(learner).identifying_since, LATTN_NEVER);
    lattn_learner_close(&learner);
}

Test(certificate, features_too_small_to_square_are_no_identification)
{
    const double sizes[] = {7e-51, 1e-52, 1e-53};

    for (int s = 0; s < 3; s++) {
        struct lattn_learner *learner = learner_make(1, 0);
        struct lattn_certificate certificate;

        for (int i = 0; i < 8; i++) {
            double z[1] = {sizes[s] / 2}, y[1] = {1};
            struct lattn_item item = {.z = z, .y = y, .weight = 1, .n = 1, .d = 1, .m = 1};

            cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
            lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
        }
        certificate = certify(learner);
        cr_expect_eq(certificate.verdict, LATTN_NOT_IDENTIFYING, "%g: %s", sizes[s],
                     lattn_verdict_text(certificate.verdict));
        cr_expect(!isnan(certificate.rho), "%g", sizes[s]);
        lattn_learner_close(&learner);
    }
}
