#include "run_steps.h"

#include "tape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void run_steps_values(const double *y, int32_t m)
{
    printf("{\"y\": [");
    for (int32_t a = 0; a < m; a++) {
        if (isfinite(y[a]))
            printf("%s%.17g", a > 0 ? ", " : "", y[a]);
        else
            printf("%snull", a > 0 ? ", " : "");
    }
    printf("]}\n");
}

/* The step, then what is 1, by name; a coordinate in no block may be something else than 1. */
static void names_print(const struct run_steps *steps, uint64_t step, const double *token)
{
    const struct lattn_model *model = steps->model;
    const char *before = "";

    printf("%6llu  ", (unsigned long long)step);
    for (int32_t c = model->bias; c < model->d; c++) {
        const char *name = c < model->names.coordinates_count ? model->names.coordinates[c] : "";
        double value = token[c - model->bias];

        if (value == 0)
            continue;
        printf("%s", before);
        if (name[0] != '\0')
            printf("%s", name);
        else
            printf("(%d)", c);
        if (value != 1)
            printf(" = %.17g", value);
        before = "  ";
    }
    printf("\n");
}

static void token_print(struct run_steps *steps, struct tape *tape, uint64_t step,
                        const double *token)
{
    if (steps->show == RUN_SHOW_TAPE)
        tape_take(tape, token);
    else if (steps->show == RUN_SHOW_JSON || steps->model->names.blocks_count == 0)
        run_steps_values(token, steps->model->m);
    else
        names_print(steps, step, token);
}

/* All tokens of an input; the model is asked about the last. */
static void input_take(struct run_steps *steps, struct tape *tape, const double *z, int32_t n,
                       double *sums, double *ret_next)
{
    const struct lattn_model *model = steps->model;

    if (steps->show == RUN_SHOW_TAPE)
        (void)tape_init(tape, model); /* it was seen before that the model has one */
    for (int32_t t = 0; t < n; t++, z += model->d - model->bias) {
        if (steps->show == RUN_SHOW_TAPE)
            tape_take(tape, z);
        lattn_model_step(model, z, sums, t + 1 < n ? NULL : ret_next);
    }
}

enum lattn_status run_steps(struct run_steps *steps, const double *z, int32_t n)
{
    const struct lattn_model *model = steps->model;
    size_t width = (size_t)(model->d - model->bias);
    size_t squares = (size_t)model->d * (size_t)model->d;
    enum lattn_status status = numbers_reserve(&steps->numbers, squares + 2 * width);
    double *sums = steps->numbers.data;
    double *token = sums + squares;
    double *next = token + width;
    struct tape tape;

    if (status != LATTN_OK)
        return status;
    if (steps->sequences++ > 0 && steps->show != RUN_SHOW_JSON)
        printf("\n");
    memset(sums, 0, squares * sizeof *sums);
    input_take(steps, &tape, z, n, sums, next);
    for (uint64_t step = 1;; step++) {
        lattn_model_round(model, next);
        token_print(steps, &tape, step, next);
        if (step == steps->count)
            return LATTN_OK;
        memcpy(token, next, width * sizeof *next);
        lattn_model_step(model, token, sums, next);
    }
}

void run_steps_done(struct run_steps *steps)
{
    numbers_done(&steps->numbers);
}
