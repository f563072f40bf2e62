#include "core/layer.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 4, M = 3, H = 3, LENGTH = H * D * (M + D), TENSOR = D * M * D * D };

static struct layer layer_random(double *numbers, uint64_t seed)
{
    const struct layer sizes = {.d = D, .m = M, .heads = H};
    struct random random = {.state = seed};

    cr_assert_eq(layer_length(&sizes), LENGTH);
    random_normals(&random, numbers, LENGTH);
    return layer_view(&sizes, numbers);
}

/* sym(T) entry by entry, as the header defines it. */
static void symmetric_by_definition(const struct layer *layer, double *tensor)
{
    for (int b = 0; b < D; b++)
        for (int a = 0; a < M; a++)
            for (int c = 0; c < D; c++)
                for (int e = 0; e < D; e++) {
                    double sum = 0;

                    for (int h = 0; h < H; h++)
                        sum += layer->P[(h * D + b) * M + a] * layer->Q[(h * D + c) * D + e] +
                               layer->P[(h * D + c) * M + a] * layer->Q[(h * D + b) * D + e];
                    tensor[((b * M + a) * D + c) * D + e] = sum / 2;
                }
}

Test(layer, multiplies_to_the_tensor_of_the_definition)
{
    double numbers[LENGTH], got[TENSOR], want[TENSOR];
    struct layer layer = layer_random(numbers, 1);

    layer_multiply(&layer, 1, 0, got);
    layer_symmetrise(D, M, got);
    symmetric_by_definition(&layer, want);
    for (int i = 0; i < TENSOR; i++)
        cr_expect_float_eq(got[i], want[i], approx_sum(2 * H, 8));
}

/* The change of the gradient by differences of the gradient itself, which is cubic in the layer. */
Test(layer, couples_as_the_second_order_of_the_tensor)
{
    double numbers[LENGTH], change[LENGTH], plus[LENGTH];
    double T[TENSOR], M_P[H * D * H * D], M_Q[H * D * H * D], gram[H * D * H * D];
    struct layer layer = layer_random(numbers, 2);
    struct layer moved = layer_random(change, 3);
    struct layer both;

    /* <sym(X Q' + P Y'), sym(X Q' + P Y')> from tensors ... */
    memcpy(plus, numbers, sizeof plus);
    both = layer_view(&layer, plus);
    for (int part = 0; part < 2; part++) {
        double by_tensor, by_couple = 0, image[H * D * (M > D ? M : D)];
        int width = part == 0 ? M : D;
        double *vector = part == 0 ? moved.P : moved.Q;

        both.P = part == 0 ? moved.P : layer.P;
        both.Q = part == 0 ? layer.Q : moved.Q;
        layer_multiply(&both, 1, 0, T);
        layer_symmetrise(D, M, T);
        by_tensor = dense_dot(TENSOR, T, T);
        /* ... and from the blocks */
        layer_couple(D, H, D, layer.Q, layer.Q, M_P, gram);
        layer_couple(D, H, M, layer.P, layer.P, M_Q, gram);
        dense_multiply(DENSE_PLAIN, H * D, width, H * D, 1, part == 0 ? M_P : M_Q, H * D, vector,
                       (size_t)width, 0, image, (size_t)width);
        by_couple = dense_dot(H * D * width, vector, image);
        cr_expect_float_eq(by_couple, by_tensor, approx_sum(TENSOR, by_tensor));
    }
}

Test(layer, keeps_its_tensor_when_balanced)
{
    double numbers[LENGTH], before[TENSOR], after[TENSOR], sigma[H];
    struct layer layer = layer_random(numbers, 4);

    layer_multiply(&layer, 1, 0, before);
    cr_assert_eq(layer_balance(&layer, sigma), LATTN_OK);
    layer_multiply(&layer, 1, 0, after);
    for (int i = 0; i < TENSOR; i++)
        cr_expect_float_eq(after[i], before[i], approx_sum(TENSOR, 8));
    for (int h = 0; h < H; h++) {
        cr_expect(h == 0 || sigma[h] <= sigma[h - 1]);
        for (int k = 0; k <= h; k++) {
            double want = h == k ? sigma[h] : 0;

            cr_expect_float_eq(dense_dot(D * M, layer.P + h * D * M, layer.P + k * D * M), want,
                               approx_sum(D * D, sigma[0]));
            cr_expect_float_eq(dense_dot(D * D, layer.Q + h * D * D, layer.Q + k * D * D), want,
                               approx_sum(D * D, sigma[0]));
        }
    }
}

Test(layer, transforms_as_its_tensor_does)
{
    double numbers[LENGTH], A[D * D], of_layer[TENSOR], of_tensor[TENSOR];
    struct layer layer = layer_random(numbers, 5);
    struct random random = {.state = 6};

    random_normals(&random, A, D * D);
    layer_multiply(&layer, 1, 0, of_tensor);
    cr_assert_eq(layer_tensor_transform(D, M, A, of_tensor), LATTN_OK);
    cr_assert_eq(layer_transform(&layer, A), LATTN_OK);
    layer_multiply(&layer, 1, 0, of_layer);
    for (int i = 0; i < TENSOR; i++)
        cr_expect_float_eq(of_layer[i], of_tensor[i], approx_sum(D * D * D, 64));
}
