#include "support/asked.h"

#include <criterion/criterion.h>
#include <math.h>

void asked_init(struct asked *asked, int32_t d, uint64_t seed)
{
    const struct lattn_probe_settings settings = {0};

    asked->random = (struct random){seed};
    asked->conditions = (struct conditions){.norm = 1024, .length = 8, .epsilon = 0x1p-53};
    blackbox_init(&asked->box, d, 1, 1, &asked->random);
    cr_assert_eq(oracle_init(&asked->oracle, &asked->box.oracle, &settings), LATTN_OK);
}

void asked_done(struct asked *asked)
{
    oracle_done(&asked->oracle);
    blackbox_done(&asked->box);
}

void asked_blur(struct asked *asked, double norm, double noise, int32_t decimals)
{
    asked->box.norm_max = norm;
    asked->box.noise = noise;
    asked->box.decimals = decimals;
    asked->conditions.norm = norm;
    asked->conditions.noise = noise;
    asked->conditions.step = decimals < 0 ? 0 : pow(10, -decimals);
}

double asked_distance(const struct asked *asked, const struct lattn_attention *found)
{
    size_t d = (size_t)asked->box.d;

    return blackbox_distance(d * d, found->W, asked->box.W);
}

static double bars(size_t count, const double *found, const double *error, const double *truth)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += pow((found[i] - truth[i]) / error[i], 2);
    return sqrt(sum / (double)count);
}

double asked_bars(const struct asked *asked, const struct lattn_attention *found)
{
    size_t d = (size_t)asked->box.d;

    return bars(d * d, found->W, found->W_error, asked->box.W);
}

double asked_value_bars(const struct asked *asked, const struct lattn_attention *found)
{
    return bars((size_t)asked->box.d, found->V, found->V_error, asked->box.V);
}
