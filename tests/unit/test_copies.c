#include "query/copies.h"

#include "base/memory.h"
#include "core/dense.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>

Test(copies, ratios_differ_and_come_in_inverse_pairs)
{
    for (int32_t heads = 1; heads <= POLES_MAX; heads++)
        for (int32_t length = copies_length(heads); length <= 40; length++) {
            struct copies copies;

            copies_init(&copies, heads, length);
            cr_assert_eq(copies.count, 2 * heads);
            for (int32_t i = 0; i < copies.count; i++) {
                int32_t k = copies.count - 1 - i;

                cr_expect_leq(copies.first[i] + copies.last[i], length);
                cr_expect_eq(copies.first[i], copies.last[k]);
                if (i > 0)
                    cr_expect_gt(copies.first[i] * copies.last[i - 1],
                                 copies.first[i - 1] * copies.last[i], "%d heads, length %d", heads,
                                 length);
            }
        }
}

/* Two heads and what they say about three pairs, by their definition. */
struct setting {
    struct blackbox box;
    struct oracle oracle;
    struct copies copies;
    double value[4];
    double u[12];
    double b[12];
};

static void setting_init(struct setting *setting)
{
    static const struct lattn_probe_settings settings = {0};
    struct random random = {.state = 3};

    blackbox_init(&setting->box, 4, 1, 2, &random);
    cr_assert_eq(oracle_init(&setting->oracle, &setting->box.oracle, &settings), LATTN_OK);
    copies_init(&setting->copies, 2, 16);
    random_normals(&random, setting->u, 12);
    random_normals(&random, setting->b, 12);
    for (int32_t j = 0; j < 4; j++)
        setting->value[j] = setting->box.V[j] + setting->box.V[4 + j];
    setting->copies.s = 4;
    setting->copies.t = 0.25;
    setting->copies.value = setting->value;
}

static void setting_done(struct setting *setting)
{
    oracle_done(&setting->oracle);
    blackbox_done(&setting->box);
}

static struct poles poles_of(const struct setting *setting, int32_t pair)
{
    struct poles poles = {.count = 2};
    const double *u = setting->u + 4 * pair, *b = setting->b + 4 * pair;

    for (int32_t h = 0; h < 2; h++)
        for (int32_t i = 0; i < 4; i++) {
            poles.c[h] += u[i] * setting->box.V[4 * h + i];
            for (int32_t j = 0; j < 4; j++)
                poles.l[h] += u[i] * setting->box.W[16 * h + 4 * i + j] * b[j];
        }
    return poles;
}

static void expect_poles(struct setting *setting, enum copies_part part, int32_t count)
{
    struct poles_points points[3];

    cr_assert_eq(copies_ask(&setting->copies, part, &setting->oracle, ORACLE_LEARN, 3, setting->u,
                            setting->b, points),
                 LATTN_OK);
    for (int32_t pair = 0; pair < 3; pair++) {
        struct poles poles = poles_of(setting, pair);

        cr_assert_eq(points[pair].count, count);
        for (int32_t i = 0; i < count; i++)
            cr_expect_float_eq(points[pair].g[i], poles_value(&poles, points[pair].kappa[i]),
                               1e-13);
    }
}

Test(copies, points_are_those_of_the_poles)
{
    struct setting setting = {0};

    setting_init(&setting);
    expect_poles(&setting, COPIES_ALL, 5);
    cr_expect_eq(setting.oracle.counts.learn,
                 3 * (uint64_t)copies_count(&setting.copies, COPIES_ALL));
    expect_poles(&setting, COPIES_SOME, 3);
    cr_expect_eq(setting.oracle.counts.learn,
                 12 + 3 * (uint64_t)copies_count(&setting.copies, COPIES_SOME));
    setting_done(&setting);
}

Test(copies, what_the_oracle_refuses_is_handed_on)
{
    struct poles_points points[3];
    struct setting setting = {0};

    setting_init(&setting);
    setting.box.length_max = 8;
    cr_expect_eq(copies_ask(&setting.copies, COPIES_ALL, &setting.oracle, ORACLE_TRIAL, 3,
                            setting.u, setting.b, points),
                 LATTN_REFUSED);
    memory_fail(1, 1);
    cr_expect_eq(copies_ask(&setting.copies, COPIES_ALL, &setting.oracle, ORACLE_TRIAL, 3,
                            setting.u, setting.b, points),
                 LATTN_NO_MEMORY);
    memory_fail(0, 0);
    setting_done(&setting);
}
