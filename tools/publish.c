/*
 * publish: pairs into streams that workers learn from, until every one of them is on a worker's
 * disk.
 *
 * One loop reads, sends and looks after the streams. What is read belongs to a shard from then on,
 * and leaves it only once the shard's worker has it for good: servers and workers may end in
 * between, and begin again with less than they had.
 */
#include "publish.h"
#include "interrupt.h"
#include "options.h"
#include "progress.h"
#include "talk.h"
#include "verbs.h"

#include <lattn/secret.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const uint64_t keep_bytes_default = (uint64_t)256 << 20;
static const uint64_t keep_bytes_min = (uint64_t)1 << 20;
static const uint64_t size_max = (uint64_t)1 << 50;

static const char about[] =
    "Send what stdin has to P streams of NATS, each read by a worker (lattnd --source), and wait\n"
    "until the workers have all of it on their disks. Streams that are missing are made. Events\n"
    "of a key, and rows of one, all go to the same stream in their order; other pairs go to all\n"
    "in turns. Inputs are as for feed, but that events need --symbols. Example:\n"
    "    lattn gen random --dim 8 --length 16 --pairs 100000 |\n"
    "        lattn publish nats://localhost:4222 --shards 4";

/* ---- options ------------------------------------------------------------------------------- */

static enum options_outcome symbols_check(const char *verb, const struct publish_wish *wish)
{
    int is_events = strcmp(wish->input.from, "events") == 0;

    if (is_events && wish->symbols == NULL)
        talk(verb, "--from", "events need --symbols FILE");
    else if (!is_events && wish->symbols != NULL)
        talk(verb, "--symbols", "goes with --from events only");
    else
        return OPTIONS_READ;
    return OPTIONS_MISUSED;
}

static enum options_outcome secrets_check(const char *verb, const struct publish_wish *wish)
{
    int given = (wish->creds != NULL) + (wish->token != NULL) + (wish->user != NULL);

    if (given > 1)
        talk(verb, NULL, "one of --creds, --token and --user is enough");
    else if (wish->authority != NULL && !wish->url.is_secure)
        talk(verb, "--ca", "goes with tls:// only");
    else
        return OPTIONS_READ;
    return OPTIONS_MISUSED;
}

static enum options_outcome address_check(const char *verb, struct publish_wish *wish)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status = lattn_stream_url_read(wish->address, &wish->url, &complaint);

    if (status == LATTN_OK)
        return OPTIONS_READ;
    /* What might be a secret is not said again. */
    talk(verb, strchr(wish->address, '@') != NULL ? "the URL" : wish->address, "%s",
         complaint.text[0] != '\0' ? complaint.text : lattn_status_text(status));
    return OPTIONS_MISUSED;
}

static enum options_outcome wish_check(const char *verb, struct publish_wish *wish)
{
    enum options_outcome outcome = address_check(verb, wish);

    wish->source = publish_source_find(wish->input.from);
    if (outcome == OPTIONS_READ && wish->source == NULL) {
        talk(verb, "--from", "\"%s\" is not a format, ndjson, msgpack, csv and events are",
             wish->input.from);
        outcome = OPTIONS_MISUSED;
    }
    if (outcome == OPTIONS_READ && wish->producer != NULL &&
        !lattn_stream_url_is_name(wish->producer, LATTN_PRODUCER_MAX)) {
        talk(verb, "--producer", "takes 1 to %d letters, digits, - and _", LATTN_PRODUCER_MAX - 1);
        outcome = OPTIONS_MISUSED;
    }
    if (outcome == OPTIONS_READ)
        outcome = input_wish_check(verb, &wish->input);
    if (outcome == OPTIONS_READ)
        outcome = symbols_check(verb, wish);
    return outcome == OPTIONS_READ ? secrets_check(verb, wish) : outcome;
}

