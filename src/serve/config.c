/*
 * The options of lattnd: one row of a table each, with the function that takes its value. What the
 * table does not list does not exist, so nothing is ever read and then ignored.
 */
#include "serve/config.h"

#include "base/complaint.h"
#include "serve/quantity.h"

#include <math.h>
#include <string.h>

/* Relative precision of a float32: half a unit in the last place of 24 bits. */
#define PRECISION_F32 0x1p-24

enum { DECIMALS_MAX = 17 };

/* Takes an option's value; NULL for an option that has none. */
typedef enum lattn_status (*option_take_fn)(struct config *config, const char *value,
                                            struct lattn_complaint *complaint);

struct option {
    const char *name;
    const char *value; /* the word for it in --help; NULL: it takes none */
    const char *help;
    option_take_fn take;
};

static enum lattn_status take_listen(struct config *config, const char *value,
                                     struct lattn_complaint *complaint)
{
    struct config_address address = {.text = value};

    if (config->addresses_count == CONFIG_LISTEN_MAX)
        return complain(complaint, LATTN_RANGE, "at most %d addresses", CONFIG_LISTEN_MAX);
    if (strcmp(value, "stdin") == 0) {
        address.kind = CONFIG_ADDRESS_STDIN;
    } else if (strncmp(value, "unix:", 5) == 0 && value[5] != '\0') {
        address.kind = CONFIG_ADDRESS_UNIX;
        address.path = value + 5;
    } else {
        return complain(complaint, LATTN_ADDRESS, "not an address: unix:PATH or stdin");
    }
    for (size_t i = 0; i < config->addresses_count; i++) {
        if (strcmp(config->addresses[i].text, value) == 0)
            return complain(complaint, LATTN_ADDRESS, "given twice");
    }
    config->addresses[config->addresses_count++] = address;
    return LATTN_OK;
}

static enum lattn_status take_size(const char *value, int32_t size_max, int32_t *ret_size,
                                   struct lattn_complaint *complaint)
{
    uint64_t size;
    enum lattn_status status = quantity_count(value, &size);

    if (status == LATTN_SYNTAX)
        return complain(complaint, status, "not a whole number");
    if (status != LATTN_OK || size < 1 || size > (uint64_t)size_max)
        return complain(complaint, LATTN_RANGE, "outside 1..%d", size_max);
    *ret_size = (int32_t)size;
    return LATTN_OK;
}

static enum lattn_status take_dim(struct config *config, const char *value,
                                  struct lattn_complaint *complaint)
{
    return take_size(value, LATTN_DIM_MAX, &config->learner.dim, complaint);
}

static enum lattn_status take_outputs(struct config *config, const char *value,
                                      struct lattn_complaint *complaint)
{
    return take_size(value, LATTN_OUTPUTS_MAX, &config->learner.outputs, complaint);
}

static enum lattn_status take_bias(struct config *config, const char *value,
                                   struct lattn_complaint *complaint)
{
    (void)value;
    (void)complaint;
    config->learner.bias = 1;
    return LATTN_OK;
}

static enum lattn_status take_forget(struct config *config, const char *value,
                                     struct lattn_complaint *complaint)
{
    double forget;
    enum lattn_status status = quantity_real(value, &forget);

    if (status != LATTN_OK)
        return complain(complaint, status, "not a number");
    if (!(forget > 0 && forget <= 1))
        return complain(complaint, LATTN_RANGE, "must be above 0 and at most 1");
    config->learner.forget = forget;
    return LATTN_OK;
}

static enum lattn_status take_precision(struct config *config, const char *value,
                                        struct lattn_complaint *complaint)
{
    uint64_t decimals;

    if (strcmp(value, "f32") == 0) {
        config->learner.precision = PRECISION_F32;
        return LATTN_OK;
    }
    if (quantity_count(value, &decimals) != LATTN_OK || decimals > DECIMALS_MAX)
        return complain(complaint, LATTN_RANGE, "neither f32 nor a number of decimals, 0..%d",
                        DECIMALS_MAX);
    config->learner.precision = pow(10, -(double)decimals);
    return LATTN_OK;
}

static enum lattn_status take_ridge(struct config *config, const char *value,
                                    struct lattn_complaint *complaint)
{
    double ridge;
    enum lattn_status status = quantity_real(value, &ridge);

    if (status != LATTN_OK)
        return complain(complaint, status, "not a number");
    if (ridge < 0)
        return complain(complaint, LATTN_RANGE, "must not be negative");
    config->learner.ridge = ridge;
    return LATTN_OK;
}

static enum lattn_status take_engine(struct config *config, const char *value,
                                     struct lattn_complaint *complaint)
{
    if (strcmp(value, "rls") != 0)
        return complain(complaint, LATTN_FIELD, "not one of: rls");
    config->learner.engine = LATTN_ENGINE_RLS;
    return LATTN_OK;
}

