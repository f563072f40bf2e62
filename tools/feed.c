/*
 * feed: pairs, rows or events into a daemon, until every one of them is learned or refused.
 *
 * One loop reads, sends and receives at once. What has been read is sent as soon as the socket
 * takes it, so a slow input is live and a fast one fills the pipe; while the daemon is behind,
 * nothing more is read.
 */
#include "feed.h"
#include "input_wish.h"
#include "interrupt.h"
#include "options.h"
#include "progress.h"
#include "talk.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    /* A daemon that is started again is there in less; nobody waits much longer for nothing. */
    RETRY_MS_DEFAULT = 30000,
    RETRY_MS_MAX = 7 * 24 * 3600 * 1000
};

/* --retry as long as it was not given. */
static const uint64_t RETRY_UNSAID = UINT64_MAX;

struct feed_wish {
    struct link_settings settings;
    struct input_wish input;
    const char *producer;
    const struct feed_source *source;
    uint64_t retry_ms;
};

/* Lines are not answered where all is well, frames are: pairs that we make go as lines. */
static const struct feed_source sources[] = {
    {"ndjson", "line", READER_LINES, LATTN_FORMAT_JSON, feed_line, feed_header_again},
    {"msgpack", "map", READER_FRAMES, LATTN_FORMAT_MSGPACK, feed_message, feed_header_again},
    {"csv", "line", READER_RECORDS, LATTN_FORMAT_JSON, feed_csv_row, feed_csv_again},
    {"events", "line", READER_LINES, LATTN_FORMAT_JSON, feed_event, feed_event_again},
};

/* Names go into lines as they are, so nothing in them may need quoting. */
static int producer_is_valid(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < length; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '"' || name[i] == '\\')
            return 0;
    return length > 0 && length < LATTN_PRODUCER_MAX;
}

static const struct feed_source *source_find(const char *name)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (strcmp(sources[i].name, name) == 0)
            return &sources[i];
    return NULL;
}

static enum options_outcome wish_check(const char *verb, struct feed_wish *wish)
{
    wish->source = source_find(wish->input.from);
    if (wish->source == NULL) {
        talk(verb, "--from", "\"%s\" is not a format, ndjson, msgpack, csv and events are",
             wish->input.from);
        return OPTIONS_MISUSED;
    }
    if (wish->producer != NULL && !producer_is_valid(wish->producer)) {
        talk(verb, "--producer", "takes 1 to %d letters, digits or signs without quotes",
             LATTN_PRODUCER_MAX - 1);
        return OPTIONS_MISUSED;
    }
    return input_wish_check(verb, &wish->input);
}

static const char about[] =
    "Send what stdin has to the daemon at ADDR, wait until all is learned, and print how\n"
    "much was.\n\n"
    "ndjson   lines {\"z\": [[token], ...], \"y\": [label]}, or \"t\": [[i, ...], ...] for z:\n"
    "         per token the coordinates that are 1\n"
    "msgpack  maps of the same fields one behind another, batches as well\n"
    "csv      a header line, then rows of numbers; a row is a token. Its label stands in the\n"
    "         same row, and the sequence is the last W rows of its key, itself the last; or\n"
    "         --autoregressive: the last W rows are the sequence, the next one is the label\n"
    "events   lines KEY SYMBOL; the last W symbols of a key are the tokens, the next one is\n"
    "         the label\n\n"
    "COLS are names from the header with commas between them. Example:\n"
    "    lattn feed unix:/tmp/l.sock --from csv --tokens temp,load --label power \\\n"
    "        --key machine --window 8 < log.csv";

