#include "core/moment_turn.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/even.h"
#include "core/khatri.h"
#include "core/moment_root.h"
#include "support/approx.h"
#include "support/evidence.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static struct moment *moment_make(const struct evidence *evidence)
{
    struct moment *moment;

    cr_assert_eq(moment_open(&moment, evidence->d, evidence->e, evidence->m), LATTN_OK);
    return moment;
}

/* The first so many rows. */
static struct evidence first_of(const struct evidence *evidence, int32_t count)
{
    struct evidence first = *evidence;

    first.count = count;
    return first;
}

/* A moment of all rows in coordinates that the first `count` of them chose. */
static struct moment *moment_of(const struct evidence *evidence, int32_t count)
{
    struct evidence first = first_of(evidence, count);
    struct moment *moment = moment_make(evidence);

    evidence_wait(&first, moment);
    moment_turn_first(moment);
    moment->waiting = 0;
    evidence_fill(evidence, moment);
    return moment;
}

static void sample(struct evidence *evidence, int32_t d, int32_t e, int32_t m, int32_t rows,
                   const double *mix)
{
    struct random random = {.state = (uint64_t)(100 * d + e)};

    evidence_init(evidence, d, e, m, rows);
    evidence_sample(evidence, rows, 5, mix, &random);
}

/* Are AA and BB those of A and B? */
static void expect_consistent(const struct moment *moment)
{
    size_t q = (size_t)moment->q, columns = (size_t)moment_columns(moment);
    double *lifted = memory_raw(q * q + columns * columns, sizeof *lifted);

    even_lift(moment->d, moment->A, lifted);
    cr_expect_arr_eq(moment->AA, lifted, q * q * sizeof *lifted);
    even_lift(moment->e, moment->B, lifted);
    cr_expect_arr_eq(moment->BB, lifted, columns * columns * sizeof *lifted);
    memory_release(lifted);
}

/*
 * Largest error of M and C against the rows themselves, in the coordinates that the moment has: in
 * units of u D_c D_c' and u D_c |y|.
 */
static double moment_error(const struct evidence *evidence, const struct moment *moment)
{
    size_t p = (size_t)evidence->p, e = (size_t)evidence->e, m = (size_t)evidence->m;
    struct moment *want = moment_make(evidence);
    double *scales = memory_raw(p, sizeof *scales);
    double worst = 0;

    memcpy(want->A, moment->A, (size_t)(evidence->d * evidence->d) * sizeof(double));
    memcpy(want->B, moment->B, e * e * sizeof(double));
    want->fade = moment->fade;
    evidence_fill(evidence, want);
    moment_scales(want, scales);
    for (size_t i = 0; i < p; i++) {
        for (size_t j = i; j < p; j++) {
            size_t l = i % e < j % e ? i % e : j % e, k = i % e < j % e ? j % e : i % e;
            size_t at = khatri_row(evidence->q, (int32_t)(i / e), (int32_t)(j / e)) * moment->ldm +
                        (l * e - l * (l - 1) / 2 + k - l);

            worst = fmax(worst, fabs(moment->M[at] - want->M[at]) / sqrt(scales[i] * scales[j]));
        }
        for (size_t a = 0; a < m; a++) {
            size_t at = i / e * m * e + a * e + i % e;

            worst =
                fmax(worst, fabs(moment->C[at] - want->C[at]) / sqrt(scales[i] * want->energy[a]));
        }
    }
    memory_release(scales);
    moment_close(&want);
    return worst / 0x1p-53;
}

static const struct shape {
    int32_t d;
    int32_t e;
    int32_t m;
} shapes[] = {{1, 1, 1}, {1, 3, 2}, {2, 1, 1}, {2, 2, 3}, {3, 3, 1}, {4, 3, 2}, {3, 5, 1}};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

