#include "core/component.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/update.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N_MAX = 12, M = 2 };

static struct component *component_make(int32_t columns)
{
    struct component *component = NULL;

    cr_assert_eq(component_open(&component, M, 0), LATTN_OK);
    cr_assert_eq(component_reserve(component, columns, M), LATTN_OK);
    for (int32_t i = 0; i < columns; i++)
        *component_widen(component, 1) = (struct feature){0, 0, (uint16_t)i};
    return component;
}

/* Let rows of standard normals wait and fold them; their weighted products are added to `gram`. */
static void absorb(struct component *component, struct random *random, int32_t rows, double forget,
                   double gram[N_MAX + M][N_MAX + M])
{
    int32_t width = component->columns + component->m;
    uint64_t time = component->time;
    double *work = memory_raw(update_workspace(component->rows_max), sizeof *work);

    cr_assert_not_null(work);
    for (int32_t i = 0; i < rows; i++) {
        double *row = component->rows + (size_t)component->rows_waiting * component->ld;

        random_normals(random, row, width);
        for (int32_t a = 0; a < width; a++)
            for (int32_t b = 0; b < width; b++)
                gram[a][b] = forget * gram[a][b] + row[a] * row[b];
        component->row_time[component->rows_waiting++] = ++time;
    }
    component_absorb(component, forget, time, NULL, work, NULL);
    memory_release(work);
}

/* [R C]'[R C] is the Gram matrix of all rows, but for the labels' own products: those have rss. */
static void expect_gram(const struct component *component, double gram[N_MAX + M][N_MAX + M])
{
    int32_t n = component->columns, width = n + component->m;

    cr_expect_eq(component_check(component), LATTN_OK);
    for (int32_t a = 0; a < width; a++) {
        for (int32_t b = 0; b < width; b++) {
            double sum = a == b && a >= n ? component->rss[a - n] : 0;

            if (a != b && a >= n && b >= n)
                continue;
            for (int32_t i = 0; i < n; i++) {
                const double *row = component->factor + (size_t)i * component->ld;

                sum += (a < i ? 0 : row[a]) * (b < i ? 0 : row[b]);
            }
            cr_expect_float_eq(sum, gram[a][b], approx_sum(N_MAX * N_MAX, 100), "%d %d", a, b);
        }
    }
}

Test(component, holds_the_gram_matrix_of_rows_one_by_one_and_in_blocks)
{
    const int32_t rows[] = {1, 2, 3, 8, 31, 128};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct component *component = component_make(N_MAX);
        struct random random = {.state = i};
        double gram[N_MAX + M][N_MAX + M] = {0};

        for (int pass = 0; pass < 3; pass++)
            absorb(component, &random, rows[i], 1, gram);
        expect_gram(component, gram);
        component_close(&component);
    }
}

Test(component, forgets_row_by_row)
{
    for (int32_t rows = 1; rows <= 5; rows++) {
        struct component *component = component_make(5);
        struct random random = {.state = 7};
        double gram[N_MAX + M][N_MAX + M] = {0};

        for (int pass = 0; pass < 4; pass++)
            absorb(component, &random, rows, 0.9, gram);
        expect_gram(component, gram);
        component_decay(component, 0.9, component->time + 3);
        for (int a = 0; a < N_MAX + M; a++)
            for (int b = 0; b < N_MAX + M; b++)
                gram[a][b] *= 0.9 * 0.9 * 0.9;
        expect_gram(component, gram);
        component_close(&component);
    }
}

/* Whoever looks sees it fade; when it fades for good is not theirs to decide. */
Test(component, looking_does_not_fade)
{
    struct component *component = component_make(5);
    struct random random = {.state = 7};
    double gram[N_MAX + M][N_MAX + M] = {0};
    const double *triangle;
    size_t ld;

    absorb(component, &random, 9, 0.9, gram);
    triangle = component_triangle(component, &ld);
    cr_assert_eq(component_look(component, 0.9, component->time, 0), LATTN_OK);
    cr_expect_eq(component_triangle(component, &ld), triangle, "it is of the present");
    for (int steps = 1; steps <= 3; steps++) {
        double fade = pow(0.9, steps / 2.0);
        const double *faded;

        cr_assert_eq(component_look(component, 0.9, component->time + (uint64_t)steps, 0),
                     LATTN_OK);
        cr_expect_eq(component_time(component), component->time + (uint64_t)steps);
        faded = component_triangle(component, &ld);
        for (size_t i = 0; i < 5; i++)
            for (size_t j = i; j < 5 + M; j++)
                cr_expect_eq(faded[i * ld + j], triangle[i * ld + j] * fade);
    }
    expect_gram(component, gram);
    absorb(component, &random, 2, 0.9, gram);
    expect_gram(component, gram);
    cr_expect_eq(component_time(component), component->time);
    cr_assert_eq(component_look(component, 1, component->time + 5, 0), LATTN_OK);
    cr_expect_eq(component_triangle(component, &ld), component->factor, "nothing fades");
    component_close(&component);
}

