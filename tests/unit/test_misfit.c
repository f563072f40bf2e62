/*
 * f, its gradient and its curvature against their definitions in long double, with the derivative J
 * written out: r is linear in each factor, so a column of J is a difference.
 */
#include "core/misfit.h"

#include "base/random.h"
#include "support/approx.h"
#include "support/teacher.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum {
    D = 3,
    M = 2,
    H = 2,
    P = D * D * (D + 1) / 2,
    TENSOR = D * M * D * D,
    LENGTH = H * D * (M + D),
    PARTS = TENSOR > P *M ? TENSOR : P *M
};

static const struct layer sizes = {.d = D, .m = M, .heads = H};

/* A teacher whose data sees its coefficients unevenly, its metric, and S in that metric. */
struct scene {
    struct teacher teacher;
    struct metric metric;
    double S[TENSOR];
};

static void scene_init(struct scene *scene, struct random *random)
{
    teacher_init(&scene->teacher, D, M, H, 0, random);
    for (int i = 0; i < P; i++) {
        random_normals(random, scene->teacher.triangle + i * P + i, P - i);
        scene->teacher.triangle[i * P + i] += 3;
    }
    cr_assert_eq(metric_init(&scene->metric, D, M, scene->teacher.features,
                             &(struct metric_triangle){scene->teacher.triangle, P, P}, 1,
                             scene->teacher.weights),
                 LATTN_OK);
    metric_tensor(&scene->metric, scene->S);
    cr_assert_eq(layer_tensor_transform(D, M, scene->metric.C, scene->S), LATTN_OK);
}

static void scene_done(struct scene *scene)
{
    metric_done(&scene->metric);
    teacher_done(&scene->teacher);
}

/* T[b,a,c,e] of P and Q in coordinates Z = A Z~. */
static void tensor_by_definition(const long double *layer, const double *A, long double *T)
{
    long double P_h[D], Q_h[D][D];

    memset(T, 0, TENSOR * sizeof *T);
    for (int h = 0; h < H; h++)
        for (int a = 0; a < M; a++) {
            const long double *p = layer + h * D * M;
            const long double *q = layer + H * D * M + h * D * D;

            for (int b = 0; b < D; b++) {
                P_h[b] = 0;
                for (int i = 0; i < D; i++)
                    P_h[b] += A[i * D + b] * p[i * M + a];
                for (int e = 0; e < D; e++) {
                    Q_h[b][e] = 0;
                    for (int i = 0; i < D; i++)
                        for (int j = 0; j < D; j++)
                            Q_h[b][e] += A[i * D + b] * q[i * D + j] * A[j * D + e];
                }
            }
            for (int b = 0; b < D; b++)
                for (int c = 0; c < D; c++)
                    for (int e = 0; e < D; e++)
                        T[((b * M + a) * D + c) * D + e] += P_h[b] * Q_h[c][e];
        }
}

/* What r is of a layer, before S or R W are taken off; returns its length. */
static int seen_by_definition(const struct scene *scene, int is_weighted, const long double *layer,
                              long double *seen)
{
    static const double unit[D * D] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    long double T[TENSOR];

    tensor_by_definition(layer, is_weighted ? scene->metric.inverse : unit, T);
    for (int b = 0; !is_weighted && b < D; b++)
        for (int a = 0; a < M; a++)
            for (int c = 0; c < D; c++)
                for (int e = 0; e < D; e++)
                    seen[((b * M + a) * D + c) * D + e] =
                        (T[((b * M + a) * D + c) * D + e] + T[((c * M + a) * D + b) * D + e]) / 2;
    if (!is_weighted)
        return TENSOR;
    memset(seen, 0, P * M * sizeof *seen);
    for (int i = 0; i < P; i++)
        for (int k = i; k < P; k++)
            for (int a = 0; a < M; a++) {
                struct feature f = scene->teacher.features[k];
                long double coef = T[((f.j * M + a) * D + f.k) * D + f.l];

                if (f.j != f.k)
                    coef += T[((f.k * M + a) * D + f.j) * D + f.l];
                seen[i * M + a] += scene->teacher.triangle[i * P + k] * coef;
            }
    return P * M;
}