Test(moment_turn, carries_all_sums_over)
{
    for (int32_t i = 0; i < SHAPES; i++) {
        struct evidence evidence;
        struct moment *moment;

        sample(&evidence, shapes[i].d, shapes[i].e, shapes[i].m, 60, NULL);
        moment = moment_of(&evidence, 10);
        expect_consistent(moment);
        cr_assert_eq(moment_turn(moment), LATTN_OK);
        expect_consistent(moment);
        cr_expect_lt(moment_error(&evidence, moment), 50, "%d %d: %g", shapes[i].d, shapes[i].e,
                     moment_error(&evidence, moment));
        moment_close(&moment);
        evidence_done(&evidence);
    }
}

Test(moment_turn, gives_the_root_that_it_had)
{
    enum { D = 4, E = 3, P = 30, ROWS = 150, LD = P + 2 };
    struct evidence evidence;
    struct moment *moment;
    double triangle[P * LD], residual[2];
    struct moment_root root;

    sample(&evidence, D, E, 2, ROWS, NULL);
    moment = moment_of(&evidence, 10);
    moment->fade = 1;
    for (int turn = 0; turn < 20; turn++)
        cr_assert_eq(moment_turn(moment), LATTN_OK);
    cr_assert_eq(moment_triangle(moment, P * 0x1p-53, triangle, LD, residual, &root), LATTN_OK);
    cr_expect_eq(root.rank, P);
    cr_expect_lt(evidence_distance(&evidence, triangle, LD, residual, 1), approx_sum(P, 16), "%g",
                 evidence_distance(&evidence, triangle, LD, residual, 1));
    moment_close(&moment);
    evidence_done(&evidence);
}

Test(moment_turn, makes_uneven_coordinates_even)
{
    const double mix[16] = {1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 6, 0, 0, 1, 0, 0.5};
    struct evidence evidence;
    struct moment *moment;
    double zeros[64] = {0};

    sample(&evidence, 4, 4, 1, 200, mix);
    moment = moment_make(&evidence);
    evidence_fill(&evidence, moment);
    cr_expect_not(moment_is_even(moment));
    cr_assert_eq(moment_turn(moment), LATTN_OK);
    cr_assert_eq(moment_turn(moment), LATTN_OK);
    cr_expect(moment_is_even(moment));
    cr_expect_arr_eq(moment->s, zeros, sizeof zeros);
    cr_expect_arr_eq(moment->zz, zeros, sizeof zeros);
    moment_close(&moment);
    evidence_done(&evidence);
}

/* From the rows themselves, from their root and from M, which is in plain coordinates still. */
Test(moment_turn, finds_the_same_coordinates_from_all_that_it_is_given)
{
    for (int32_t i = 0; i < SHAPES; i++) {
        struct evidence evidence;
        struct moment *by_rows, *by_root, *by_sums;
        struct moment_root root;
        double triangle[40 * 45], residual[3];
        size_t ld;

        sample(&evidence, shapes[i].d, shapes[i].e, shapes[i].m, 200, NULL);
        ld = (size_t)(evidence.p + evidence.m);
        by_rows = moment_of(&evidence, 200);
        by_root = moment_make(&evidence);
        by_sums = moment_make(&evidence);
        evidence_fill(&evidence, by_sums);
        cr_assert_eq(moment_triangle(by_sums, 0x1p-46, triangle, ld, residual, &root), LATTN_OK);
        for (size_t row = 1; row < (size_t)evidence.p; row++)
            for (size_t j = 0; j < row; j++)
                triangle[row * ld + j] = NAN;
        cr_assert_eq(moment_turn_triangle(by_root, triangle, ld), LATTN_OK);
        cr_assert_eq(moment_turn(by_sums), LATTN_OK);
        expect_consistent(by_root);
        for (int32_t k = 0; k < evidence.d * evidence.d; k++) {
            cr_expect_float_eq(by_root->A[k], by_rows->A[k], 1e-11);
            cr_expect_float_eq(by_sums->A[k], by_rows->A[k], 1e-11);
        }
        for (int32_t k = 0; k < evidence.e * evidence.e; k++) {
            cr_expect_float_eq(by_root->B[k], by_rows->B[k], 1e-11);
            cr_expect_float_eq(by_sums->B[k], by_rows->B[k], 1e-11);
        }
        moment_close(&by_rows);
        moment_close(&by_root);
        moment_close(&by_sums);
        evidence_done(&evidence);
    }
}

