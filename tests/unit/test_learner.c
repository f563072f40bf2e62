#include <lattn/learner.h>
#include <lattn/limits.h>
#include <lattn/state.h>

#include "base/random.h"
#include "core/learner.h"
#include "support/lessons.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { N = 3, D = 2, P = 6, COEF_MAX = 256 };

/* Sequences of standard normal tokens times `size`, with standard normal labels. */
static void teach_normals(struct lattn_learner *learner, struct random *random, int count,
                          int32_t d, int32_t m, double size)
{
    double z[N * 8], y[8];

    for (int i = 0; i < count; i++) {
        random_normals(random, z, N * d);
        random_normals(random, y, m);
        for (int k = 0; k < N * d; k++)
            z[k] *= size;
        teach(learner, item_make(z, N, d, y, m));
    }
}

static void coef_of(struct lattn_learner *learner, double *ret_coef)
{
    memset(ret_coef, 0, COEF_MAX * sizeof *ret_coef);
    cr_assert_eq(lattn_learner_coef(learner, ret_coef), LATTN_OK);
}

/* ---- settings and sizes -------------------------------------------------------------------- */

Test(learner, refuses_settings_outside_their_range)
{
    const struct lattn_learner_settings good = lattn_learner_settings_default();
    struct lattn_learner_settings bad[14];
    struct lattn_learner *learner = NULL;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        bad[i] = good;
    bad[0].dim = -1;
    bad[1].dim = LATTN_DIM_MAX + 1;
    bad[2].dim = LATTN_DIM_MAX;
    bad[2].bias = 1;
    bad[3].dim = INT32_MAX;
    bad[3].bias = 1;
    bad[4].outputs = LATTN_OUTPUTS_MAX + 1;
    bad[5].bias = 2;
    bad[6].forget = 0;
    bad[7].forget = 1.5;
    bad[8].forget = NAN;
    bad[9].precision = 1;
    bad[10].precision = NAN;
    bad[11].ridge = -1;
    bad[12].ridge = INFINITY;
    bad[13].outputs = -1;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(lattn_learner_open(&learner, &bad[i]), LATTN_RANGE, "settings %zu", i);
    cr_expect_null(learner);
    lattn_learner_close(&learner);
}

Test(learner, takes_its_sizes_from_the_first_pair)
{
    const double z[] = {1, 2, 3, 4}, y[] = {5, 6};
    struct lattn_learner *learner = learner_default();

    cr_expect_eq(lattn_learner_dim(learner), 0);
    teach(learner, item_make(z, 2, 2, y, 2));
    cr_expect_eq(lattn_learner_dim(learner), 2);
    cr_expect_eq(lattn_learner_outputs(learner), 2);
    cr_expect_eq(lattn_learner_pairs(learner), 1);
    cr_expect_eq(admit(learner, item_make(z, 1, 3, y, 2)), LATTN_SHAPE);
    cr_expect_eq(admit(learner, item_make(z, 1, 2, y, 1)), LATTN_SHAPE);
    cr_expect_eq(lattn_learner_pairs(learner), 1);
    lattn_learner_close(&learner);
}

Test(learner, a_refused_first_pair_fixes_nothing)
{
    const double bad[] = {1, NAN}, huge[] = {1e100, 1}, z[] = {1, 2, 3}, y[] = {1};
    struct lattn_learner *learner = learner_default();

    cr_expect_eq(admit(learner, item_make(bad, 1, 2, y, 1)), LATTN_NOT_FINITE);
    cr_expect_eq(admit(learner, item_make(huge, 1, 2, y, 1)), LATTN_FEATURE_OVERFLOW);
    cr_expect_eq(admit(learner, item_make(z, 0, 2, y, 1)), LATTN_EMPTY);
    cr_expect_eq(admit(learner, item_make(z, 1, 0, y, 1)), LATTN_SHAPE);
    teach(learner, item_make(z, 1, 3, y, 1));
    cr_expect_eq(lattn_learner_dim(learner), 3);
    lattn_learner_close(&learner);
}

Test(learner, says_what_was_wrong)
{
    const double z[] = {1, 2, 3, 4}, y[] = {1};
    struct lattn_learner *learner = learner_default();
    struct lattn_item wide = item_make(z, 1, 3, y, 1);
    struct lattn_complaint complaint;

    teach(learner, item_make(z, 2, 2, y, 1));
    cr_expect_eq(lattn_learner_admit(learner, &wide, &complaint), LATTN_SHAPE);
    cr_expect_str_eq(complaint.text, "a token of z has 3 coordinates, the learner has 2");
    lattn_learner_close(&learner);
}

