/*
 * The sources are read from weak to strong, and each value is taken over the one before: what is
 * left is the strongest, and a mistake in any source is found.
 */
#include "serve/config.h"

#include "base/complaint.h"
#include "serve/bounds.h"
#include "serve/option.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char environment_prefix[] = "LATTND_";

/* Characters in which the environment separates several values of one option. */
static const char environment_blanks[] = " \t\n";

/* A complaint has 256 bytes: this much of it says where, the rest which value, and why not. */
enum { NAME_BYTES_MAX = 32, PATH_BYTES_MAX = 66, WHERE_BYTES_MAX = 112 };

/* One option as a source gives it; where: "--forget", "LATTND_FORGET", "lattnd.conf:7: forget". */
struct given {
    const struct option *option;
    const char *text;
    struct config_origin origin;
    char where[WHERE_BYTES_MAX];
};

static int has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if (iscntrl((unsigned char)*text))
            return 1;
    }
    return 0;
}

/* A value in the words of a refusal; a URL with what might be a secret is not said again. */
static const char *value_shown(const char *text)
{
    if (strstr(text, "://") != NULL && strchr(text, '@') != NULL)
        return "the URL";
    return text[0] == '\0' ? "\"\"" : text;
}

/* Take a value over what weaker sources said. */
static enum lattn_status given_take(struct config *config, const struct given *given,
                                    struct lattn_complaint *complaint)
{
    struct config_value *value = &config->values[option_index(given->option)];
    struct lattn_complaint why = {""};
    enum lattn_status status;

    if (given->option->kind == OPTION_LIST && value->origin.source != given->origin.source)
        given->option->list->clear(config);
    /* Every value is one line: of the file, of the log, of --check-config. */
    if (has_control(given->text))
        status = complain(&why, LATTN_SYNTAX, "has a control character");
    else
        status = given->option->take(config, given->text, &why);
    if (status != LATTN_OK)
        return complain(complaint, status, "%s %.50s: %.90s", given->where,
                        value_shown(given->text), why.text);
    if (given->option->kind == OPTION_LIST)
        given->option->list->note(config, given->origin);
    *value = (struct config_value){given->text, given->origin};
    return LATTN_OK;
}

static void defaults_take(struct config *config)
{
    const struct option *option;

    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        struct given given = {.option = option, .text = option->initial};
        enum lattn_status status = LATTN_OK;

        if (option->initial != NULL)
            status = given_take(config, &given, NULL);
        assert(status == LATTN_OK);
    }
}

/* ---- the file ---- */

/* Of a long path the end tells more. */
static const char *path_tail(const char *path)
{
    size_t length = strlen(path);

    return length > PATH_BYTES_MAX ? path + length - PATH_BYTES_MAX : path;
}

static enum lattn_status entry_take(struct config *config, const struct config_file_entry *entry,
                                    struct lattn_complaint *complaint)
{
    const struct option *option = option_find(entry->name, strlen(entry->name));
    const struct config_value *value;
    struct given given = {
        .option = option,
        .text = entry->value,
        .origin = {CONFIG_SOURCE_FILE, entry->line},
    };

    snprintf(given.where, sizeof given.where, "%s:%d: %.*s", path_tail(config->file_path),
             entry->line, NAME_BYTES_MAX, entry->name);
    if (option == NULL)
        return complain(complaint, LATTN_FIELD, "%s: not an option (see lattnd --help)",
                        given.where);
    if (option->take == NULL || option->kind == OPTION_ACTION)
        return complain(complaint, LATTN_FIELD, "%s: not in a file", given.where);
    value = &config->values[option_index(option)];
    if (option->kind != OPTION_LIST && value->origin.source == CONFIG_SOURCE_FILE)
        return complain(complaint, LATTN_FIELD, "%s: given before, on line %d", given.where,
                        value->origin.line);
    return given_take(config, &given, complaint);
}

