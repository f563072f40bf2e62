#include "core/view.h"

#include "base/random.h"
#include "core/layer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 4, M = 3, TENSOR = D * M * D * D };

static double at(const double *S, int b, int a, int c, int e)
{
    return S[((b * M + a) * D + c) * D + e];
}

/* S of one random layer whose coordinates differ in scale by `ratio` each. */
static void tensor_make(double ratio, double *S)
{
    struct random random = {.state = 1};
    double scales[D * D] = {0};
    struct layer layer;

    cr_assert_eq(layer_init(&layer, D, M, 2), LATTN_OK);
    random_normals(&random, layer.P, layer_length(&layer));
    for (int i = 0; i < D; i++)
        scales[i * D + i] = pow(ratio, i);
    layer_multiply(&layer, 1, 0, S);
    layer_symmetrise(D, M, S);
    cr_assert_eq(layer_tensor_transform(D, M, scales, S), LATTN_OK);
    layer_done(&layer);
}

/* The root of the sum of squares of a slice: of all entries with index i at mode b, c or e. */
static double slice(const double *S, int i)
{
    double sum = 0;

    for (int a = 0; a < M; a++)
        for (int j = 0; j < D; j++)
            for (int k = 0; k < D; k++)
                sum += 2 * pow(at(S, i, a, j, k), 2) + pow(at(S, j, a, k, i), 2);
    return sqrt(sum);
}

Test(view, is_even_whatever_the_scales)
{
    for (double ratio = 1; ratio < 1e4; ratio *= 10) {
        double S[TENSOR];
        struct view view;

        tensor_make(ratio, S);
        cr_assert_eq(view_init(&view, D, M, S), LATTN_OK);
        for (int i = 1; i < D; i++) {
            double share = slice(view.S, i) / slice(view.S, 0);

            cr_expect(share > 0.03 && share < 30, "ratio %g: slice %d is %g of the first", ratio, i,
                      share);
        }
        view_done(&view);
    }
}

Test(view, leads_there_and_back)
{
    double S[TENSOR], back[TENSOR];
    struct view view;

    tensor_make(3, S);
    cr_assert_eq(view_init(&view, D, M, S), LATTN_OK);
    memcpy(back, view.S, sizeof back);
    cr_assert_eq(layer_tensor_transform(D, M, view.inverse, back), LATTN_OK);
    for (int i = 0; i < TENSOR; i++)
        cr_expect_float_eq(back[i], S[i], 1e-10 * (1 + fabs(S[i])));
    view_done(&view);
}

/* A coordinate that S does not use has no scale of its own. */
Test(view, leaves_alone_what_is_zero)
{
    double S[TENSOR] = {0};
    struct view view;

    S[0] = 2;
    cr_assert_eq(view_init(&view, D, M, S), LATTN_OK);
    cr_expect(isfinite(view.size) && view.size > 0);
    for (int i = 0; i < D * D; i++)
        cr_expect(isfinite(view.A[i]) && isfinite(view.inverse[i]));
    view_done(&view);
}
