#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double *blackbox_numbers(size_t count)
{
    double *numbers = calloc(count == 0 ? 1 : count, sizeof *numbers);

    cr_assert_not_null(numbers);
    return numbers;
}

static void normals_fill(double *numbers, size_t count, double deviation, struct random *random)
{
    random_normals(random, numbers, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        numbers[i] *= deviation;
}

void blackbox_init(struct blackbox *box, int32_t d, int32_t m, int32_t heads, struct random *random)
{
    size_t weights = (size_t)heads * (size_t)d * (size_t)d;
    size_t values = (size_t)heads * (size_t)m * (size_t)d;

    *box = (struct blackbox){
        .oracle = {.d = d, .m = m, .ask = blackbox_ask, .arg = box},
        .d = d,
        .m = m,
        .heads = heads,
        .W = blackbox_numbers(weights),
        .V = blackbox_numbers(values),
        .decimals = -1,
        .random = {.state = random_bits(random)},
    };
    normals_fill(box->W, weights, 1 / sqrt(d), random);
    normals_fill(box->V, values, 1, random);
}

void blackbox_done(struct blackbox *box)
{
    free(box->W);
    free(box->V);
    free(box->A);
    free(box->c);
    free(box->w);
    free(box->residual);
    free(box->score_bias);
    free(box->places);
}

void blackbox_lower(struct blackbox *box, int32_t rank, struct random *random)
{
    size_t d = (size_t)box->d, r = (size_t)rank;
    double *left = blackbox_numbers(d * r), *right = blackbox_numbers(r * d);

    for (size_t h = 0; h < (size_t)box->heads; h++) {
        normals_fill(left, d * r, 1 / sqrt((double)(d * r)), random);
        normals_fill(right, d * r, 1, random);
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j < d; j++) {
                double sum = 0;

                for (size_t k = 0; k < r; k++)
                    sum += left[i * r + k] * right[k * d + j];
                box->W[(h * d + i) * d + j] = sum;
            }
    }
    free(left);
    free(right);
}

void blackbox_network(struct blackbox *box, int32_t width, struct random *random)
{
    box->width = width;
    box->A = blackbox_numbers((size_t)box->d * (size_t)width);
    box->c = blackbox_numbers((size_t)width);
    box->w = blackbox_numbers((size_t)width);
    normals_fill(box->A, (size_t)box->d * (size_t)width, 1 / sqrt(box->d), random);
    normals_fill(box->w, (size_t)width, 1, random);
}

double blackbox_distance(size_t count, const double *a, const double *b)
{
    double difference = 0, norm = 0;

    for (size_t i = 0; i < count; i++) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return sqrt(difference / norm);
}

/* What every operation of a float oracle leaves of its result. */
static double cut(const struct blackbox *box, double number)
{
    return box->is_float ? (double)(float)number : number;
}

static double product(const struct blackbox *box, const double *a, const double *b)
{
    double sum = 0;

    for (int32_t j = 0; j < box->d; j++)
        sum = cut(box, sum + cut(box, cut(box, a[j]) * cut(box, b[j])));
    return sum;
}

/* Tokens as the layer sees them. */
static void tokens_prepare(const struct blackbox *box, const double *x, int32_t n, double *ret_x)
{
    size_t d = (size_t)box->d;

    for (size_t t = 0; t < (size_t)n; t++) {
        double mean = 0, square = 0;

        for (size_t j = 0; j < d; j++) {
            ret_x[t * d + j] = cut(box, x[t * d + j] + (box->places ? box->places[t * d + j] : 0));
            mean += ret_x[t * d + j] / (double)d;
        }
        if (!box->is_normed)
            continue;
        for (size_t j = 0; j < d; j++)
            square += pow(ret_x[t * d + j] - mean, 2) / (double)d;
        for (size_t j = 0; j < d; j++)
            ret_x[t * d + j] = (ret_x[t * d + j] - mean) / (sqrt(square) + 1e-5);
    }
}

/* Weights of head h for the query token. */
static void weights_compute(const struct blackbox *box, int32_t h, const double *x, int32_t n,
                            const double *query, double *ret_weights)
{
    size_t d = (size_t)box->d;
    double key[LATTN_DIM_MAX];
    double most = -INFINITY, sum = 0;

    for (size_t i = 0; i < d; i++) {
        key[i] = product(box, box->W + ((size_t)h * d + i) * d, query);
        if (box->score_bias)
            key[i] += box->score_bias[i];
    }
    for (int32_t t = 0; t < n; t++) {
        ret_weights[t] = product(box, x + (size_t)t * d, key);
        most = fmax(most, ret_weights[t]);
    }
    if (box->is_linear)
        return;
    for (int32_t t = 0; t < n; t++) {
        ret_weights[t] = cut(box, exp(cut(box, ret_weights[t] - most)));
        sum = cut(box, sum + ret_weights[t]);
    }
    for (int32_t t = 0; t < n; t++)
        ret_weights[t] = cut(box, ret_weights[t] / sum);
}