static enum lattn_status file_take(struct config *config, const struct given *given,
                                   struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    struct config_file_entry entry;
    enum lattn_status status;

    if (given->option == NULL)
        return LATTN_OK;
    if (has_control(given->text))
        return complain(complaint, LATTN_SYNTAX, "%s: has a control character", given->where);
    config->file_path = given->text;
    status = config_file_open(&config->file, given->text, &why);
    if (status != LATTN_OK)
        return complain(complaint, status, "%s %.66s: %.70s", given->where, path_tail(given->text),
                        why.text);
    do {
        status = config_file_next(&config->file, &entry, &why);
        if (status != LATTN_OK)
            return complain(complaint, status, "%.66s:%d: %.100s", path_tail(given->text),
                            entry.line, why.text);
        if (entry.name != NULL)
            status = entry_take(config, &entry, complaint);
    } while (status == LATTN_OK && entry.name != NULL);
    return status;
}

/* ---- the environment ---- */

/* Of "LATTND_EMIT_EVERY=5s" the option emit-every; NULL if there is none. */
static const struct option *variable_option(const char *variable, size_t length)
{
    char name[NAME_BYTES_MAX];
    const struct option *option;

    if (length > sizeof name)
        return NULL;
    for (size_t i = 0; i < length; i++) {
        if (islower((unsigned char)variable[i]) || variable[i] == '-')
            return NULL;
        name[i] = variable[i] == '_' ? '-' : (char)tolower((unsigned char)variable[i]);
    }
    option = option_find(name, length);
    return option == NULL || option->kind == OPTION_ACTION ? NULL : option;
}

/* Is this one of our variables? Then ret_given is what it says; of no option if there is none. */
static int variable_read(const char *variable, struct given *ret_given)
{
    size_t prefix = sizeof environment_prefix - 1;
    size_t length = strcspn(variable, "=");

    if (strncmp(variable, environment_prefix, prefix) != 0 || variable[length] != '=')
        return 0;
    *ret_given = (struct given){
        .option = variable_option(variable + prefix, length - prefix),
        .text = variable + length + 1,
        .origin = {.source = CONFIG_SOURCE_ENVIRONMENT},
    };
    snprintf(ret_given->where, sizeof ret_given->where, "%.*s", (int)length, variable);
    return 1;
}

/* Several values in one variable. */
static enum lattn_status words_take(struct config *config, const struct given *given,
                                    struct lattn_complaint *complaint)
{
    const char *at = given->text;
    char word[CONFIG_ADDRESS_MAX];
    struct given one = *given;
    enum lattn_status status = LATTN_OK;

    one.text = word;
    do {
        size_t length;

        at += strspn(at, environment_blanks);
        length = strcspn(at, environment_blanks);
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        if (length >= sizeof word)
            return complain(complaint, LATTN_ADDRESS, "%s %.60s: longer than %d bytes",
                            given->where, word, CONFIG_ADDRESS_MAX - 1);
        status = given_take(config, &one, complaint);
        at += length + strspn(at + length, environment_blanks);
    } while (status == LATTN_OK && *at != '\0');
    config->values[option_index(given->option)].text = given->text;
    return status;
}

static enum lattn_status environment_take(struct config *config, char **environment,
                                          struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    for (; *environment != NULL && status == LATTN_OK; environment++) {
        struct given given;

        if (!variable_read(*environment, &given))
            continue;
        if (given.option == NULL)
            return complain(complaint, LATTN_FIELD, "%s: not an option (see lattnd --help)",
                            given.where);
        if (given.option->kind == OPTION_LIST)
            status = words_take(config, &given, complaint);
        else if (given.option->kind != OPTION_FILE)
            status = given_take(config, &given, complaint);
    }
    return status;
}

/* ---- the command line ---- */

/* The option at *at and its value; *at moves behind both. */
static enum lattn_status argument_read(int argc, char **argv, int *at, struct given *ret_given,
                                       struct lattn_complaint *complaint)
{
    const char *argument = argv[(*at)++];
    size_t length = strcspn(argument, "=");
    const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
    const struct option *option =
        strncmp(argument, "--", 2) == 0 ? option_find(argument + 2, length - 2) : NULL;

