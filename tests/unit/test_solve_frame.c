#include "solve/frame.h"

#include "base/random.h"
#include "core/dense.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(solve_frame, .init = dense_threads_one);

enum { D = 3, Q = 6, P = Q * D };

static const double A[D * D] = {2, 0, 0, 0.5, 1, 0, -1, 0.25, 0.5};
static const double B[D * D] = {1, 0, 0, -2, 0.5, 0, 0.75, 1, 4};

/* S~ = A S A', z~ = B z of features S_jk z_l, entry by entry. */
static void features_turn(const double *S, const double *z, long double *ret_features)
{
    for (int j = 0; j < D; j++)
        for (int k = j; k < D; k++)
            for (int l = 0; l < D; l++) {
                long double s = 0, query = 0;

                for (int x = 0; x < D; x++)
                    for (int y = 0; y < D; y++)
                        s += (long double)A[j * D + x] * S[x * D + y] * A[k * D + y];
                for (int x = 0; x < D; x++)
                    query += (long double)B[l * D + x] * z[x];
                *ret_features++ = s * query;
            }
}

static void frame_make(struct frame *frame)
{
    cr_assert_eq(frame_open(frame, D, A, B), LATTN_OK);
    cr_expect_not(frame->is_plain);
}

Test(solve_frame, turns_features_as_it_turns_tokens)
{
    struct random random = {.state = 1};
    struct frame frame;
    double S[D * D], z[D], phi[P];
    long double want[P];
    int c = 0;

    frame_make(&frame);
    random_normals(&random, S, D * D);
    random_normals(&random, z, D);
    for (int j = 0; j < D; j++)
        for (int k = j; k < D; k++) {
            S[k * D + j] = S[j * D + k];
            for (int l = 0; l < D; l++)
                phi[c++] = S[j * D + k] * z[l];
        }
    features_turn(S, z, want);
    frame_apply(&frame, FRAME_IN, phi);
    for (int i = 0; i < P; i++)
        cr_expect_lt(fabsl(phi[i] - want[i]), 1e-13L, "feature %d", i);
    frame_close(&frame);
}

/* K^-1 leads back, and x'K y is the same from either side. */
Test(solve_frame, leads_back_and_is_its_own_transpose)
{
    struct random random = {.state = 2};
    struct frame frame;
    double x[P], y[P], Kx[P], Ky[P];

    frame_make(&frame);
    random_normals(&random, x, P);
    random_normals(&random, y, P);
    memcpy(Kx, x, sizeof x);
    frame_apply(&frame, FRAME_IN_TRANSPOSED, Kx);
    memcpy(Ky, y, sizeof y);
    frame_apply(&frame, FRAME_IN, Ky);
    cr_expect_float_eq(dense_dot(P, Kx, y), dense_dot(P, x, Ky), 1e-11);
    frame_apply(&frame, FRAME_OUT_TRANSPOSED, Kx);
    frame_apply(&frame, FRAME_OUT, Ky);
    for (int i = 0; i < P; i++) {
        cr_expect_float_eq(Kx[i], x[i], 1e-12);
        cr_expect_float_eq(Ky[i], y[i], 1e-12);
    }
    frame_close(&frame);
}

Test(solve_frame, knows_coordinates_that_are_only_scaled)
{
    const double scales[D * D] = {2, 0, 0, 0, 1, 0, 0, 0, 0.5};

    cr_expect(frame_is_plain(D, scales, scales));
    cr_expect_not(frame_is_plain(D, scales, B));
    cr_expect_not(frame_is_plain(D, A, scales));
}