/* "100pairs": is it that form, and how many? */
static int is_pairs(const char *value, uint64_t *ret_pairs)
{
    static const char unit[] = "pairs";
    size_t length = strlen(value);
    char digits[24];

    if (length < sizeof unit || length - (sizeof unit - 1) >= sizeof digits)
        return 0;
    length -= sizeof unit - 1;
    if (strcmp(value + length, unit) != 0)
        return 0;
    memcpy(digits, value, length);
    digits[length] = '\0';
    return quantity_count(digits, ret_pairs) == LATTN_OK;
}

static enum lattn_status take_emit_every(struct config *config, const char *value,
                                         struct lattn_complaint *complaint)
{
    uint64_t pairs = 0;
    uint64_t ns = 0;

    if (!is_pairs(value, &pairs) && quantity_time(value, &ns) != LATTN_OK)
        return complain(complaint, LATTN_SYNTAX, "neither a time (250ms, 5s, 2m) nor 100pairs");
    if (pairs == 0 && ns == 0)
        return complain(complaint, LATTN_RANGE, "must be above 0");
    config->emit_every_pairs = pairs;
    config->emit_every_ns = ns;
    return LATTN_OK;
}

static enum lattn_status take_emit_dir(struct config *config, const char *value,
                                       struct lattn_complaint *complaint)
{
    if (value[0] == '\0')
        return complain(complaint, LATTN_FIELD, "names no directory");
    config->emit_dir = value;
    return LATTN_OK;
}

static enum lattn_status take_heads(struct config *config, const char *value,
                                    struct lattn_complaint *complaint)
{
    uint64_t count;

    if (strcmp(value, "svd") == 0) {
        config->heads = LATTN_HEADS_SVD;
        return LATTN_OK;
    }
    if (quantity_count(value, &count) != LATTN_OK || count < 1 || count > INT32_MAX)
        return complain(complaint, LATTN_RANGE, "neither svd nor a number of heads");
    config->heads = LATTN_HEADS_COUNT;
    config->heads_count = (int32_t)count;
    return LATTN_OK;
}

static enum lattn_status take_exit_when(struct config *config, const char *value,
                                        struct lattn_complaint *complaint)
{
    if (strcmp(value, "identifying") != 0)
        return complain(complaint, LATTN_FIELD, "not one of: identifying");
    config->exit_when_identifying = 1;
    return LATTN_OK;
}

static enum lattn_status take_bytes(const char *value, size_t *ret_bytes,
                                    struct lattn_complaint *complaint)
{
    enum lattn_status status = quantity_size(value, ret_bytes);

    if (status != LATTN_OK)
        return complain(complaint, status, "not a size (4096, 64K, 16M, 2G)");
    return LATTN_OK;
}

static enum lattn_status take_max_memory(struct config *config, const char *value,
                                         struct lattn_complaint *complaint)
{
    enum lattn_status status = take_bytes(value, &config->learner.memory_max, complaint);

    if (status == LATTN_OK && config->learner.memory_max == 0)
        return complain(complaint, LATTN_RANGE, "must be above 0");
    return status;
}

static enum lattn_status take_max_frame(struct config *config, const char *value,
                                        struct lattn_complaint *complaint)
{
    size_t bytes = 0;
    enum lattn_status status = take_bytes(value, &bytes, complaint);

    if (status != LATTN_OK)
        return status;
    if (bytes < 1 || bytes > CONFIG_FRAME_MAX)
        return complain(complaint, LATTN_RANGE, "outside 1..1G");
    config->frame_bytes_max = bytes;
    return LATTN_OK;
}

static enum lattn_status take_log_level(struct config *config, const char *value,
                                        struct lattn_complaint *complaint)
{
    static const char *const words[] = {"debug", "info", "warn", "error"};

    for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
        if (strcmp(value, words[level]) == 0) {
            config->log_level = (enum log_level)level;
            return LATTN_OK;
        }
    }
    return complain(complaint, LATTN_FIELD, "not one of: debug, info, warn, error");
}

static enum lattn_status take_log_format(struct config *config, const char *value,
                                         struct lattn_complaint *complaint)
{
    if (strcmp(value, "logfmt") == 0)
        config->log_format = LOG_FORMAT_LOGFMT;
    else if (strcmp(value, "json") == 0)
        config->log_format = LOG_FORMAT_JSON;
    else
        return complain(complaint, LATTN_FIELD, "not one of: logfmt, json");
    return LATTN_OK;
}