    if (option == NULL)
        return complain(complaint, LATTN_FIELD, "%.100s: not an option (see lattnd --help)",
                        argument);
    if (option->kind == OPTION_ACTION && option->value == NULL && value != NULL)
        return complain(complaint, LATTN_FIELD, "--%s: takes no value", option->name);
    if (option->kind == OPTION_FLAG && value == NULL)
        value = "true";
    if (option->value != NULL && value == NULL) {
        if (*at == argc)
            return complain(complaint, LATTN_FIELD, "--%s: needs a value, %s", option->name,
                            option->value);
        value = argv[(*at)++];
    }
    *ret_given = (struct given){
        .option = option,
        .text = value,
        .origin = {.source = CONFIG_SOURCE_COMMAND_LINE},
    };
    snprintf(ret_given->where, sizeof ret_given->where, "--%s", option->name);
    return LATTN_OK;
}

static enum lattn_status action_take(struct config *config, enum config_action action,
                                     struct lattn_complaint *complaint)
{
    if (config->action != CONFIG_RUN && config->action != action)
        return complain(complaint, LATTN_FIELD,
                        "--check-config, --explain and --check-state: one at a time");
    config->action = action;
    return LATTN_OK;
}

/* What has to be known before any value is taken: what to do, and which file to read. */
static enum lattn_status arguments_scan(int argc, char **argv, struct config *config,
                                        struct given *file, struct lattn_complaint *complaint)
{
    for (int at = 1; at < argc;) {
        struct given given;
        enum lattn_status status = argument_read(argc, argv, &at, &given, complaint);

        if (status != LATTN_OK)
            return status;
        if (given.option->kind == OPTION_FILE)
            *file = given;
        if (given.option->kind != OPTION_ACTION)
            continue;
        if (given.option->action == CONFIG_HELP || given.option->action == CONFIG_VERSION) {
            config->action = given.option->action;
            return LATTN_OK;
        }
        status = action_take(config, given.option->action, complaint);
        if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}

static enum lattn_status arguments_take(struct config *config, int argc, char **argv,
                                        struct lattn_complaint *complaint)
{
    for (int at = 1; at < argc;) {
        struct given given;
        enum lattn_status status = argument_read(argc, argv, &at, &given, complaint);

        if (status == LATTN_OK && given.option->take != NULL)
            status = given_take(config, &given, complaint);
        if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}

/* ---- all together ---- */

static void file_find(char **environment, struct given *file)
{
    struct given given;

    if (file->option != NULL)
        return;
    for (; *environment != NULL; environment++) {
        if (variable_read(*environment, &given) && given.option != NULL &&
            given.option->kind == OPTION_FILE)
            *file = given;
    }
}

/* Can a model of these sizes have so many heads? Sizes that are not told pass. */
static enum lattn_status heads_agree(const struct config *config, struct lattn_complaint *complaint)
{
    const struct lattn_learner_settings *learner = &config->learner;
    int32_t d = learner->dim + learner->bias;
    int32_t most = lattn_heads_max(d, learner->outputs);

    if (config->heads != LATTN_HEADS_COUNT || learner->dim == 0 || learner->outputs == 0 ||
        config->heads_count <= most)
        return LATTN_OK;
    return complain(complaint, LATTN_RANGE,
                    "--heads %d: a model of d = %d and m = %d has at most %d", config->heads_count,
                    d, learner->outputs, most);
}

/* Is there an address of this kind, or one that was passed on and may be of any? */
static int listens_at(const struct config *config, enum lattn_address_kind kind)
{
    if (kind == LATTN_ADDRESS_TCP && config_has_http(config))
        return 1;
    for (size_t i = 0; i < config->addresses_count; i++) {
        enum lattn_address_kind one = config->addresses[i].address.kind;

        if (one == kind || one == LATTN_ADDRESS_FD)
            return 1;
    }
    return 0;
}

/* Whoever believes that something is guarded shall be right. */
static enum lattn_status guards_agree(const struct config *config,
                                      struct lattn_complaint *complaint)
{
    const struct access_settings *access = &config->access;
    const char *guard = access->token_file != NULL ? "--token-file"
                        : access->tls_cert != NULL ? "--tls-cert"
                                                   : NULL;

