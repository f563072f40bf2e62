#include "query/lookout.h"

#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const struct conditions exact = {.norm = 1024, .length = 32, .epsilon = 0x1p-53};

/* Two heads of five coordinates, and their lookouts. */
struct setting {
    struct blackbox box;
    struct oracle oracle;
    struct lookouts lookouts;
    double value[5];
};

static enum lattn_status setting_ask(struct setting *setting, const struct conditions *conditions)
{
    struct copies copies;
    struct random random = {.state = 17};

    copies_init(&copies, 2, 16);
    copies.s = conditions->norm / 2;
    for (int32_t j = 0; j < 5; j++)
        setting->value[j] = setting->box.V[j] + setting->box.V[5 + j];
    copies.value = setting->value;
    return lookouts_ask(&setting->lookouts, &copies, &setting->oracle, conditions, &random);
}

static void setting_init(struct setting *setting, double scale)
{
    static const struct lattn_probe_settings settings = {0};
    struct random random = {.state = 5};

    blackbox_init(&setting->box, 5, 1, 2, &random);
    for (int32_t i = 0; i < 50; i++)
        setting->box.W[i] *= scale;
    cr_assert_eq(oracle_init(&setting->oracle, &setting->box.oracle, &settings), LATTN_OK);
}

static void setting_done(struct setting *setting)
{
    lookouts_done(&setting->lookouts);
    oracle_done(&setting->oracle);
    blackbox_done(&setting->box);
}

/* Root mean square of the scores of all pairs. */
static double scores_size(const struct setting *setting)
{
    const struct copies *copies = &setting->lookouts.copies;
    double square = 0;

    for (int32_t pair = 0; pair < LOOKOUTS; pair++)
        for (int32_t h = 0; h < 2; h++) {
            double score = 0;

            for (int32_t i = 0; i < 5; i++)
                for (int32_t j = 0; j < 5; j++)
                    score += setting->lookouts.u[5 * pair + i] *
                             setting->box.W[25 * h + 5 * i + j] * setting->lookouts.b[5 * pair + j];
            square += pow(score * copies->s * copies->t, 2);
        }
    return sqrt(square / (2 * LOOKOUTS));
}

Test(lookout, scores_are_about_one_whatever_the_scale)
{
    for (double scale = 1e-3; scale < 2e3; scale *= 10)
        for (int told = 0; told <= 1; told++) {
            struct conditions conditions = exact;
            struct setting setting = {0};
            uint64_t asked;

            conditions.scale = told ? scale : 0;
            setting_init(&setting, scale);
            cr_assert_eq(setting_ask(&setting, &conditions), LATTN_OK);
            asked = oracle_count(&setting.oracle);
            cr_expect(0.3 < scores_size(&setting) && scores_size(&setting) < 4, "scale %g: %g",
                      scale, scores_size(&setting));
            cr_expect_eq(setting.lookouts.is_capped, 0);
            cr_expect_eq(setting.oracle.counts.trial, asked);
            setting_done(&setting);
        }
}

Test(lookout, small_tokens_are_told)
{
    struct conditions conditions = exact;
    struct setting setting = {0};

    conditions.norm = 0.25;
    setting_init(&setting, 1);
    cr_assert_eq(setting_ask(&setting, &conditions), LATTN_OK);
    cr_expect(setting.lookouts.is_capped);
    cr_expect_leq(setting.oracle.norm, 0.25);
    setting_done(&setting);
}

Test(lookout, silence_is_told)
{
    struct setting setting = {0};

    setting_init(&setting, 1);
    cr_assert_eq(setting_ask(&setting, &exact), LATTN_OK);
    cr_expect_not(lookouts_are_silent(&setting.lookouts));
    lookouts_done(&setting.lookouts);
    memset(setting.box.V, 0, 10 * sizeof *setting.box.V);
    cr_assert_eq(setting_ask(&setting, &exact), LATTN_OK);
    cr_expect(lookouts_are_silent(&setting.lookouts));
    setting_done(&setting);
}

Test(lookout, sharpest_pairs_come_first)
{
    struct lookout fits[LOOKOUTS];
    struct setting setting = {0};
    double one, two;

    setting_init(&setting, 1);
    cr_assert_eq(setting_ask(&setting, &exact), LATTN_OK);
    cr_assert_eq(lookouts_fit(&setting.lookouts, 1, fits, &one), LATTN_OK);
    cr_assert_eq(lookouts_fit(&setting.lookouts, 2, fits, &two), LATTN_OK);
    cr_expect_gt(one, setting.lookouts.slack);
    cr_expect_leq(two, setting.lookouts.slack);
    cr_expect_leq(fits[0].residual, setting.lookouts.slack);
    for (int32_t i = 1; i < LOOKOUTS; i++)
        cr_expect_leq(fits[i].sharpness, fits[i - 1].sharpness);
    setting_done(&setting);
}
