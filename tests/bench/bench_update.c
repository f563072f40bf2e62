/*
 * Factor updates beside what a user could call instead, one thread, in one process:
 *
 *     block   update_block against LAPACK's dtpqrt on a column-major factor
 *     row     update_row with one label and the gain's right-hand side against recursive least
 *             squares on P, the inverse Gram matrix: dsymv for the gain, dsyr for the downdate
 *     pair    the same with all that a learner does for one pair: innovation, update, and the
 *             weights corrected by the gain
 *
 * Each repetition times both in turn; printed are the medians, and the minimum and the median of
 * the ratios. Single-threaded BLAS, for the comparison is of one core with one core.
 */

#include "base/memory.h"
#include "base/random.h"
#include "core/update.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void openblas_set_num_threads(int threads);
void dtpqrt_(const int *m, const int *n, const int *l, const int *nb, double *a, const int *lda,
             double *b, const int *ldb, double *t, const int *ldt, double *work, int *info);

enum { REPETITIONS_MAX = 201, LABELS = 2 };

/* What one measurement needs; ours row-major with labels, theirs column-major without. */
struct contest {
    int32_t p, k, calls, repetitions;
    int nb;
    size_t ld;
    double *factor, *rows, *rows_kept, *work;
    double *R, *B, *T, *lapack_work;
    double *P, *gain, *weights;
};

typedef void (*contestant_fn)(struct contest *contest);