    if (access->tls_cert != NULL && access->tls_key == NULL)
        return complain(complaint, LATTN_FIELD, "--tls-cert: needs --tls-key");
    if (access->tls_key != NULL && access->tls_cert == NULL)
        return complain(complaint, LATTN_FIELD, "--tls-key: needs --tls-cert");
    if (access->tls_ca != NULL && access->tls_cert == NULL)
        return complain(complaint, LATTN_FIELD, "--tls-ca: needs --tls-cert and --tls-key");
    if (config->addresses_count == 0 && !config_has_http(config))
        return LATTN_OK;
    if (guard != NULL && !listens_at(config, LATTN_ADDRESS_TCP))
        return complain(complaint, LATTN_FIELD,
                        "%s: guards TCP, and there is no such address; a Unix socket is guarded "
                        "by its mode",
                        guard);
    if (config->has_group && !listens_at(config, LATTN_ADDRESS_UNIX))
        return complain(complaint, LATTN_FIELD, "--group: there is no Unix socket to share");
    return LATTN_OK;
}

/* Whoever reaches a daemon may teach and reset it: strangers must be told from friends. */
static enum lattn_status reach_agrees(const struct config *config,
                                      struct lattn_complaint *complaint)
{
    const struct access_settings *access = &config->access;
    int knows_clients = access->token_file != NULL || access->tls_ca != NULL;

    if (config->reach == TCP_REACH_LOOPBACK || (access->tls_cert != NULL && knows_clients))
        return LATTN_OK;
    return complain(complaint, LATTN_FIELD, "--allow-remote: needs %s%s%s",
                    access->tls_cert != NULL ? "" : "--tls-cert and --tls-key",
                    access->tls_cert != NULL || knows_clients ? "" : ", and ",
                    knows_clients ? "" : "--token-file or --tls-ca");
}

static enum lattn_status input_agrees(const struct config *config,
                                      struct lattn_complaint *complaint)
{
    size_t need = config_input_need(config);

    if (config_input_max(config) >= need)
        return LATTN_OK;
    return complain(complaint, LATTN_RANGE,
                    "--max-input %zu: a message of max-frame may need %zu while it comes",
                    config->input_bytes_max, need);
}

/* What was learned must fit into one record. */
static enum lattn_status frame_agrees(const struct config *config,
                                      struct lattn_complaint *complaint)
{
    if (config->state_dir == NULL || config->frame_bytes_max <= CONFIG_FRAME_MAX_KEPT)
        return LATTN_OK;
    return complain(complaint, LATTN_RANGE, "--max-frame %zu with --state: at most %zu",
                    config->frame_bytes_max, CONFIG_FRAME_MAX_KEPT);
}

/* A stream is taken from by a worker that knows which it is. */
static enum lattn_status sources_agree(const struct config *config,
                                       struct lattn_complaint *complaint)
{
    const char *file = config->source_creds != NULL   ? "--source-creds"
                       : config->source_token != NULL ? "--source-token"
                       : config->source_ca != NULL    ? "--source-ca"
                                                      : NULL;

    if (config->sources_count > 0 && config->shard.shards == 0)
        return complain(complaint, LATTN_FIELD, "--source: needs --shard K/P");
    if (config->sources_count == 0 && file != NULL)
        return complain(complaint, LATTN_FIELD, "%s: needs --source", file);
    if (config->source_creds != NULL && config->source_token != NULL)
        return complain(complaint, LATTN_FIELD, "--source-creds and --source-token: one of them");
    return LATTN_OK;
}

/* What somebody chose of learning, but for what all that is printed as default says as well. */
static const char *learning_given(const struct config *config)
{
    static const char *const names[] = {"dim", "outputs", "state", "shard", "source", "push"};
    const struct lattn_learner_settings *learner = &config->learner;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (config_is_given(config, names[i]))
            return names[i];
    if (learner->bias)
        return "bias";
    if (learner->forget < 1)
        return "forget";
    return learner->engine != LATTN_ENGINE_RLS ? "engine" : NULL;
}

/* Of an aggregate the workers tell what is learned, and keep it. */
static enum lattn_status shards_agree(const struct config *config,
                                      struct lattn_complaint *complaint)
{
    const char *name = config->expect == 0 ? NULL : learning_given(config);

