/*
 * The stages of a solve. Each begins when all ranks have agreed that the one before went well, so
 * that all end together, with the same status, and one of them says why.
 */
#include "solve/run.h"

#include "base/complaint.h"
#include "core/learner.h"
#include "solve/output.h"
#include "solve/plan.h"
#include "solve/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* What the stages hand on; outcome counts on rank 0. */
struct run {
    const struct wish *wish;
    struct shards shards;
    struct plan plan;
    struct outcome outcome;
    struct output_times times;
    double since;
};

/* Seconds since the last call. */
static double stage_end(struct run *run)
{
    double now = ranks_clock(), since = run->since;

    run->since = now;
    return now - since;
}

static int is_first(void)
{
    return ranks_mine() == 0;
}

/* ---- stages ---------------------------------------------------------------------------------- */

/* Every rank reads all heads; each reads some of the states whole, for their checksums. */
static enum lattn_status shards_stage(struct run *run, struct lattn_complaint *complaint)
{
    enum lattn_status status = shards_open(&run->shards, &run->wish->shards, complaint);

    ranks_agree(&status, complaint);
    if (status != LATTN_OK || run->wish->is_explain)
        return status;
    for (int32_t i = ranks_mine(); status == LATTN_OK && i < run->shards.count; i += ranks_count())
        status = shard_verify(&run->shards.list[i], complaint);
    ranks_agree(&status, complaint);
    return status;
}

static enum lattn_status heads_check(const struct run *run, struct lattn_complaint *complaint)
{
    const struct outcome_wish *wish = &run->wish->outcome;
    int32_t most = lattn_heads_max(run->plan.d, run->plan.m);

    return wish->heads == LATTN_HEADS_COUNT && wish->count > most
               ? complain(complaint, LATTN_RANGE,
                          "--heads %d: a model of these sizes has at most "
                          "%d",
                          wish->count, most)
               : LATTN_OK;
}

static enum lattn_status plan_stage(struct run *run, struct lattn_complaint *complaint)
{
    enum lattn_status status =
        plan_check(&run->plan, ranks_here(), plan_machine_bytes(), complaint);

    if (status == LATTN_OK)
        status = heads_check(run, complaint);
    if (status == LATTN_OK && is_first())
        status = output_check(run->wish->model_path, complaint);
    ranks_agree(&status, complaint);
    return status;
}

/* That are asked for at once. */
static int32_t vectors_most(int32_t m)
{
    return m > OUTCOME_VECTORS ? m : OUTCOME_VECTORS;
}

/* Rank 0 asks, the others serve. */
static enum lattn_status system_stage(struct run *run, struct grid *grid, const struct frame *frame,
                                      const struct assembly *assembly,
                                      struct lattn_complaint *complaint)
{
    struct system system;
    enum lattn_status status =
        system_open(&system, grid, frame, assembly, vectors_most(assembly->m));

    if (status != LATTN_OK)
        status = complain(complaint, status, "%s", lattn_status_text(status));
    ranks_agree(&status, complaint);
    if (status == LATTN_OK && is_first()) {
        status = outcome_find(&system, &run->shards, &run->wish->outcome, &run->outcome);
        if (status != LATTN_OK)
            status = complain(complaint, status, "the sum of %d states: %s", run->shards.count,
                              lattn_status_text(status));
        system_release(&system);
    } else if (status == LATTN_OK) {
        system_serve(&system);
    }
    system_close(&system);
    return status;
}

static enum lattn_status factor_stage(struct run *run, struct grid *grid, const struct frame *frame,
                                      const struct assembly *assembly,
                                      struct lattn_complaint *complaint)
{
    enum lattn_status status = grid_factor(grid);

    run->times.factor = stage_end(run);
    if (status == LATTN_OK)
        return system_stage(run, grid, frame, assembly, complaint);
    return is_first() ? outcome_find_none(&run->shards, 1, &run->outcome) : LATTN_OK;
}

static enum lattn_status spread_stage(struct run *run, struct lattn_complaint *complaint)
{
    const struct image_moment *moment = &run->shards.list[assembly_reference(&run->shards)].moment;
    struct frame frame = {0};
    struct grid grid;
    struct assembly assembly = {0};
    enum lattn_status status =
        grid_open(&grid, run->plan.p, run->plan.d, vectors_most(run->plan.m));

    if (status == LATTN_OK)
        status = frame_open(&frame, moment->d, moment->A, moment->B);
    if (status != LATTN_OK)
        status = complain(complaint, status, "%s", lattn_status_text(status));
    ranks_agree(&status, complaint);
    if (status == LATTN_OK)
        status = assembly_make(&assembly, &run->shards, &frame, &grid, complaint);
    run->times.read += stage_end(run);
    if (status == LATTN_OK)
        status = factor_stage(run, &grid, &frame, &assembly, complaint);
    assembly_done(&assembly);
    frame_close(&frame);
    grid_close(&grid);
    return status;
}

