#include "core/moment_root.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"
#include "core/feature.h"
#include "core/moment_turn.h"
#include "support/approx.h"
#include "support/evidence.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 3, OUTPUTS_MAX = 3 };

/* A moment with what it was made from, and what became of it. */
struct trial {
    struct evidence evidence;
    struct moment *moment;
    double *triangle;
    size_t ld;
    double residual[OUTPUTS_MAX];
    struct moment_root root;
    double tau;
};

static void trial_init(struct trial *trial, int32_t d, int32_t e, int32_t m, int32_t rows)
{
    evidence_init(&trial->evidence, d, e, m, rows);
    cr_assert_eq(moment_open(&trial->moment, d, e, m), LATTN_OK);
    trial->ld = (size_t)(trial->evidence.p + m + GAP);
    trial->triangle = memory_zeroed((size_t)trial->evidence.p * trial->ld, sizeof(double));
    cr_assert_not_null(trial->triangle);
    trial->tau = 0x1p-53 * (trial->evidence.p + 8);
}

static void trial_done(struct trial *trial)
{
    evidence_done(&trial->evidence);
    moment_close(&trial->moment);
    memory_release(trial->triangle);
}

/* What lies below the diagonal and between the rows is not a number, and nobody minds. */
static void triangle_spoil(struct trial *trial)
{
    for (size_t i = 0; i < (size_t)trial->evidence.p; i++)
        for (size_t j = 0; j < trial->ld; j++)
            if (j < i || j >= (size_t)(trial->evidence.p + trial->evidence.m))
                trial->triangle[i * trial->ld + j] = NAN;
}

static void trial_root(struct trial *trial)
{
    triangle_spoil(trial);
    cr_assert_eq(moment_triangle(trial->moment, trial->tau, trial->triangle, trial->ld,
                                 trial->residual, &trial->root),
                 LATTN_OK);
}

static double trial_distance(const struct trial *trial, double share)
{
    return evidence_distance(&trial->evidence, trial->triangle, trial->ld, trial->residual, share);
}

/* Even coordinates of all rows, by the moment's own choice from the first of them. */
static void coordinates_choose(struct trial *trial)
{
    struct evidence some = trial->evidence;

    if (some.count > MOMENT_ROWS)
        some.count = MOMENT_ROWS;
    evidence_wait(&some, trial->moment);
    moment_turn_first(trial->moment);
    trial->moment->waiting = 0;
}

/* Rows enough for all features, in even coordinates. */
static void trial_teach(struct trial *trial, int32_t n, const double *mix, uint64_t seed)
{
    struct random random = {.state = seed};

    evidence_sample(&trial->evidence, trial->evidence.room, n, mix, &random);
    coordinates_choose(trial);
    evidence_fill(&trial->evidence, trial->moment);
}