Test(component, a_new_column_is_zero_in_the_past)
{
    struct component *component = component_make(3);
    struct random random = {.state = 8};
    double gram[N_MAX + M][N_MAX + M] = {0}, wider[N_MAX + M][N_MAX + M] = {0};

    absorb(component, &random, 9, 1, gram);
    cr_assert_eq(component_reserve(component, 4, M), LATTN_OK);
    *component_widen(component, 1) = (struct feature){1, 1, 0};
    for (int a = 0; a < 3 + M; a++)
        for (int b = 0; b < 3 + M; b++)
            wider[a + (a >= 3)][b + (b >= 3)] = gram[a][b];
    expect_gram(component, wider);
    absorb(component, &random, 9, 1, wider);
    expect_gram(component, wider);
    component_close(&component);
}

Test(component, more_outputs_were_zero_in_the_past)
{
    struct component *component = component_make(3);
    struct random random = {.state = 9};
    double gram[N_MAX + M][N_MAX + M] = {0};
    double before[4];

    absorb(component, &random, 9, 1, gram);
    memcpy(before, component->rss, M * sizeof *before);
    cr_assert_eq(component_reserve(component, 3, 4), LATTN_OK);
    cr_expect_eq(component->m, 4);
    cr_expect_arr_eq(component->rss, before, M * sizeof *before);
    for (int i = 0; i < 3; i++)
        for (int a = M; a < 4; a++)
            cr_expect_eq(component->factor[(size_t)i * component->ld + 3 + (size_t)a], 0);
    cr_expect_eq(component->rss[2], 0);
    cr_expect_eq(component_check(component), LATTN_OK);
    component_close(&component);
}

Test(component, growing_keeps_the_weights_at_hand)
{
    struct component *component = component_make(3), *other = component_make(2);

    for (int i = 0; i < 3 * M; i++)
        component->weights[i] = 1 + i;
    for (int i = 0; i < 2 * M; i++)
        other->weights[i] = 10 + i;
    component->full = 1;
    cr_assert_eq(component_reserve(component, 9, M + 1), LATTN_OK);
    component_join(component, other);
    for (int i = 0; i < 5; i++) {
        const double *weights = component->weights + i * (M + 1);

        for (int a = 0; a < M; a++)
            cr_expect_eq(weights[a], i < 3 ? 1 + i * M + a : 10 + (i - 3) * M + a);
        cr_expect_eq(weights[M], 0);
    }
    cr_expect_not(component->full, "the other one was not");
    component_close(&component);
    component_close(&other);
}

Test(component, joins_block_by_block)
{
    struct component *one = component_make(3), *other = component_make(4);
    struct random random = {.state = 10};
    double a[N_MAX + M][N_MAX + M] = {0}, b[N_MAX + M][N_MAX + M] = {0};
    double both[N_MAX + M][N_MAX + M] = {0};

    absorb(one, &random, 9, 1, a);
    absorb(other, &random, 9, 1, b);
    for (int i = 0; i < 3 + M; i++)
        for (int j = 0; j < 3 + M; j++)
            both[i < 3 ? i : i + 4][j < 3 ? j : j + 4] += a[i][j];
    for (int i = 0; i < 4 + M; i++)
        for (int j = 0; j < 4 + M; j++)
            both[i + 3][j + 3] += b[i][j];
    cr_assert_eq(component_reserve(one, 7, M), LATTN_OK);
    component_join(one, other);
    expect_gram(one, both);
    cr_expect_eq(one->rows_seen, 0, "rows are counted where weights follow them");
    absorb(one, &random, 9, 1, both);
    expect_gram(one, both);
    component_close(&one);
    component_close(&other);
}

Test(component, copies_are_independent)
{
    struct component *component = component_make(4), *copy = NULL;
    struct random random = {.state = 11};
    double gram[N_MAX + M][N_MAX + M] = {0}, same[N_MAX + M][N_MAX + M];

    absorb(component, &random, 9, 1, gram);
    memcpy(same, gram, sizeof gram);
    cr_assert_eq(component_copy(component, NULL, &copy), LATTN_OK);
    absorb(copy, &random, 9, 1, gram);
    expect_gram(component, same);
    expect_gram(copy, gram);
    component_close(&component);
    expect_gram(copy, gram);
    component_close(&copy);
    component_close(&copy);
}

/* What nobody may read: below the diagonal, behind the last column, behind the labels' line. */
static void poison(struct component *component)
{
    int32_t width = component_width(component);

    for (int32_t i = 0; i < component->capacity; i++)
        for (int32_t j = 0; j < (int32_t)component->ld; j++)
            if (j < i || j >= width || i >= component->columns)
                component->factor[(size_t)i * component->ld + (size_t)j] = NAN;
}

