#include "query/mixture.h"

#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 7, M_MAX = 9 };

/* A value matrix and what is made of it; entries of V are given as errors to no digit. */
struct bench {
    int32_t m;
    double V[M_MAX * D];
    double V_error[M_MAX * D];
    struct conditions conditions;
    struct mixture mixture;
};

/* V of this rank, m x D. */
static void bench_init(struct bench *bench, int32_t m, int32_t rank, int32_t length)
{
    struct random random = {.state = (uint64_t)(100 * m + rank)};
    double left[M_MAX * D], right[D * D];

    *bench = (struct bench){
        .m = m,
        .conditions = {.norm = 1024, .length = length, .epsilon = 0x1p-53},
    };
    random_normals(&random, left, M_MAX * D);
    random_normals(&random, right, D * D);
    for (int32_t a = 0; a < m; a++)
        for (int32_t j = 0; j < D; j++)
            for (int32_t i = 0; i < rank; i++)
                bench->V[a * D + j] += left[a * D + i] * right[i * D + j];
    cr_assert_eq(
        mixture_init(&bench->mixture, D, m, &bench->conditions, bench->V, bench->V_error, 2.0 / 3),
        LATTN_OK);
    cr_assert_eq(mixture_stretch(&bench->mixture, 512), LATTN_OK);
}

static double length_of(const double *row)
{
    double square = 0;

    for (int32_t j = 0; j < D; j++)
        square += row[j] * row[j];
    return sqrt(square);
}

/* y = V (z + sum_i weights_i u_i), in long double. */
static void answer(const struct bench *bench, int32_t first, int32_t count, const double *weights,
                   const double *z, double *ret_y)
{
    for (int32_t a = 0; a < bench->m; a++) {
        long double sum = 0;

        for (int32_t j = 0; j < D; j++) {
            long double p = z[j];

            for (int32_t i = 0; i < count; i++)
                p += (long double)weights[i] * bench->mixture.tokens[(first + i) * D + j];
            sum += bench->V[a * D + j] * p;
        }
        ret_y[a] = (double)sum;
    }
}

Test(mixture, knows_the_rank_and_how_many_fit)
{
    for (int32_t m = 1; m <= M_MAX; m++)
        for (int32_t rank = 1; rank <= m && rank <= D; rank++)
            for (int32_t length = 2; length <= 9; length++) {
                struct bench bench;

                bench_init(&bench, m, rank, length);
                cr_expect_eq(bench.mixture.rank, rank);
                cr_expect_eq(bench.mixture.width, length - 1 < rank ? length - 1 : rank);
                mixture_done(&bench.mixture);
            }
}

Test(mixture, counts_values_that_errors_explain_as_none)
{
    struct bench bench;

    bench_init(&bench, 5, 3, 9);
    mixture_done(&bench.mixture);
    for (int32_t i = 0; i < 5 * D; i++) {
        bench.V[i] += i % 2 ? 1e-4 : -1e-4;
        bench.V_error[i] = 1e-4;
    }
    cr_assert_eq(mixture_init(&bench.mixture, D, 5, &bench.conditions, bench.V, bench.V_error, 0),
                 LATTN_OK);
    cr_expect_eq(bench.mixture.rank, 3);
    mixture_done(&bench.mixture);
}

Test(mixture, makes_tokens_within_reach_that_span_all)
{
    for (int32_t rank = 1; rank <= D; rank++) {
        struct bench bench;
        double longest = 0;

        bench_init(&bench, D, rank, 9);
        for (int32_t i = 0; i < D; i++) {
            double length = length_of(bench.mixture.tokens + i * D);

            longest = fmax(longest, length);
            cr_expect_geq(length, 512 / 4.0, "row %d of rank %d: %g", i, rank, length);
            for (int32_t j = 0; j < D; j++)
                cr_expect_eq((double)(float)bench.mixture.tokens[i * D + j],
                             bench.mixture.tokens[i * D + j]);
        }
        cr_expect(longest <= 512 * (1 + 1e-6) && longest >= 500, "%g", longest);
        mixture_done(&bench.mixture);
    }
}

