#include "query/value.h"

#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 7, M = 3 };

static void box_init(struct blackbox *box, int32_t heads, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, D, M, heads, &random);
}

static enum lattn_status box_learn(struct blackbox *box, double *ret_V, double *ret_error)
{
    struct asking asking;
    enum lattn_status status;

    asking_init(&asking, box);
    status = value_learn(&asking.oracle, &asking.conditions, ret_V, ret_error);
    cr_expect_eq(asking.oracle.counts.learn, D);
    cr_expect_eq(oracle_count(&asking.oracle), D);
    asking_done(&asking);
    return status;
}

Test(value, learns_V_or_the_sum_of_all_heads)
{
    for (int32_t heads = 1; heads <= 3; heads++) {
        double V[M * D], error[M * D];
        struct blackbox box;

        box_init(&box, heads, (uint64_t)heads);
        cr_assert_eq(box_learn(&box, V, error), LATTN_OK);
        for (int32_t i = 0; i < M * D; i++) {
            double sum = 0;

            for (int32_t h = 0; h < heads; h++)
                sum += box.V[h * M * D + i];
            cr_expect_lt(fabs(V[i] - sum), 1e-15 * heads * 4);
        }
        blackbox_done(&box);
    }
}

Test(value, says_where_answers_are_silent)
{
    static const double noises[] = {0, 1e-3};

    for (int loud = 0; loud < 2; loud++)
        for (int i = 0; i < 2; i++) {
            double V[M * D], error[M * D];
            struct blackbox box;

            box_init(&box, 1, 10);
            memset(box.V, 0, M * D * sizeof *box.V);
            box.V[3] = loud * 1e-4;
            box.noise = noises[i];
            cr_expect_eq(box_learn(&box, V, error), loud ? LATTN_OK : LATTN_RANK);
            blackbox_done(&box);
        }
}

/* An error of 1e-3 in an answer is 1e-3 / 1024 in V. */
Test(value, knows_its_error_under_noise)
{
    double V[M * D], error[M * D], square = 0;
    struct blackbox box;

    box_init(&box, 1, 20);
    box.noise = 1e-3;
    cr_assert_eq(box_learn(&box, V, error), LATTN_OK);
    for (int32_t i = 0; i < M * D; i++) {
        cr_expect_lt(fabs(error[i] - 1e-3 / 1024), 1e-9);
        square += pow((V[i] - box.V[i]) / error[i], 2) / (M * D);
    }
    cr_expect(square > 0.3 && square < 3, "%g", square);
    blackbox_done(&box);
}

Test(value, stays_within_the_cap_in_float)
{
    static const double caps[] = {1024, 10, 1, 0.1, 1.0 / 3};

    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        const struct conditions conditions = {.norm = caps[i]};
        double norm = value_norm(&conditions);

        cr_expect_leq(norm, caps[i]);
        cr_expect_geq(norm, caps[i] * (1 - 0x1p-22));
        cr_expect_eq((double)(float)norm, norm);
    }
}
