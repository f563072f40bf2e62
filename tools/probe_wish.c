#include "probe_wish.h"

#include "talk.h"

#include <lattn/limits.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRIES_MAX = 1000,
    /* A double near 1 has no more. */
    DECIMALS_MAX = 15,
    TIMEOUT_MS = 60000,
    TIMEOUT_MS_MAX = 24 * 60 * 60 * 1000
};

/* Options as they are written, before they are settings. */
struct words {
    const char *model;
    const char *rank;
    const char *dtype;
    uint64_t dim;
    uint64_t outputs;
    uint64_t heads;
    uint64_t decimals;
    uint64_t length_max;
    int in_batch;
};

#define DECIMALS_UNKNOWN UINT64_MAX

static enum options_outcome model_read(const char *verb, const char *text,
                                       enum lattn_architecture *ret_architecture)
{
    static const enum lattn_architecture all[] = {
        LATTN_ARCHITECTURE_AUTO, LATTN_ARCHITECTURE_SOFTMAX, LATTN_ARCHITECTURE_LINEAR,
        LATTN_ARCHITECTURE_TRANSFORMER, LATTN_ARCHITECTURE_LABEL};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(text, lattn_architecture_text(all[i])) == 0) {
            *ret_architecture = all[i];
            return OPTIONS_READ;
        }
    }
    talk(verb, "--model", "\"%s\" is none of auto, softmax, linear, transformer and label", text);
    return OPTIONS_MISUSED;
}

static enum options_outcome rank_read(const char *verb, const char *text, int32_t *ret_rank)
{
    char *end;
    long rank;

    *ret_rank = strcmp(text, "find") == 0 ? LATTN_RANK_FIND : LATTN_RANK_FULL;
    if (*ret_rank == LATTN_RANK_FIND || strcmp(text, "full") == 0)
        return OPTIONS_READ;
    errno = 0;
    rank = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || rank < 1 || rank > LATTN_DIM_MAX) {
        talk(verb, "--rank", "\"%s\" is neither full, find nor a number from 1 to %d", text,
             LATTN_DIM_MAX);
        return OPTIONS_MISUSED;
    }
    *ret_rank = (int32_t)rank;
    return OPTIONS_READ;
}

static enum options_outcome dtype_read(const char *verb, const char *text,
                                       enum lattn_arithmetic *ret_arithmetic)
{
    if (text == NULL)
        return OPTIONS_READ;
    *ret_arithmetic = strcmp(text, "f32") == 0 ? LATTN_ARITHMETIC_F32 : LATTN_ARITHMETIC_F64;
    if (*ret_arithmetic == LATTN_ARITHMETIC_F32 || strcmp(text, "f64") == 0)
        return OPTIONS_READ;
    talk(verb, "--dtype", "\"%s\" is neither f32 nor f64", text);
    return OPTIONS_MISUSED;
}