static const struct shape {
    int32_t d;
    int32_t e;
    int32_t m;
} shapes[] = {
    {1, 1, 1}, {1, 3, 2}, {2, 1, 1}, {2, 2, 3}, {3, 3, 1},
    {3, 2, 2}, {4, 4, 3}, {4, 3, 1}, {5, 1, 1}, {2, 5, 1},
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static int32_t columns_of(struct shape shape)
{
    return shape.d * (shape.d + 1) / 2 * shape.e;
}

Test(moment_root, is_the_root_of_the_plain_sums)
{
    for (int32_t i = 0; i < SHAPES; i++) {
        struct shape s = shapes[i];
        int32_t p = columns_of(s);
        struct trial trial;

        trial_init(&trial, s.d, s.e, s.m, 4 * p + 10);
        trial_teach(&trial, 5, NULL, (uint64_t)i);
        trial_root(&trial);
        cr_expect_eq(trial.root.rank, p, "%d %d", s.d, s.e);
        cr_expect_eq(trial.root.is_cut, 0);
        cr_expect_lt(trial_distance(&trial, 1), approx_sum(p, 8), "%d %d: %g", s.d, s.e,
                     trial_distance(&trial, 1));
        trial_done(&trial);
    }
}

/* Singular values of R~ are roots of the eigenvalues of G~, made here from M entry by entry. */
Test(moment_root, says_how_even_its_coordinates_are)
{
    enum { D = 3, E = 2, P = 12 };
    double G[P * P], values[P];
    struct trial trial;

    trial_init(&trial, D, E, 1, 60);
    trial_teach(&trial, 4, NULL, 1);
    for (int32_t i = 0; i < P; i++)
        for (int32_t j = 0; j < P; j++) {
            const struct feature pairs[6] = {{0, 0, 0}, {0, 1, 0}, {0, 2, 0},
                                             {1, 1, 0}, {1, 2, 0}, {2, 2, 0}};
            int32_t a = i / E, b = j / E, low = a < b ? a : b, high = a < b ? b : a;
            int32_t l = i % E, k = j % E;
            double scales[2];

            for (int32_t side = 0; side < 2; side++) {
                struct feature pair = pairs[side == 0 ? a : b];
                int32_t o = side == 0 ? l : k;
                int32_t jj = feature_pair(D, pair.j, pair.j), kk = feature_pair(D, pair.k, pair.k);

                scales[side] = sqrt(
                    trial.moment->M[(jj * 6 - jj * (jj - 1) / 2 + kk - jj) * 8 + (o == 0 ? 0 : 2)]);
            }
            G[i * P + j] =
                trial.moment->M[(low * 6 - low * (low - 1) / 2 + high - low) * 8 + l + k] /
                (scales[0] * scales[1]);
        }
    cr_assert_eq(dense_symmetric(P, G, values), LATTN_OK);
    trial_root(&trial);
    cr_expect_lt(approx_error(trial.root.rho, sqrt(values[0] / values[P - 1])), 1e-2);
    trial_done(&trial);
}

/* Largest difference between the solution of R W = C and the truth, relative to the latter. */
static double weights_error(const struct trial *trial, const long double *want)
{
    int32_t p = trial->evidence.p, m = trial->evidence.m;
    long double difference = 0, size = 0;
    double *weights = memory_raw((size_t)(p * m), sizeof *weights);

    for (int32_t i = 0; i < p; i++)
        memcpy(weights + i * m, trial->triangle + (size_t)i * trial->ld + p,
               (size_t)m * sizeof *weights);
    dense_triangle_solve_many(DENSE_PLAIN, p, m, trial->triangle, trial->ld, weights, (size_t)m);
    for (int32_t i = 0; i < p * m; i++) {
        difference = fmaxl(difference, fabsl(weights[i] - want[i]));
        size = fmaxl(size, fabsl(want[i]));
    }
    memory_release(weights);
    return (double)(difference / size);
}

Test(moment_root, solves_least_squares)
{
    for (int32_t i = 0; i < SHAPES; i++) {
        struct shape s = shapes[i];
        int32_t p = columns_of(s);
        struct trial trial;
        long double *want = memory_raw((size_t)(p * s.m), sizeof *want);

        trial_init(&trial, s.d, s.e, s.m, 6 * p + 10);
        trial_teach(&trial, 5, NULL, (uint64_t)i);
        trial_root(&trial);
        cr_assert(evidence_solve(&trial.evidence, want));
        cr_expect_lt(weights_error(&trial, want), 1e-12, "%d %d: %g", s.d, s.e,
                     weights_error(&trial, want));
        trial_done(&trial);
        memory_release(want);
    }
}

/* ---- tokens that are nearly dependent ------------------------------------------------------- */

enum { HARD = 4, HARD_P = 40, HARD_ROWS = 200 };

static void collinear_make(double *mix)
{
    for (int32_t j = 0; j < HARD; j++)
        for (int32_t k = 0; k < HARD; k++)
            mix[j * HARD + k] = k == 0 ? 1 : j == k ? 1e-4 : 0;
}

/* Tokens around 1000 with a constant coordinate, that of a bias. */
static void offset_sample(struct evidence *evidence, struct random *random)
{
    enum { N = 6 };

    for (int32_t i = 0; i < HARD_ROWS; i++) {
        double tokens[N * HARD], y = 0;

        random_normals(random, tokens, N * HARD);
        for (int32_t t = 0; t < N; t++)
            for (int32_t j = 0; j < HARD; j++)
                tokens[t * HARD + j] = j == 0 ? 1 : 1e3 + tokens[t * HARD + j];
        evidence_add(evidence, N, tokens, tokens + (N - 1) * HARD, &y, 1);
    }
}

static void hard_sample(struct trial *trial, int is_offset)
{
    struct random random = {.state = 3};
    double mix[HARD * HARD];

    trial_init(trial, HARD, HARD, 1, HARD_ROWS);
    collinear_make(mix);
    if (is_offset)
        offset_sample(&trial->evidence, &random);
    else
        evidence_sample(&trial->evidence, HARD_ROWS, 6, mix, &random);
}

/* Even coordinates see what plain ones do not. */
Test(moment_root, holds_tokens_that_are_nearly_dependent)
{
    for (int is_offset = 0; is_offset < 2; is_offset++) {
        struct trial trial;

        hard_sample(&trial, is_offset);
        coordinates_choose(&trial);
        evidence_fill(&trial.evidence, trial.moment);
        trial_root(&trial);
        cr_expect_eq(trial.root.rank, HARD_P);
        cr_expect_eq(trial.root.is_cut, 0);
        cr_expect_gt(trial.root.rho, 2e-2);
        cr_expect_lt(trial_distance(&trial, 1), approx_sum(HARD_P, 8), "%g",
                     trial_distance(&trial, 1));
        trial_done(&trial);
    }
}

Test(moment_root, says_that_plain_coordinates_cannot_hold_them)
{
    for (int is_offset = 0; is_offset < 2; is_offset++) {
        struct trial trial;

        hard_sample(&trial, is_offset);
        evidence_fill(&trial.evidence, trial.moment);
        trial_root(&trial);
        cr_expect_lt(trial.root.rank, HARD_P);
        cr_expect_eq(trial.root.is_cut, 1);
        cr_expect_gt(trial.root.rho * trial.root.rho, 10 * trial.tau);
        /* Labels along a direction go with it: as large as its singular value. */
        cr_expect_lt(trial_distance(&trial, 1), sqrt(10 * HARD_P * trial.tau), "%g",
                     trial_distance(&trial, 1));
        trial_done(&trial);
    }
}

/* The same rows by QR in plain coordinates, in double: the error of its weights. */
static double plain_error(const struct evidence *evidence, const long double *truth)
{
    int32_t n = evidence->count, p = evidence->p;
    double *rows = memory_raw((size_t)(n * p), sizeof *rows), *y = memory_raw((size_t)n, sizeof *y);
    long double *scales = memory_zeroed((size_t)p, sizeof *scales),
                *phi = memory_raw((size_t)p, sizeof *phi);
    long double difference = 0, size = 0;

    evidence_gram(evidence, NULL, NULL, NULL, scales);
    for (int32_t i = 0; i < n; i++) {
        evidence_features(evidence, i, phi);
        for (int32_t c = 0; c < p; c++)
            rows[c * n + i] = (double)(sqrtl(evidence->w[i]) * phi[c] / scales[c]);
        y[i] = (double)(sqrtl(evidence->w[i]) * evidence->y[i]);
    }
    cr_assert_eq(dense_least_squares(n, p, rows, 1, y, 0, NULL), LATTN_OK);
    for (int32_t c = 0; c < p; c++) {
        difference = fmaxl(difference, fabsl(y[c] / scales[c] - truth[c]));
        size = fmaxl(size, fabsl(truth[c]));
    }
    memory_release(rows);
    memory_release(y);
    memory_release(scales);
    memory_release(phi);
    return (double)(difference / size);
}

/* Weights lose no more than M has lost, the condition of G~ against those of no Gram matrix. */
Test(moment_root, solves_as_orthogonal_updates_do_where_tokens_are_nearly_dependent)
{
    for (int is_offset = 0; is_offset < 2; is_offset++) {
        struct random random = {.state = 4};
        struct trial trial;
        long double truth[HARD_P];
        double error, plain;

        for (int32_t c = 0; c < HARD_P; c++)
            truth[c] = random_uniform(&random) - 0.5;
        hard_sample(&trial, is_offset);
        evidence_label(&trial.evidence, truth, 0, &random);
        coordinates_choose(&trial);
        evidence_fill(&trial.evidence, trial.moment);
        trial_root(&trial);
        error = weights_error(&trial, truth);
        plain = plain_error(&trial.evidence, truth);
        cr_expect_lt(error, plain / (trial.root.rho * trial.root.rho), "%g against %g", error,
                     plain);
        trial_done(&trial);
    }
}

/* ---- deficient rows ------------------------------------------------------------------------- */

/* Rank by elimination with full pivoting in long double, on the scaled G. */
static int32_t rank_of(const struct evidence *evidence)
{
    int32_t p = evidence->p;
    int32_t rank = 0;
    long double *G = memory_zeroed((size_t)(p * p), sizeof *G);
    long double *scales = memory_zeroed((size_t)p, sizeof *scales);

    evidence_gram(evidence, G, NULL, NULL, scales);
    for (int32_t i = 0; i < p * p; i++) {
        long double scale = scales[i / p] * scales[i % p];

        G[i] = scale > 0 ? G[i] / scale : 0;
    }
    for (; rank < p; rank++) {
        int32_t best = 0;

        for (int32_t i = 0; i < p; i++)
            best = G[i * p + i] > G[best * p + best] ? i : best;
        if (!(G[best * p + best] > 1e-15L))
            break;
        for (int32_t i = 0; i < p; i++) {
            long double factor = i == best ? 0 : G[i * p + best] / G[best * p + best];

            for (int32_t j = 0; j < p; j++)
                G[i * p + j] -= j == best ? 0 : factor * G[best * p + j];
        }
        for (int32_t i = 0; i < p; i++)
            G[i * p + best] = G[best * p + i] = 0;
    }
    memory_release(G);
    memory_release(scales);
    return rank;
}

/* Ways to be deficient. */
enum family { FEW_ROWS, DEPENDENT, ZERO, ONE_TOKEN, QUADRIC, NEAR_AND_FEW, FAMILIES };

static void quadric_sample(struct evidence *evidence, struct random *random)
{
    int32_t d = evidence->d;

    /* tr S = |z|^2 = 1: features (jj, l) sum up to z_l, and so do those of others */
    for (int32_t i = 0; i < evidence->room; i++) {
        double tokens[8] = {0}, y[OUTPUTS_MAX] = {0}, square = 0;

        random_normals(random, tokens, d);
        for (int32_t j = 0; j < d; j++)
            square += tokens[j] * tokens[j];
        for (int32_t j = 0; j < d; j++)
            tokens[j] /= sqrt(square);
        evidence_add(evidence, 1, tokens, tokens, y, 1);
    }
}

static void deficient_sample(struct trial *trial, enum family family, struct random *random)
{
    struct evidence *evidence = &trial->evidence;
    int32_t d = evidence->d;
    double mix[16];

    random_normals(random, mix, d * d);
    if (family == DEPENDENT)
        for (int32_t k = 0; k < d; k++)
            mix[(d - 1) * d + k] = mix[k] + (d > 2 ? 0.5 * mix[d + k] : 0);
    if (family == ZERO)
        for (int32_t k = 0; k < d; k++)
            mix[d / 2 * d + k] = 0;
    if (family == NEAR_AND_FEW)
        for (int32_t j = 0; j < d; j++)
            for (int32_t k = 0; k < d; k++)
                mix[j * d + k] = k == 0 ? 1 : j == k ? 1e-4 : 0;
    if (family == QUADRIC)
        quadric_sample(evidence, random);
    else
        evidence_sample(evidence, evidence->room, family == ONE_TOKEN ? 1 : 5, mix, random);
}

static int32_t deficient_rows(enum family family, int32_t p, struct random *random)
{
    if (family == FEW_ROWS || family == NEAR_AND_FEW)
        return 1 + (int32_t)random_below(random, (uint32_t)(p - 1));
    return 2 * p;
}

/*
 * Rows that do not determine all features never show full rank, and what is kept is their own: G
 * comes back to what the form can tell.
 */
Test(moment_root, never_takes_deficient_rows_for_determined_ones)
{
    struct random random = {.state = 5};
    int32_t seeds = getenv("LATTN_LONG") != NULL ? 60 : 4;
    int32_t agreed = 0, all = 0;

    for (int32_t seed = 0; seed < seeds; seed++)
        for (int32_t f = 0; f < FAMILIES; f++)
            for (int32_t d = 2; d <= 4; d++) {
                int32_t p = d * d * (d + 1) / 2;
                struct trial trial;

                trial_init(&trial, d, d, 1, deficient_rows((enum family)f, p, &random));
                deficient_sample(&trial, (enum family)f, &random);
                coordinates_choose(&trial);
                evidence_fill(&trial.evidence, trial.moment);
                trial_root(&trial);
                cr_expect_lt(trial.root.rank, p, "family %d, d = %d, seed %d", f, d, seed);
                cr_expect(trial.root.is_cut || f == ZERO);
                if (f != NEAR_AND_FEW)
                    cr_expect_lt(trial_distance(&trial, 1), 100 * p * trial.tau,
                                 "family %d, d = %d, seed %d: %g", f, d, seed,
                                 trial_distance(&trial, 1));
                /* The oracle looks in plain coordinates, where the last family shows nothing. */
                agreed += f == NEAR_AND_FEW || trial.root.rank == rank_of(&trial.evidence);
                all++;
                trial_done(&trial);
            }
    cr_expect_gt(agreed, all * 9 / 10, "%d of %d", agreed, all);
}

Test(moment_root, of_no_rows_is_zero)
{
    struct trial trial;

    trial_init(&trial, 3, 2, 2, 1);
    trial_root(&trial);
    cr_expect_eq(trial.root.rank, 0);
    cr_expect_eq(trial.root.is_cut, 0);
    cr_expect_eq(trial.root.rho, 0);
    for (int32_t i = 0; i < 12; i++)
        for (int32_t j = i; j < 14; j++)
            cr_expect_eq(trial.triangle[(size_t)i * trial.ld + (size_t)j], 0);
    cr_expect_eq(trial.residual[0], 0);
    cr_expect_eq(trial.residual[1], 0);
    trial_done(&trial);
}

/* ---- fading, and back ------------------------------------------------------------------------ */

Test(moment_root, fades)
{
    for (int is_short = 0; is_short < 2; is_short++) {
        struct trial trial;

        trial_init(&trial, 3, 3, 2, is_short ? 10 : 60);
        trial.moment->fade = 0.25;
        trial_teach(&trial, 5, NULL, 6);
        trial_root(&trial);
        cr_expect_lt(trial_distance(&trial, 1), is_short ? 100 * trial.tau : approx_sum(18, 8));
        trial.moment->fade = 0.25e-3;
        trial_root(&trial);
        cr_expect_lt(trial_distance(&trial, 1e-3), is_short ? 100 * trial.tau : approx_sum(18, 8));
        trial_done(&trial);
    }
}

/* A triangle goes into other coordinates and comes back; another one is added to what is there. */
Test(moment_root, takes_a_triangle_back)
{
    for (int32_t i = 0; i < SHAPES; i++) {
        struct shape s = shapes[i];
        int32_t p = columns_of(s);
        struct trial trial;
        struct moment *other;

        trial_init(&trial, s.d, s.e, s.m, 4 * p + 10);
        trial_teach(&trial, 5, NULL, (uint64_t)i);
        trial_root(&trial);
        triangle_spoil(&trial);
        cr_assert_eq(moment_open(&other, s.d, s.e, s.m), LATTN_OK);
        cr_assert_eq(moment_turn_triangle(other, trial.triangle, trial.ld), LATTN_OK);
        cr_assert_eq(moment_add_triangle(other, trial.triangle, trial.ld), LATTN_OK);
        other->fade = 0.5;
        cr_assert_eq(moment_add_triangle(other, trial.triangle, trial.ld), LATTN_OK);
        cr_expect_eq(other->fade, 1);
        for (int32_t a = 0; a < s.m; a++)
            other->energy[a] += 1.5 * trial.residual[a];
        moment_close(&trial.moment);
        trial.moment = other;
        trial_root(&trial);
        cr_expect_eq(trial.root.rank, p);
        cr_expect_lt(trial_distance(&trial, 1.5), approx_sum(p, 16), "%d %d: %g", s.d, s.e,
                     trial_distance(&trial, 1.5));
        trial_done(&trial);
    }
}

/* The columns of R alone are exact enough for the even coordinates of nearly dependent tokens. */
Test(moment_root, takes_the_triangle_of_nearly_dependent_tokens)
{
    for (int is_offset = 0; is_offset < 2; is_offset++) {
        struct trial trial;
        struct moment *other;

        hard_sample(&trial, is_offset);
        coordinates_choose(&trial);
        evidence_fill(&trial.evidence, trial.moment);
        trial_root(&trial);
        cr_assert_eq(moment_open(&other, HARD, HARD, 1), LATTN_OK);
        cr_assert_eq(moment_turn_triangle(other, trial.triangle, trial.ld), LATTN_OK);
        cr_assert_eq(moment_add_triangle(other, trial.triangle, trial.ld), LATTN_OK);
        other->energy[0] += trial.residual[0];
        moment_close(&trial.moment);
        trial.moment = other;
        trial_root(&trial);
        cr_expect_eq(trial.root.rank, HARD_P);
        cr_expect_gt(trial.root.rho, 2e-2);
        cr_expect_lt(trial_distance(&trial, 1), approx_sum(HARD_P, 16), "%g",
                     trial_distance(&trial, 1));
        trial_done(&trial);
    }
}

Test(moment_root, says_so_without_memory)
{
    for (int is_short = 0; is_short < 2; is_short++) {
        struct trial trial;

        trial_init(&trial, 4, 4, 1, is_short ? 20 : 80);
        trial_teach(&trial, 5, NULL, 7);
        trial.root.rank = -1;
        for (uint64_t k = 1;; k++) {
            enum lattn_status status;

            memory_fail(k, 0);
            status = moment_triangle(trial.moment, trial.tau, trial.triangle, trial.ld,
                                     trial.residual, &trial.root);
            if (!memory_failed())
                break;
            cr_expect_eq(status, LATTN_NO_MEMORY);
            cr_expect_eq(trial.root.rank, -1);
        }
        memory_fail(0, 0);
        cr_expect_eq(trial.root.rank, is_short ? 20 : 40);
        trial_done(&trial);
    }
}

Test(moment_root, adds_nothing_without_memory)
{
    struct trial trial;
    size_t size;
    double *before;

    trial_init(&trial, 3, 3, 1, 60);
    trial_teach(&trial, 5, NULL, 8);
    trial_root(&trial);
    size = 21 * trial.moment->ldm;
    before = memory_raw(size, sizeof *before);
    memcpy(before, trial.moment->M, size * sizeof *before);
    for (uint64_t k = 1; k <= 2; k++) {
        memory_fail(k, 0);
        cr_expect_eq(moment_add_triangle(trial.moment, trial.triangle, trial.ld), LATTN_NO_MEMORY);
        cr_expect_arr_eq(trial.moment->M, before, size * sizeof *before);
    }
    memory_fail(0, 0);
    memory_release(before);
    trial_done(&trial);
}
