/*
 * Models that are made rather than learned.
 */
#include "tasks/truth.h"

#include <math.h>

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
