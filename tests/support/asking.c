#include "support/asking.h"

#include <criterion/criterion.h>
#include <math.h>

void asking_init(struct asking *asking, const struct blackbox *box)
{
    struct lattn_probe_settings settings = {0};
    double norm = box->norm_max > 0 ? box->norm_max : box->decimals >= 0 ? 0x1p20 : 0x1p10;

    *asking = (struct asking){
        .conditions = {.norm = norm,
                       .length = box->length_max > 0 ? box->length_max : LATTN_QUESTION_TOKENS_MAX,
                       .noise = box->noise,
                       .step = box->decimals >= 0 ? pow(10, -box->decimals) : 0,
                       .epsilon = box->is_float ? 0x1p-24 : 0x1p-53},
        .random = {.state = 7},
    };
    cr_assert_eq(oracle_init(&asking->oracle, &box->oracle, &settings), LATTN_OK);
}

void asking_done(struct asking *asking)
{
    oracle_done(&asking->oracle);
}

double asking_scale(const struct blackbox *box)
{
    double most = 0;

    for (int32_t j = 0; j < box->d; j++) {
        double square = 0;

        for (int32_t i = 0; i < box->d; i++)
            square += box->W[i * box->d + j] * box->W[i * box->d + j];
        most = fmax(most, square);
    }
    return sqrt(most);
}

double asking_distance(const struct blackbox *box, const struct lattn_attention *found)
{
    return blackbox_distance((size_t)box->d * (size_t)box->d, found->W, box->W);
}

static double bars(size_t count, const double *found, const double *error, const double *truth)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += pow((found[i] - truth[i]) / error[i], 2);
    return sqrt(sum / (double)count);
}

double asking_bars(const struct blackbox *box, const struct lattn_attention *found)
{
    return bars((size_t)box->d * (size_t)box->d, found->W, found->W_error, box->W);
}

double asking_value_bars(const struct blackbox *box, const struct lattn_attention *found)
{
    return bars((size_t)box->m * (size_t)box->d, found->V, found->V_error, box->V);
}
