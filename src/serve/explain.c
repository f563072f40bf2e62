/*
 * Nothing is measured here: bytes are those by which the state accounts for itself, work is counted
 * in operations and turned into time by a rate that is said.
 */
#include "serve/explain.h"

#include <lattn/limits.h>

#include "core/cost.h"
#include "serve/bounds.h"
#include "serve/footprint.h"
#include "serve/threads.h"

#include <inttypes.h>

/* Learning runs between these on one core of today: short rows slowly, long ones fast. */
#define FLOPS_SLOW 1e9
#define FLOPS_FAST 2e10

enum {
    TEXT_BYTES_MAX = 32,
    MIB = 1 << 20,
    /* Below, forming features takes longer than learning them. */
    GRAM_DIM = 6
};

/* "1.3 KiB" */
static const char *bytes_text(size_t bytes, char text[TEXT_BYTES_MAX])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    snprintf(text, TEXT_BYTES_MAX, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value,
             units[unit]);
    return text;
}

/* "1.3 us" */
static const char *seconds_text(double seconds, char text[TEXT_BYTES_MAX])
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double value = seconds * 1e9;
    size_t unit = 0;

    while (value >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    snprintf(text, TEXT_BYTES_MAX, value >= 100 ? "%.0f %s" : "%.2g %s", value, units[unit]);
    return text;
}

static void bytes_print(FILE *out, const char *what, size_t bytes)
{
    char text[TEXT_BYTES_MAX];

    fprintf(out, "  %-48s %16zu  %10s\n", what, bytes, bytes_text(bytes, text));
}

static void sizes_print(const struct config *config, const struct cost *cost, int32_t m, FILE *out)
{
    fprintf(out, "d = %d%s, m = %d%s, p = d^2 (d+1) / 2 = %" PRId64 " features\n",
            config->learner.dim + config->learner.bias,
            config->learner.bias ? " with the bias" : "", m,
            config->learner.outputs == 0 ? " (assumed: outputs is not set)" : "", cost->features);
}

static void limit_print(const struct config *config, size_t need, FILE *out)
{
    struct lattn_complaint complaint = {""};
    char text[TEXT_BYTES_MAX];
    char limit[TEXT_BYTES_MAX];

    if (config->learner.memory_max == 0) {
        fputs("  max-memory is not set: no limit\n", out);
        return;
    }
    fprintf(out, "  max-memory %s: %s, which takes %s\n",
            bytes_text(config->learner.memory_max, limit),
            footprint_check(config, &complaint) == LATTN_OK ? "all features fit"
                                                            : "DOES NOT FIT if all features occur",
            bytes_text(need, text));
    if (complaint.text[0] != '\0')
        fprintf(out, "  a start without pairs is refused:\n  %s\n", complaint.text);
}

/* What gram takes besides. Returns the bytes. */
static size_t gram_print(const struct cost *cost, FILE *out)
{
    if (cost->turning_bytes > 0) {
        bytes_print(out, "before R has full rank it is", cost->first_bytes);
        bytes_print(out, "while R goes over, besides, about", cost->turning_bytes);
    }
    bytes_print(out, "R and C derived for an evaluation", cost->shown_bytes);
    return cost->shown_bytes;
}

static void memory_print(const struct config *config, const struct cost *cost, FILE *out)
{
    int is_gram = config->learner.engine == LATTN_ENGINE_GRAM;
    size_t state = cost->first_bytes > cost->state_bytes ? cost->first_bytes : cost->state_bytes;
    size_t more = cost->judging_bytes;

    fputs("\nmemory, once all features have occurred                      bytes\n", out);
    bytes_print(out, "learner", cost->learner_bytes);
    bytes_print(out, "tables of all features", cost->tables_bytes);
    bytes_print(out,
                is_gram ? "factor: M, C, weights, waiting rows"
                        : "factor: R, C, weights, waiting rows",
                cost->factor_bytes);
    bytes_print(out, "state (memory_bytes of status)", cost->state_bytes);
    if (is_gram)
        more += gram_print(cost, out);
    bytes_print(out, "its copy while an emission is made", cost->state_bytes);
    bytes_print(out, "evaluation while not identifying, about", cost->judging_bytes);
    bytes_print(out, "its copy while a checkpoint or image is made", cost->state_bytes);
    bytes_print(out, "together, about", 3 * state + more);
    limit_print(config, cost->limited_bytes, out);
    fputs("  Only what occurs counts: features that never occur, as with one-hot tokens, take a\n"
          "  place in the tables but none in the factor, and those that never occur together\n"
          "  lie in factors of their own, each as small as its features are few.\n",
          out);
}

/* ---- engines --------------------------------------------------------------------------------- */

static void engines_print(const struct config *config, int32_t m, FILE *out)
{
    int32_t d = config->learner.dim + config->learner.bias;
    struct cost rls = cost_of(d, m, LATTN_ENGINE_RLS);
    struct cost gram = cost_of(d, m, LATTN_ENGINE_GRAM);
    double gain = rls.update_flops - gram.update_flops;
    char of_rls[TEXT_BYTES_MAX], of_gram[TEXT_BYTES_MAX];

    fprintf(out, "\n%-56s %14s %14s\n", "engines, for tokens without zeros that are identifying",
            lattn_engine_text(LATTN_ENGINE_RLS), lattn_engine_text(LATTN_ENGINE_GRAM));
    fprintf(out, "  %-54s %14s %14s\n", "state: 8 p (p + 2 m); 4 q^2 (q + 1), q = d (d+1) / 2",
            bytes_text(rls.state_bytes, of_rls), bytes_text(gram.state_bytes, of_gram));
    fprintf(out, "  %-54s %14.3g %14.3g\n", "flops per pair: 2 p^2 + 4 p m; q^2 (q + 3) + 4 p m",
            rls.update_flops, gram.update_flops);
    fprintf(out, "  %-54s %14.3g %14.3g\n", "flops per evaluation, gram: p^3 / 3 + p^2 q more",
            rls.settled_flops, gram.settled_flops);
    if (d >= GRAM_DIM)
        fprintf(
            out,
            "  gram learns with 1/%.2g of the work, and is the faster one where more than %.0f\n"
            "  pairs come between two evaluations\n",
            rls.update_flops / gram.update_flops, (gram.settled_flops - rls.settled_flops) / gain);
    else
        fprintf(out, "  below d = %d most of the time goes into features: both are as fast\n",
                GRAM_DIM);
}

