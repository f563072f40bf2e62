#include "query/rough.h"

#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>

static const struct conditions exact = {.norm = 1024, .length = 32, .epsilon = 0x1p-53};

enum { D = 5, SQUARE = D * D };

/* Two heads seen from their sharpest lookout, fitted by so many. */
struct setting {
    struct blackbox box;
    struct oracle oracle;
    struct lookouts lookouts;
    struct lookout fits[LOOKOUTS];
    double value[D];
};

static void setting_init(struct setting *setting, int32_t fitted)
{
    static const struct lattn_probe_settings settings = {0};
    struct random random = {.state = 5};
    struct copies copies;
    double residual;

    blackbox_init(&setting->box, D, 1, 2, &random);
    cr_assert_eq(oracle_init(&setting->oracle, &setting->box.oracle, &settings), LATTN_OK);
    copies_init(&copies, 2, 16);
    copies.s = exact.norm / 2;
    for (int32_t j = 0; j < D; j++)
        setting->value[j] = setting->box.V[j] + setting->box.V[D + j];
    copies.value = setting->value;
    cr_assert_eq(lookouts_ask(&setting->lookouts, &copies, &setting->oracle, &exact, &random),
                 LATTN_OK);
    cr_assert_eq(lookouts_fit(&setting->lookouts, fitted, setting->fits, &residual), LATTN_OK);
}

static void setting_done(struct setting *setting)
{
    lookouts_done(&setting->lookouts);
    oracle_done(&setting->oracle);
    blackbox_done(&setting->box);
}

Test(rough, heads_come_out_nearly)
{
    struct setting setting = {0};
    double W[2 * SQUARE], V[2 * D], error = 0;

    setting_init(&setting, 2);
    cr_assert_eq(
        rough_learn(&setting.lookouts, &setting.fits[0], 0.25, &setting.oracle, ORACLE_LEARN, W, V),
        LATTN_OK);
    cr_expect_eq(setting.oracle.counts.learn, rough_count(D, 2));
    for (int32_t h = 0; h < 2; h++) {
        double same = blackbox_distance(SQUARE, W + h * SQUARE, setting.box.W) +
                      blackbox_distance(D, V + h * D, setting.box.V);
        double other = blackbox_distance(SQUARE, W + h * SQUARE, setting.box.W + SQUARE) +
                       blackbox_distance(D, V + h * D, setting.box.V + D);

        error = fmax(error, fmin(same, other));
    }
    cr_expect_lt(error, 1e-8, "off by %g", error);
    setting_done(&setting);
}

Test(rough, too_few_heads_are_refused_in_words)
{
    struct setting setting = {0};
    double W[2 * SQUARE], V[2 * D];

    setting_init(&setting, 1);
    cr_expect_eq(
        rough_learn(&setting.lookouts, &setting.fits[0], 0.25, &setting.oracle, ORACLE_LEARN, W, V),
        LATTN_NO_CONVERGENCE);
    cr_expect_neq(setting.oracle.complaint.text[0], '\0');
    setting_done(&setting);
}

Test(rough, an_oracle_that_ends_is_handed_on)
{
    struct setting setting = {0};
    double W[2 * SQUARE], V[2 * D];

    setting_init(&setting, 2);
    setting.box.fails_after = setting.box.asked + 30;
    cr_expect_eq(
        rough_learn(&setting.lookouts, &setting.fits[0], 0.25, &setting.oracle, ORACLE_LEARN, W, V),
        LATTN_CLOSED);
    setting_done(&setting);
}
