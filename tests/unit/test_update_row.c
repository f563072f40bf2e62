/*
 * What single rows leave beside the factor: test_update.c has them among all versions of the
 * update, where they keep the Gram matrix.
 */

#include "base/memory.h"
#include "base/random.h"
#include "core/update.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { ROWS = 5 };

/* A factor of condition about 2, 4 I plus a little, and rows; q columns behind the p. */
struct stack {
    int32_t p;
    size_t ld;
    double *factor, *rows;
};

static void stack_init(struct stack *stack, int32_t p, int32_t q)
{
    struct random random = {19};

    *stack = (struct stack){.p = p, .ld = (size_t)p + (size_t)q};
    stack->factor = memory_zeroed((size_t)p * stack->ld, sizeof *stack->factor);
    stack->rows = memory_zeroed(ROWS * stack->ld, sizeof *stack->rows);
    random_normals(&random, stack->rows, ROWS * (int64_t)stack->ld);
    for (int32_t i = 0; i < p; i++) {
        double *row = stack->factor + (size_t)i * stack->ld;

        random_normals(&random, row + i, (int64_t)stack->ld - i);
        for (size_t c = (size_t)i; c < stack->ld; c++)
            row[c] /= sqrt(p);
        row[i] += 4;
    }
}

static void stack_done(struct stack *stack)
{
    memory_release(stack->factor);
    memory_release(stack->rows);
}

static double *factor_row(const struct stack *stack, int32_t i)
{
    return stack->factor + (size_t)i * stack->ld;
}

/* Right-hand side C = 0, Y = 1 becomes R+^-T x: then R+'C+ = x, and |C+|^2 + e^2 = 1. */
Test(update_row, carries_the_gain)
{
    for (int32_t p = 1; p <= 45; p++) {
        struct stack stack;
        double *x = memory_zeroed((size_t)p, sizeof *x);

        stack_init(&stack, p, 2);
        memcpy(x, stack.rows, (size_t)p * sizeof *x);
        for (int32_t i = 0; i < p; i++)
            factor_row(&stack, i)[p + 1] = 0;
        stack.rows[p + 1] = 1;
        update_row(p, 2, stack.factor, stack.ld, stack.rows);
        for (int32_t c = 0; c < p; c++) {
            long double sum = 0;

            for (int32_t i = 0; i <= c; i++)
                sum += (long double)factor_row(&stack, i)[c] * factor_row(&stack, i)[p + 1];
            cr_assert(fabsl(sum - x[c]) <= 16 * (long double)DBL_EPSILON * p, "p=%d at %d: %Lg", p,
                      c, sum - x[c]);
        }
        memory_release(x);
        stack_done(&stack);
    }
}

/* Questions decide whether anybody wants the gain, and must not show in R. */
Test(update_row, leaves_the_same_bits_with_and_without_the_gain)
{
    for (int32_t p = 1; p <= 70; p++)
        for (int32_t m = 1; m <= 6; m++) {
            struct stack alone, gain;

            stack_init(&alone, p, m + 1);
            stack_init(&gain, p, m + 1);
            for (int32_t k = 0; k < ROWS; k++) {
                for (int32_t i = 0; i < p; i++)
                    factor_row(&gain, i)[p + m] = 0;
                memcpy(gain.rows, alone.rows + (size_t)k * alone.ld,
                       (size_t)(p + m) * sizeof *gain.rows);
                gain.rows[p + m] = 1;
                update_row(p, m, alone.factor, alone.ld, alone.rows + (size_t)k * alone.ld);
                update_row(p, m + 1, gain.factor, gain.ld, gain.rows);
            }
            for (int32_t i = 0; i < p; i++)
                cr_assert_arr_eq(factor_row(&alone, i) + i, factor_row(&gain, i) + i,
                                 (size_t)(p + m - i) * sizeof(double), "p=%d m=%d", p, m);
            stack_done(&alone);
            stack_done(&gain);
        }
}
