#include "core/fewest.h"

#include "support/teacher.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 4, HEADS = 2, P = D * D * (D + 1) / 2 };

/* Search for the heads of a teacher of 2 in 4 x 4, with evidence as told. */
static struct lattn_model *search(const struct teacher *teacher,
                                  const struct fewest_evidence *evidence)
{
    struct lattn_model *model = NULL;
    struct metric metric;
    enum lattn_status status;

    cr_assert_eq(metric_init(&metric, D, D, teacher->features,
                             &(struct metric_triangle){teacher->triangle, P, P}, 1,
                             teacher->weights),
                 LATTN_OK);
    status = fewest_find(&metric, evidence, &model);
    cr_expect_eq(status, model == NULL ? LATTN_MORE : LATTN_OK);
    metric_done(&metric);
    return model;
}

static struct teacher teacher_of(uint64_t seed)
{
    struct random random = {.state = seed};
    struct teacher teacher;

    teacher_init(&teacher, D, D, HEADS, 0, &random);
    return teacher;
}

Test(fewest, finds_the_same_bits_again)
{
    const struct fewest_evidence evidence = {.effort = 1e9, .seed = 1};
    struct teacher teacher = teacher_of(1);
    struct lattn_model *one = search(&teacher, &evidence);
    struct lattn_model *other = search(&teacher, &evidence);

    cr_assert_not_null(one);
    cr_assert_not_null(other);
    cr_assert_eq(one->heads, HEADS);
    cr_expect_eq(one->decomposition, LATTN_DECOMPOSITION_FEWEST);
    cr_expect_eq(one->certified, LATTN_CERTIFIED_MINIMAL);
    cr_expect_arr_eq(one->V, other->V, HEADS * D * D * sizeof(double));
    cr_expect_arr_eq(one->Q, other->Q, HEADS * D * D * sizeof(double));
    lattn_model_close(&one);
    lattn_model_close(&other);
    teacher_done(&teacher);
}

Test(fewest, finds_nothing_in_nothing)
{
    const struct fewest_evidence evidence = {.effort = 1e9, .seed = 1};
    struct teacher teacher = teacher_of(2);

    memset(teacher.weights, 0, P * D * sizeof(double));
    cr_expect_null(search(&teacher, &evidence));
    teacher_done(&teacher);
}

/* Evidence is enough from as many degrees of freedom as one head leaves open. */
Test(fewest, asks_for_evidence_before_it_searches)
{
    const double enough = D * P - (2 * D * D - 1);
    struct fewest_evidence evidence = {.rss = 1, .yy = 100, .effort = 1e9, .seed = 1};
    struct teacher teacher = teacher_of(3);
    struct lattn_model *model;

    evidence.freedom = enough - 1;
    cr_expect_not(fewest_is_known(D, D, &evidence));
    evidence.freedom = enough;
    cr_expect(fewest_is_known(D, D, &evidence));
    model = search(&teacher, &evidence);
    cr_assert_not_null(model);
    lattn_model_close(&model);
    /* Exact data needs no more than it takes to determine W. */
    evidence.freedom = 1;
    evidence.rss = 1e-21 * evidence.yy;
    cr_expect(fewest_is_known(D, D, &evidence));
    teacher_done(&teacher);
}

/* The more noise there is, the fewer heads are told; none of them by so little that it is chance.
 */
Test(fewest, heads_grow_with_what_noise_cannot_explain)
{
    struct teacher teacher = teacher_of(4);
    int32_t last = 0;

    for (double rss = 1e8; rss > 1e-8; rss /= 100) {
        const struct fewest_evidence evidence = {
            .rss = rss, .yy = 1e9, .freedom = 2 * D * P, .effort = 1e9, .seed = 1};
        struct lattn_model *model = search(&teacher, &evidence);

        cr_assert_not_null(model);
        cr_expect_geq(model->heads, last);
        cr_expect_leq(model->heads, HEADS);
        cr_expect_eq(model->certified, LATTN_CERTIFIED_NOT, "noise proves nothing");
        last = model->heads;
        lattn_model_close(&model);
    }
    cr_expect_eq(last, HEADS);
    teacher_done(&teacher);
}
