/* What a solve takes, from sizes alone. */
#include "solve/plan.h"

#include "base/complaint.h"
#include "core/cost.h"
#include "core/feature.h"
#include "core/khatri.h"
#include "core/learner.h"
#include "core/moment.h"
#include "solve/assembly.h"
#include "solve/grid.h"
#include "solve/outcome.h"
#include "solve/turning.h"

#include <lattn/bench.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A process with MPI and BLAS before it has any numbers, and vectors of an iteration. */
static const uint64_t process_bytes = UINT64_C(36) << 20;
enum { VECTORS = 192 };

/* Of a piece only what is on and below the diagonal is touched, and each column begins in a page.
 */
static const double column_bytes = 3072;

/*
 * Measured with one and two ranks and p = 7200: the share of the speed of one product of matrices
 * that the factorisation has; passes through the factor for spectrum, weights and heads, and the
 * share of the speed of memory that they have; and the speed of reading rows and laying them out.
 */
static const double factor_share = 0.8;
static const double passes = 300;
static const double pass_share = 0.55;
static const double file_bytes_per_s = 5e8;

static const double giga = 1e9;

static uint64_t doubles(double count)
{
    return (uint64_t)(8 * count);
}

/* On and below the diagonal. */
static uint64_t piece_bytes(const struct plan *plan)
{
    double p = plan->p;

    return (uint64_t)((4 * p * (p + plan->block) + column_bytes * p) / plan->ranks);
}

static void spread_plan(const struct shards *shards, struct plan *plan)
{
    struct grid_plan grid = grid_plan(plan->p, plan->d, plan->ranks);
    double p = plan->p, q = p / plan->d;
    const struct shard *reference = &shards->list[assembly_reference(shards)];
    uint64_t turning, judging = doubles(VECTORS * p);

    plan->rows = grid.rows;
    plan->columns = grid.columns;
    plan->block = grid.block;
    plan->piece = grid.piece;
    for (int32_t i = 0; i < shards->count; i++)
        plan->turned +=
            shards->list[i].moment.columns > 0 && assembly_is_turned(&shards->list[i], reference);
    turning = plan->turned > 0 ? turning_bytes(plan->d, plan->ranks) : 0;
    plan->rank_bytes =
        process_bytes + piece_bytes(plan) + turning +
        doubles(3 * q * q + 5 * p * plan->m + 2 * p * fmax(OUTCOME_VECTORS, plan->m));
    plan->first_bytes = plan->rank_bytes + (judging > turning ? judging - turning : 0);
    plan->flops = p * p * p / 3;
    plan->turning_flops = plan->turned * 2.5 * q * q * q * q;
}

/* The sum and one state beside it, and what judging takes. */
static void merged_plan(const struct shards *shards, struct plan *plan)
{
    struct cost cost = {0};
    double p = plan->p;

    if (plan->d > 0 && plan->m > 0)
        cost = cost_of(plan->d, plan->m, shards->whole.learner->settings.engine);
    plan->rank_bytes = process_bytes;
    plan->first_bytes = process_bytes + 2 * cost.most_bytes + cost.shown_bytes + cost.judging_bytes;
    plan->flops = (4. / 3 * shards->count + 4. / 3) * p * p * p;
}

struct plan plan_make(const struct shards *shards, int32_t ranks, int32_t merged_max)
{
    const struct lattn_learner *learner = shards->whole.learner;
    struct plan plan = {
        .d = learner->factor.d,
        .m = learner->factor.m,
        .p = feature_count(learner->factor.d),
        .ranks = ranks,
        .rows = 1,
        .columns = 1,
    };

    for (int32_t i = 0; i < shards->count; i++)
        plan.read_bytes += shards->list[i].bytes;
    plan.is_spread = shards->is_spread && plan.p > merged_max && assembly_reference(shards) >= 0;
    if (plan.is_spread)
        spread_plan(shards, &plan);
    else
        merged_plan(shards, &plan);
    return plan;
}

uint64_t plan_machine_bytes(void)
{
    uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "re");
    uint64_t limit;

    if (file == NULL)
        return bytes;
    if (fscanf(file, "%" SCNu64, &limit) == 1 && limit < bytes)
        bytes = limit;
    (void)fclose(file); /* it was only read */
    return bytes;
}

