/*
 * What the table does not list does not exist, so nothing is ever read and then ignored; and since
 * defaults are taken like other values, --help cannot promise what does not hold.
 */
#include "serve/option.h"

#include "base/complaint.h"
#include "serve/bounds.h"
#include "serve/looks.h"
#include "serve/option_shard.h"
#include "serve/option_value.h"
#include "serve/quantity.h"

#include <assert.h>
#include <grp.h>
#include <math.h>
#include <string.h>

enum { DECIMALS_MAX = 17 };

/* ---- what each option takes ---- */

static int is_same_address(const struct lattn_address *a, const struct lattn_address *b)
{
    return a->kind == b->kind && strcmp(a->path, b->path) == 0 && strcmp(a->host, b->host) == 0 &&
           a->port == b->port && a->fd == b->fd;
}

static enum lattn_status take_listen(struct config *config, const char *value,
                                     struct lattn_complaint *complaint)
{
    struct config_address *place = &config->addresses[config->addresses_count];
    struct lattn_address address;
    enum lattn_status status = lattn_address_read(value, &address, complaint);

    if (status != LATTN_OK)
        return status;
    if (address.kind == LATTN_ADDRESS_TLS)
        return complain(complaint, LATTN_ADDRESS,
                        "one listens at tcp:HOST:PORT; --tls-cert makes it speak TLS");
    if (config->addresses_count == CONFIG_LISTEN_MAX)
        return complain(complaint, LATTN_RANGE, "at most %d addresses", CONFIG_LISTEN_MAX);
    if (strlen(value) >= sizeof place->text)
        return complain(complaint, LATTN_ADDRESS, "longer than %d bytes", CONFIG_ADDRESS_MAX - 1);
    for (size_t i = 0; i < config->addresses_count; i++) {
        if (is_same_address(&config->addresses[i].address, &address))
            return complain(complaint, LATTN_ADDRESS, "given twice");
    }
    place->address = address;
    memcpy(place->text, value, strlen(value) + 1);
    config->addresses_count++;
    return LATTN_OK;
}

static void listen_clear(struct config *config)
{
    config->addresses_count = 0;
}

static void listen_note(struct config *config, struct config_origin origin)
{
    config->addresses[config->addresses_count - 1].origin = origin;
}

static const struct option_list listen_list = {listen_clear, listen_note};

/* HOST:PORT, as behind the colon of tcp: */
static enum lattn_status take_http(struct config *config, const char *value,
                                   struct lattn_complaint *complaint)
{
    char text[CONFIG_ADDRESS_MAX];

    if (strchr(value, '/') != NULL || strncmp(value, "tcp:", 4) == 0)
        return complain(complaint, LATTN_ADDRESS, "HOST:PORT alone, no scheme and no path");
    if (snprintf(text, sizeof text, "tcp:%s", value) >= (int)sizeof text)
        return complain(complaint, LATTN_ADDRESS, "longer than %d bytes",
                        CONFIG_ADDRESS_MAX - (int)sizeof "tcp:");
    return lattn_address_read(text, &config->http, complaint);
}

static enum lattn_status take_dim(struct config *config, const char *value,
                                  struct lattn_complaint *complaint)
{
    return option_value_size(value, LATTN_DIM_MAX, &config->learner.dim, complaint);
}

static enum lattn_status take_outputs(struct config *config, const char *value,
                                      struct lattn_complaint *complaint)
{
    return option_value_size(value, LATTN_OUTPUTS_MAX, &config->learner.outputs, complaint);
}

static enum lattn_status take_bias(struct config *config, const char *value,
                                   struct lattn_complaint *complaint)
{
    int has_bias = 0;
    enum lattn_status status = option_value_flag(value, &has_bias, complaint);

    if (status == LATTN_OK)
        config->learner.bias = has_bias;
    return status;
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
        config->learner.precision = LATTN_PRECISION_F32;
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
    if (strcmp(value, lattn_engine_text(LATTN_ENGINE_RLS)) == 0)
        config->learner.engine = LATTN_ENGINE_RLS;
    else if (strcmp(value, lattn_engine_text(LATTN_ENGINE_GRAM)) == 0)
        config->learner.engine = LATTN_ENGINE_GRAM;
    else
        return complain(complaint, LATTN_FIELD, "not one of: %s, %s",
                        lattn_engine_text(LATTN_ENGINE_RLS), lattn_engine_text(LATTN_ENGINE_GRAM));
    return LATTN_OK;
}

