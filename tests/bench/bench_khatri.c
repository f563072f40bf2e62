/*
 * The update of a pair-symmetric moment beside what the machine can do and what a user could call
 * instead, one thread, in one process:
 *
 *     khatri_absorb of 256 rows of dense tokens, counted as k q (q + 1) n flops
 *     dgemm at 1200 x 1200, the peak
 *     dsyrk of the same rows as ready features, p = q d of them
 *
 * Each repetition times all of them in turn; printed are the median of own times, and the medians
 * of the ratios: share of the peak, and times as fast as dsyrk. The best of one beside the best of
 * the other is less disturbed by whatever else the machine does. The clock is the thread's own, as
 * all of them compute without a pause.
 */

#include "base/memory.h"
#include "base/random.h"
#include "core/khatri.h"
#include "core/moment.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void openblas_set_num_threads(int threads);

enum { REPETITIONS_MAX = 101, PEAK = 1200 };

/* Above so many features dsyrk's matrix takes gigabytes. */
enum { FEATURES_MAX = 8192 };

struct contest {
    int32_t q, calls, repetitions;
    int p;
    size_t ld;
    double *s, *x, *M, *work;
    double *features, *gram;
    double *A, *B, *C;
};

typedef void (*contestant_fn)(struct contest *contest);

static double *random_array(struct random *random, size_t count)
{
    double *array = memory_raw(count, sizeof *array);

    if (array == NULL) {
        fputs("bench_khatri: no memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    random_normals(random, array, (int64_t)count);
    return array;
}

/* Rows of q numbers and zeros behind them. */
static double *random_rows(struct random *random, int32_t q, size_t ld)
{
    double *rows = random_array(random, MOMENT_ROWS * ld);

    for (size_t i = 0; i < MOMENT_ROWS; i++)
        for (size_t c = (size_t)q; c < ld; c++)
            rows[i * ld + c] = 0;
    return rows;
}

static void contest_init(struct contest *contest, int32_t d, int32_t repetitions)
{
    struct random random = {1};
    int32_t q = d * (d + 1) / 2;
    double flops = (double)MOMENT_ROWS * q * (q + 1) * q, peak = 2.0 * PEAK * PEAK * PEAK;
    size_t p;

    *contest = (struct contest){.q = q, .p = q * d, .repetitions = repetitions};
    contest->calls = flops < peak / 4 ? (int32_t)(peak / 4 / flops) : 1;
    contest->ld = ((size_t)q + 7) / 8 * 8;
    contest->s = random_rows(&random, q, contest->ld);
    contest->x = random_rows(&random, q, contest->ld);
    contest->M = memory_zeroed(khatri_rows(q) * contest->ld, sizeof(double));
    contest->work = random_array(&random, khatri_workspace(q, q, MOMENT_ROWS));
    p = contest->p <= FEATURES_MAX ? (size_t)contest->p : 0;
    contest->features = random_array(&random, MOMENT_ROWS * p);
    contest->gram = memory_zeroed(p * p, sizeof(double));
    contest->A = random_array(&random, PEAK * PEAK);
    contest->B = random_array(&random, PEAK * PEAK);
    contest->C = random_array(&random, PEAK * PEAK);
}

static void contest_done(struct contest *contest)
{
    double *arrays[] = {contest->s,    contest->x, contest->M, contest->work, contest->features,
                        contest->gram, contest->A, contest->B, contest->C};

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        memory_release(arrays[i]);
}

static void contest_khatri(struct contest *contest)
{
    khatri_absorb(contest->q, contest->q, MOMENT_ROWS, contest->s, contest->ld, contest->x,
                  contest->ld, 1, contest->M, contest->ld, 0, khatri_rows(contest->q),
                  contest->work);
}

static void contest_dgemm(struct contest *contest)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, PEAK, PEAK, PEAK, 1, contest->A, PEAK,
                contest->B, PEAK, 0, contest->C, PEAK);
}

static void contest_dsyrk(struct contest *contest)
{
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, contest->p, MOMENT_ROWS, 1,
                contest->features, contest->p, 1, contest->gram, contest->p);
}

static double seconds(struct contest *contest, int32_t calls, contestant_fn contestant)
{
    struct timespec start, end;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    for (int32_t i = 0; i < calls; i++)
        contestant(contest);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    return ((double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec)) /
           calls;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sort and take the middle; array[0] is then the least. */
static double median(double *array, int32_t count)
{
    qsort(array, (size_t)count, sizeof *array, compare);
    return array[count / 2];
}

static void contest_run(int32_t d, struct contest *contest)
{
    double own[REPETITIONS_MAX], peak[REPETITIONS_MAX], share[REPETITIONS_MAX];
    double times[REPETITIONS_MAX], q = contest->q;
    double flops = MOMENT_ROWS * q * (q + 1) * q, peak_flops = 2.0 * PEAK * PEAK * PEAK;
    int32_t count = contest->repetitions;
    double time, part;

    seconds(contest, 1, contest_khatri);
    seconds(contest, 1, contest_dgemm);
    for (int32_t i = 0; i < count; i++) {
        peak[i] = seconds(contest, 1, contest_dgemm);
        own[i] = seconds(contest, contest->calls, contest_khatri);
        share[i] = flops / own[i] / (peak_flops / peak[i]);
        times[i] = 0;
        if (contest->p <= FEATURES_MAX)
            times[i] = seconds(contest, contest->calls, contest_dsyrk) / own[i];
    }
    time = median(own, count);
    median(peak, count);
    part = median(share, count);
    printf("%4d %5d %12.2f %12.0f %8.1f %8.0f %8.0f", d, contest->q, 1e6 * time, MOMENT_ROWS / time,
           1e-9 * flops / time, 100 * part, 100 * flops / own[0] / (peak_flops / peak[0]));
    if (contest->p <= FEATURES_MAX)
        printf(" %8.2f\n", median(times, count));
    else
        puts("        -");
}

int main(void)
{
    static const int32_t sizes[][2] = {{4, 51}, {8, 51}, {16, 25}, {24, 9}, {32, 5}};
    struct contest contest;

    openblas_set_num_threads(1);
    printf("%4s %5s %12s %12s %8s %8s %8s %8s\n", "d", "q", "own us", "pairs/s", "GF/s", "peak %",
           "best %", "/ dsyrk");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        contest_init(&contest, sizes[i][0], sizes[i][1]);
        contest_run(sizes[i][0], &contest);
        contest_done(&contest);
    }
    return 0;
}
