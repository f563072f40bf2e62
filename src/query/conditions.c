#include "query/conditions.h"

#include "query/caps.h"

#include <math.h>

struct conditions conditions_expect(const struct lattn_probe_settings *settings, int32_t length)
{
    int exponent = settings->decimals >= 0 ? CAPS_EXPONENT_ROUNDED : CAPS_EXPONENT;
    struct conditions conditions = {
        .norm = ldexp(1, exponent),
        .length = length,
        .noise = fmax(settings->noise, 0),
        .step = settings->decimals >= 0 ? pow(10, -settings->decimals) : 0,
        .epsilon = ldexp(1, settings->arithmetic == LATTN_ARITHMETIC_F32 ? -24 : -53),
        .scale = settings->scale,
    };

    if (settings->norm_max > 0)
        conditions.norm = fmin(conditions.norm, settings->norm_max);
    if (settings->length_max > 0 && settings->length_max < length)
        conditions.length = settings->length_max;
    return conditions;
}

/* A rounded number is off by a uniform error, whose deviation is its range over sqrt 12. */
double conditions_error(const struct conditions *conditions, double answer)
{
    double rounding = conditions->step / sqrt(12);
    double arithmetic = conditions->epsilon * fabs(answer);

    return sqrt(conditions->noise * conditions->noise + rounding * rounding +
                arithmetic * arithmetic);
}