static enum lattn_status take_threads(struct config *config, const char *value,
                                      struct lattn_complaint *complaint)
{
    return option_value_size(value, LATTN_THREADS_MAX, &config->threads, complaint);
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
    return option_value_directory(value, &config->emit_dir, complaint);
}

static enum lattn_status take_heads(struct config *config, const char *value,
                                    struct lattn_complaint *complaint)
{
    uint64_t count;

    if (strcmp(value, "fewest") == 0 || strcmp(value, "svd") == 0) {
        config->heads = value[0] == 'f' ? LATTN_HEADS_FEWEST : LATTN_HEADS_SVD;
        return LATTN_OK;
    }
    if (quantity_count(value, &count) != LATTN_OK || count < 1 || count > INT32_MAX)
        return complain(complaint, LATTN_RANGE, "neither fewest, svd nor a number of heads");
    config->heads = LATTN_HEADS_COUNT;
    config->heads_count = (int32_t)count;
    return LATTN_OK;
}

static enum lattn_status take_exit_when(struct config *config, const char *value,
                                        struct lattn_complaint *complaint)
{
    static const char stream[] = "stream:";
    const size_t length = sizeof stream - 1;
    double share;

    config->exit_when_identifying = strcmp(value, "identifying") == 0;
    config->exit_when_stream = 0;
    if (config->exit_when_identifying)
        return LATTN_OK;
    if (strncmp(value, stream, length) != 0)
        return complain(complaint, LATTN_FIELD, "not one of: identifying, stream:X");
    if (quantity_real(value + length, &share) != LATTN_OK || share < looks_share_least() ||
        share >= 1)
        return complain(complaint, LATTN_RANGE,
                        "stream:X takes a share of the inputs, %.4f <= X < 1", looks_share_least());
    config->exit_when_stream = share;
    return LATTN_OK;
}

static enum lattn_status take_stop_timeout(struct config *config, const char *value,
                                           struct lattn_complaint *complaint)
{
    return option_value_time(value, &config->stop_timeout_ns, complaint);
}

static enum lattn_status take_max_memory(struct config *config, const char *value,
                                         struct lattn_complaint *complaint)
{
    enum lattn_status status = option_value_bytes(value, &config->learner.memory_max, complaint);

    if (status == LATTN_OK && config->learner.memory_max == 0)
        return complain(complaint, LATTN_RANGE, "must be above 0");
    return status;
}

static enum lattn_status take_max_frame(struct config *config, const char *value,
                                        struct lattn_complaint *complaint)
{
    size_t bytes = 0;
    enum lattn_status status = option_value_bytes(value, &bytes, complaint);

    if (status != LATTN_OK)
        return status;
    if (bytes < 1 || bytes > CONFIG_FRAME_MAX)
        return complain(complaint, LATTN_RANGE, "outside 1..1G");
    config->frame_bytes_max = bytes;
    return LATTN_OK;
}

static enum lattn_status take_group(struct config *config, const char *value,
                                    struct lattn_complaint *complaint)
{
    const struct group *group = getgrnam(value);
    uint64_t number = 0;

    if (group != NULL)
        number = group->gr_gid;
    else if (quantity_count(value, &number) != LATTN_OK || number >= (gid_t)-1)
        return complain(complaint, LATTN_NAME, "there is no such group");
    config->has_group = 1;
    config->group = (gid_t)number;
    return LATTN_OK;
}

static enum lattn_status take_allow_remote(struct config *config, const char *value,
                                           struct lattn_complaint *complaint)
{
    int is_allowed = 0;
    enum lattn_status status = option_value_flag(value, &is_allowed, complaint);

    if (status == LATTN_OK)
        config->reach = is_allowed ? TCP_REACH_ANYWHERE : TCP_REACH_LOOPBACK;
    return status;
}

static enum lattn_status take_tls_cert(struct config *config, const char *value,
                                       struct lattn_complaint *complaint)
{
    return option_value_file(value, &config->access.tls_cert, complaint);
}