Test(moment_turn, goes_to_coordinates_of_another)
{
    struct evidence evidence;
    struct moment *moment, *other;

    sample(&evidence, 4, 3, 2, 150, NULL);
    moment = moment_of(&evidence, 10);
    other = moment_of(&evidence, 100);
    cr_assert_eq(moment_turn_to(moment, other->A, other->B), LATTN_OK);
    cr_expect_arr_eq(moment->A, other->A, 16 * sizeof(double));
    cr_expect_arr_eq(moment->B, other->B, 9 * sizeof(double));
    expect_consistent(moment);
    cr_expect_lt(moment_error(&evidence, moment), 50, "%g", moment_error(&evidence, moment));
    moment_close(&moment);
    moment_close(&other);
    evidence_done(&evidence);
}

/* ---- noise ---------------------------------------------------------------------------------- */

Test(moment_turn, makes_little_noise_where_little_changes)
{
    for (int32_t count = 10; count <= 200; count += 190) {
        struct evidence evidence;
        struct moment *moment;

        sample(&evidence, 4, 4, 1, 240, NULL);
        moment = moment_of(&evidence, count);
        cr_expect_eq(moment->noise, 0);
        cr_assert_eq(moment_turn(moment), LATTN_OK);
        cr_expect_geq(moment->noise, 1);
        cr_expect_lt(moment->noise, 10, "%d rows: %g", count, moment->noise);
        moment_close(&moment);
        evidence_done(&evidence);
    }
}

/* What raw coordinates have lost does not come back, and noise says how much that is. */
Test(moment_turn, knows_how_much_noise_it_makes)
{
    for (int32_t grade = 1; grade <= 4; grade++) {
        struct evidence evidence;
        struct moment *moment, *even;
        double mix[9], error;

        for (int32_t i = 0; i < 9; i++)
            mix[i] = i % 4 == 0 || i == 3;
        mix[4] = pow(10, -grade);
        sample(&evidence, 3, 3, 1, 100, mix);
        moment = moment_make(&evidence);
        evidence_fill(&evidence, moment);
        even = moment_of(&evidence, 100);
        cr_assert_eq(moment_turn_to(moment, even->A, even->B), LATTN_OK);
        error = moment_error(&evidence, moment);
        if (grade <= 2) {
            cr_expect_lt(error, 10 * moment->noise, "10^-%d: %g", grade, moment->noise);
            cr_expect_gt(error, moment->noise / 1000, "10^-%d: %g", grade, moment->noise);
        } else {
            cr_expect_gt(error, 0x1p53);
            cr_expect_eq(moment->noise, 0x1p53);
        }
        moment_close(&moment);
        moment_close(&even);
        evidence_done(&evidence);
    }
}

/* In a direction that does not occur again, errors stay what they were. */
Test(moment_turn, lets_rows_dilute_noise_where_they_bring_something)
{
    const double flat[9] = {0, 0, 0, 0, 1, 0, 0, 0, 1};

    for (int is_flat = 0; is_flat < 2; is_flat++) {
        struct evidence old, rows;
        struct moment *moment;
        double weights[MOMENT_ROWS];
        const double none[18] = {0};

        for (int i = 0; i < MOMENT_ROWS; i++)
            weights[i] = 1;
        sample(&old, 3, 3, 1, 50, NULL);
        sample(&rows, 3, 3, 1, 200, is_flat ? flat : NULL);
        moment = moment_of(&old, 50);
        moment->rows = 50;
        moment->fade = 0.5;
        moment->noise = 1000;
        for (int32_t i = 0; i < rows.count; i++) {
            double s[6], z[3], y = 0;

            for (int j = 0; j < 6; j++)
                s[j] = (double)rows.S[i * 6 + j];
            for (int l = 0; l < 3; l++)
                z[l] = (double)rows.z[i * 3 + l];
            moment_take(moment, s, z, &y, 1);
        }
        moment_predict(moment, none, NULL);
        moment_absorb(moment, weights, NULL, NULL);
        if (is_flat) {
            cr_expect_eq(moment->noise, 1000);
        } else {
            cr_expect_gt(moment->noise, 50);
            cr_expect_lt(moment->noise, 250);
        }
        moment_close(&moment);
        evidence_done(&old);
        evidence_done(&rows);
    }
}

