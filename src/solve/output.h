#ifndef SOLVE_OUTPUT_H
#define SOLVE_OUTPUT_H

#include "solve/outcome.h"
#include "solve/plan.h"

#include <lattn/model.h>
#include <lattn/status.h>

#include <stdio.h>

/* Can a file be made at this path? Returns LATTN_OK or LATTN_INPUT_OUTPUT. */
enum lattn_status output_check(const char *path, struct lattn_complaint *complaint);

/*
 * Make the file of a model, whole or not at all: JSON where the path ends in .json, for NumPy where
 * it ends in .npz, else safetensors.
 *
 * Returns LATTN_OK, LATTN_INPUT_OUTPUT, LATTN_NO_MEMORY, or LATTN_RANGE for an .npz of 4 GiB.
 */
enum lattn_status output_model(const char *path, const struct lattn_model *model,
                               struct lattn_complaint *complaint);

/* Seconds of the stages. */
struct output_times {
    double read;
    double factor;
    double judge;
};

/*
 * Say what came out: some lines, or one object of JSON whose "status" is that of lattn status.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_INPUT_OUTPUT.
 */
enum lattn_status output_report(const struct outcome *outcome, const struct shards *shards,
                                const struct plan *plan, const struct output_times *times,
                                int is_json, FILE *file);

#endif
