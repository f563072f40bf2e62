/* What an oracle takes: trials one at a time, since a refusal loses the answers beside it. */
#include "query/caps.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

/* One trial; a refusal is an answer here, and no complaint. */
static enum lattn_status try(struct oracle *oracle, int32_t n, const double *x, int *ret_is_taken)
{
    double answer[LATTN_OUTPUTS_MAX];
    enum lattn_status status = oracle_ask(oracle, ORACLE_TRIAL, 1, n, x, answer);

    *ret_is_taken = status == LATTN_OK;
    if (status != LATTN_REFUSED)
        return status;
    oracle->complaint.text[0] = '\0';
    return LATTN_OK;
}

/* Along an axis a norm is exact, and no coordinate of a token of that norm is larger. */
static enum lattn_status norm_try(struct oracle *oracle, int exponent, int *ret_is_taken)
{
    const double x[LATTN_DIM_MAX] = {ldexp(1, exponent)};

    return try(oracle, 1, x, ret_is_taken);
}

enum lattn_status caps_norm(struct oracle *oracle, int low, int high, double *ret_norm)
{
    int middle = high;

    while (low < high) {
        int is_taken;
        enum lattn_status status = norm_try(oracle, middle, &is_taken);

        if (status != LATTN_OK)
            return status;
        if (is_taken)
            low = middle;
        else
            high = middle - 1;
        middle = (low + high + 1) / 2;
    }
    *ret_norm = ldexp(1, low);
    return LATTN_OK;
}

enum lattn_status caps_length(struct oracle *oracle, const double *token, int32_t wanted,
                              int32_t *ret_length)
{
    size_t d = (size_t)oracle->d;
    double *x = memory_raw((size_t)wanted * d, sizeof *x);
    enum lattn_status status = x == NULL ? LATTN_NO_MEMORY : LATTN_OK;
    int32_t length = wanted;
    int is_taken = 0;

    for (int32_t t = 0; status == LATTN_OK && t < wanted; t++)
        memcpy(x + (size_t)t * d, token, d * sizeof *x);
    while (status == LATTN_OK && !is_taken && length > 1) {
        status = try(oracle, length, x, &is_taken);
        if (!is_taken)
            length = length > 8 ? length / 2 : length > 4 ? 4 : length - 1;
    }
    memory_release(x);
    if (status == LATTN_OK)
        *ret_length = length;
    return status;
}
