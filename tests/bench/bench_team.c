/*
 * What a team of two does in learning, beside one thread, in one process:
 *
 *     wave   blocks of rows folded one behind the other into a factor
 *     khatri 256 rows absorbed into a pair-symmetric moment
 *
 * Each repetition times both in turn; printed are the medians, and the quartiles of the ratios:
 * another program on one of the cores costs two threads all of it, and one thread next to nothing,
 * so the upper one is nearest to what two idle cores do.
 */

#include "base/memory.h"
#include "base/random.h"
#include "base/team.h"
#include "core/khatri.h"
#include "core/khatri_shares.h"
#include "core/update.h"
#include "core/update_wave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPETITIONS_MAX = 201, THREADS = 2, KHATRI_ROWS = 256 };

struct contest;

typedef void (*fold_fn)(struct contest *contest, struct team *team);

/*
 * Rows, blocks * rows_max of them, are folded again and again into the same factor; or KHATRI_ROWS
 * rows s and zz into the same moment, which lies in `factor`.
 */
struct contest {
    fold_fn fold;
    double flops;
    int32_t p;
    int32_t q;
    int32_t rows_max;
    int32_t blocks;
    size_t ld;
    double *factor;
    double *rows;
    double *rows_kept;
    double *work;
};

static double *random_array(struct random *random, size_t count)
{
    double *array = memory_raw(count, sizeof *array);

    if (array == NULL) {
        fputs("bench_team: no memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    random_normals(random, array, (int64_t)count);
    return array;
}

/* Rows are learned where they were just formed, so copying them is not a part of it. */
static void wave_prepare(struct contest *contest)
{
    memcpy(contest->rows, contest->rows_kept,
           (size_t)(contest->rows_max * contest->blocks) * contest->ld * sizeof(double));
}

static void wave(struct contest *contest, struct team *team)
{
    update_wave(team, contest->p, 1, contest->rows_max * contest->blocks, contest->rows_max,
                contest->factor, contest->ld, contest->rows, contest->ld, contest->work);
}

static void khatri(struct contest *contest, struct team *team)
{
    khatri_shares_absorb(team, contest->q, contest->q, KHATRI_ROWS, contest->rows, contest->ld,
                         contest->rows_kept, contest->ld, 1, contest->factor, contest->ld,
                         contest->work);
}

/* A leading dimension for so many columns, in whole cache lines. */
static size_t leading(int32_t columns)
{
    size_t ld = ((size_t)columns + 7) / 8 * 8;

    return ld % 128 == 0 ? ld + 8 : ld;
}

static void wave_init(struct contest *contest, int32_t p, int32_t rows_max, int32_t blocks)
{
    struct random random = {1};
    size_t rows = (size_t)rows_max * (size_t)blocks;

    *contest = (struct contest){.fold = wave, .p = p, .rows_max = rows_max, .blocks = blocks};
    contest->flops = 2.0 * (double)rows * (double)p * (double)p;
    contest->ld = leading(p + 1);
    contest->factor = random_array(&random, (size_t)p * contest->ld);
    contest->rows = random_array(&random, rows * contest->ld);
    contest->rows_kept = random_array(&random, rows * contest->ld);
    contest->work = random_array(&random, update_workspace(rows_max));
}

static void khatri_init(struct contest *contest, int32_t d)
{
    struct random random = {1};
    int32_t q = d * (d + 1) / 2;

    *contest =
        (struct contest){.fold = khatri, .p = q * d, .q = q, .rows_max = KHATRI_ROWS, .blocks = 1};
    contest->flops = (double)KHATRI_ROWS * q * (q + 1.0) * q;
    contest->ld = ((size_t)q + 7) / 8 * 8;
    contest->factor = random_array(&random, khatri_rows(q) * contest->ld);
    contest->rows = random_array(&random, KHATRI_ROWS * contest->ld);
    contest->rows_kept = random_array(&random, KHATRI_ROWS * contest->ld);
    contest->work = random_array(&random, khatri_workspace(q, q, KHATRI_ROWS));
}

static void contest_done(struct contest *contest)
{
    memory_release(contest->factor);
    memory_release(contest->rows);
    memory_release(contest->rows_kept);
    memory_release(contest->work);
}

static double seconds(struct contest *contest, struct team *team)
{
    struct timespec start, end;

    if (contest->fold == wave)
        wave_prepare(contest);
    clock_gettime(CLOCK_MONOTONIC, &start);
    contest->fold(contest, team);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void contest_run(const char *name, struct contest *contest, struct team *team,
                        int32_t repetitions)
{
    double one[REPETITIONS_MAX], two[REPETITIONS_MAX], ratio[REPETITIONS_MAX];
    size_t count = (size_t)repetitions;

    seconds(contest, NULL);
    seconds(contest, team);
    for (size_t i = 0; i < count; i++) {
        one[i] = seconds(contest, NULL);
        two[i] = seconds(contest, team);
        ratio[i] = one[i] / two[i];
    }
    qsort(one, count, sizeof *one, compare);
    qsort(two, count, sizeof *two, compare);
    qsort(ratio, count, sizeof *ratio, compare);
    printf("%-6s %5d %4d x %-2d %12.2f %12.2f %8.2f %8.2f %8.2f %8.1f\n", name, contest->p,
           contest->rows_max, contest->blocks, 1e6 * one[count / 2], 1e6 * two[count / 2],
           ratio[count / 4], ratio[count / 2], ratio[3 * count / 4],
           1e-9 * contest->flops / two[count / 2]);
}

int main(void)
{
    static const struct {
        int32_t p, rows_max, blocks, repetitions;
    } waves[] = {{40, 128, 4, 201},
                 {288, 128, 2, 101},
                 {288, 128, 4, 101},
                 {816, 128, 2, 41},
                 {2176, 224, 2, 9}};
    static const struct {
        int32_t d, repetitions;
    } moments[] = {{4, 201}, {8, 101}, {16, 15}, {24, 3}};
    struct team *team = NULL;
    struct contest contest;

    if (team_open(&team, THREADS) != LATTN_OK)
        return EXIT_FAILURE;
    printf("%-6s %5s %9s %12s %12s %8s %8s %8s %8s\n", "team", "p", "rows", "one us", "two us",
           "ratio_25", "ratio", "ratio_75", "GF/s");
    for (size_t i = 0; i < sizeof waves / sizeof *waves; i++) {
        wave_init(&contest, waves[i].p, waves[i].rows_max, waves[i].blocks);
        contest_run("wave", &contest, team, waves[i].repetitions);
        contest_done(&contest);
    }
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        khatri_init(&contest, moments[i].d);
        contest_run("khatri", &contest, team, moments[i].repetitions);
        contest_done(&contest);
    }
    team_close(&team);
    return EXIT_SUCCESS;
}
