#include "query/heldout.h"

#include "core/dense.h"
#include "query/frame.h"

#include <assert.h>
#include <math.h>

static double entry_value(const struct lattn_attention *attention, const double *u, const double *b)
{
    int32_t d = attention->d;
    double image[LATTN_DIM_MAX];

    dense_multiply_vector(DENSE_PLAIN, d, d, 1, attention->W, (size_t)d, b, 0, image);
    return dense_dot(d, u, image);
}

/* By the error bars of W, as if its entries were off independently. */
static double entry_variance(const struct lattn_attention *attention, const double *u,
                             const double *b)
{
    size_t d = (size_t)attention->d;
    double variance = 0;

    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            variance += pow(u[i] * attention->W_error[i * d + j] * b[j], 2);
    return variance;
}

enum lattn_status heldout_ask(struct bilinear *bilinear, enum oracle_purpose purpose, int32_t count,
                              const double *u, const struct lattn_attention *attention,
                              struct random *random, int *ret_agree)
{
    double b[HELDOUT_MAX][LATTN_DIM_MAX];
    struct bilinear_form forms[HELDOUT_MAX];
    enum lattn_status status;

    assert(0 <= count && count <= HELDOUT_MAX);
    for (int32_t i = 0; i < count; i++) {
        frame_draw(attention->d, random, b[i]);
        forms[i] = (struct bilinear_form){.u = u + i * attention->d, .b = b[i]};
    }
    status = bilinear_ask(bilinear, purpose, (size_t)count, forms);
    if (status != LATTN_OK)
        return status;
    *ret_agree = 1;
    for (int32_t i = 0; i < count; i++) {
        double rest = forms[i].value - entry_value(attention, forms[i].u, forms[i].b);
        double variance =
            forms[i].error * forms[i].error + entry_variance(attention, forms[i].u, forms[i].b);

        if (fabs(rest) > HELDOUT_DEVIATIONS * sqrt(variance))
            *ret_agree = 0;
    }
    return LATTN_OK;
}