static enum options_outcome wish_read(int argc, char **argv, struct publish_wish *wish)
{
    const struct option_row rows[] = {
        {"--shards", "P", OPTION_WHOLE, &wish->shards, 1, LATTN_SHARDS_MAX,
         "streams, and workers, that share the pairs; default 1"},
        {"--epoch", "E", OPTION_WHOLE, &wish->epoch, 1, LATTN_EPOCH_MAX,
         "another one for each new P; default 1"},
        {"--from", "FORMAT", OPTION_TEXT, &wish->input.from, 0, 0,
         "ndjson (the default), msgpack, csv or events"},
        {"--window", "W", OPTION_WHOLE, &wish->input.window, 1, LATTN_EVENTS_WINDOW_MAX,
         "csv, events: rows or symbols of a sequence; csv has default 1 unless autoregressive"},
        {"--tokens", "COLS", OPTION_TEXT, &wish->input.columns.tokens, 0, 0,
         "csv: the columns of a token; autoregressive: all but the key"},
        {"--label", "COLS", OPTION_TEXT, &wish->input.columns.labels, 0, 0,
         "csv: the columns of the label; autoregressive: those of a token"},
        {"--key", "COL", OPTION_TEXT, &wish->input.columns.key, 0, 0,
         "csv: rows that agree in it are a series of their own, and go to one shard"},
        {"--autoregressive", NULL, OPTION_FLAG, &wish->input.is_autoregressive, 0, 0,
         "csv: the label is in the next row"},
        {"--symbols", "FILE", OPTION_TEXT, &wish->symbols, 0, 0,
         "events: the symbols that there are, one in a line"},
        {"--producer", "NAME", OPTION_TEXT, &wish->producer, 0, 0,
         "what was published under NAME before is learned once; same input, same P"},
        {"--keep", "SIZE", OPTION_SIZE, &wish->keep_bytes, keep_bytes_min, size_max,
         "memory for what workers have not on their disks; default 256M"},
        {"--max-bytes", "SIZE", OPTION_SIZE, &wish->bytes_max, 1, size_max,
         "of each stream that is made; full, it refuses; default no limit"},
        {"--no-wait", NULL, OPTION_FLAG, &wish->no_wait, 0, 0,
         "end once the servers have it, and do not wait for workers"},
        {"--creds", "FILE", OPTION_TEXT, &wish->creds, 0, 0,
         "credentials of NATS, a JWT and its key"},
        {"--token", "FILE", OPTION_TEXT, &wish->token, 0, 0, "the token is the first line"},
        {"--user", "FILE", OPTION_TEXT, &wish->user, 0, 0, "NAME:PASSWORD is the first line"},
        {"--ca", "FILE", OPTION_TEXT, &wish->authority, 0, 0,
         "tls://: whom the server's certificate comes from; default the system's"},
    };
    const struct options options = {
        .usage = "publish nats://HOST:PORT[/PREFIX] [--shards P] [options] < input",
        .about = about,
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &wish->address);

    return outcome == OPTIONS_READ ? wish_check(argv[0], wish) : outcome;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* The first line of a file that only its owner may read. */
static enum lattn_status secret_read(const char *path, struct lattn_secret *secret,
                                     struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    enum lattn_status status = lattn_secret_read(path, secret, &why);

    if (status == LATTN_OK)
        secret->bytes[strcspn(secret->bytes, "\r\n")] = '\0';
    else
        snprintf(complaint->text, sizeof complaint->text, "%.100s: %.140s", path,
                 why.text[0] != '\0' ? why.text : lattn_status_text(status));
    return status;
}

/* Split NAME:PASSWORD, or take all of it as a token. */
static enum lattn_status secret_use(const struct publish_wish *wish, struct lattn_secret *secret,
                                    struct jetstream_settings *settings,
                                    struct lattn_complaint *complaint)
{
    char *colon;

    if (wish->token != NULL && secret->bytes[0] != '\0') {
        settings->token = secret->bytes;
        return LATTN_OK;
    }
    colon = wish->token != NULL ? NULL : strchr(secret->bytes, ':');
    if (colon == NULL) {
        snprintf(complaint->text, sizeof complaint->text, "%.100s: its first line is not %s",
                 wish->token != NULL ? wish->token : wish->user,
                 wish->token != NULL ? "a token" : "NAME:PASSWORD");
        return LATTN_FIELD;
    }
    *colon = '\0';
    settings->user = secret->bytes;
    settings->password = colon + 1;
    return LATTN_OK;
}

static enum lattn_status connect_servers(struct publish *publish)
{
    const struct publish_wish *wish = publish->wish;
    const char *path = wish->token != NULL ? wish->token : wish->user;
    struct jetstream_settings settings = {
        .url = &wish->url,
        .creds = wish->creds,
        .authority = wish->authority,
    };
    struct lattn_secret secret = {0};
    enum lattn_status status = LATTN_OK;