static void disk_print(const struct config *config, int32_t m, FILE *out)
{
    size_t image =
        footprint_image(config->learner.dim + config->learner.bias, m, config->learner.engine);
    size_t journal = 2 * image > JOURNAL_BYTES_ENOUGH ? 2 * image : JOURNAL_BYTES_ENOUGH;

    fprintf(out, "\non disk%s\n", config->state_dir == NULL ? ", were --state given" : "");
    bytes_print(out, "a checkpoint, about; so much is an image", image);
    bytes_print(out, "two of them, a third and journals of each, about", 3 * image + 3 * journal);
}

static void work_print(const struct config *config, const struct cost *cost, FILE *out)
{
    int is_gram = config->learner.engine == LATTN_ENGINE_GRAM;
    char fast[TEXT_BYTES_MAX];
    char slow[TEXT_BYTES_MAX];

    fprintf(out, "\nwork per pair\n  %-48s %16.0f\n  %-48s %16.0f\n",
            "features, per token: d (d+1) flops", cost->token_flops,
            is_gram ? "learning: q^2 (q + 3) + 4 p m flops" : "learning: 2 p^2 + 4 p m flops",
            cost->update_flops);
    fprintf(out, "  about %s to %s on one core, at 20 to 1 Gflop/s\n",
            seconds_text(cost->update_flops / FLOPS_FAST, fast),
            seconds_text(cost->update_flops / FLOPS_SLOW, slow));
    if (is_gram)
        fputs("  labels at every position without a mask are one row, unless it forgets\n", out);
    fprintf(out, "  %-48s %16d\n", "threads that share it (threads)",
            threads_wanted(config->threads));
    fprintf(out, "\nwork per evaluation\n  %-48s %16.0f\n  %-48s %16.0f\n",
            is_gram ? "identifying: p^3 / 3 + p^2 (q + 80 + 2 m) flops"
                    : "identifying, about: p^2 (80 + 2 m) flops",
            cost->settled_flops, "while not identifying: 4/3 p^3 flops", cost->judging_flops);
    fprintf(out, "  at most %s to %s; status, predict and model need one if pairs were\n",
            seconds_text(cost->judging_flops / FLOPS_FAST, fast),
            seconds_text(cost->judging_flops / FLOPS_SLOW, slow));
    fputs("  learned since the last, and pairs wait for it; emissions hold up nobody\n", out);
}

/* As much as it can take, while the section above says what it takes as a rule. */
static void footprint_print(const struct config *config, int32_t m, FILE *out)
{
    struct footprint footprint = footprint_of(config, m);

    fputs("\nmemory at most, whatever clients send                        bytes\n", out);
    bytes_print(out, "program and libraries", footprint.process);
    bytes_print(out, "3 states: learner, emission, checkpoint", footprint.state);
    bytes_print(out, "2 evaluations", footprint.judging);
    bytes_print(out, "an image of the state", footprint.image);
    bytes_print(out, "a batch of the smallest pairs", footprint.block);
    bytes_print(out, "messages waiting, and one in hand", footprint.queue);
    bytes_print(out, "answers on their way", footprint.answers);
    bytes_print(out, "a request while it is read and answered", footprint.request);
    bytes_print(out, "pieces of long messages (max-input)", footprint.input);
    bytes_print(out, "answers not taken (max-output), and one more", footprint.output);
    bytes_print(out, "clients' own (max-clients)", footprint.clients);
    bytes_print(out, "batches on their way (source), publishers' numbers", footprint.sources);
    bytes_print(out, "connections, events and models of http", footprint.web);
    bytes_print(out, "together, and an eighth for the heap", footprint.total);
    fprintf(out, "  MemoryMax= of the service should be at least this: %zuM\n",
            footprint.total / MIB + 1);
}

static void bounds_print(const struct config *config, FILE *out)
{
    fputs("\nbounds\n", out);
    bytes_print(out, "a line or message (max-frame)", config->frame_bytes_max);
    bytes_print(out, "waiting to be learned; then nobody is read from", QUEUE_BYTES_HIGH);
    bytes_print(out, "answers a client leaves unread; then it waits", OUTPUT_BYTES_ENOUGH);
    fprintf(out, "  %-48s %16d\n", "requests of one client under way", REQUESTS_AWAY_MAX);
    fprintf(out, "  %-48s %16d\n", "producers whose last number is remembered",
            LATTN_PRODUCERS_MAX);
}

void explain_print(const struct config *config, FILE *out)
{
    int32_t m = config->learner.outputs == 0 ? 1 : config->learner.outputs;
    struct cost cost =
        cost_of(config->learner.dim + config->learner.bias, m, config->learner.engine);

    sizes_print(config, &cost, m, out);
    engines_print(config, m, out);
    memory_print(config, &cost, out);
    footprint_print(config, m, out);
    disk_print(config, m, out);
    work_print(config, &cost, out);
    bounds_print(config, out);
}