static enum options_outcome wish_read(int argc, char **argv, struct feed_wish *wish)
{
    const struct option_row rows[] = {
        {"--from", "FORMAT", OPTION_TEXT, &wish->input.from, 0, 0,
         "ndjson (the default), msgpack, csv or events"},
        {"--window", "W", OPTION_WHOLE, &wish->input.window, 1, LATTN_EVENTS_WINDOW_MAX,
         "csv, events: rows or symbols of a sequence; csv has default 1 unless autoregressive"},
        {"--tokens", "COLS", OPTION_TEXT, &wish->input.columns.tokens, 0, 0,
         "csv: the columns of a token; autoregressive: all but the key"},
        {"--label", "COLS", OPTION_TEXT, &wish->input.columns.labels, 0, 0,
         "csv: the columns of the label; autoregressive: those of a token"},
        {"--key", "COL", OPTION_TEXT, &wish->input.columns.key, 0, 0,
         "csv: rows that agree in it are a series of their own"},
        {"--autoregressive", NULL, OPTION_FLAG, &wish->input.is_autoregressive, 0, 0,
         "csv: the label is in the next row"},
        {"--producer", "NAME", OPTION_TEXT, &wish->producer, 0, 0,
         "what was learned under NAME before is not sent again"},
        {"--retry", "TIME", OPTION_TIME, &wish->retry_ms, 0, RETRY_MS_MAX,
         "go on after a break for so long, also with a daemon that has forgotten; default 30s"},
    };
    const struct options options = {
        .usage = "feed ADDR [--from ndjson|msgpack|csv|events] [options] < input",
        .about = about,
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .link = &wish->settings,
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &wish->settings.address);

    return outcome == OPTIONS_READ ? wish_check(argv[0], wish) : outcome;
}

static enum lattn_status retry_choose(struct feed *feed, uint64_t limit_ms)
{
    int is_wished = limit_ms != RETRY_UNSAID;
    uint64_t bits;

    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return LATTN_INPUT_OUTPUT;
    retry_init(&feed->retry, is_wished ? limit_ms : RETRY_MS_DEFAULT, bits);
    feed->retry_is_wished = is_wished && limit_ms > 0;
    return LATTN_OK;
}

static enum lattn_status producer_choose(struct feed *feed, const char *name)
{
    uint64_t bits;

    if (name != NULL) {
        snprintf(feed->producer, sizeof feed->producer, "%s", name);
        return LATTN_OK;
    }
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return LATTN_INPUT_OUTPUT;
    snprintf(feed->producer, sizeof feed->producer, "feed-%016llx", (unsigned long long)bits);
    return LATTN_OK;
}

static int is_ready(void *arg)
{
    const struct feed *feed = arg;

    return !feed_is_waiting(feed) && !feed->stopped;
}

static enum lattn_status unit_take(void *arg, char *text, size_t length)
{
    struct feed *feed = arg;

    return feed->source->take(feed, text, length);
}

static void unit_refuse(void *arg, const char *reason)
{
    feed_refuse(arg, reason);
}

/* While the input pauses there is time to ask what has become of it, once for all that was sent. */
static enum lattn_status pause_use(struct feed *feed)
{
    if (client_pending(&feed->client) > 0 || feed->hello_awaited ||
        feed->client.bytes == feed->hello_bytes)
        return LATTN_OK;
    return feed_hello(feed);
}

static enum lattn_status input_send(struct feed *feed)
{
    const struct reader_taker taker = {is_ready, unit_take, unit_refuse, feed};

    for (;;) {
        enum lattn_status status = reader_give(&feed->input, &taker);
        int needs_input = status == LATTN_MORE;
        int ready = 0;

        if (status != LATTN_OK && !needs_input)
            return status;
        feed->is_interrupted = interrupt_stage() != INTERRUPT_NONE;
        if (feed->stopped || feed->is_interrupted || (needs_input && feed->input.ended))
            return LATTN_OK;
        status = feed_turn(feed, needs_input ? feed->input.fd : CLIENT_NO_INPUT, &ready);
        feed_show(feed);
        if (status == LATTN_OK && ready)
            status = reader_fill(&feed->input);
        else if (status == LATTN_OK && needs_input)
            status = pause_use(feed);
        if (status != LATTN_OK)
            return status;
    }
}

/* The first hello shows that somebody is there and tells whether tokens carry the bias. */
static enum lattn_status feed_all(struct feed *feed)
{
    enum lattn_status status;

    progress_begin(feed->client.verb, "pairs learned", feed->input.fd, 0, PROGRESS_AT_END);
    status = feed_settle(feed);
    feed->seq_there = feed->seq_known;
    if (status == LATTN_OK && !feed->hello_refused)
        status = input_send(feed);
    if (status == LATTN_OK && feed->input.unit == READER_RECORDS && !feed->is_interrupted)
        feed_csv_end(feed);
    if (status == LATTN_OK && !feed->hello_refused)
        status = feed_settle(feed);
    return status;
}