static double *random_array(struct random *random, size_t count)
{
    double *array = memory_raw(count, sizeof *array);

    if (array == NULL) {
        fputs("bench_update: no memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    random_normals(random, array, (int64_t)count);
    return array;
}

static void contest_init(struct contest *contest, int32_t p, int32_t k, int nb, int32_t calls,
                         int32_t repetitions)
{
    struct random random = {1};
    size_t np = (size_t)p, nk = (size_t)k;

    *contest = (struct contest){.p = p, .k = k, .nb = nb, .calls = calls};
    contest->repetitions = repetitions;
    contest->ld = (np + LABELS + 7) / 8 * 8;
    if (contest->ld % 64 == 0)
        contest->ld += 8;
    contest->factor = random_array(&random, np * contest->ld);
    contest->rows = random_array(&random, nk * contest->ld);
    contest->rows_kept = random_array(&random, nk * contest->ld);
    contest->work = random_array(&random, update_workspace(k));
    contest->R = random_array(&random, np * contest->ld);
    contest->B = random_array(&random, nk * np);
    contest->T = random_array(&random, (size_t)nb * np);
    contest->lapack_work = random_array(&random, (size_t)nb * np);
    contest->P = random_array(&random, np * contest->ld);
    contest->gain = random_array(&random, np);
    contest->weights = random_array(&random, np);
    for (size_t i = 0; i < np; i++) {
        memset(contest->P + i * contest->ld, 0, np * sizeof(double));
        contest->P[i * contest->ld + i] = 1;
    }
}

static void contest_done(struct contest *contest)
{
    double *arrays[] = {contest->factor, contest->rows, contest->rows_kept,   contest->work,
                        contest->R,      contest->B,    contest->lapack_work, contest->T,
                        contest->P,      contest->gain, contest->weights};

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        memory_release(arrays[i]);
}

static void contest_block(struct contest *contest)
{
    memcpy(contest->rows, contest->rows_kept, (size_t)contest->k * contest->ld * sizeof(double));
    update_block(contest->p, 1, contest->k, contest->factor, contest->ld, contest->rows,
                 contest->ld, contest->work);
}

static void contest_dtpqrt(struct contest *contest)
{
    int ld = (int)contest->ld, pentagon = 0, info;

    memcpy(contest->B, contest->rows_kept,
           (size_t)contest->k * (size_t)contest->p * sizeof(double));
    dtpqrt_(&contest->k, &contest->p, &pentagon, &contest->nb, contest->R, &ld, contest->B,
            &contest->k, contest->T, &contest->nb, contest->lapack_work, &info);
}

static void contest_row(struct contest *contest)
{
    memcpy(contest->rows, contest->rows_kept, contest->ld * sizeof(double));
    update_row(contest->p, LABELS, contest->factor, contest->ld, contest->rows);
}

static void contest_rls(struct contest *contest)
{
    int p = contest->p, ld = (int)contest->ld;
    double *x = contest->rows_kept, scale;

    cblas_dsymv(CblasColMajor, CblasUpper, p, 1, contest->P, ld, x, 1, 0, contest->gain, 1);
    scale = 1 / (1 + cblas_ddot(p, x, 1, contest->gain, 1));
    cblas_dsyr(CblasColMajor, CblasUpper, p, -scale, contest->gain, 1, contest->P, ld);
}

static void contest_pair(struct contest *contest)
{
    int p = contest->p;
    double *row = contest->rows, innovation;

    memcpy(row, contest->rows_kept, contest->ld * sizeof(double));
    innovation = row[p] - cblas_ddot(p, row, 1, contest->weights, 1);
    for (int i = 0; i < p; i++)
        contest->factor[(size_t)i * contest->ld + (size_t)p + 1] = 0;
    row[p + 1] = 1;
    update_row(p, LABELS, contest->factor, contest->ld, row);
    cblas_dcopy(p, contest->factor + p + 1, (int)contest->ld, contest->gain, 1);
    cblas_dtrsv(CblasRowMajor, CblasUpper, CblasNoTrans, CblasNonUnit, p, contest->factor,
                (int)contest->ld, contest->gain, 1);
    cblas_daxpy(p, innovation, contest->gain, 1, contest->weights, 1);
}

static void contest_rls_pair(struct contest *contest)
{
    int p = contest->p, ld = (int)contest->ld;
    double *x = contest->rows_kept, innovation, scale;

    innovation = x[p] - cblas_ddot(p, x, 1, contest->weights, 1);
    cblas_dsymv(CblasColMajor, CblasUpper, p, 1, contest->P, ld, x, 1, 0, contest->gain, 1);
    scale = 1 / (1 + cblas_ddot(p, x, 1, contest->gain, 1));
    cblas_dsyr(CblasColMajor, CblasUpper, p, -scale, contest->gain, 1, contest->P, ld);
    cblas_daxpy(p, scale * innovation, contest->gain, 1, contest->weights, 1);
}

static double seconds(struct contest *contest, contestant_fn contestant)
{
    struct timespec start, end;

    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int32_t i = 0; i < contest->calls; i++)
        contestant(contest);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return ((double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec)) /
           contest->calls;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Flops are those of the update, 2 k p^2, whatever a contestant spends. */
static void contest_run(const char *name, struct contest *contest, contestant_fn ours,
                        contestant_fn theirs)
{
    double own[REPETITIONS_MAX], other[REPETITIONS_MAX], ratio[REPETITIONS_MAX];
    int32_t count = contest->repetitions;
    double flops = 2.0 * contest->k * contest->p * contest->p;

    seconds(contest, ours);
    seconds(contest, theirs);
    for (int32_t i = 0; i < count; i++) {
        own[i] = seconds(contest, ours);
        other[i] = seconds(contest, theirs);
        ratio[i] = other[i] / own[i];
    }
    qsort(own, (size_t)count, sizeof *own, compare);
    qsort(other, (size_t)count, sizeof *other, compare);
    qsort(ratio, (size_t)count, sizeof *ratio, compare);
    printf("%-6s %5d %4d %12.2f %12.2f %8.2f %8.2f %8.1f\n", name, contest->p, contest->k,
           1e6 * own[count / 2], 1e6 * other[count / 2], ratio[0], ratio[count / 2],
           1e-9 * flops / own[count / 2]);
}

int main(void)
{
    static const struct {
        int32_t p, k;
        int nb;
        int32_t calls, repetitions;
    } blocks[] = {{40, 64, 8, 100, 101},
                  {40, 128, 8, 50, 101},
                  {288, 128, 32, 2, 101},
                  {2176, 192, 48, 1, 15},
                  {2176, 256, 64, 1, 15}},
      rows[] = {{40, 1, 1, 1000, 201}, {288, 1, 1, 100, 101}, {2176, 1, 1, 1, 101}};
    struct contest contest;

    openblas_set_num_threads(1);
    printf("%-6s %5s %4s %12s %12s %8s %8s %8s\n", "update", "p", "k", "own us", "other us",
           "ratio_min", "ratio", "GF/s");
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        contest_init(&contest, blocks[i].p, blocks[i].k, blocks[i].nb, blocks[i].calls,
                     blocks[i].repetitions);
        contest_run("block", &contest, contest_block, contest_dtpqrt);
        contest_done(&contest);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        contest_init(&contest, rows[i].p, 1, rows[i].nb, rows[i].calls, rows[i].repetitions);
        contest_run("row", &contest, contest_row, contest_rls);
        contest_run("pair", &contest, contest_pair, contest_rls_pair);
        contest_done(&contest);
    }
    return 0;
}