static const struct option options[] = {
    {"--listen", "ADDR", "unix:PATH or stdin; may be given several times", take_listen},
    {"--dim", "D", "coordinates of a token; default: from the first pair", take_dim},
    {"--outputs", "M", "numbers of a label; default: from the first pair", take_outputs},
    {"--bias", NULL, "add a constant 1 as coordinate 0 of every token", take_bias},
    {"--forget", "L", "weight of the past after each pair, 0 < L <= 1; default 1", take_forget},
    {"--precision", "f32|N", "tokens are exact to float32 or to N decimals only", take_precision},
    {"--ridge", "R", "ridge at solve time; never enters the state or the verdict", take_ridge},
    {"--engine", "rls", "how pairs are folded in", take_engine},
    {"--emit-every", "TIME|Npairs", "how often to emit: 250ms, 5s, 2m, 1000pairs; default 1s",
     take_emit_every},
    {"--emit-dir", "DIR", "keep status.json and model.json there", take_emit_dir},
    {"--heads", "svd|N", "heads of the model: all of the SVD, or the N largest; default svd",
     take_heads},
    {"--exit-when", "identifying", "exit 0 then; 1 if stdin, the only input, ended before",
     take_exit_when},
    {"--max-memory", "SIZE", "what the learner may hold; default: no limit", take_max_memory},
    {"--max-frame", "SIZE", "longest line accepted; default 16M", take_max_frame},
    {"--log-level", "LEVEL", "debug, info, warn or error; default info", take_log_level},
    {"--log-format", "FORMAT", "logfmt or json; default logfmt", take_log_format},
    {"--help", NULL, "show this", NULL},
    {"--version", NULL, "show the version", NULL},
};

enum { OPTIONS_COUNT = sizeof options / sizeof *options };

void config_help(FILE *out)
{
    fputs("usage: lattnd --listen ADDR [option ...]\n\n"
          "Learns linear attention from pairs of sequence and label, one JSON object per line.\n\n",
          out);
    for (int i = 0; i < OPTIONS_COUNT; i++) {
        const char *value = options[i].value;
        char left[40];

        snprintf(left, sizeof left, "%s%s%s", options[i].name, value == NULL ? "" : " ",
                 value == NULL ? "" : value);
        fprintf(out, "  %-26s %s\n", left, options[i].help);
    }
}

static const struct option *option_find(const char *argument, size_t length)
{
    for (int i = 0; i < OPTIONS_COUNT; i++) {
        if (strlen(options[i].name) == length && memcmp(options[i].name, argument, length) == 0)
            return &options[i];
    }
    return NULL;
}

static struct config config_default(void)
{
    return (struct config){
        .learner = lattn_learner_settings_default(),
        .emit_every_ns = UINT64_C(1000000000),
        .heads = LATTN_HEADS_SVD,
        .frame_bytes_max = LATTN_FRAME_BYTES_DEFAULT,
        .log_level = LOG_LEVEL_INFO,
        .log_format = LOG_FORMAT_LOGFMT,
    };
}

/* Take the option at *at and its value; *at moves to the last argument used. */
static enum lattn_status option_read(int argc, char **argv, int *at, struct config *config,
                                     enum config_action *action, struct lattn_complaint *complaint)
{
    const char *argument = argv[*at];
    size_t length = strcspn(argument, "=");
    const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
    const struct option *option = option_find(argument, length);
    struct lattn_complaint why = {""};
    enum lattn_status status;

    if (option == NULL)
        return complain(complaint, LATTN_FIELD, "%.100s: not an option (see lattnd --help)",
                        argument);
    if (option->value == NULL && value != NULL)
        return complain(complaint, LATTN_FIELD, "%s: takes no value", option->name);
    if (option->take == NULL) {
        *action = strcmp(option->name, "--help") == 0 ? CONFIG_HELP : CONFIG_VERSION;
        return LATTN_OK;
    }
    if (option->value != NULL && value == NULL) {
        if (*at + 1 == argc)
            return complain(complaint, LATTN_FIELD, "%s: needs a value, %s", option->name,
                            option->value);
        value = argv[++*at];
    }
    status = option->take(config, value, &why);
    if (status == LATTN_OK)
        return LATTN_OK;
    return complain(complaint, status, "%s %.80s: %.100s", option->name, value, why.text);
}

/* What no option can see alone. */
static enum lattn_status config_agree(const struct config *config,
                                      struct lattn_complaint *complaint)
{
    if (config->addresses_count == 0)
        return complain(complaint, LATTN_FIELD,
                        "nothing to listen on: give --listen unix:PATH or --listen stdin");
    if (config->learner.dim + config->learner.bias > LATTN_DIM_MAX)
        return complain(complaint, LATTN_RANGE,
                        "--dim %d with --bias: the constant is one more, at most %d in all",
                        config->learner.dim, LATTN_DIM_MAX);
    return LATTN_OK;
}

enum lattn_status config_read(int argc, char **argv, struct config *ret_config,
                              enum config_action *ret_action, struct lattn_complaint *complaint)
{
    struct config config = config_default();
    enum config_action action = CONFIG_RUN;
    enum lattn_status status = LATTN_OK;

    for (int at = 1; at < argc && action == CONFIG_RUN; at++) {
        status = option_read(argc, argv, &at, &config, &action, complaint);
        if (status != LATTN_OK)
            return status;
    }
    if (action == CONFIG_RUN)
        status = config_agree(&config, complaint);
    if (status != LATTN_OK)
        return status;
    *ret_config = config;
    *ret_action = action;
    return LATTN_OK;
}