Test(learner, the_bias_counts_towards_the_largest_dimension)
{
    static const double z[LATTN_DIM_MAX], y[] = {1};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;

    settings.bias = 1;
    learner = learner_make(settings);
    cr_expect_eq(admit(learner, item_make(z, 1, LATTN_DIM_MAX, y, 1)), LATTN_SHAPE);
    cr_expect_eq(admit(learner, item_make(z, 1, LATTN_DIM_MAX - 1, y, 1)), LATTN_OK);
    cr_expect_eq(lattn_learner_dim(learner), LATTN_DIM_MAX);
    lattn_learner_close(&learner);
}

Test(learner, the_bias_alone_is_a_feature)
{
    const double z[1] = {0}, y[] = {6};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;
    double coef[COEF_MAX];

    settings.bias = 1;
    learner = learner_make(settings);
    teach(learner, item_make(z, 3, 0, y, 1));
    coef_of(learner, coef);
    cr_expect_float_eq(coef[0], 2, 1e-14, "y = w n with n = 3 tokens");
    lattn_learner_close(&learner);
}

Test(learner, naming_outputs_first_leaves_the_dimension_open)
{
    const double z[] = {1, 2, 3}, y[] = {1};
    const char *const outputs[] = {"temperature"};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;
    int32_t index;

    settings.bias = 1;
    learner = learner_make(settings);
    cr_assert_eq(lattn_learner_name(learner, NULL, 0, outputs, 1, NULL, 0, NULL, &index, NULL),
                 LATTN_OK);
    cr_expect_eq(admit(learner, item_make(z, 1, 3, y, 1)), LATTN_OK);
    lattn_learner_close(&learner);
}

/* ---- growth -------------------------------------------------------------------------------- */

static void grow(struct lattn_learner *learner, const char *coordinate, const char *output)
{
    int32_t indices[2];

    cr_assert_eq(lattn_learner_name(learner, &coordinate, coordinate != NULL, &output,
                                    output != NULL, NULL, 0, &indices[0], &indices[1], NULL),
                 LATTN_OK);
}

Test(learner, growing_equals_zeros_from_the_start)
{
    struct lattn_learner *grown = learner_default(), *padded = learner_default();
    struct random random = {.state = 1};
    double coef[2][COEF_MAX];

    for (int i = 0; i < 60; i++) {
        double z[N * 3], narrow[N * 2], y[2] = {0};

        random_normals(&random, z, N * 3);
        random_normals(&random, y, i < 30 ? 1 : 2);
        if (i == 30)
            grow(grown, "third", "second");
        /* Later every third sequence comes as wide as d once was. */
        if (i < 30 || i % 3 == 0) {
            for (int t = 0; t < N; t++) {
                z[3 * t + 2] = 0;
                memcpy(narrow + 2 * t, z + 3 * t, 2 * sizeof *z);
            }
            teach(grown, item_make(narrow, N, 2, y, i < 30 ? 1 : 2));
        } else {
            teach(grown, item_make(z, N, 3, y, 2));
        }
        teach(padded, item_make(z, N, 3, y, 2));
    }
    cr_expect_eq(lattn_learner_dim(grown), 3);
    cr_expect_eq(lattn_learner_outputs(grown), 2);
    coef_of(grown, coef[0]);
    coef_of(padded, coef[1]);
    for (int i = 0; i < 2 * 18; i++)
        cr_expect_float_eq(coef[0][i], coef[1][i], 1e-11, "%d", i);
    lattn_learner_close(&grown);
    lattn_learner_close(&padded);
}

Test(learner, a_width_that_never_was_right_is_refused_after_growth)
{
    const double z[] = {1, 2, 3, 4, 5}, y[] = {1};
    struct lattn_learner *learner = learner_default();

    teach(learner, item_make(z, 1, 2, y, 1));
    grow(learner, "c", NULL);
    grow(learner, "d", NULL);
    cr_expect_eq(admit(learner, item_make(z, 1, 1, y, 1)), LATTN_SHAPE);
    cr_expect_eq(admit(learner, item_make(z, 1, 5, y, 1)), LATTN_SHAPE);
    for (int32_t d = 2; d <= 4; d++)
        cr_expect_eq(admit(learner, item_make(z, 1, d, y, 1)), LATTN_OK);
    lattn_learner_close(&learner);
}