    if (path != NULL)
        status = secret_read(path, &secret, &publish->reason);
    if (status == LATTN_OK && path != NULL)
        status = secret_use(wish, &secret, &settings, &publish->reason);
    if (status == LATTN_OK)
        status = jetstream_open(&publish->jetstream, &settings, &publish->reason);
    lattn_secret_done(&secret);
    return status;
}

static enum lattn_status publisher_choose(struct publish *publish, uint64_t *ret_random)
{
    uint64_t bits[2];

    if (getrandom(bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return LATTN_INPUT_OUTPUT;
    *ret_random = bits[1];
    if (publish->wish->producer != NULL)
        snprintf(publish->publisher, sizeof publish->publisher, "%s", publish->wish->producer);
    else
        snprintf(publish->publisher, sizeof publish->publisher, "%016" PRIx64, bits[0]);
    return LATTN_OK;
}

static enum lattn_status shards_make(struct publish *publish)
{
    const struct publish_wish *wish = publish->wish;
    struct shard_settings settings = {
        .verb = publish->verb,
        .prefix = wish->url.prefix,
        .publisher = publish->publisher,
        .count = (uint32_t)wish->shards,
        .epoch = wish->epoch,
        .bytes_max = wish->bytes_max,
    };
    enum lattn_status status = publisher_choose(publish, &settings.random);

    if (status != LATTN_OK)
        return status;
    publish->shards = calloc(settings.count, sizeof *publish->shards);
    if (publish->shards == NULL)
        return LATTN_NO_MEMORY;
    publish->shards_count = settings.count;
    for (uint32_t i = 0; i < settings.count; i++)
        shard_init(&publish->shards[i], &settings, i);
    return LATTN_OK;
}

static enum lattn_status publish_open(struct publish *publish)
{
    enum lattn_status status = publish_pairs_init(publish);

    if (status == LATTN_OK)
        status = interrupt_take();
    if (status == LATTN_OK)
        status = shards_make(publish);
    if (status == LATTN_OK)
        status = connect_servers(publish);
    if (status == LATTN_OK)
        status = publish_meet(publish);
    return status;
}

static void publish_close(struct publish *publish)
{
    jetstream_close(&publish->jetstream);
    for (uint32_t i = 0; i < publish->shards_count; i++)
        shard_done(&publish->shards[i]);
    free(publish->shards);
    publish_pairs_done(publish);
}

/* ---- the run ------------------------------------------------------------------------------- */

static int is_ready(void *arg)
{
    struct publish *publish = arg;

    return !publish_is_waiting(publish) && !publish->stopped;
}

static enum lattn_status unit_take(void *arg, char *text, size_t length)
{
    struct publish *publish = arg;

    return publish->wish->source->take(publish, text, length);
}

static void unit_refuse(void *arg, const char *reason)
{
    publish_refuse(arg, reason);
}

static enum lattn_status input_publish(struct publish *publish)
{
    const struct reader_taker taker = {is_ready, unit_take, unit_refuse, publish};

    for (;;) {
        enum lattn_status status = reader_give(&publish->input, &taker);
        int needs_input = status == LATTN_MORE;
        int ready = 0;

        if (status != LATTN_OK && !needs_input)
            return status;
        publish->is_interrupted = interrupt_stage() != INTERRUPT_NONE;
        if (publish->stopped || publish->is_interrupted || (needs_input && publish->input.ended))
            return LATTN_OK;
        status = publish_turn(publish, needs_input ? publish->input.fd : -1, &ready);
        if (status == LATTN_OK && ready)
            status = reader_fill(&publish->input);
        if (status != LATTN_OK)
            return status;
    }
}

/* A shard that nobody reads will not be done soon: say it once. */
static void worklessness_say(struct publish *publish)
{
    if (publish->is_workless_said)
        return;
    for (uint32_t i = 0; i < publish->shards_count; i++) {
        const struct shard *shard = &publish->shards[i];

        if (!shard->is_met || shard->has_worker || kept_count(&shard->kept) == 0)
            continue;
        talk(publish->verb, shard->layout.stream,
             "no worker has read from it yet; waiting, --no-wait does not");
        publish->is_workless_said = 1;
        return;
    }
}

/* Who is interrupted waits for the servers alone, and not for long. */
static int is_done(const struct publish *publish)
{
    struct publish_left left = publish_left(publish);
    int is_enough = publish->wish->no_wait || publish->is_interrupted;

    return left.unstored == 0 && (is_enough || left.kept == 0);
}

static enum lattn_status rest_publish(struct publish *publish)
{
    enum lattn_status status = LATTN_OK;
    int ready;

    publish->look_ms = 0;
    while (status == LATTN_OK && !is_done(publish)) {
        status = publish_turn(publish, -1, &ready);
        if (interrupt_stage() != INTERRUPT_NONE)
            publish->is_interrupted = 1;
        if (!is_done(publish) && publish_left(publish).unstored == 0)
            worklessness_say(publish);
    }
    return status;
}

static enum lattn_status publish_all(struct publish *publish)
{
    enum lattn_status status;

    progress_begin(publish->verb, "pairs published", publish->input.fd, 0, PROGRESS_AT_END);
    status = input_publish(publish);
    if (status == LATTN_OK && !publish->is_interrupted)
        publish_pairs_end(publish);
    if (status == LATTN_OK)
        status = rest_publish(publish);
    progress_end();
    return status;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void left_print(const struct publish *publish)
{
    struct publish_left left = publish_left(publish);

    talk(publish->verb, publish->wish->address,
         "of %" PRIu64 " messages %" PRIu64 " are not known to be at the servers, %" PRIu64
         " not on the workers' disks",
         publish->messages, left.unstored, left.kept);
    talk(publish->verb, NULL, "Publish the same input again with --producer %s to go on.",
         publish->publisher);
}

static void summary_print(const struct publish *publish)
{
    struct publish_left left = publish_left(publish);

    printf("published %" PRIu64 " pairs in %" PRIu64 " messages to %" PRIu32 " shards; ",
           publish->pairs, publish->messages, publish->shards_count);
    if (publish->wish->no_wait)
        printf("workers were not waited for\n");
    else
        printf("durable at workers: %" PRIu64 "\n", left.settled_pairs);
    if (left.duplicates > 0)
        talk(publish->verb, NULL, "%" PRIu64 " of the messages were there before", left.duplicates);
    if (publish->refused > 0)
        talk(publish->verb, NULL, "%" PRIu64 " %ss were refused", publish->refused,
             publish->wish->source->word);
}

static enum verb_exit publish_end(struct publish *publish, enum lattn_status status)
{
    if (publish->complaints > publish->complaints_shown)
        talk(publish->verb, NULL, "%" PRIu64 " more errors like these",
             publish->complaints - publish->complaints_shown);
    if (publish->input.error != 0)
        talk(publish->verb, "standard input", "%s", strerror(publish->input.error));
    if (publish->stopped)
        return VERB_REFUSED;
    if (status != LATTN_OK && status != LATTN_TIMEOUT)
        talk(publish->verb, publish->wish->address, "%s",
             publish->reason.text[0] != '\0' ? publish->reason.text : lattn_status_text(status));
    if (publish->messages > 0 && (status != LATTN_OK || publish->is_interrupted))
        left_print(publish);
    if (status != LATTN_OK)
        return VERB_REFUSED;
    summary_print(publish);
    return publish->refused == 0 && publish->input.error == 0 && !publish->is_interrupted
               ? VERB_DONE
               : VERB_REFUSED;
}

enum verb_exit publish_run(int argc, char **argv)
{
    struct publish_wish wish = {
        .input.from = "ndjson",
        .shards = 1,
        .epoch = 1,
        .keep_bytes = keep_bytes_default,
    };
    enum options_outcome outcome = wish_read(argc, argv, &wish);
    struct publish publish = {.verb = argv[0], .wish = &wish};
    enum lattn_status status;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    status = publish_open(&publish);
    if (status == LATTN_OK)
        status = publish_all(&publish);
    code = publish_end(&publish, status);
    publish_close(&publish);
    return code;
}