static double network_value(const struct blackbox *box, const double *token)
{
    double sum = box->q;

    for (int32_t k = 0; k < box->width; k++) {
        double z = box->c[k];

        for (int32_t j = 0; j < box->d; j++)
            z = cut(box, z + cut(box, cut(box, box->A[j * box->width + k]) * token[j]));
        sum = cut(box, sum + cut(box, fmax(z, 0) * cut(box, box->w[k])));
    }
    return sum;
}

/* The answer at one position, before rounding and noise. */
static void answer_compute(const struct blackbox *box, const double *x, int32_t n,
                           const double *query, double *ret_y)
{
    size_t d = (size_t)box->d;
    double weights[LATTN_QUESTION_TOKENS_MAX], token[LATTN_DIM_MAX];

    memset(ret_y, 0, (size_t)box->m * sizeof *ret_y);
    memset(token, 0, sizeof token);
    for (int32_t h = 0; h < box->heads; h++) {
        weights_compute(box, h, x, n, query, weights);
        if (box->width == 0)
            memset(token, 0, sizeof token);
        for (int32_t t = 0; t < n; t++)
            for (size_t j = 0; j < d; j++)
                token[j] = cut(box, token[j] + cut(box, weights[t] * x[(size_t)t * d + j]));
        if (box->width > 0)
            ret_y[0] = network_value(box, token);
        else
            for (size_t a = 0; a < (size_t)box->m; a++)
                ret_y[a] =
                    cut(box, ret_y[a] + product(box, box->V + ((size_t)h * (size_t)box->m + a) * d,
                                                token));
    }
    for (int32_t a = 0; a < box->m; a++)
        ret_y[a] += box->bias + (box->residual ? product(box, box->residual, query) : 0);
}

static void answer_blur(struct blackbox *box, double *y)
{
    double noise;

    for (int32_t a = 0; a < box->m; a++) {
        if (box->noise > 0) {
            random_normals(&box->random, &noise, 1);
            y[a] += box->noise * noise;
        }
        if (box->decimals >= 0)
            y[a] = round(y[a] * pow(10, box->decimals)) / pow(10, box->decimals);
        if (box->is_label)
            y[a] = y[a] >= box->threshold;
        if (box->nan_after > 0 && box->asked > box->nan_after)
            y[a] = NAN;
    }
}

static int question_refuse(struct blackbox *box, const struct lattn_question *question)
{
    double most = 0;

    for (int32_t t = 0; t < question->n; t++) {
        double square = 0;

        for (int32_t j = 0; j < box->d; j++)
            square += pow(question->x[(size_t)t * (size_t)box->d + (size_t)j], 2);
        most = fmax(most, sqrt(square));
    }
    box->norm = fmax(box->norm, most);
    return (box->norm_max > 0 && most > box->norm_max * (1 + 1e-12)) ||
           (box->length_max > 0 && question->n > box->length_max);
}

enum lattn_status blackbox_ask(void *arg, size_t count, struct lattn_question *questions,
                               struct lattn_complaint *complaint)
{
    struct blackbox *box = arg;
    double *x = blackbox_numbers((size_t)LATTN_QUESTION_TOKENS_MAX * (size_t)box->d);
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; i < count && status == LATTN_OK; i++) {
        struct lattn_question *question = &questions[i];
        int32_t first = box->oracle.answers == LATTN_ANSWERS_POSITIONS ? 0 : question->n - 1;

        if (box->fails_after > 0 && box->asked >= box->fails_after) {
            snprintf(complaint->text, sizeof complaint->text, "the box is shut");
            status = LATTN_CLOSED;
            break;
        }
        box->asked++;
        question->is_refused = question_refuse(box, question);
        if (question->is_refused)
            continue;
        tokens_prepare(box, question->x, question->n, x);
        for (int32_t t = first; t < question->n; t++) {
            double *y = question->y + (size_t)(t - first) * (size_t)box->m;

            answer_compute(box, x, question->n, x + (size_t)t * (size_t)box->d, y);
            answer_blur(box, y);
        }
    }
    free(x);
    return status;
}