static void expect_same_bits(const struct component *one, const struct component *other)
{
    cr_assert_eq(one->columns, other->columns);
    for (int32_t i = 0; i < one->columns; i++)
        cr_expect_arr_eq(one->factor + (size_t)i * one->ld + i,
                         other->factor + (size_t)i * other->ld + i,
                         (size_t)(one->columns + one->m - i) * sizeof(double), "row %d", i);
    cr_expect_arr_eq(one->rss, other->rss, (size_t)one->m * sizeof(double));
}

/* Room for a column more than there are, so that columns and rows lie behind the last ones. */
Test(component, copies_go_on_to_the_same_bits_whatever_was_in_their_memory)
{
    const int32_t rows[] = {1, 2, 5, 31};

    for (int32_t columns = 1; columns < N_MAX; columns++) {
        struct component *component = component_make(columns), *copy = NULL, *earlier;
        struct random random = {.state = (uint64_t)columns};
        double gram[N_MAX + M][N_MAX + M] = {0};

        cr_assert_eq(component_reserve(component, columns + 1, M), LATTN_OK);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct random again = random;

            earlier = copy;
            if (earlier != NULL)
                cr_assert(component_fits(component, earlier));
            cr_assert_eq(component_copy(component, earlier, &copy), LATTN_OK);
            component_close(&earlier);
            poison(copy);
            absorb(component, &random, rows[i], 0.9, gram);
            absorb(copy, &again, rows[i], 0.9, gram);
            expect_same_bits(component, copy);
        }
        *component_widen(component, 1) = (struct feature){1, 1, 1};
        *component_widen(copy, 1) = (struct feature){1, 1, 1};
        expect_same_bits(component, copy);
        component_close(&component);
        component_close(&copy);
    }
}

Test(component, copies_take_the_memory_of_earlier_ones_that_fit)
{
    struct component *component = component_make(3), *first = NULL, *second = NULL;
    const double *factor;

    cr_assert_eq(component_copy(component, NULL, &first), LATTN_OK);
    factor = first->factor;
    cr_assert_eq(component_copy(component, first, &second), LATTN_OK);
    cr_expect_eq(second->factor, factor);
    cr_expect_not(component_fits(component, first), "it has none any more");
    component_close(&first);
    cr_assert_eq(component_reserve(component, 4, M), LATTN_OK);
    cr_assert_eq(component->ld, second->ld, "rows as long, but more of them");
    cr_expect_not(component_fits(component, second));
    cr_assert_eq(component_copy(component, second, &first), LATTN_OK);
    cr_expect_eq(second->factor, factor, "of other sizes nothing is taken");
    component_close(&first);
    component_close(&second);
    component_close(&component);
}

Test(component, the_gain_is_the_solve_of_the_row)
{
    struct component *component = component_make(5);
    struct random random = {.state = 12};
    double gram[N_MAX + M][N_MAX + M] = {0}, phi[5], gain[5];

    absorb(component, &random, 12, 1, gram);
    random_normals(&random, component->rows, 5 + M);
    memcpy(phi, component->rows, sizeof phi);
    component->row_time[0] = component->time + 1;
    component->rows_waiting = 1;
    component_absorb(component, 1, component->time + 1, NULL, NULL, gain);
    for (int j = 0; j < 5; j++) {
        double sum = 0;

        for (int i = 0; i <= j; i++)
            sum += component->factor[(size_t)i * component->ld + (size_t)j] * gain[i];
        cr_expect_float_eq(sum, phi[j], approx_sum(25, 10));
    }
    component_close(&component);
}

Test(component, capacity_grows_exactly_at_first_and_then_by_a_quarter)
{
    cr_expect_eq(component_capacity(0, 40), 40);
    cr_expect_eq(component_capacity(40, 40), 40);
    cr_expect_eq(component_capacity(40, 41), 50);
    cr_expect_eq(component_capacity(40, 90), 90);
}

Test(component, without_memory_nothing_changes)
{
    struct component *component = component_make(4);
    struct random random = {.state = 13};
    double gram[N_MAX + M][N_MAX + M] = {0};
    struct component before;
    struct component *copy = NULL;

    absorb(component, &random, 9, 1, gram);
    before = *component;
    for (uint64_t k = 1; k <= 6; k++) {
        memory_fail(k, 0);
        cr_expect_eq(component_reserve(component, 9, 3), LATTN_NO_MEMORY);
        cr_expect_eq(component->ld, before.ld);
        cr_expect_eq(component->m, M);
        expect_gram(component, gram);
    }
    memory_fail(1, 1);
    cr_expect_eq(component_copy(component, NULL, &copy), LATTN_NO_MEMORY);
    cr_expect_null(copy);
    memory_fail(0, 0);
    component_close(&component);
}

Test(component, check_sees_what_is_not_finite)
{
    struct component *component = component_make(4);

    component->factor[component->ld + 3] = NAN;
    cr_expect_eq(component_check(component), LATTN_NOT_FINITE);
    component->factor[component->ld + 3] = 0;
    component->factor[3 * component->ld + 5] = INFINITY;
    cr_expect_eq(component_check(component), LATTN_NOT_FINITE);
    component_close(&component);
}