static enum lattn_status take_tls_key(struct config *config, const char *value,
                                      struct lattn_complaint *complaint)
{
    return option_value_file(value, &config->access.tls_key, complaint);
}

static enum lattn_status take_tls_ca(struct config *config, const char *value,
                                     struct lattn_complaint *complaint)
{
    return option_value_file(value, &config->access.tls_ca, complaint);
}

static enum lattn_status take_token_file(struct config *config, const char *value,
                                         struct lattn_complaint *complaint)
{
    return option_value_file(value, &config->access.token_file, complaint);
}

static enum lattn_status take_max_clients(struct config *config, const char *value,
                                          struct lattn_complaint *complaint)
{
    uint64_t count;
    enum lattn_status status = quantity_count(value, &count);

    if (status == LATTN_SYNTAX)
        return complain(complaint, status, "not a whole number");
    if (status != LATTN_OK || count < 1 || count > CONFIG_CLIENTS_MAX)
        return complain(complaint, LATTN_RANGE, "outside 1..%d", CONFIG_CLIENTS_MAX);
    config->clients_max = count;
    return LATTN_OK;
}

static enum lattn_status take_max_input(struct config *config, const char *value,
                                        struct lattn_complaint *complaint)
{
    enum lattn_status status = option_value_bytes(value, &config->input_bytes_max, complaint);

    if (status == LATTN_OK && config->input_bytes_max == 0)
        return complain(complaint, LATTN_RANGE, "must be above 0");
    return status;
}

static enum lattn_status take_max_output(struct config *config, const char *value,
                                         struct lattn_complaint *complaint)
{
    enum lattn_status status = option_value_bytes(value, &config->output_bytes_max, complaint);

    if (status == LATTN_OK && config->output_bytes_max < OUTPUT_BYTES_ENOUGH)
        return complain(complaint, LATTN_RANGE, "must be 1M at least");
    return status;
}

static enum lattn_status take_message_timeout(struct config *config, const char *value,
                                              struct lattn_complaint *complaint)
{
    return option_value_timeout(value, &config->message_timeout_ns, complaint);
}

static enum lattn_status take_send_timeout(struct config *config, const char *value,
                                           struct lattn_complaint *complaint)
{
    return option_value_timeout(value, &config->send_timeout_ns, complaint);
}

static enum lattn_status take_state(struct config *config, const char *value,
                                    struct lattn_complaint *complaint)
{
    return option_value_directory(value, &config->state_dir, complaint);
}

static enum lattn_status take_check_state(struct config *config, const char *value,
                                          struct lattn_complaint *complaint)
{
    return option_value_directory(value, &config->state_dir_check, complaint);
}