static enum lattn_status outcome_stage(struct run *run, struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    run->times.read = stage_end(run);
    if (run->plan.is_spread && outcome_is_possible(&run->shards))
        status = spread_stage(run, complaint);
    else if (run->plan.is_spread && is_first())
        status = outcome_find_none(&run->shards, 0, &run->outcome);
    else if (is_first())
        status = outcome_find_merged(&run->shards, &run->wish->outcome, &run->outcome, complaint);
    run->times.judge = stage_end(run);
    ranks_agree(&status, complaint);
    return status;
}

/* The report may fail as the file may, so the model is shown after it. */
static enum lattn_status output_make(struct run *run, struct lattn_complaint *complaint)
{
    struct output_file file = {0};
    enum lattn_status status = LATTN_OK;

    if (run->outcome.model != NULL)
        status = output_model(&file, run->wish->model_path, run->outcome.model, complaint);
    if (status == LATTN_OK) {
        status = output_report(&run->outcome, &run->shards, &run->plan, &run->times,
                               run->wish->is_json, stdout);
        if (status != LATTN_OK)
            status = complain(complaint, status, "%s",
                              status == LATTN_INPUT_OUTPUT ? "cannot write to standard output"
                                                           : lattn_status_text(status));
    }
    if (status == LATTN_OK)
        status = output_show(&file, complaint);
    output_drop(&file);
    return status;
}

/* By rank 0, when all others have nothing left to fail at. */
static enum lattn_status output_stage(struct run *run, struct lattn_complaint *complaint)
{
    enum lattn_status status = is_first() ? output_make(run, complaint) : LATTN_OK;

    ranks_agree(&status, complaint);
    return status;
}

/* ---- how it ends ----------------------------------------------------------------------------- */

static enum run_exit refuse(enum run_exit code, const struct lattn_complaint *complaint)
{
    if (is_first())
        fprintf(stderr, "lattn-solve: %s\n", complaint->text);
    return code;
}

/* Whether there is a model is known to rank 0 alone. */
static enum run_exit verdict_exit(const struct run *run)
{
    const struct lattn_certificate *certificate = &run->outcome.report.certificate;
    int is_written = run->outcome.model != NULL;

    ranks_share(0, &is_written, sizeof is_written);
    if (is_written)
        return RUN_DONE;
    if (is_first())
        fprintf(stderr,
                "lattn-solve: %s: rank %" PRId64 " of %" PRId64 ", %" PRId64
                " features seen, %.15g effective pairs, lambda_min %.3g: no model is made\n",
                lattn_verdict_text(certificate->verdict), certificate->rank, certificate->p,
                certificate->features_seen, run->outcome.report.pairs_effective,
                certificate->lambda_min);
    return RUN_OPEN;
}

static enum run_exit explain(struct run *run)
{
    struct lattn_complaint complaint = {""};
    uint64_t machine = plan_machine_bytes();
    enum lattn_status status = plan_check(&run->plan, run->plan.ranks, machine, &complaint);

    if (is_first())
        plan_print(&run->plan, &run->shards, machine, stdout);
    return status == LATTN_OK ? RUN_DONE : refuse(RUN_REFUSED, &complaint);
}

static enum run_exit stages_run(struct run *run, int32_t merged_max)
{
    const struct wish *wish = run->wish;
    struct lattn_complaint complaint = {""};
    enum lattn_status status = shards_stage(run, &complaint);

    if (status != LATTN_OK)
        return refuse(status == LATTN_NO_MEMORY ? RUN_REFUSED : RUN_SHARDS, &complaint);
    run->plan = plan_make(&run->shards, wish->ranks > 0 ? wish->ranks : ranks_count(), merged_max);
    if (wish->is_explain)
        return explain(run);
    status = plan_stage(run, &complaint);
    if (status != LATTN_OK)
        return refuse(RUN_REFUSED, &complaint);
    status = outcome_stage(run, &complaint);
    if (status != LATTN_OK)
        return refuse(status == LATTN_DAMAGED || status == LATTN_CONFLICT ? RUN_SHARDS
                                                                          : RUN_REFUSED,
                      &complaint);
    status = output_stage(run, &complaint);
    return status == LATTN_OK ? verdict_exit(run) : refuse(RUN_REFUSED, &complaint);
}

enum run_exit run_solve(const struct wish *wish, int32_t merged_max)
{
    struct run run = {.wish = wish, .since = ranks_clock()};
    enum run_exit code = stages_run(&run, merged_max);

    outcome_done(&run.outcome);
    shards_close(&run.shards);
    return code;
}
