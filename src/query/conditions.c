#include "query/conditions.h"

#include <math.h>

/* A rounded number is off by a uniform error, whose deviation is its range over sqrt 12. */
double conditions_error(const struct conditions *conditions, double answer)
{
    double rounding = conditions->step / sqrt(12);
    double arithmetic = conditions->epsilon * fabs(answer);

    return sqrt(conditions->noise * conditions->noise + rounding * rounding +
                arithmetic * arithmetic);
}