Test(learner, an_item_admitted_before_growth_is_absorbed_after_it)
{
    const double z[] = {1, 2, 3, 4}, y[] = {1};
    struct lattn_learner *learner = learner_default();
    struct lattn_item item = item_make(z, 2, 2, y, 1);

    cr_assert_eq(admit(learner, item), LATTN_OK);
    grow(learner, "third", "second");
    absorb(learner, item);
    cr_expect_eq(lattn_learner_pairs(learner), 1);
    lattn_learner_close(&learner);
}

Test(learner, refused_names_change_nothing)
{
    const char *const append[] = {"new", ""}, *const outputs[] = {"out"};
    struct lattn_learner *learner = learner_default();
    struct random random = {.state = 2};
    int32_t indices[3];

    teach_normals(learner, &random, 3, 2, 1, 1);
    cr_expect_eq(
        lattn_learner_name(learner, append, 2, outputs, 1, NULL, 0, indices, &indices[2], NULL),
        LATTN_NAME);
    cr_expect_eq(lattn_learner_dim(learner), 2);
    cr_expect_eq(lattn_learner_outputs(learner), 1);
    cr_expect_eq(lattn_learner_names(learner)->coordinates_count, 0);
    lattn_learner_close(&learner);
}

Test(learner, refuses_names_that_come_twice)
{
    const char *const twice[] = {"one", "other", "one"};
    const struct lattn_block blocks[] = {{.name = "b", .start = 0, .size = 1},
                                         {.name = "b", .start = 1, .size = 1}};
    struct lattn_learner *learner = learner_default();
    struct lattn_complaint complaint;
    int32_t indices[3];

    cr_expect_eq(lattn_learner_name(learner, twice, 3, NULL, 0, NULL, 0, indices, NULL, &complaint),
                 LATTN_NAME);
    cr_expect_str_eq(complaint.text, "coordinate \"one\" comes twice, at 0 and 2");
    cr_expect_eq(lattn_learner_name(learner, NULL, 0, twice, 3, NULL, 0, NULL, indices, &complaint),
                 LATTN_NAME);
    cr_expect_eq(
        lattn_learner_name(learner, twice, 2, NULL, 0, blocks, 2, indices, NULL, &complaint),
        LATTN_NAME);
    cr_expect_eq(lattn_learner_names(learner)->coordinates_count, 0);
    cr_expect_eq(lattn_learner_name(learner, twice, 2, twice, 2, blocks, 1, indices, indices, NULL),
                 LATTN_OK);
    cr_expect_eq(
        lattn_learner_name(learner, twice + 1, 2, NULL, 0, NULL, 0, indices, NULL, &complaint),
        LATTN_OK, "names that are there keep their index");
    cr_expect_eq(indices[1], 0);
    lattn_learner_close(&learner);
}

/* ---- memory limit -------------------------------------------------------------------------- */

Test(learner, refuses_what_does_not_fit_and_goes_on)
{
    static const double wide[60] = {1, 2, 3};
    const double z[] = {1, 0, 0, 0}, y[] = {1};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;
    double all[60], before[COEF_MAX], after[COEF_MAX];
    size_t bytes;

    settings.memory_max = 100000;
    learner = learner_make(settings);
    cr_expect_eq(admit(learner, item_make(wide, 1, 60, y, 1)), LATTN_MEMORY_LIMIT);
    cr_expect_eq(lattn_learner_dim(learner), 0, "d is still open");
    lattn_learner_close(&learner);

    settings.memory_max = 40000;
    learner = learner_make(settings);
    teach(learner, item_make(z, 1, 4, y, 1));
    coef_of(learner, before);
    bytes = lattn_learner_memory(learner);
    for (int i = 0; i < 60; i++)
        all[i] = 1 + i;
    cr_expect_eq(admit(learner, item_make(all, 1, 4, y, 1)), LATTN_MEMORY_LIMIT);
    cr_expect_eq(lattn_learner_memory(learner), bytes);
    coef_of(learner, after);
    cr_expect_arr_eq(before, after, sizeof before);
    teach(learner, item_make(z, 1, 4, y, 1));
    cr_expect_eq(lattn_learner_pairs(learner), 2);
    lattn_learner_close(&learner);
}