static int text_ends(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length > strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* Found out before anything is asked: answers may be dear. */
static enum options_outcome path_read(const char *verb, struct probe_wish *wish)
{
    if (wish->path == NULL)
        return OPTIONS_READ;
    wish->format = text_ends(wish->path, ".safetensors") ? PROBE_SAFETENSORS : PROBE_JSON;
    if (wish->format == PROBE_SAFETENSORS || text_ends(wish->path, ".json"))
        return OPTIONS_READ;
    talk(verb, wish->path, "ends neither in .json nor in .safetensors");
    return OPTIONS_MISUSED;
}

/* A number that was told, or that nobody knows yet. */
static void number_write(double number, int is_told, char ret_text[32])
{
    if (is_told)
        snprintf(ret_text, 32, "%.17g", number);
    else
        snprintf(ret_text, 32, "measured");
}

static void rank_write(int32_t rank, char ret_text[32])
{
    if (rank == LATTN_RANK_FULL || rank == LATTN_RANK_FIND)
        snprintf(ret_text, 32, "%s", rank == LATTN_RANK_FULL ? "full" : "find");
    else
        snprintf(ret_text, 32, "%d", rank);
}

/* All that decides the questions, so that kept answers are not taken for those to others. */
static void decided_write(const struct lattn_probe_settings *settings,
                          char ret_decided[PROBE_DECIDED_MAX])
{
    static const char *const dtypes[] = {"measured", "f64", "f32"};
    char rank[32];
    char scale[32];
    char noise[32];
    char decimals[32];

    rank_write(settings->rank, rank);
    number_write(settings->scale, settings->scale > 0, scale);
    number_write(settings->noise, settings->noise >= 0, noise);
    number_write(settings->decimals, settings->decimals >= 0, decimals);
    snprintf(ret_decided, PROBE_DECIDED_MAX,
             "model %s, heads %d, rank %s, batch %d, scale %s, noise %s, decimals %s, dtype %s, "
             "norm-max %.17g, length-max %d, seed %" PRIu64,
             lattn_architecture_text(settings->architecture), settings->heads, rank,
             settings->in_batch, scale, noise, decimals, dtypes[settings->arithmetic],
             settings->norm_max, settings->length_max, settings->seed);
}

static enum options_outcome words_take(const char *verb, const struct words *words,
                                       struct probe_wish *wish)
{
    struct lattn_probe_settings *probe = &wish->probe;
    enum options_outcome outcome = model_read(verb, words->model, &probe->architecture);

    if (outcome == OPTIONS_READ)
        outcome = rank_read(verb, words->rank, &probe->rank);
    if (outcome == OPTIONS_READ)
        outcome = dtype_read(verb, words->dtype, &probe->arithmetic);
    if (outcome == OPTIONS_READ)
        outcome = path_read(verb, wish);
    probe->heads = (int32_t)words->heads;
    probe->decimals = words->decimals == DECIMALS_UNKNOWN ? -1 : (int32_t)words->decimals;
    probe->length_max = (int32_t)words->length_max;
    probe->in_batch = words->in_batch;
    wish->respondent.d = (int32_t)words->dim;
    wish->respondent.norm_max = probe->norm_max;
    wish->respondent.length_max = probe->length_max;
    wish->outputs = (int32_t)words->outputs;
    if (outcome == OPTIONS_READ)
        decided_write(probe, wish->decided);
    wish->respondent.decided = wish->decided;
    return outcome;
}

static struct probe_wish wish_default(void)
{
    return (struct probe_wish){
        .respondent = {.timeout_ms = TIMEOUT_MS, .retries = 3},
        .probe = lattn_probe_settings_default(),
    };
}

enum options_outcome probe_wish_read(int argc, char **argv, struct probe_wish *ret_wish)
{
    struct words words = {
        .model = "auto", .rank = "full", .heads = 1, .decimals = DECIMALS_UNKNOWN};
    struct respondent_settings *respondent = &ret_wish->respondent;
    struct lattn_probe_settings *probe = &ret_wish->probe;
    const struct option_row rows[] = {
        {"--model", "MODEL", OPTION_TEXT, &words.model, 0, 0,
         "auto (default), softmax, linear, transformer or label"},
        {"--dim", "D", OPTION_WHOLE, &words.dim, 1, LATTN_DIM_MAX,
         "coordinates of a token; a daemon and a log tell"},
        {"--outputs", "M", OPTION_WHOLE, &words.outputs, 1, LATTN_OUTPUTS_MAX,
         "numbers of an answer; a dry run takes 1, otherwise it is found out"},
        {"--positions", NULL, OPTION_FLAG, &ret_wish->positions, 0, 0,
         "an answer has a row for each token; likewise"},
        {"--heads", "H", OPTION_WHOLE, &words.heads, 1, LATTN_PROBE_HEADS_MAX,
         "heads of a softmax layer, default 1"},
        {"--rank", "full|find|R", OPTION_TEXT, &words.rank, 0, 0,
         "of W: full (default), to be found, or at most R; less takes fewer questions"},
        {"--batch", NULL, OPTION_FLAG, &words.in_batch, 0, 0,
         "with --rank R: the questions for W do not depend on answers"},
        {"--scale", "S", OPTION_POSITIVE, &probe->scale, 0, 0,
         "norm of the largest column of W, within a factor of 4; saves trials"},
        {"--noise", "S", OPTION_REAL, &probe->noise, 0, 0,
         "standard deviation of an answer; default: measured"},
        {"--decimals", "N", OPTION_WHOLE, &words.decimals, 0, DECIMALS_MAX,
         "answers are rounded to N; default: found out"},
        {"--dtype", "f32|f64", OPTION_TEXT, &words.dtype, 0, 0,
         "arithmetic of the oracle; default: found out"},
        {"--norm-max", "B", OPTION_POSITIVE, &probe->norm_max, 0, 0,
         "no token is longer; default: the oracle may refuse"},
        {"--length-max", "N", OPTION_WHOLE, &words.length_max, 1, LATTN_QUESTION_TOKENS_MAX,
         "no question has more tokens; likewise"},
        {"--budget", "N", OPTION_WHOLE, &probe->budget, 1, UINT64_MAX,
         "ask at most N questions; default: as many as it takes"},
        {"--rate", "N", OPTION_POSITIVE, &respondent->rate, 0, 0,
         "ask at most N questions per second"},
        {"--timeout", "TIME", OPTION_TIME, &respondent->timeout_ms, 1, TIMEOUT_MS_MAX,
         "how long to wait for an answer, default 60s"},
        {"--retries", "N", OPTION_WHOLE, &respondent->retries, 0, RETRIES_MAX,
         "start an oracle again that ended, so often in a row, default 3"},
        {"--seed", "N", OPTION_WHOLE, &probe->seed, 0, UINT64_MAX,
         "of what is drawn at random, default 1"},
        {"--log", "FILE", OPTION_TEXT, &respondent->log, 0, 0,
         "keep the answers, and ask nothing again that it has"},
        {"--dry-run", NULL, OPTION_FLAG, &ret_wish->is_dry, 0, 0,
         "print how many questions it would take, and ask none"},
        {"--json", NULL, OPTION_FLAG, &ret_wish->is_json, 0, 0, "print the finding as JSON"},
        {"-o", "FILE", OPTION_TEXT, &ret_wish->path, 0, 0,
         "replace FILE, .json or .safetensors, by the finding, whole or not at all"},
    };
    const struct options options = {
        .usage = "probe ORACLE [options]",
        .about = "Learn by questions what ORACLE computes, or why it cannot be known. ORACLE is\n"
                 "exec:COMMAND, unix:PATH, tcp:HOST:PORT, tls:HOST:PORT, lattnd:ADDR or log:FILE.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .link = &respondent->link,
        .operands_count = 1,
    };
    enum options_outcome outcome;

    *ret_wish = wish_default();
    outcome = options_read(&options, argc, argv, &respondent->place);
    return outcome == OPTIONS_READ ? words_take(argv[0], &words, ret_wish) : outcome;
}
