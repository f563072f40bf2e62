/*
 * Models that are made rather than learned.
 */
#include "tasks/truth.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum lattn_status truth_open(struct lattn_model **ret_model, int32_t d, int32_t m, int32_t heads)
{
    struct lattn_model *model;
    enum lattn_status status = lattn_model_open(&model, d, m, heads);

    if (status != LATTN_OK)
        return status;
    status = lattn_names_extend(&model->names, d, m);
    if (status == LATTN_OK)
        *ret_model = model;
    else
        lattn_model_close(&model);
    return status;
}

void truth_value(struct lattn_model *model, int32_t head, int32_t a, int32_t j, double value)
{
    model->V[((int64_t)head * model->m + a) * model->d + j] = value;
}

void truth_score(struct lattn_model *model, int32_t head, int32_t j, int32_t k, double value)
{
    model->Q[((int64_t)head * model->d + j) * model->d + k] = value;
}

void truth_name_coordinate(struct lattn_model *model, int32_t coordinate, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(model->names.coordinates[coordinate], LATTN_NAME_MAX, format, arguments);
    va_end(arguments);
}

void truth_name_output(struct lattn_model *model, int32_t output, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(model->names.outputs[output], LATTN_NAME_MAX, format, arguments);
    va_end(arguments);
}

void truth_name_outputs(struct lattn_model *model)
{
    assert(model->m == model->d);
    memcpy(model->names.outputs, model->names.coordinates,
           (size_t)model->m * sizeof *model->names.outputs);
}

enum lattn_status truth_name_blocks(struct lattn_model *model, const struct truth_block *blocks,
                                    int32_t count)
{
    enum lattn_status status = LATTN_OK;

    for (int32_t i = 0; status == LATTN_OK && i < count; i++) {
        struct lattn_block block = {.start = blocks[i].start, .size = blocks[i].size};

        (void)snprintf(block.name, sizeof block.name, "%s", blocks[i].name);
        status = lattn_names_block(&model->names, &block);
    }
    return status;
}

static double norm(const double *numbers, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += numbers[i] * numbers[i];
    return sqrt(sum);
}

static void swap(double *a, double *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        double kept = a[i];

        a[i] = b[i];
        b[i] = kept;
    }
}

void truth_order(struct lattn_model *model)
{
    int64_t v = (int64_t)model->m * model->d;
    int64_t q = (int64_t)model->d * model->d;

    for (int32_t h = 0; h < model->heads; h++)
        model->sigma[h] = norm(model->V + h * v, v) * norm(model->Q + h * q, q);
    for (int32_t h = 0; h < model->heads; h++) {
        int32_t largest = h;

        for (int32_t i = h + 1; i < model->heads; i++)
            if (model->sigma[i] > model->sigma[largest])
                largest = i;
        if (largest == h)
            continue;
        swap(model->V + h * v, model->V + largest * v, v);
        swap(model->Q + h * q, model->Q + largest * q, q);
        swap(model->sigma + h, model->sigma + largest, 1);
    }
}