Test(learner, names_that_do_not_fit_are_refused)
{
    static char texts[50][8];
    const char *append[50];
    int32_t indices[50];
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = 3};
    struct lattn_learner *learner;

    settings.memory_max = 60000;
    learner = learner_make(settings);
    teach_normals(learner, &random, 2, 2, 1, 1);
    for (int i = 0; i < 50; i++) {
        texts[i][0] = (char)('A' + i);
        append[i] = texts[i];
    }
    cr_expect_eq(lattn_learner_name(learner, append, 50, NULL, 0, NULL, 0, indices, NULL, NULL),
                 LATTN_MEMORY_LIMIT);
    cr_expect_eq(lattn_learner_dim(learner), 2);
    teach_normals(learner, &random, 2, 2, 1, 1);
    lattn_learner_close(&learner);
}

/* ---- reset --------------------------------------------------------------------------------- */

Test(learner, reset_forgets_all_but_the_settings)
{
    static const double wide[60] = {1, 2, 3};
    const double y[] = {1};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;
    struct random random = {.state = 6};
    uint64_t generation;

    settings.bias = 1;
    settings.memory_max = 100000;
    learner = learner_make(settings);
    teach_normals(learner, &random, 9, D, 1, 1);
    grow(learner, "named", NULL);
    generation = lattn_learner_generation(learner);
    cr_assert_eq(lattn_learner_reset(learner), LATTN_OK);
    cr_expect_eq(lattn_learner_pairs(learner), 0);
    cr_expect_eq(lattn_learner_dim(learner), 0);
    cr_expect_eq(lattn_learner_names(learner)->coordinates_count, 1, "the bias keeps its name");
    cr_expect_gt(lattn_learner_generation(learner), generation);
    cr_expect_eq(admit(learner, item_make(wide, 1, 59, y, 1)), LATTN_MEMORY_LIMIT);
    cr_expect_gt(lattn_learner_generation(learner), generation, "a refusal does not turn it back");
    teach_normals(learner, &random, 9, 1, 1, 1);
    cr_expect_eq(lattn_learner_dim(learner), 2);
    lattn_learner_close(&learner);
}

/* ---- numbers at the edge ------------------------------------------------------------------- */

static void expect_sound(const struct lattn_learner *learner, double size)
{
    for (int32_t i = 0; i < learner->factor.components_count; i++)
        if (learner->factor.components[i] != NULL)
            cr_expect_eq(component_check(learner->factor.components[i]), LATTN_OK, "%g", size);
}

Test(learner, nothing_but_numbers_enters_the_factor)
{
    for (double size = 1e-60; size < 1e47; size *= 10) {
        struct lattn_learner *learner = learner_default();
        struct random random = {.state = 7};
        struct lattn_report report;

        if (8 * 3 * size * size * size < LATTN_FEATURE_MAX / 10) {
            teach_normals(learner, &random, 40, D, 1, size);
            expect_sound(learner, size);
            cr_expect_eq(lattn_learner_report(learner, &report), LATTN_OK, "%g", size);
            cr_expect(size > 1e-48 || report.certificate.verdict != LATTN_CANNOT_TELL, "%g: %s",
                      size, lattn_verdict_text(report.certificate.verdict));
            lattn_report_done(&report);
        }
        lattn_learner_close(&learner);
    }
}

Test(learner, the_largest_feature_is_learned_and_a_larger_one_refused)
{
    const double largest[] = {4.6e46}, larger[] = {4.7e46}, y[] = {1e139};
    struct lattn_learner *learner = learner_default();
    double coef[COEF_MAX];

    for (int i = 0; i < 100; i++)
        teach(learner, item_make(largest, 1, 1, y, 1));
    cr_expect_eq(admit(learner, item_make(larger, 1, 1, y, 1)), LATTN_FEATURE_OVERFLOW);
    expect_sound(learner, 4.6e46);
    coef_of(learner, coef);
    cr_expect_float_eq(coef[0], 1e139 / pow(4.6e46, 3), 1e-12);
    lattn_learner_close(&learner);
}

