#include "query/boundary.h"

#include "core/dense.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(boundary, .init = dense_threads_one);

enum { D = 5 };

static const struct conditions conditions = {.norm = 0x1p10, .length = 8, .epsilon = 0x1p-53};

/* A label oracle with this v and threshold. */
static void box_make(struct blackbox *box, const double *v, double threshold)
{
    struct random random = {.state = 1};

    blackbox_init(box, D, 1, 1, &random);
    memcpy(box->V, v, D * sizeof *v);
    box->is_label = 1;
    box->threshold = threshold;
}

static enum lattn_status box_learn(struct blackbox *box, const struct conditions *under,
                                   struct boundary *ret_boundary,
                                   struct lattn_complaint *ret_complaint)
{
    struct lattn_probe_settings settings = {0};
    struct oracle oracle;
    enum lattn_status status;

    cr_assert_eq(oracle_init(&oracle, &box->oracle, &settings), LATTN_OK);
    status = boundary_learn(&oracle, under, ret_boundary);
    cr_expect_leq(oracle.norm, under->norm);
    *ret_complaint = oracle.complaint;
    oracle_done(&oracle);
    return status;
}

/* The boundary is found, and questions of its bisections are as many. */
static void expect_found(const double *v, double threshold, uint64_t questions_max)
{
    struct blackbox box;
    struct boundary boundary;
    struct lattn_complaint complaint;
    double size = dense_norm(D, v);
    double sign = threshold < 0 ? -1 : 1;

    box_make(&box, v, threshold);
    cr_assert_eq(box_learn(&box, &conditions, &boundary, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_expect_eq(boundary.reached, threshold >= 0);
    cr_expect_float_eq(boundary.distance, fabs(threshold) / size, 1e-14 * fabs(threshold) / size);
    for (int i = 0; i < D; i++)
        cr_expect_float_eq(boundary.direction[i], sign * v[i] / size, 4e-15, "%d: %.17g", i,
                           boundary.direction[i]);
    cr_expect_leq(box.asked, questions_max, "%d questions", (int)box.asked);
    blackbox_done(&box);
}

Test(boundary, is_found_whatever_the_threshold)
{
    static const double v[D] = {.3, -2, .001, 1.9, -.7};

    expect_found(v, 0, 1 + 4 * D + 4 + 4 * 53);
    for (double threshold = -1e2; threshold < -1e-12; threshold /= 10)
        expect_found(v, threshold, 1 + 4 * D + 7 * 2 * D + D * 53);
    for (double threshold = 1e2; threshold > 1e-12; threshold /= 10)
        expect_found(v, threshold, 1 + 4 * D + 7 * 2 * D + D * 53);
}

Test(boundary, is_found_where_entries_are_zero)
{
    static const double v[][D] = {
        {0, 0, -3, 0, 0}, {0, 1, 0, 1, 0}, {1, 1, 1, 1, 1}, {-1, 1, 0, -1, 1}, {0, 0, 0, 0, 1e-9}};

    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        expect_found(v[i], 0, 400);
        expect_found(v[i], 1e-8, 400);
        expect_found(v[i], -1e-8, 400);
    }
}

Test(boundary, is_not_where_labels_never_change)
{
    static const double none[D] = {0};
    static const double thresholds[] = {0, 1, -1};
    struct lattn_complaint complaint;

    for (int i = 0; i < 3; i++) {
        struct blackbox box;
        struct boundary boundary;

        box_make(&box, none, thresholds[i]);
        cr_expect_eq(box_learn(&box, &conditions, &boundary, &complaint), LATTN_RANK);
        cr_expect_eq(boundary.reached, thresholds[i] > 0);
        cr_expect_eq(box.asked, 1 + 2 * D);
        blackbox_done(&box);
    }
}

Test(boundary, leaves_room_below_a_cap)
{
    static const double v[D] = {.5, -.2, .1, 0, .3};
    struct conditions capped = conditions;
    struct blackbox box;
    struct boundary boundary;
    struct lattn_complaint complaint;

    capped.norm = 4;
    box_make(&box, v, 1);
    cr_expect_eq(box_learn(&box, &capped, &boundary, &complaint), LATTN_REFUSED);
    cr_expect_str_eq(complaint.text,
                     "labels change beyond norms of 1 only, 4 may be asked: too near to "
                     "leave room for a second token");
    blackbox_done(&box);
    capped.norm = 16.5;
    box_make(&box, v, 1);
    cr_expect_eq(box_learn(&box, &capped, &boundary, &complaint), LATTN_OK);
    blackbox_done(&box);
}