/* r of a layer. */
static int residual_by_definition(const struct scene *scene, int is_weighted,
                                  const long double *layer, long double *r)
{
    int parts = seen_by_definition(scene, is_weighted, layer, r);

    for (int i = 0; !is_weighted && i < parts; i++)
        r[i] -= scene->S[i];
    for (int i = 0; is_weighted && i < P; i++)
        for (int k = i; k < P; k++)
            for (int a = 0; a < M; a++)
                r[i * M + a] -= (long double)scene->teacher.triangle[i * P + k] *
                                scene->teacher.weights[k * M + a];
    return parts;
}

/* J[part][number] */
static void derivative_by_definition(const struct scene *scene, int is_weighted,
                                     const double *numbers, long double J[PARTS][LENGTH])
{
    long double layer[LENGTH], here[PARTS], there[PARTS];
    int parts;

    for (int i = 0; i < LENGTH; i++)
        layer[i] = numbers[i];
    parts = seen_by_definition(scene, is_weighted, layer, here);
    for (int i = 0; i < LENGTH; i++) {
        layer[i] += 1;
        seen_by_definition(scene, is_weighted, layer, there);
        layer[i] = numbers[i];
        for (int k = 0; k < parts; k++)
            J[k][i] = there[k] - here[k];
    }
}

static struct layer layer_random(double *numbers, struct random *random)
{
    random_normals(random, numbers, LENGTH);
    return layer_view(&sizes, numbers);
}

/* Settle at a layer, look at another as a refused step does, and compare with the definitions. */
static void expect_definitions(int is_weighted, uint64_t seed)
{
    struct random random = {.state = seed};
    struct scene scene;
    double at[LENGTH], away[LENGTH], move[LENGTH], slope[LENGTH], curve[LENGTH];
    struct layer layer = layer_random(at, &random);
    struct layer other = layer_random(away, &random);
    struct layer change = layer_random(move, &random);
    struct layer gradient = layer_view(&sizes, slope);
    struct layer image = layer_view(&sizes, curve);
    static long double J[PARTS][LENGTH];
    long double numbers[LENGTH], r[PARTS], along[PARTS];
    struct misfit misfit;
    double f, f_away;
    int parts;

    scene_init(&scene, &random);
    misfit =
        (struct misfit){.metric = is_weighted ? &scene.metric : NULL, .S = scene.S, .scale = 2};
    cr_assert_eq(misfit_init(&misfit, &layer), LATTN_OK);
    cr_assert_eq(misfit_find(&misfit, &layer, &f), LATTN_OK);
    cr_assert_eq(misfit_settle(&misfit, &layer, &gradient), LATTN_OK);
    cr_assert_eq(misfit_find(&misfit, &other, &f_away), LATTN_OK);
    cr_assert_eq(misfit_curve(&misfit, &layer, &change, &image), LATTN_OK);

    for (int i = 0; i < LENGTH; i++)
        numbers[i] = at[i];
    parts = residual_by_definition(&scene, is_weighted, numbers, r);
    derivative_by_definition(&scene, is_weighted, at, J);
    {
        long double squares = 0;

        for (int k = 0; k < parts; k++) {
            squares += r[k] * r[k];
            along[k] = 0;
            for (int i = 0; i < LENGTH; i++)
                along[k] += J[k][i] * move[i];
        }
        cr_expect_float_eq(f, (double)sqrtl(squares) / 2, approx_sum(TENSOR, f));
    }
    for (int i = 0; i < LENGTH; i++) {
        long double want_slope = 0, want_curve = 0, size = 0;

        for (int k = 0; k < parts; k++) {
            want_slope += J[k][i] * r[k];
            want_curve += J[k][i] * along[k];
            size += fabsl(J[k][i]) * (fabsl(r[k]) + fabsl(along[k]));
        }
        cr_expect_float_eq(slope[i], (double)want_slope, approx_sum(TENSOR, (double)size));
        cr_expect_float_eq(curve[i], (double)want_curve, approx_sum(TENSOR, (double)size));
    }
    misfit_done(&misfit);
    scene_done(&scene);
}

Test(misfit, is_that_of_its_definition)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        expect_definitions(0, seed);
}

Test(misfit, is_that_of_its_definition_as_the_data_sees_it)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        expect_definitions(1, seed);
}
