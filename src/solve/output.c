/* The model as a file, and the report. */
#include "solve/output.h"

#include "base/complaint.h"

#include <lattn/wire.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char beside_end[OUTPUT_BESIDE] = ".XXXXXX";

static enum lattn_status refuse(const char *path, struct lattn_complaint *complaint)
{
    return complain(complaint, LATTN_INPUT_OUTPUT, "-o %.150s: cannot write: %s", path,
                    strerror(errno));
}

enum lattn_status output_check(const char *path, struct lattn_complaint *complaint)
{
    char copy[PATH_MAX];
    struct stat found;

    if (strlen(path) + sizeof beside_end > sizeof copy) {
        errno = ENAMETOOLONG;
        return refuse(path, complaint);
    }
    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode))
        return complain(complaint, LATTN_INPUT_OUTPUT, "-o %.150s: it is no file", path);
    (void)snprintf(copy, sizeof copy, "%s", path); /* dirname writes into it */
    return access(dirname(copy), W_OK | X_OK) == 0 ? LATTN_OK : refuse(path, complaint);
}

/* ---- the model ------------------------------------------------------------------------------- */

static int ends_with(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);

    return length > tail && strcmp(path + length - tail, end) == 0;
}

static enum lattn_status model_lay_out(const char *path, const struct lattn_model *model,
                                       struct lattn_text *text)
{
    enum lattn_status status;

    if (ends_with(path, ".npz"))
        return lattn_write_npz(text, model);
    if (!ends_with(path, ".json"))
        return lattn_write_safetensors(text, model);
    status = lattn_write_model(text, LATTN_FORMAT_JSON, model);
    return status == LATTN_OK ? lattn_text_add(text, "\n", 1) : status;
}

