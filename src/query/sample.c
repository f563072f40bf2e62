/*
 * The first answers of an oracle. Norms grow by even factors, so that rounding to decimals and to
 * digits differ, and structure is seen near zero and far out.
 */
#include "query/sample.h"

#include "base/memory.h"
#include "core/dense.h"
#include "query/frame.h"

#include <math.h>
#include <string.h>

/* Repetitions of a token whose answers differ: their deviation is known within a fifth. */
enum { REPEATS = 16 };

/* Below this ratio over that of small tokens, noise is taken to be of one size. */
#define NOISE_GROWTH 4

/* Room for rounding to floats below the norm that is meant. */
#define TOKEN_NORM 0.99

void sample_token(int32_t d, struct random *random, double *ret_token)
{
    double norm;

    random_normals(random, ret_token, d);
    norm = dense_norm(d, ret_token);
    for (int32_t j = 0; j < d; j++)
        ret_token[j] *= TOKEN_NORM / norm;
    frame_round(d, ret_token);
}

enum lattn_status sample_init(struct sample *sample, const struct oracle *oracle)
{
    *sample = (struct sample){.d = oracle->d, .m = oracle->m};
    sample->x = memory_zeroed(SAMPLE_ALL * (size_t)oracle->d, sizeof *sample->x);
    sample->y = memory_zeroed(SAMPLE_ALL * (size_t)oracle->m, sizeof *sample->y);
    return sample->x == NULL || sample->y == NULL ? LATTN_NO_MEMORY : LATTN_OK;
}

void sample_done(struct sample *sample)
{
    memory_release(sample->x);
    memory_release(sample->y);
}

static void tokens_draw(struct sample *sample, int low, int high, struct random *random)
{
    for (int i = 0; i < SAMPLE_ALL; i++) {
        int step = i < SAMPLE_COUNT ? i : i - SAMPLE_COUNT + 1;
        double *token = sample->x + (size_t)i * (size_t)sample->d;

        sample->exponents[i] = low + (high - low) * step / (SAMPLE_COUNT - 1);
        sample_token(sample->d, random, token);
        for (int32_t j = 0; j < sample->d; j++)
            token[j] = ldexp(token[j], sample->exponents[i]);
    }
}

/*
 * Standard deviation of the answers to one token asked again and again, over all outputs.
 *
 * y  in/out  REPEATS x m: the first two on entry
 */
static enum lattn_status repeats_ask(const struct sample *sample, struct oracle *oracle, int token,
                                     double *y, double *x, double *ret_deviation)
{
    size_t d = (size_t)sample->d, m = (size_t)sample->m;
    enum lattn_status status;
    double square = 0;

    *ret_deviation = 0;
    if (memcmp(y, y + m, m * sizeof *y) == 0)
        return LATTN_OK;
    for (size_t i = 2; i < REPEATS; i++)
        memcpy(x + (i - 2) * d, sample->x + (size_t)token * d, d * sizeof *x);
    status = oracle_ask(oracle, ORACLE_TRIAL, REPEATS - 2, 1, x, y + 2 * m);
    for (size_t a = 0; a < m; a++) {
        double mean = 0;

        for (size_t i = 0; i < REPEATS; i++)
            mean += y[i * m + a] / REPEATS;
        for (size_t i = 0; i < REPEATS; i++)
            square += pow(y[i * m + a] - mean, 2) / (REPEATS - 1);
    }
    *ret_deviation = sqrt(square / (double)m);
    return status;
}

/* y_first, y_last: REPEATS x m each, the first two answers of the first and the last token. */
static enum lattn_status noise_find(const struct sample *sample, struct oracle *oracle,
                                    double *y_first, double *y_last, double *ret_noise,
                                    double *ret_relative)
{
    double *x = memory_raw(REPEATS * (size_t)sample->d, sizeof *x);
    enum lattn_status status = x == NULL ? LATTN_NO_MEMORY : LATTN_OK;
    double last;

    if (status == LATTN_OK)
        status = repeats_ask(sample, oracle, 0, y_first, x, ret_noise);
    if (status == LATTN_OK)
        status = repeats_ask(sample, oracle, SAMPLE_COUNT - 1, y_last, x, &last);
    memory_release(x);
    if (status != LATTN_OK)
        return status;
    if (last > NOISE_GROWTH * *ret_noise)
        *ret_relative = last * sqrt(sample->m) / dense_norm(sample->m, y_last);
    else
        *ret_noise = fmax(*ret_noise, last);
    return LATTN_OK;
}

/* Ask the tokens, and then the first and the last again; room: two more rows in x, y. */
static enum lattn_status tokens_ask(struct sample *sample, struct oracle *oracle, int is_repeated,
                                    double *x, double *y)
{
    size_t d = (size_t)sample->d, m = (size_t)sample->m;
    size_t last = SAMPLE_COUNT - 1;
    enum lattn_status status;

    memcpy(x, sample->x, SAMPLE_ALL * d * sizeof *x);
    memcpy(x + SAMPLE_ALL * d, sample->x, d * sizeof *x);
    memcpy(x + (SAMPLE_ALL + 1) * d, sample->x + last * d, d * sizeof *x);
    status = oracle_ask(oracle, ORACLE_TRIAL, SAMPLE_ALL + (is_repeated ? 2 : 0), 1, x, y);
    if (status == LATTN_OK)
        memcpy(sample->y, y, SAMPLE_ALL * m * sizeof *y);
    return status;
}

enum lattn_status sample_ask(struct sample *sample, struct oracle *oracle, int low, int high,
                             int is_repeated, struct random *random, double *ret_noise,
                             double *ret_relative)
{
    size_t d = (size_t)sample->d, m = (size_t)sample->m;
    double *x = memory_raw((SAMPLE_ALL + 2) * d, sizeof *x);
    double *y = memory_raw((SAMPLE_ALL + 2 + 2 * REPEATS) * m, sizeof *y);
    enum lattn_status status = x == NULL || y == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    *ret_noise = *ret_relative = 0;
    tokens_draw(sample, low, high, random);
    if (status == LATTN_OK)
        status = tokens_ask(sample, oracle, is_repeated, x, y);
    if (status == LATTN_OK && is_repeated) {
        double *first = y + (SAMPLE_ALL + 2) * m, *last = first + REPEATS * m;

        memcpy(first, y, m * sizeof *y);
        memcpy(first + m, y + SAMPLE_ALL * m, m * sizeof *y);
        memcpy(last, y + (SAMPLE_COUNT - 1) * m, m * sizeof *y);
        memcpy(last + m, y + (SAMPLE_ALL + 1) * m, m * sizeof *y);
        status = noise_find(sample, oracle, first, last, ret_noise, ret_relative);
    }
    memory_release(x);
    memory_release(y);
    return status;
}

int sample_is_labels(const struct sample *sample)
{
    if (sample->m != 1)
        return 0;
    for (int i = 0; i < SAMPLE_ALL; i++)
        if (sample->y[i] != 0 && sample->y[i] != 1)
            return 0;
    return 1;
}
