/* The distance that the data sees, against predictions on the very pairs that R was made from. */
#include "core/metric.h"

#include "base/random.h"
#include "core/dense.h"
#include "support/approx.h"
#include "support/gram.h"
#include "support/teacher.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 3, M = 2, H = 2, P = D * D * (D + 1) / 2, SEEN = 4, PAIRS = 60 };
enum { TENSOR = D * M * D * D, LENGTH = H * D * (M + D) };

static const struct layer sizes = {.d = D, .m = M, .heads = H};

/* Pairs with correlated tokens, and R from the Gram matrix of their features. */
struct scene {
    struct teacher teacher;
    struct metric metric;
    double z[PAIRS][SEEN * D];
};

static struct lattn_item item_of(const struct scene *scene, int pair)
{
    return (struct lattn_item){
        .z = scene->z[pair], .weight = 1, .n = SEEN, .d = D, .labels = LATTN_LABELS_LAST};
}

static void triangle_make(struct scene *scene)
{
    static long double G[P][P];
    double *R = scene->teacher.triangle;

    memset(G, 0, sizeof G);
    for (int i = 0; i < PAIRS; i++) {
        const struct lattn_item item = item_of(scene, i);
        long double phi[P];

        gram_features(&item, 0, SEEN, SEEN - 1, phi);
        for (int r = 0; r < P; r++)
            for (int c = 0; c < P; c++)
                G[r][c] += phi[r] * phi[c];
    }
    memset(R, 0, P * P * sizeof *R);
    for (int r = 0; r < P; r++)
        for (int c = r; c < P; c++) {
            long double rest = G[r][c];

            for (int k = 0; k < r; k++)
                rest -= (long double)R[k * P + r] * R[k * P + c];
            R[r * P + c] = (double)(c == r ? sqrtl(rest) : rest / R[r * P + r]);
        }
}

static void scene_init(struct scene *scene, uint64_t seed)
{
    struct random random = {.state = seed};

    teacher_init(&scene->teacher, D, M, H, 0, &random);
    random_normals(&random, &scene->z[0][0], (int64_t)PAIRS * SEEN * D);
    for (int i = 0; i < PAIRS; i++)
        for (int t = 0; t < SEEN; t++) {
            double *token = &scene->z[i][t * D];

            token[1] = 30 * token[0] + token[1];
            token[2] *= 0.01;
        }
    triangle_make(scene);
    cr_assert_eq(metric_init(&scene->metric, D, M, scene->teacher.features,
                             &(struct metric_triangle){scene->teacher.triangle, P, P}, 1,
                             scene->teacher.weights),
                 LATTN_OK);
}

static void scene_done(struct scene *scene)
{
    metric_done(&scene->metric);
    teacher_done(&scene->teacher);
}

/* sum_h V_h Z Z' Q_h z with V_h = P_h' */
static void layer_apply(const struct layer *layer, const double *z, double *ret_y)
{
    const double *query = z + (SEEN - 1) * D;

    memset(ret_y, 0, M * sizeof *ret_y);
    for (int h = 0; h < H; h++)
        for (int t = 0; t < SEEN; t++) {
            double score = 0;

            for (int c = 0; c < D; c++)
                for (int e = 0; e < D; e++)
                    score += z[t * D + c] * layer->Q[(h * D + c) * D + e] * query[e];
            for (int b = 0; b < D; b++)
                for (int a = 0; a < M; a++)
                    ret_y[a] += score * z[t * D + b] * layer->P[(h * D + b) * M + a];
        }
}

/* Sums over all pairs of <X(z) - W(z), X(z) - W(z)>, W the teacher's function. */
static double distance_by_predictions(const struct scene *scene, const struct layer *layer)
{
    double sum = 0;

    for (int i = 0; i < PAIRS; i++) {
        double got[M], want[M];

        layer_apply(layer, scene->z[i], got);
        lattn_model_apply(scene->teacher.model, scene->z[i], SEEN, want);
        for (int a = 0; a < M; a++)
            sum += (got[a] - want[a]) * (got[a] - want[a]);
    }
    return sum;
}