static int all_write(int file, const struct lattn_text *text)
{
    size_t done = 0;

    while (done < text->length) {
        ssize_t n = write(file, text->data + done, text->length - done);

        if (n < 0 && errno != EINTR)
            return -1;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* A file as any other new one: mkostemp makes them for the owner alone. */
static mode_t mode_usual(void)
{
    mode_t mask = umask(0);

    (void)umask(mask);
    return 0666 & ~mask;
}

/* Write beside the path; on failure nothing is left, and errno says why. */
static int file_make(struct output_file *file, const struct lattn_text *text)
{
    int descriptor, failed;

    (void)snprintf(file->beside, sizeof file->beside, "%s%s", file->path, beside_end);
    descriptor = mkostemp(file->beside, O_CLOEXEC);
    if (descriptor < 0) {
        file->beside[0] = '\0';
        return -1;
    }
    failed = all_write(descriptor, text) != 0 || fchmod(descriptor, mode_usual()) != 0 ||
             fsync(descriptor) != 0;
    if (close(descriptor) == 0 && !failed)
        return 0;
    output_drop(file);
    return -1;
}

enum lattn_status output_model(struct output_file *file, const char *path,
                               const struct lattn_model *model, struct lattn_complaint *complaint)
{
    struct lattn_text text;
    enum lattn_status status;

    *file = (struct output_file){.path = path};
    lattn_text_init(&text);
    status = model_lay_out(path, model, &text);
    if (status != LATTN_OK)
        status = complain(complaint, status, "-o %.150s: %s", path, lattn_status_text(status));
    else if (file_make(file, &text) != 0)
        status = refuse(path, complaint);
    lattn_text_done(&text);
    return status;
}

enum lattn_status output_show(struct output_file *file, struct lattn_complaint *complaint)
{
    if (file->beside[0] != '\0' && rename(file->beside, file->path) != 0)
        return refuse(file->path, complaint);
    file->beside[0] = '\0';
    return LATTN_OK;
}

void output_drop(struct output_file *file)
{
    int error = errno;

    if (file->beside[0] != '\0')
        (void)unlink(file->beside); /* it is of no use */
    file->beside[0] = '\0';
    errno = error;
}

/* ---- the report ------------------------------------------------------------------------------ */

/* The most memory that this process ever had, in bytes. */
static double resident_most(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage); /* it cannot fail */
    return 1024. * (double)usage.ru_maxrss;
}

static struct lattn_service service_of(const struct outcome *outcome, const struct shards *shards)
{
    const struct lattn_model *model = outcome->model;
    struct lattn_service service = {
        .accepted = shards->whole.tally.accepted,
        .rejected = shards->whole.tally.rejected,
        .duplicates = shards->whole.tally.duplicates,
        .pairs_per_s = NAN,
        .heads = LATTN_NEVER,
        .pairs_to_go = NAN,
    };

    if (model != NULL) {
        service.heads = model->heads;
        service.heads_generation = model->generation;
        service.heads_certified = model->certified;
        service.heads_decomposition = model->decomposition;
    }
    return service;
}

static void number_print(FILE *file, const char *word, double number)
{
    if (isfinite(number))
        fprintf(file, "\"%s\": %.17g, ", word, number);
    else
        fprintf(file, "\"%s\": null, ", word);
}

static enum lattn_status report_json(const struct outcome *outcome, const struct shards *shards,
                                     const struct plan *plan, const struct output_times *times,
                                     FILE *file)
{
    struct lattn_service service = service_of(outcome, shards);
    struct lattn_text text;
    enum lattn_status status;

    lattn_text_init(&text);
    status = lattn_write_status(&text, LATTN_FORMAT_JSON, &outcome->report, &service);
    if (status == LATTN_OK) {
        fprintf(file,
                "{\"shards\": %d, \"expected\": %d, \"ranks\": %d, \"spread\": %s, "
                "\"grid\": [%d, %d], ",
                shards->count, shards->expected, plan->ranks, plan->is_spread ? "true" : "false",
                plan->rows, plan->columns);
        number_print(file, "condition", outcome->condition);
        number_print(file, "read_s", times->read);
        number_print(file, "factor_s", times->factor);
        number_print(file, "judge_s", times->judge);
        number_print(file, "first_rank_bytes", resident_most());
        fprintf(file, "\"status\": %.*s}\n", (int)text.length, text.data);
    }
    lattn_text_done(&text);
    return status;
}

static void report_lines(const struct outcome *outcome, const struct shards *shards,
                         const struct plan *plan, const struct output_times *times, FILE *file)
{
    const struct lattn_certificate *certificate = &outcome->report.certificate;

    fprintf(file, "verdict    %s\n", lattn_verdict_text(certificate->verdict));
    fprintf(file, "rank       %" PRId64 " of %" PRId64 "\n", certificate->rank, certificate->p);
    fprintf(file, "pairs      %" PRIu64 " in %d of %d shards\n", outcome->report.pairs,
            shards->count, shards->expected);
    fprintf(file, "lambda     %.6g to %.6g, rho %.3g, threshold %.3g\n", certificate->lambda_min,
            certificate->lambda_max, certificate->rho, certificate->threshold);
    fprintf(file, "loss       %.6g\n", outcome->report.loss_train);
    if (outcome->model != NULL)
        fprintf(file, "heads      %d, %s\n", outcome->model->heads,
                lattn_decomposition_text(outcome->model->decomposition));
    if (plan->is_spread)
        fprintf(file, "ranks      %d, in a grid of %d x %d\n", plan->ranks, plan->rows,
                plan->columns);
    fprintf(file, "time       %.2f s reading, %.2f factoring, %.2f judging; %.2f GB\n", times->read,
            times->factor, times->judge, resident_most() / 1e9);
}

enum lattn_status output_report(const struct outcome *outcome, const struct shards *shards,
                                const struct plan *plan, const struct output_times *times,
                                int is_json, FILE *file)
{
    enum lattn_status status = LATTN_OK;

    if (is_json)
        status = report_json(outcome, shards, plan, times, file);
    else
        report_lines(outcome, shards, plan, times, file);
    if (status == LATTN_OK && (fflush(file) != 0 || ferror(file)))
        status = LATTN_INPUT_OUTPUT;
    return status;
}