static enum lattn_status take_checkpoint_every(struct config *config, const char *value,
                                               struct lattn_complaint *complaint)
{
    return option_value_timeout(value, &config->checkpoint_every_ns, complaint);
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

/* ---- the table ---- */

/* clang-format off */
static const struct option options[] = {
    {.kind = OPTION_LIST, .name = "listen", .value = "ADDR", .take = take_listen,
     .list = &listen_list,
     .help = "unix:PATH, tcp:HOST:PORT, fd:N or stdin; several times"},
    {.name = "dim", .value = "D", .without = "from the first pair", .take = take_dim,
     .help = "coordinates of a token"},
    {.name = "outputs", .value = "M", .without = "from the first pair", .take = take_outputs,
     .help = "numbers of a label"},
    {.kind = OPTION_FLAG, .name = "bias", .initial = "false", .take = take_bias,
     .help = "add a constant 1 as coordinate 0 of every token"},
    {.name = "forget", .value = "L", .initial = "1", .take = take_forget,
     .help = "weight of the past after each pair, 0 < L <= 1"},
    {.name = "precision", .value = "f32|N", .without = "exact doubles", .take = take_precision,
     .help = "tokens are exact to float32 or to N decimals only"},
    {.name = "ridge", .value = "R", .initial = "0", .take = take_ridge,
     .help = "at solve time; never enters the state or the verdict"},
    {.name = "engine", .value = "rls|gram", .initial = "rls", .take = take_engine,
     .help = "how pairs are folded in; gram for dense tokens: see --explain"},
    {.name = "threads", .value = "N", .without = "half of the cores, 4 at most",
     .take = take_threads, .help = "that learn together; they learn the same to the bit"},
    {.name = "emit-every", .value = "TIME|Npairs", .initial = "1s", .take = take_emit_every,
     .help = "how often to emit: 250ms, 5s, 2m, 1000pairs"},
    {.name = "emit-dir", .value = "DIR", .without = "no files", .take = take_emit_dir,
     .help = "keep status and model of the newest emission there"},
    {.name = "heads", .value = "fewest|svd|N", .initial = "fewest", .take = take_heads,
     .help = "of the model: as few as will do, all of the SVD, or its N largest"},
    {.name = "exit-when", .value = "identifying|stream:X", .without = "never",
     .take = take_exit_when, .help = "exit 0 then; 1 if stdin, the only input, ended before"},
    {.name = "stop-timeout", .value = "TIME", .initial = "30s", .take = take_stop_timeout,
     .help = "most that the end after SIGTERM may take"},
    {.kind = OPTION_LIST, .name = "source", .value = "URL", .take = option_shard_take_source,
     .list = &option_shard_sources,
     .help = "take a shard's pairs from nats://HOST:PORT[/PREFIX]; several times"},
    {.name = "source-creds", .value = "FILE", .without = "none",
     .take = option_shard_take_source_creds, .help = "NATS credentials for --source"},
    {.name = "source-token", .value = "FILE", .without = "none",
     .take = option_shard_take_source_token, .help = "a token, or user:password, for --source"},
    {.name = "source-ca", .value = "FILE", .without = "whom the system trusts",
     .take = option_shard_take_source_ca,
     .help = "whose certificates a --source of tls:// may have"},
    {.name = "shard", .value = "K/P", .without = "of no shard", .take = option_shard_take_shard,
     .help = "learn part K (from 0) of a stream that is divided into P"},
    {.name = "epoch", .value = "N", .without = "1; of --expect the first that comes",
     .take = option_shard_take_epoch,
     .help = "of --shard: another one where the stream is divided anew"},
    {.name = "push", .value = "ADDR", .without = "to nobody", .take = option_shard_take_push,
     .help = "show the state of --shard to lattn aggregate there, or in dir:PATH"},
    {.name = "push-every", .value = "TIME", .initial = "2s",
     .take = option_shard_take_push_every,
     .help = "how often, where something is new; a sign of life else"},
    {.name = "push-ca", .value = "FILE", .without = "whom the system trusts",
     .take = option_shard_take_push_ca,
     .help = "whose certificate a --push of tls: may have"},
    {.name = "push-token", .value = "FILE", .without = "none is shown",
     .take = option_shard_take_push_token,
     .help = "the token to show there is the first one in it"},
    {.name = "expect", .value = "P", .without = "pairs are learned",
     .take = option_shard_take_expect,
     .help = "aggregate: serve the sum of P shards that workers push"},
    {.name = "max-age", .value = "TIME", .initial = "30s", .take = option_shard_take_max_age,
     .help = "of --expect: a shard not heard of for longer is stale"},
    {.name = "from", .value = "DIR", .without = "from connections alone",
     .take = option_shard_take_from, .help = "of --expect: states of shards lie there, too"},
    {.name = "state", .value = "DIR", .without = "memory only", .take = take_state,
     .help = "keep there all that is learned, before it is acknowledged"},
    {.name = "checkpoint-every", .value = "TIME", .initial = "60s", .take = take_checkpoint_every,
     .help = "how old a change may get before a checkpoint has it"},
    {.name = "max-memory", .value = "SIZE", .without = "no limit", .take = take_max_memory,
     .help = "what the learner may hold: 64K, 2G"},
    {.name = "http", .value = "HOST:PORT", .without = "not by HTTP", .take = take_http,
     .help = "show and take by HTTP: numbers, health, events, models"},
    {.name = "max-frame", .value = "SIZE", .initial = "16M", .take = take_max_frame,
     .help = "longest line or message accepted"},
    {.name = "max-clients", .value = "N", .initial = "2048", .take = take_max_clients,
     .help = "connections at once; one more gets the place of one long idle"},
    {.name = "max-input", .value = "SIZE", .without = "4 times max-frame", .take = take_max_input,
     .help = "memory of all clients for messages above 64K on their way in"},
    {.name = "max-output", .value = "SIZE", .initial = "64M", .take = take_max_output,
     .help = "memory of all clients for answers they have not taken"},
    {.name = "message-timeout", .value = "TIME", .initial = "30s", .take = take_message_timeout,
     .help = "a message above 64K must be whole within so much waiting for it"},
    {.name = "send-timeout", .value = "TIME", .initial = "60s", .take = take_send_timeout,
     .help = "a client that takes no byte of its answers for so long is dropped"},
    {.name = "group", .value = "G", .without = "the owner only", .take = take_group,
     .help = "may connect to Unix sockets, too: a name or a number"},
    {.kind = OPTION_FLAG, .name = "allow-remote", .initial = "false", .take = take_allow_remote,
     .help = "serve TCP beyond loopback: with TLS, and a token or certificates"},
    {.name = "tls-cert", .value = "FILE", .without = "TCP in plain", .take = take_tls_cert,
     .help = "speak TLS on TCP with this certificate"},
    {.name = "tls-key", .value = "FILE", .without = "no key", .take = take_tls_key,
     .help = "the key of the certificate"},
    {.name = "tls-ca", .value = "FILE", .without = "clients need no certificate",
     .take = take_tls_ca, .help = "clients by TCP need a certificate from there"},
    {.name = "token-file", .value = "FILE", .without = "clients need no token",
     .take = take_token_file, .help = "clients by TCP need one of the tokens in it"},
    {.name = "log-level", .value = "LEVEL", .initial = "info", .take = take_log_level,
     .help = "debug, info, warn or error"},
    {.name = "log-format", .value = "FORMAT", .initial = "logfmt", .take = take_log_format,
     .help = "logfmt or json"},
    {.kind = OPTION_FILE, .name = "config", .value = "FILE", .without = "no file",
     .help = "read lines of the form name = value"},
    {.kind = OPTION_ACTION, .name = "check-config", .action = CONFIG_CHECK,
     .help = "check all of it, print what holds, and end"},
    {.kind = OPTION_ACTION, .name = "explain", .action = CONFIG_EXPLAIN,
     .help = "print what these options will cost, and end"},
    {.kind = OPTION_ACTION, .name = "check-state", .value = "DIR", .action = CONFIG_CHECK_STATE,
     .take = take_check_state, .help = "verify and describe a state, and end"},
    {.kind = OPTION_ACTION, .name = "help", .action = CONFIG_HELP, .help = "show this"},
    {.kind = OPTION_ACTION, .name = "version", .action = CONFIG_VERSION,
     .help = "show the version"},
};
/* clang-format on */

enum { OPTIONS_COUNT = sizeof options / sizeof *options };

static_assert((int)OPTIONS_COUNT <= (int)CONFIG_OPTIONS_MAX, "a config has a place for each value");

const struct option *option_at(size_t index)
{
    return index < OPTIONS_COUNT ? &options[index] : NULL;
}

size_t option_index(const struct option *option)
{
    return (size_t)(option - options);
}

const struct option *option_find(const char *name, size_t length)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
            return &options[i];
    }
    return NULL;
}

void options_help(FILE *out)
{
    fputs("usage: lattnd --listen ADDR [option ...]\n\n"
          "Learns linear attention from pairs of sequence and label.\n\n",
          out);
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const struct option *option = &options[i];
        const char *initial = option->initial != NULL ? option->initial : option->without;
        char left[40];

        snprintf(left, sizeof left, "--%s%s%s", option->name, option->value == NULL ? "" : " ",
                 option->value == NULL ? "" : option->value);
        fprintf(out, "  %-25s  %s", left, option->help);
        if (initial != NULL)
            fprintf(out, "; default: %s", initial);
        fputs("\n", out);
    }
    fputs("\nEach can stand without its dashes in the file of --config, as `emit-every = 5s`, and "
          "in\n"
          "the environment, as LATTND_EMIT_EVERY=5s; LATTND_LISTEN takes several, separated by\n"
          "blanks. The command line beats the environment, which beats the file.\n",
          out);
}