Test(mixture, reads_weights_of_every_group)
{
    for (int32_t rank = 1; rank <= D; rank++)
        for (int32_t length = 2; length <= 9; length++) {
            struct bench bench;
            double z[D] = {0.25, 0, -1, 0.5, 0, 0, 2}, y[M_MAX];

            bench_init(&bench, M_MAX, rank, length);
            for (int32_t first = 0; first < D; first += bench.mixture.width) {
                int32_t count = D - first < bench.mixture.width ? D - first : bench.mixture.width;
                double weights[D], logits[D], errors[D], rest = 1;
                struct mixture_reading reading;

                for (int32_t i = 0; i < count; i++) {
                    weights[i] = (1 + 0.3 * i) / (2.5 * (count + 1));
                    rest -= weights[i];
                }
                answer(&bench, first, count, weights, z, y);
                mixture_read(&bench.mixture, first, count, z, y, logits, errors, &reading);
                for (int32_t i = 0; i < count; i++) {
                    cr_expect_lt(fabs(logits[i] - log(weights[i] / rest)), 1e-11);
                    cr_expect(errors[i] > 0 && errors[i] < 1e-11, "%g", errors[i]);
                }
                cr_expect(mixture_is_possible(&reading) && mixture_is_rough(&reading) &&
                          !mixture_is_saturated(&reading));
            }
            mixture_done(&bench.mixture);
        }
}

Test(mixture, tells_what_no_softmax_gives)
{
    static const struct {
        double weights[2];
        double stray;
        int is_possible;
        int is_saturated;
    } cases[] = {
        {{0.3, 0.4}, 0, 1, 0},         {{0.3, 0.4}, 1e-3, 0, 0}, {{-0.1, 0.4}, 0, 0, 1},
        {{0.7, 0.4}, 0, 0, 1},         {{0.97, 0.02}, 0, 1, 1},  {{0.999999, 1e-7}, 0, 1, 1},
        {{1e-15, 1 - 1e-15}, 0, 1, 1},
    };

    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double z[D] = {0}, y[M_MAX], logits[2], errors[2];
        struct mixture_reading reading;
        struct bench bench;

        bench_init(&bench, 5, 2, 9);
        answer(&bench, 0, 2, cases[c].weights, z, y);
        for (int32_t a = 0; a < 5; a++)
            y[a] *= a == 0 ? 1 + cases[c].stray : 1;
        mixture_read(&bench.mixture, 0, 2, z, y, logits, errors, &reading);
        cr_expect_eq(mixture_is_possible(&reading), cases[c].is_possible, "case %d", (int)c);
        cr_expect_eq(mixture_is_saturated(&reading), cases[c].is_saturated, "case %d", (int)c);
        mixture_done(&bench.mixture);
    }
}

/* The errors that are told are those of many answers with noise. */
Test(mixture, knows_the_errors_of_logits)
{
    enum { ANSWERS = 400 };
    static const double weights[] = {0.2, 0.1, 0.3};
    double z[D] = {0}, exact[M_MAX], squares[3] = {0}, told[3] = {0};
    struct random random = {.state = 9};
    struct bench bench;

    bench_init(&bench, 4, 3, 9);
    bench.conditions.noise = 1e-3;
    answer(&bench, 0, 3, weights, z, exact);
    for (int k = 0; k < ANSWERS; k++) {
        double y[M_MAX], noise[4], logits[3], errors[3];
        struct mixture_reading reading;

        random_normals(&random, noise, 4);
        for (int32_t a = 0; a < 4; a++)
            y[a] = exact[a] + 1e-3 * noise[a];
        mixture_read(&bench.mixture, 0, 3, z, y, logits, errors, &reading);
        for (int i = 0; i < 3; i++) {
            squares[i] += pow(logits[i] - log(weights[i] / 0.4), 2) / ANSWERS;
            told[i] += errors[i] * errors[i] / ANSWERS;
        }
    }
    for (int i = 0; i < 3; i++)
        cr_expect(fabs(sqrt(squares[i] / told[i]) - 1) < 0.15, "%g", sqrt(squares[i] / told[i]));
    mixture_done(&bench.mixture);
}