static enum verb_exit summary_print(const struct feed *feed)
{
    const struct feed_tally *tally = &feed->tally;
    uint64_t rejected = tally->rejected + feed->refused;
    int is_whole = feed->input.error == 0 && !feed->is_interrupted;

    printf("fed %llu accepted %llu rejected %llu duplicates %llu\n",
           (unsigned long long)(feed->sent + feed->refused), (unsigned long long)tally->accepted,
           (unsigned long long)rejected, (unsigned long long)(tally->duplicates + feed->skipped));
    return rejected == 0 && feed->forgotten == 0 && is_whole ? VERB_DONE : VERB_REFUSED;
}

/* The run ended before its last hello: say how much is known to have arrived, and what to do. */
static void acknowledged_print(const struct feed *feed)
{
    const struct feed_tally *tally = &feed->tally;

    talk(
        feed->client.verb, feed->client.address, "%llu of %llu pairs were acknowledged",
        (unsigned long long)(tally->accepted + tally->rejected + tally->duplicates + feed->skipped),
        (unsigned long long)feed->sent);
    talk(feed->client.verb, NULL, "Feed the same input again with --producer %s to go on.",
         feed->producer);
}

static enum verb_exit feed_end(struct feed *feed, enum lattn_status status)
{
    progress_end();
    if (feed->complaints > feed->complaints_shown)
        talk(feed->client.verb, NULL, "%llu more errors like these",
             (unsigned long long)(feed->complaints - feed->complaints_shown));
    if (feed->input.error != 0)
        talk(feed->client.verb, "standard input", "%s", strerror(feed->input.error));
    if (feed->stopped && status == LATTN_OK)
        return VERB_REFUSED;
    if (status == LATTN_OK && !feed->hello_refused)
        return summary_print(feed);
    if (feed->reason.text[0] != '\0')
        talk(feed->client.verb, feed->client.address, "%s", feed->reason.text);
    else if (status != LATTN_OK && status != LATTN_TIMEOUT)
        (void)client_refuse(&feed->client, status); /* always VERB_REFUSED */
    acknowledged_print(feed);
    return VERB_REFUSED;
}

static void feed_init(struct feed *feed, const struct feed_wish *wish)
{
    feed->source = wish->source;
    feed->csv.series = (struct series){
        .wish = wish->input.columns,
        .is_autoregressive = wish->input.is_autoregressive,
        .window = wish->input.window > 0 ? (int32_t)wish->input.window : 1,
    };
    reader_init(&feed->input, STDIN_FILENO, wish->source->unit, READER_BYTES_MAX);
}

static void feed_done(struct feed *feed)
{
    feed_events_done(feed);
    feed_csv_done(feed);
    feed_ask_done(feed);
    lattn_text_done(&feed->header);
    lattn_text_done(&feed->scratch);
    numbers_done(&feed->numbers);
    window_done(&feed->window);
    reader_done(&feed->input);
    client_close(&feed->client);
}

/* All that the run needs before it has a connection. */
static enum lattn_status feed_prepare(struct feed *feed, const struct feed_wish *wish)
{
    enum lattn_status status;

    feed_init(feed, wish);
    status = interrupt_take();
    if (status == LATTN_OK)
        status = retry_choose(feed, wish->retry_ms);
    if (status == LATTN_OK)
        status = producer_choose(feed, wish->producer);
    if (status == LATTN_OK && wish->source->take == feed_event)
        status = feed_events_init(feed, (int32_t)wish->input.window);
    return status;
}

enum verb_exit feed_run(int argc, char **argv)
{
    struct feed_wish wish = {.input.from = "ndjson", .retry_ms = RETRY_UNSAID};
    enum options_outcome outcome = wish_read(argc, argv, &wish);
    struct feed feed = {0};
    enum lattn_status status;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    client_init(&feed.client, argv[0], &wish.settings, wish.source->format);
    status = feed_prepare(&feed, &wish);
    code = status == LATTN_OK ? feed_open(&feed) : client_refuse(&feed.client, status);
    if (code == VERB_DONE)
        code = feed_end(&feed, feed_all(&feed));
    feed_done(&feed);
    return code;
}