/* Coordinates that would drown what is known in rounding are not taken. */
Test(moment_turn, makes_no_noise_that_could_not_be_borne)
{
    const double mix[9] = {1, 0, 0, 1, 1e-3, 0, 0, 0, 1};
    struct evidence evidence;
    struct moment *moment;

    sample(&evidence, 3, 3, 1, 100, mix);
    moment = moment_make(&evidence);
    evidence_fill(&evidence, moment);
    cr_expect_not(moment_is_even(moment));
    cr_assert_eq(moment_turn(moment), LATTN_OK);
    expect_consistent(moment);
    cr_expect_eq(moment->noise, 0);
    cr_expect_eq(moment->A[3], 0);
    cr_expect_lt(moment_error(&evidence, moment), 50);
    moment_close(&moment);
    evidence_done(&evidence);
}

/* ---- what is not blown up ---------------------------------------------------------------------
 */

Test(moment_turn, leaves_a_dependent_coordinate_alone)
{
    const double mix[9] = {1, 0, 0, 0.5, 1, 0, 1.5, 1, 0};
    struct evidence evidence;
    struct moment *moment;

    sample(&evidence, 3, 3, 1, 60, mix);
    moment = moment_of(&evidence, 60);
    for (int turn = 0; turn < 3; turn++) {
        cr_expect_eq(moment->A[6], 0);
        cr_expect_eq(moment->A[7], 0);
        cr_assert_eq(moment_turn(moment), LATTN_OK);
    }
    cr_expect(moment_is_even(moment));
    cr_expect_lt(moment->noise, 100);
    moment_close(&moment);
    evidence_done(&evidence);
}

Test(moment_turn, of_nothing_changes_nothing)
{
    struct moment *moment;
    double before[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

    cr_assert_eq(moment_open(&moment, 3, 3, 1), LATTN_OK);
    moment_turn_first(moment);
    cr_expect_arr_eq(moment->A, before, sizeof before);
    cr_assert_eq(moment_turn(moment), LATTN_OK);
    cr_expect_arr_eq(moment->A, before, sizeof before);
    cr_expect_arr_eq(moment->B, before, sizeof before);
    cr_expect(moment_is_even(moment));
    moment_close(&moment);
}

Test(moment_turn, changes_nothing_without_memory)
{
    struct evidence evidence;
    struct moment *moment, *same;
    size_t numbers;

    sample(&evidence, 3, 3, 2, 40, NULL);
    moment = moment_of(&evidence, 5);
    same = moment_of(&evidence, 5);
    numbers = khatri_rows(moment->q) * moment->ldm;
    for (uint64_t k = 1;; k++) {
        enum lattn_status status;

        memory_fail(k, 0);
        status = moment_turn(moment);
        if (!memory_failed())
            break;
        cr_expect_eq(status, LATTN_NO_MEMORY);
        cr_expect_arr_eq(moment->M, same->M, numbers * sizeof(double));
        cr_expect_arr_eq(moment->C, same->C, 36 * sizeof(double));
        cr_expect_arr_eq(moment->A, same->A, 9 * sizeof(double));
        memory_fail(k, 1);
        cr_expect_eq(moment_turn_to(moment, same->B, same->A), LATTN_NO_MEMORY);
        cr_expect_arr_eq(moment->M, same->M, numbers * sizeof(double));
    }
    memory_fail(0, 0);
    cr_assert_eq(moment_turn(same), LATTN_OK);
    cr_expect_arr_eq(moment->M, same->M, numbers * sizeof(double));
    moment_close(&moment);
    moment_close(&same);
    evidence_done(&evidence);
}