    if (name != NULL)
        return complain(complaint, LATTN_FIELD,
                        "--%s does not go with --expect: it is the workers that learn", name);
    if (config->expect == 0 && config->from != NULL)
        return complain(complaint, LATTN_FIELD, "--from goes with --expect only");
    if (config->push != NULL && config->shard.shards == 0)
        return complain(complaint, LATTN_FIELD, "--push needs --shard K/P");
    if (config->push == NULL && config->push_token_file != NULL)
        return complain(complaint, LATTN_FIELD, "--push-token goes with --push only");
    if (config->push_ca_file != NULL &&
        (config->push == NULL || strncmp(config->push, "tls:", 4) != 0))
        return complain(complaint, LATTN_FIELD, "--push-ca goes with --push tls:HOST:PORT only");
    return LATTN_OK;
}

/* What no option can see alone. */
static enum lattn_status config_agree(const struct config *config,
                                      struct lattn_complaint *complaint)
{
    int needs_address = config->action == CONFIG_RUN || config->action == CONFIG_CHECK;
    int has_input =
        config->addresses_count > 0 || config_has_http(config) || config->sources_count > 0;

    if (!has_input && needs_address)
        return complain(complaint, LATTN_FIELD,
                        "nothing to listen on: give --listen unix:PATH, tcp:HOST:PORT, fd:N or "
                        "stdin, --http HOST:PORT, or --source nats://HOST:PORT");
    if (config->learner.dim + config->learner.bias > LATTN_DIM_MAX)
        return complain(complaint, LATTN_RANGE,
                        "--dim %d with --bias: the constant is one more, at most %d in all",
                        config->learner.dim, LATTN_DIM_MAX);
    if (config->learner.dim == 0 && config->action == CONFIG_EXPLAIN)
        return complain(complaint, LATTN_FIELD,
                        "--explain: needs --dim, the coordinates of a token");
    if (sources_agree(config, complaint) != LATTN_OK)
        return LATTN_FIELD;
    if (guards_agree(config, complaint) != LATTN_OK || reach_agrees(config, complaint) != LATTN_OK)
        return LATTN_FIELD;
    if (shards_agree(config, complaint) != LATTN_OK)
        return LATTN_FIELD;
    if (input_agrees(config, complaint) != LATTN_OK || frame_agrees(config, complaint) != LATTN_OK)
        return LATTN_RANGE;
    return heads_agree(config, complaint);
}

static enum lattn_status sources_take(struct config *config, int argc, char **argv,
                                      char **environment, struct given *file,
                                      struct lattn_complaint *complaint)
{
    enum lattn_status status;

    defaults_take(config);
    file_find(environment, file);
    status = file_take(config, file, complaint);
    if (status == LATTN_OK)
        status = environment_take(config, environment, complaint);
    if (status == LATTN_OK)
        status = arguments_take(config, argc, argv, complaint);
    if (status == LATTN_OK)
        status = config_agree(config, complaint);
    return status;
}

enum lattn_status config_read(int argc, char **argv, char **environment, struct config *ret_config,
                              struct lattn_complaint *complaint)
{
    struct config config = {
        .action = CONFIG_RUN, .learner = lattn_learner_settings_default(), .shard.epoch = 1};
    struct given file = {.option = NULL};
    enum lattn_status status = arguments_scan(argc, argv, &config, &file, complaint);

    if (status == LATTN_OK && config.action != CONFIG_HELP && config.action != CONFIG_VERSION)
        status = sources_take(&config, argc, argv, environment, &file, complaint);
    if (status != LATTN_OK) {
        config_done(&config);
        return status;
    }
    *ret_config = config;
    return LATTN_OK;
}

/* A message that is growing has two blocks for a moment, the one it fills and the next. */
size_t config_input_need(const struct config *config)
{
    size_t most = config->frame_bytes_max + READ_BYTES_MAX;

    return most <= INPUT_BYTES_OWN ? 0 : 2 * most;
}

size_t config_input_max(const struct config *config)
{
    return config->input_bytes_max > 0 ? config->input_bytes_max : 4 * config->frame_bytes_max;
}

int config_has_http(const struct config *config)
{
    return config->http.host[0] != '\0';
}

int config_is_given(const struct config *config, const char *name)
{
    const struct option *option = option_find(name, strlen(name));

    assert(option != NULL);
    return config->values[option_index(option)].origin.source != CONFIG_SOURCE_DEFAULT;
}

void config_done(struct config *config)
{
    config_file_close(&config->file);
}
