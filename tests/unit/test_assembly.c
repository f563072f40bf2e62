#include "solve/assembly.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/feature.h"
#include "solve/outcome.h"
#include "solve/plan.h"
#include "support/corpus.h"
#include "support/solve_shards.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

TestSuite(assembly, .init = dense_threads_one);

enum { D = 4, PAIRS = 160 };

static void shards_read(const struct solve_shards *files, struct shards *shards)
{
    struct shards_wish wish = solve_shards_wish(files);
    struct lattn_complaint complaint = {""};

    cr_assert_eq(shards_open(shards, &wish, &complaint), LATTN_OK, "%s", complaint.text);
    cr_assert(shards->is_spread);
}

/* Summed in pieces, of which one process has all. */
static struct outcome outcome_in_pieces(const struct shards *shards, double *ret_noise)
{
    const struct shard *reference = &shards->list[assembly_reference(shards)];
    const struct outcome_wish wish = {LATTN_HEADS_FEWEST, 0};
    struct lattn_complaint complaint = {""};
    struct frame frame;
    struct grid grid;
    struct assembly assembly;
    struct system system;
    struct outcome outcome;

    cr_assert_eq(frame_open(&frame, D, reference->moment.A, reference->moment.B), LATTN_OK);
    cr_assert_eq(grid_open(&grid, feature_count(D), D, OUTCOME_VECTORS), LATTN_OK);
    cr_assert_eq(assembly_make(&assembly, shards, &frame, &grid, &complaint), LATTN_OK, "%s",
                 complaint.text);
    *ret_noise = assembly.noise;
    cr_assert_eq(grid_factor(&grid), LATTN_OK);
    cr_assert_eq(system_open(&system, &grid, &frame, &assembly, OUTCOME_VECTORS), LATTN_OK);
    cr_assert_eq(outcome_find(&system, shards, &wish, &outcome), LATTN_OK);
    system_close(&system);
    assembly_done(&assembly);
    grid_close(&grid);
    frame_close(&frame);
    return outcome;
}

static void expect_near(double got, double want, double bound, const char *what)
{
    cr_expect_lt(fabs(got / want - 1), bound, "%s: %.17g, %.17g", what, got, want);
}

static void expect_same(const struct outcome *got, const struct outcome *want)
{
    const struct lattn_certificate *one = &got->report.certificate;
    const struct lattn_certificate *other = &want->report.certificate;
    double *coef, *reference;

    cr_assert_not_null(got->model);
    cr_assert_not_null(want->model);
    cr_expect_eq(one->verdict, LATTN_IDENTIFYING);
    cr_expect_eq(other->verdict, LATTN_IDENTIFYING);
    cr_expect_eq(one->rank, other->rank);
    cr_expect_eq(one->pairs, other->pairs);
    expect_near(one->rho, other->rho, 1e-6, "rho");
    expect_near(one->lambda_min, other->lambda_min, 1e-6, "lambda_min");
    expect_near(one->lambda_max, other->lambda_max, 1e-6, "lambda_max");
    expect_near(got->report.loss_train, want->report.loss_train, 1e-9, "loss");
    coef = corpus_coef(got->model);
    reference = corpus_coef(want->model);
    cr_expect_lt(corpus_distance(coef, reference, (size_t)(SOLVE_OUTPUTS * feature_count(D))),
                 1e-9);
    memory_release(coef);
    memory_release(reference);
}

Test(assembly, sums_in_pieces_what_one_process_merges)
{
    for (int is_turned = 0; is_turned < 2; is_turned++) {
        const struct outcome_wish wish = {LATTN_HEADS_FEWEST, 0};
        struct lattn_complaint complaint = {""};
        struct solve_shards files;
        struct shards shards;
        struct outcome spread, merged;
        double noise;

        solve_shards_make(&files, D, PAIRS, is_turned);
        shards_read(&files, &shards);
        cr_expect_eq(assembly_is_turned(&shards.list[0], &shards.list[1]), is_turned);
        spread = outcome_in_pieces(&shards, &noise);
        cr_assert_eq(outcome_find_merged(&shards, &wish, &merged, &complaint), LATTN_OK, "%s",
                     complaint.text);
        expect_same(&spread, &merged);
        if (is_turned)
            cr_expect_gt(noise, shards.noise, "a turn makes noise");
        else
            cr_expect_eq(noise, shards.noise);
        outcome_done(&spread);
        outcome_done(&merged);
        shards_close(&shards);
        solve_shards_done(&files);
    }
}

/* A file that is cut off behind its head, after somebody has looked at that. */
Test(assembly, names_the_state_that_cannot_be_read)
{
    for (int is_turned = 0; is_turned < 2; is_turned++) {
        struct lattn_complaint complaint = {""};
        struct solve_shards files;
        struct shards shards;
        const struct shard *reference;
        struct frame frame;
        struct grid grid;
        struct assembly assembly;

        solve_shards_make(&files, D, PAIRS, is_turned);
        shards_read(&files, &shards);
        reference = &shards.list[assembly_reference(&shards)];
        cr_assert_eq(frame_open(&frame, D, reference->moment.A, reference->moment.B), LATTN_OK);
        cr_assert_eq(grid_open(&grid, feature_count(D), D, OUTCOME_VECTORS), LATTN_OK);
        for (int32_t i = 0; i < SOLVE_SHARDS; i++)
            if (&shards.list[i] != reference)
                cr_assert_eq(truncate(files.paths[i],
                                      (off_t)(shards.list[i].base + shards.list[i].moment.M_at)),
                             0);
        cr_expect_eq(assembly_make(&assembly, &shards, &frame, &grid, &complaint),
                     LATTN_INPUT_OUTPUT);
        cr_expect_not_null(strstr(complaint.text, "cannot read it"), "%s", complaint.text);
        assembly_done(&assembly);
        grid_close(&grid);
        frame_close(&frame);
        shards_close(&shards);
        solve_shards_done(&files);
    }
}

/* ---- the plan of it -------------------------------------------------------------------------- */

Test(assembly, is_planned_as_it_is_made)
{
    struct solve_shards files;
    struct shards shards;
    struct plan plan;

    solve_shards_make(&files, D, PAIRS, 1);
    shards_read(&files, &shards);
    plan = plan_make(&shards, 1, 0);
    cr_expect(plan.is_spread);
    cr_expect_eq(plan.turned, 1);
    cr_expect_eq(plan.piece, feature_count(D) * feature_count(D));
    plan = plan_make(&shards, 1, PLAN_MERGED_MAX);
    cr_expect_not(plan.is_spread);
    shards_close(&shards);
    solve_shards_done(&files);
}

Test(assembly, is_refused_where_it_does_not_fit)
{
    const struct plan small = {.ranks = 2, .piece = 10, .rank_bytes = 400, .first_bytes = 600};
    struct plan large = {.d = 64, .p = 133120, .ranks = 1, .piece = INT64_C(133120) * 133120};
    struct lattn_complaint complaint = {""};

    cr_expect_eq(plan_check(&small, 2, 1000, &complaint), LATTN_OK);
    cr_expect_eq(plan_check(&small, 2, 999, &complaint), LATTN_MEMORY_LIMIT);
    cr_expect_not_null(strstr(complaint.text, "2 ranks here take 1e-06 GB"), "%s", complaint.text);
    cr_expect_eq(plan_check(&small, 1, 999, &complaint), LATTN_OK);
    cr_expect_eq(plan_check(&large, 1, UINT64_MAX, &complaint), LATTN_RANGE);
    cr_expect_not_null(strstr(complaint.text, "take 9"), "%s", complaint.text);
}