Test(metric, is_the_distance_that_the_data_sees)
{
    struct scene scene;
    struct random random = {.state = 2};
    double numbers[LENGTH], gradient[TENSOR], zero[LENGTH] = {0};
    struct layer layer = layer_view(&sizes, numbers);
    struct layer nothing = layer_view(&sizes, zero);
    double norm, distance;

    scene_init(&scene, 1);
    random_normals(&random, numbers, LENGTH);
    norm = metric_norm(&scene.metric);
    distance = metric_compare(&scene.metric, &layer, gradient);
    cr_expect_float_eq(norm / distance_by_predictions(&scene, &nothing), 1, 1e-9);
    cr_expect_float_eq(distance / distance_by_predictions(&scene, &layer), 1, 1e-9);
    scene_done(&scene);
}

/* |X - W|^2 is quadratic in T: its gradient and its second order give it everywhere. */
Test(metric, expands_its_distance_to_second_order)
{
    struct scene scene;
    struct random random = {.state = 3};
    double numbers[LENGTH], other[LENGTH], here[TENSOR], there[TENSOR], step[TENSOR];
    struct layer layer = layer_view(&sizes, numbers);
    struct layer moved = layer_view(&sizes, other);
    double from, to, first;

    scene_init(&scene, 1);
    random_normals(&random, numbers, LENGTH);
    random_normals(&random, other, LENGTH);
    from = metric_compare(&scene.metric, &layer, here);
    to = metric_compare(&scene.metric, &moved, there);
    layer_multiply(&moved, 1, 0, step);
    layer_multiply(&layer, -1, 1, step);
    first = 2 * dense_dot(TENSOR, here, step);
    memcpy(there, step, sizeof there);
    metric_apply(&scene.metric, there);
    cr_expect_float_eq(from + first + dense_dot(TENSOR, there, step), to,
                       approx_sum(P * TENSOR, from + fabs(first) + to));
    scene_done(&scene);
}

Test(metric, tensor_is_symmetric_and_computes_the_same)
{
    struct scene scene;
    struct random random = {.state = 4};
    double S[TENSOR], again[TENSOR], T[TENSOR], numbers[LENGTH];
    struct layer layer = layer_view(&sizes, numbers);

    scene_init(&scene, 1);
    metric_tensor(&scene.metric, S);
    memcpy(again, S, sizeof S);
    layer_symmetrise(D, M, again);
    cr_expect_arr_eq(S, again, sizeof S);
    for (int h = 0; h < H; h++)
        for (int a = 0; a < M; a++)
            for (int b = 0; b < D; b++)
                layer.P[(h * D + b) * M + a] = scene.teacher.model->V[(h * M + a) * D + b];
    memcpy(layer.Q, scene.teacher.model->Q, H * D * D * sizeof(double));
    layer_multiply(&layer, 1, 0, T);
    layer_symmetrise(D, M, T);
    for (int i = 0; i < TENSOR; i++)
        cr_expect_float_eq(T[i], S[i], approx_sum(H, 16));
    cr_expect_lt(metric_residual(&scene.metric, &layer), 1e-14);
    random_normals(&random, numbers, LENGTH);
    cr_expect_gt(metric_residual(&scene.metric, &layer), 0.1);
    scene_done(&scene);
}

/* C C' is the moment of the queries, each weighted by sum_j S_jj^2, up to one factor. */
Test(metric, whitens_the_queries)
{
    struct scene scene;
    double moment[D][D] = {{0}};

    scene_init(&scene, 1);
    for (int i = 0; i < PAIRS; i++) {
        const double *query = scene.z[i] + (SEEN - 1) * D;
        double weight = 0;

        for (int j = 0; j < D; j++) {
            double square = 0;

            for (int t = 0; t < SEEN; t++)
                square += scene.z[i][t * D + j] * scene.z[i][t * D + j];
            weight += square * square;
        }
        for (int r = 0; r < D; r++)
            for (int c = 0; c < D; c++)
                moment[r][c] += weight * query[r] * query[c];
    }
    for (int r = 0; r < D; r++)
        for (int c = 0; c < D; c++) {
            double split = 0, unit = 0;

            for (int k = 0; k < D; k++) {
                split += scene.metric.C[r * D + k] * scene.metric.C[c * D + k];
                unit += scene.metric.C[r * D + k] * scene.metric.inverse[k * D + c];
            }
            cr_expect_float_eq(split, moment[r][c] / moment[0][0],
                               1e-9 * sqrt(moment[r][r] * moment[c][c]) / moment[0][0]);
            cr_expect_float_eq(unit, r == c, 1e-9);
            cr_expect_eq(scene.metric.back[r * D + c], scene.metric.inverse[c * D + r]);
        }
    scene_done(&scene);
}
