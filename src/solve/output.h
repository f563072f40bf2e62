#ifndef SOLVE_OUTPUT_H
#define SOLVE_OUTPUT_H

#include "solve/outcome.h"
#include "solve/plan.h"

#include <lattn/model.h>
#include <lattn/status.h>

#include <limits.h>
#include <stdio.h>

/* Can a file be made at this path? Returns LATTN_OK or LATTN_INPUT_OUTPUT. */
enum lattn_status output_check(const char *path, struct lattn_complaint *complaint);

/*
 * A model's file under way: all of it lies beside its place until output_show, so that there is a
 * model only after all that may fail.
 *
 * beside  the file that is to be renamed, or ""
 */
enum { OUTPUT_BESIDE = 8 };
struct output_file {
    const char *path;
    char beside[PATH_MAX + OUTPUT_BESIDE];
};

/*
 * Write it: JSON where the path ends in .json, for NumPy where it ends in .npz, else safetensors.
 *
 * path  in  borrowed until output_show or output_drop
 *
 * Returns LATTN_OK, LATTN_INPUT_OUTPUT, LATTN_NO_MEMORY, or LATTN_RANGE for an .npz of 4 GiB.
 */
enum lattn_status output_model(struct output_file *file, const char *path,
                               const struct lattn_model *model, struct lattn_complaint *complaint);

/* Let it be at its place, LATTN_OK or LATTN_INPUT_OUTPUT; or be nowhere. Of zeros nothing is done.
 */
enum lattn_status output_show(struct output_file *file, struct lattn_complaint *complaint);
void output_drop(struct output_file *file);

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