Test(learner, weights_of_any_size_give_the_weighted_solution)
{
    const double weights[] = {1e-100, 1e-10, 1, 1e10, 1e99};
    double coef[2][COEF_MAX];

    for (size_t w = 0; w < sizeof weights / sizeof weights[0]; w++) {
        struct lattn_learner *learner = learner_default();
        struct random random = {.state = 8};

        for (int i = 0; i < 12; i++) {
            double z[N * D], y[1];
            struct lattn_item item = item_make(z, N, D, y, 1);

            random_normals(&random, z, N * D);
            random_normals(&random, y, 1);
            item.weight = weights[w] * (1 + i % 3);
            teach(learner, item);
        }
        expect_sound(learner, weights[w]);
        coef_of(learner, coef[w > 0]);
        for (int i = 0; i < P && w > 0; i++)
            cr_expect_float_eq(coef[1][i], coef[0][i], 1e-11);
        lattn_learner_close(&learner);
    }
}

Test(learner, pairs_without_features_are_counted_only)
{
    const double zero[N * D] = {0}, zero_query[] = {1, 2, 3, 4, 0, 0}, y[] = {1};
    struct lattn_learner *learner = learner_default();
    double coef[COEF_MAX];

    teach(learner, item_make(zero, N, D, y, 1));
    teach(learner, item_make(zero_query, N, D, y, 1));
    cr_expect_eq(lattn_learner_pairs(learner), 2);
    coef_of(learner, coef);
    for (int i = 0; i < P; i++)
        cr_expect_eq(coef[i], 0);
    lattn_learner_close(&learner);
}

Test(learner, has_no_model_before_data)
{
    struct lattn_learner *learner = learner_default();
    struct lattn_model *model = NULL;
    double coef[COEF_MAX];

    cr_expect_eq(lattn_learner_model(learner, LATTN_HEADS_SVD, 0, &model), LATTN_NO_DATA);
    cr_expect_eq(lattn_learner_coef(learner, coef), LATTN_NO_DATA);
    cr_expect_null(model);
    lattn_learner_close(&learner);
}

/* ---- settings that may change -------------------------------------------------------------- */

/* What was answered under other settings is not answered again, though nothing was learned. */
Test(learner, adjusts_what_does_not_enter_the_state)
{
    struct lattn_learner *learner = learner_default(), *ridged;
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_certificate certificate;
    struct random random = {.state = 31};
    double plain[COEF_MAX], want[COEF_MAX], got[COEF_MAX];

    teach_normals(learner, &random, 40, D, 1, 1);
    coef_of(learner, plain);
    settings.ridge = 0.5;
    settings.precision = 1e-3;
    settings.memory_max = 12345;
    settings.forget = 0.5;
    settings.dim = 7;
    cr_assert_eq(lattn_learner_adjust(learner, &settings), LATTN_OK);
    coef_of(learner, got);
    cr_assert_eq(lattn_learner_certify(learner, &certificate), LATTN_OK);
    cr_expect_float_eq(certificate.threshold, 1e-2, 1e-12);
    cr_expect_neq(got[0], plain[0]);
    cr_expect_eq(lattn_learner_settings_get(learner).memory_max, 12345);
    cr_expect_eq(lattn_learner_settings_get(learner).forget, 1, "enters the state");
    cr_expect_eq(lattn_learner_settings_get(learner).dim, 0);

    settings = lattn_learner_settings_default();
    settings.ridge = 0.5;
    ridged = learner_make(settings);
    random = (struct random){.state = 31};
    teach_normals(ridged, &random, 40, D, 1, 1);
    coef_of(ridged, want);
    for (int i = 0; i < P; i++)
        cr_expect_float_eq(got[i], want[i], 1e-12);
    settings.ridge = -1;
    cr_expect_eq(lattn_learner_adjust(learner, &settings), LATTN_RANGE);
    cr_expect_eq(lattn_learner_settings_get(learner).ridge, 0.5);
    lattn_learner_close(&learner);
    lattn_learner_close(&ridged);
}

Test(learner, keeps_a_state_larger_than_a_new_limit_and_lets_it_grow_no_more)
{
    const double z[] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, y[] = {1};
    struct lattn_learner *learner = learner_default();
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    teach(learner, item_make(z, 1, 3, y, 1));
    settings.memory_max = 1;
    cr_assert_eq(lattn_learner_adjust(learner, &settings), LATTN_OK);
    teach(learner, item_make(z, 1, 3, y, 1));
    cr_expect_eq(lattn_learner_pairs(learner), 2);
    cr_expect_eq(admit(learner, item_make(z, 2, 3, y, 1)), LATTN_MEMORY_LIMIT);
    settings.memory_max = 0;
    cr_assert_eq(lattn_learner_adjust(learner, &settings), LATTN_OK);
    teach(learner, item_make(z, 2, 3, y, 1));
    lattn_learner_close(&learner);
}
