#include <lattn/learner.h>
#include <lattn/state.h>

#include "base/random.h"
#include "core/learner.h"
#include "support/bytes.h"
#include "support/lessons.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N = 3, D = 2, P = 6, COEF_MAX = 256 };

/* Sequences of standard normal tokens with standard normal labels. */
static void teach_normals(struct lattn_learner *learner, struct random *random, int count)
{
    double z[N * D], y[1];

    for (int i = 0; i < count; i++) {
        random_normals(random, z, N * D);
        random_normals(random, y, 1);
        teach(learner, item_make(z, N, D, y, 1));
    }
}

static void coef_of(struct lattn_learner *learner, double *ret_coef)
{
    memset(ret_coef, 0, COEF_MAX * sizeof *ret_coef);
    cr_assert_eq(lattn_learner_coef(learner, ret_coef), LATTN_OK);
}

Test(learner_copy, goes_its_own_way)
{
    struct lattn_learner *learner = learner_default(), *copy = NULL;
    struct random random = {.state = 4}, again;
    double before[COEF_MAX], one[COEF_MAX], other[COEF_MAX];

    teach_normals(learner, &random, 20);
    coef_of(learner, before);
    cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
    again = random;
    teach_normals(copy, &random, 10);
    coef_of(learner, one);
    cr_expect_arr_eq(one, before, sizeof one, "learning on the copy leaves the original alone");
    coef_of(copy, one);
    teach_normals(learner, &again, 10);
    coef_of(learner, other);
    cr_expect_arr_eq(one, other, sizeof one, "and both learn the same bits from the same pairs");
    lattn_learner_close(&learner);
    coef_of(copy, other);
    cr_expect_arr_eq(one, other, sizeof one);
    lattn_learner_close(&copy);
}

static void expect_same_image(const struct lattn_learner *learner, const struct lattn_learner *copy)
{
    struct bytes one = bytes_of_learner(learner), other = bytes_of_learner(copy);

    cr_assert_eq(one.length, other.length);
    cr_expect_arr_eq(one.data, other.data, one.length);
    bytes_done(&one);
    bytes_done(&other);
}

/* A third coordinate, with a name. */
static void grow(struct lattn_learner *learner)
{
    const char *const name[] = {"third"};
    int32_t place;

    cr_assert_eq(lattn_learner_name(learner, name, 1, NULL, 0, NULL, 0, &place, NULL, NULL),
                 LATTN_OK);
}

/* Whatever that was: of nothing yet, of fewer pairs, evaluated, of other sizes, of more. */
Test(learner_copy, is_the_same_over_an_earlier_one)
{
    struct lattn_learner *learner = learner_default(), *copy = NULL;
    struct random random = {.state = 8};
    double one[COEF_MAX], other[COEF_MAX];

    for (int step = 0; step < 6; step++) {
        cr_assert_eq(learner_copy_over(learner, &copy), LATTN_OK);
        expect_same_image(learner, copy);
        if (step == 2)
            grow(learner);
        if (step == 4)
            cr_assert_eq(lattn_learner_reset(learner), LATTN_OK);
        teach_normals(learner, &random, 5);
        if (step == 0)
            continue;
        coef_of(copy, other);
        learner_strip(copy);
    }
    cr_assert_eq(learner_copy_over(learner, &copy), LATTN_OK);
    coef_of(learner, one);
    lattn_learner_close(&learner);
    coef_of(copy, other);
    cr_expect_arr_eq(one, other, sizeof one);
    lattn_learner_close(&copy);
}

/* What is below the diagonal of a copy is not copied: the memory may hold anything. */
static void poison(struct component *component)
{
    for (int32_t i = 0; i < component->capacity; i++)
        for (int32_t j = 0; j < i; j++)
            component->factor[(size_t)i * component->ld + (size_t)j] = NAN;
}

Test(learner_copy, has_the_memory_of_an_earlier_one_and_does_not_read_it)
{
    struct lattn_learner *learner = learner_default(), *copy = NULL;
    struct random random = {.state = 9};
    struct lattn_report report, same;
    double one[COEF_MAX], other[COEF_MAX];

    teach_normals(learner, &random, 1);
    cr_assert_eq(learner_copy_over(learner, &copy), LATTN_OK);
    for (int pairs = 2; pairs < 2 * P; pairs++) {
        double *factor = copy->factor.components[0]->factor;

        poison(copy->factor.components[0]);
        teach_normals(learner, &random, 1);
        cr_assert_eq(learner_copy_over(learner, &copy), LATTN_OK);
        cr_expect_eq(copy->factor.components[0]->factor, factor);
        cr_assert_eq(lattn_learner_report(learner, &report), LATTN_OK);
        cr_assert_eq(lattn_learner_report(copy, &same), LATTN_OK);
        cr_expect_eq(report.certificate.rank, pairs < P ? pairs : P);
        cr_expect_eq(same.certificate.rank, report.certificate.rank);
        cr_expect_eq(same.certificate.rho, report.certificate.rho);
        lattn_report_done(&report);
        lattn_report_done(&same);
        coef_of(learner, one);
        coef_of(copy, other);
        cr_expect_arr_eq(one, other, sizeof one);
    }
    lattn_learner_close(&learner);
    lattn_learner_close(&copy);
}

Test(learner_copy, has_the_generation_of_its_original)
{
    struct lattn_learner *learner = learner_default(), *copy = NULL;
    struct random random = {.state = 5};

    teach_normals(learner, &random, 5);
    cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
    cr_expect_eq(lattn_learner_generation(copy), lattn_learner_generation(learner));
    lattn_learner_close(&copy);
    cr_assert_eq(lattn_learner_reset(learner), LATTN_OK);
    cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
    cr_expect_eq(lattn_learner_generation(copy), lattn_learner_generation(learner));
    lattn_learner_close(&copy);
    lattn_learner_close(&learner);
}
