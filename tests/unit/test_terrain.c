#include "query/terrain.h"

#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>

enum { D = 5, WIDTH = 8 };

static struct terrain survey(struct blackbox *box, struct asking *asking, double bias)
{
    struct random random = {.state = 3};
    struct terrain terrain;

    blackbox_init(box, D, 1, 1, &random);
    blackbox_network(box, WIDTH, &random);
    random_normals(&random, box->c, WIDTH);
    for (int32_t k = 0; k < WIDTH; k++)
        box->c[k] *= bias;
    asking_init(asking, box);
    cr_assert_eq(terrain_survey(&asking->oracle, &asking->conditions, &asking->random, &terrain),
                 LATTN_OK);
    cr_expect_eq(asking->oracle.counts.trial, 55);
    cr_expect_eq(asking->oracle.counts.learn, 0);
    cr_expect_leq(box->norm, asking->conditions.norm);
    asking_done(asking);
    blackbox_done(box);
    return terrain;
}

Test(terrain, tells_networks_without_biases)
{
    struct blackbox box;
    struct asking asking;

    cr_expect(survey(&box, &asking, 0).is_homogeneous);
    cr_expect_not(survey(&box, &asking, 1e-2).is_homogeneous);
    cr_expect_not(survey(&box, &asking, 10).is_homogeneous);
}

Test(terrain, looks_where_neurons_bend)
{
    struct blackbox box;
    struct asking asking;

    for (double bias = 0.1; bias < 50; bias *= 4) {
        struct terrain terrain = survey(&box, &asking, bias);

        cr_expect(terrain.radius > bias / 10 && terrain.radius < 30 * bias, "%g at %g",
                  terrain.radius, bias);
    }
}

Test(terrain, sees_how_steep_and_how_rough_it_is)
{
    struct blackbox box;
    struct asking asking;
    struct terrain terrain = survey(&box, &asking, 1);

    cr_expect(terrain.steepness > 0.1 && terrain.steepness < 10, "%g", terrain.steepness);
    cr_expect(terrain.roughness > 0 && terrain.roughness < 0x1p-48, "%g", terrain.roughness);
}

Test(terrain, draws_directions_of_the_length_asked)
{
    struct random random = {.state = 1};
    double x[D];
    double square = 0;

    terrain_direction(&random, D, 3, x);
    for (int32_t j = 0; j < D; j++)
        square += x[j] * x[j];
    cr_expect_float_eq(sqrt(square), 3, 1e-14);
}
