#include "query/pieces.h"

#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>

enum { D = 12, WIDTH = 20 };

/* The gradient of the box's network at a token, from its own numbers. */
static void gradient_compute(const struct blackbox *box, const double *x, double *ret_gradient)
{
    for (int32_t j = 0; j < D; j++)
        ret_gradient[j] = 0;
    for (int32_t k = 0; k < WIDTH; k++) {
        double z = box->c[k];

        for (int32_t j = 0; j < D; j++)
            z += box->A[j * WIDTH + k] * x[j];
        for (int32_t j = 0; j < D && z > 0; j++)
            ret_gradient[j] += box->w[k] * box->A[j * WIDTH + k];
    }
}

/* Each entry is right within its error bar, with room for steps that cross a small kink. */
static void pieces_check(const struct pieces *pieces, const struct blackbox *box)
{
    double want[D];

    for (int32_t i = 0; i < pieces->count; i++) {
        gradient_compute(box, pieces->x + i * D, want);
        for (int32_t j = 0; j < D; j++)
            cr_expect_float_eq(pieces->gradient[i * D + j], want[j], 100 * pieces->error[i],
                               "piece %d, entry %d: %g off, of error %g", i, j,
                               pieces->gradient[i * D + j] - want[j], pieces->error[i]);
    }
}

/* A network as exact as its answers: in double, and rounded to so many decimals. */
static void box_check(int32_t decimals, uint64_t seed)
{
    struct random random = {.state = seed};
    struct blackbox box;
    struct asking asking;
    struct terrain terrain;
    struct chord chord;
    struct kinks kinks;
    struct pieces pieces;
    double through[D];

    blackbox_init(&box, D, 1, 1, &random);
    blackbox_network(&box, WIDTH, &random);
    box.decimals = decimals;
    asking_init(&asking, &box);
    random_normals(&random, through, D);
    cr_assert_eq(terrain_survey(&asking.oracle, &asking.conditions, &random, &terrain), LATTN_OK);
    cr_assert_eq(chord_open(&chord, &asking.oracle, &asking.conditions, &terrain, through, &random),
                 LATTN_OK);
    cr_assert_eq(kinks_find(&chord, &random, &kinks), LATTN_OK);
    cr_assert_eq(pieces_measure(&chord, &kinks, &pieces), LATTN_OK);
    cr_expect_eq(pieces.count, kinks.count + 1);
    pieces_check(&pieces, &box);
    pieces_close(&pieces);
    chord_close(&chord);
    asking_done(&asking);
    blackbox_done(&box);
}

/* In some of them a step meets a kink, and has to be shortened. */
Test(pieces, measures_every_gradient)
{
    for (uint64_t seed = 1; seed <= 40; seed++)
        box_check(-1, seed);
}

Test(pieces, measures_rounded_answers)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        box_check(6, seed);
}
