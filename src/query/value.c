/* The value matrix of attention, from sequences of one token. */
#include "query/value.h"

#include "base/memory.h"
#include "core/dense.h"

#include <math.h>

/* So many standard deviations are no sign of a value: one in 15 000 answers has them by chance. */
static const double deviations_max = 4;

double value_norm(const struct conditions *conditions)
{
    float norm = (float)conditions->norm;

    return (double)norm > conditions->norm ? (double)nextafterf(norm, 0) : (double)norm;
}

/* Answers to all tokens norm e_i; d x m. */
static enum lattn_status axes_ask(struct oracle *oracle, double norm, double *ret_y)
{
    size_t d = (size_t)oracle->d;
    double *x = memory_zeroed(d * d, sizeof *x);
    enum lattn_status status;

    if (x == NULL)
        return LATTN_NO_MEMORY;
    for (size_t i = 0; i < d; i++)
        x[i * d + i] = norm;
    status = oracle_ask(oracle, ORACLE_LEARN, d, 1, x, ret_y);
    memory_release(x);
    return status;
}

enum lattn_status value_learn(struct oracle *oracle, const struct conditions *conditions,
                              double *ret_V, double *ret_error)
{
    size_t d = (size_t)oracle->d, m = (size_t)oracle->m;
    double norm = value_norm(conditions);
    double *y = memory_raw(d * m, sizeof *y);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (y == NULL)
        return status;
    status = axes_ask(oracle, norm, y);
    if (status == LATTN_OK) {
        double silence = deviations_max * conditions_error(conditions, 0) * sqrt((double)(d * m));

        for (size_t i = 0; i < d; i++)
            for (size_t a = 0; a < m; a++) {
                ret_V[a * d + i] = y[i * m + a] / norm;
                ret_error[a * d + i] = conditions_error(conditions, y[i * m + a]) / norm;
            }
        status = dense_norm((int32_t)(d * m), y) > silence ? LATTN_OK : LATTN_RANK;
    }
    memory_release(y);
    return status;
}

enum lattn_status value_learn_layer(struct oracle *oracle, const struct conditions *conditions,
                                    struct random *random, value_then_fn then,
                                    struct lattn_attention **ret_attention)
{
    struct lattn_attention *attention = NULL;
    enum lattn_status status = lattn_attention_open(&attention, oracle->d, oracle->m, 1);

    if (status != LATTN_OK)
        return status;
    oracle_phase(oracle, oracle->m == 1 ? "learning v" : "learning V",
                 oracle_count(oracle) + (uint64_t)oracle->d);
    status = value_learn(oracle, conditions, attention->V, attention->V_error);
    if (status == LATTN_OK)
        status = then(oracle, conditions, random, attention);
    if (status >= 0)
        *ret_attention = attention;
    else
        lattn_attention_close(&attention);
    return status;
}