/* So many ranks make pieces that an int32_t counts. */
static int32_t ranks_enough(const struct plan *plan)
{
    int32_t ranks = plan->ranks;

    while (grid_plan(plan->p, plan->d, ranks).piece > INT32_MAX)
        ranks++;
    return ranks;
}

enum lattn_status plan_check(const struct plan *plan, int32_t here, uint64_t machine_bytes,
                             struct lattn_complaint *complaint)
{
    uint64_t bytes = plan->first_bytes + (uint64_t)(here - 1) * plan->rank_bytes;

    if (plan->piece > INT32_MAX)
        return complain(complaint, LATTN_RANGE,
                        "%d ranks: pieces of %" PRId64 " numbers are more than 2^31 - 1: take %d",
                        plan->ranks, plan->piece, ranks_enough(plan));
    if (bytes > machine_bytes)
        return complain(complaint, LATTN_MEMORY_LIMIT,
                        "%d ranks here take %.3g GB, this machine has %.3g: take more machines",
                        here, (double)bytes / giga, (double)machine_bytes / giga);
    return LATTN_OK;
}

/* ---- in words -------------------------------------------------------------------------------- */

static double clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* it cannot fail */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The best of some calls, in units per second; 0 where there is no memory to measure in. */
static double speed_measure(double (*work)(struct lattn_bench *bench))
{
    struct lattn_bench *bench = NULL;
    double best = 0;

    if (lattn_bench_open(&bench, 1) != LATTN_OK)
        return 0;
    for (double end = clock_now() + 0.25; clock_now() < end;) {
        double begin = clock_now();
        double units = work(bench);

        best = fmax(best, units / (clock_now() - begin));
    }
    lattn_bench_close(&bench);
    return best;
}

static void time_print(const struct plan *plan, FILE *file)
{
    double rate = speed_measure(lattn_bench_multiply);
    double stream = speed_measure(lattn_bench_stream);
    double ranks = plan->is_spread ? plan->ranks : 1;
    double reading =
        (double)plan->read_bytes / file_bytes_per_s + plan->turning_flops / rate / ranks;
    double factoring = plan->flops / (factor_share * rate * ranks);
    double asking =
        plan->is_spread ? passes * 4. * plan->p * plan->p / (pass_share * stream * ranks) : 0;

    if (rate <= 0 || stream <= 0)
        return;
    fprintf(file, "time       about %.3g s: %.2g reading, %.2g %s", reading + factoring + asking,
            reading, factoring, plan->is_spread ? "factoring" : "merging and judging");
    if (plan->is_spread)
        fprintf(file, ", %.2g spectrum and weights", asking);
    fprintf(file, "; %.3g GF/s and %.3g GB/s a core, measured now\n", rate / giga, stream / giga);
}

void plan_print(const struct plan *plan, const struct shards *shards, uint64_t machine_bytes,
                FILE *file)
{
    uint64_t all = plan->first_bytes + (uint64_t)(plan->ranks - 1) * plan->rank_bytes;

    fprintf(file, "features   %d of %d coordinates, %d outputs\n", plan->p, plan->d, plan->m);
    fprintf(file, "states     %d of %d, %.3g GB to read", shards->count, shards->expected,
            (double)plan->read_bytes / giga);
    fprintf(file, plan->turned > 0 ? ", %d of them to be turned\n" : "\n", plan->turned);
    if (plan->is_spread)
        fprintf(file, "ranks      %d, in a grid of %d x %d, blocks of %d\n", plan->ranks,
                plan->rows, plan->columns, plan->block);
    else
        fprintf(file, "ranks      1 of %d: %s\n", plan->ranks,
                shards->is_spread ? "it is small" : "some states are not in information form");
    fprintf(file,
            "memory     %.3g GB the first rank, %.3g each other, %.3g in all; here are %.3g\n",
            (double)plan->first_bytes / giga, (double)plan->rank_bytes / giga, (double)all / giga,
            (double)machine_bytes / giga);
    time_print(plan, file);
}
