/*
 * feed: pairs or events into a daemon, until every one of them is learned or refused.
 *
 * One loop reads, sends and receives at once. What has been read is sent as soon as the socket
 * takes it, so a slow input is live and a fast one fills the pipe; while the daemon is behind,
 * nothing more is read.
 */
#include "feed.h"
#include "options.h"
#include "talk.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* With this much waiting for the socket no more input is taken. */
enum { PENDING_BYTES_MAX = 1 << 20 };

struct feed_wish {
    const char *address;
    const char *from;
    const char *producer;
    uint64_t window;
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

static enum options_outcome wish_check(const char *verb, const struct feed_wish *wish)
{
    int is_events = strcmp(wish->from, "events") == 0;

    if (!is_events && strcmp(wish->from, "ndjson") != 0)
        talk(verb, "--from", "\"%s\" is not a format, ndjson and events are", wish->from);
    else if (is_events && wish->window == 0)
        talk(verb, "--from", "events need --window W");
    else if (!is_events && wish->window != 0)
        talk(verb, "--window", "goes with --from events only");
    else if (wish->producer != NULL && !producer_is_valid(wish->producer))
        talk(verb, "--producer", "takes 1 to %d letters, digits or signs without quotes",
             LATTN_PRODUCER_MAX - 1);
    else
        return OPTIONS_READ;
    return OPTIONS_MISUSED;
}

static enum options_outcome wish_read(int argc, char **argv, struct feed_wish *wish)
{
    const struct option_row rows[] = {
        {"--from", "FORMAT", OPTION_TEXT, &wish->from, 0, 0, "ndjson (the default) or events"},
        {"--window", "W", OPTION_WHOLE, &wish->window, 1, LATTN_EVENTS_WINDOW_MAX,
         "events: symbols of its key that an event depends on"},
        {"--producer", "NAME", OPTION_TEXT, &wish->producer, 0, 0,
         "what was learned under NAME before is not learned again"},
    };
    const struct options options = {
        .usage = "feed ADDR [--from ndjson|events] [--window W] [--producer NAME] < input",
        .about =
            "Send what stdin has to the daemon at ADDR, wait until all is learned, and print how\n"
            "much was. ndjson: lines {\"z\": [[token], ...], \"y\": [label]}. events: lines\n"
            "KEY SYMBOL; the last W symbols of a key are the tokens, the next one is the label.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &wish->address);

    return outcome == OPTIONS_READ ? wish_check(argv[0], wish) : outcome;
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

/*
 * Take lines until enough waits to be sent.
 *
 * Returns LATTN_OK then; LATTN_MORE: more must be read first, or there is no more.
 */
static enum lattn_status lines_take(struct feed *feed)
{
    enum lattn_status status;
    size_t length;
    char *text;

    while (client_pending(&feed->client) < PENDING_BYTES_MAX) {
        status = reader_next(&feed->input, &text, &length);
        if (status == LATTN_TOO_BIG) {
            feed_refuse(feed, "it is too long for any daemon");
            continue;
        }
        if (status != LATTN_OK)
            return status;
        if (reader_is_blank(text, length))
            continue;
        if (feed->events != NULL)
            status = feed_event(feed, text, length);
        else
            status = feed_pair(feed, text, length);
        if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}

/* While the input pauses there is time to ask what has become of it, once for all that was sent. */
static enum lattn_status pause_use(struct feed *feed)
{
    if (client_pending(&feed->client) > 0 || feed->hellos_awaited > 0 ||
        feed->client.bytes == feed->hello_bytes)
        return LATTN_OK;
    return feed_hello(feed);
}

static enum lattn_status input_send(struct feed *feed)
{
    for (;;) {
        enum lattn_status status = lines_take(feed);
        int needs_input = status == LATTN_MORE;
        int ready = 0;

        if (needs_input && feed->input.ended)
            return LATTN_OK;
        if (status == LATTN_OK || needs_input)
            status = feed_turn(feed, needs_input ? feed->input.fd : CLIENT_NO_INPUT, &ready);
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
    enum lattn_status status = feed_settle(feed);

    if (status == LATTN_OK && !feed->hello_refused)
        status = input_send(feed);
    if (status == LATTN_OK && !feed->hello_refused)
        status = feed_settle(feed);
    return status;
}

static enum verb_exit summary_print(const struct feed *feed)
{
    const struct lattn_hello *hello = &feed->hello;
    uint64_t rejected = hello->rejected + feed->refused;

    printf("fed %llu accepted %llu rejected %llu duplicates %llu\n",
           (unsigned long long)(feed->sent + feed->refused), (unsigned long long)hello->accepted,
           (unsigned long long)rejected, (unsigned long long)hello->duplicates);
    return rejected == 0 && feed->input.error == 0 ? VERB_DONE : VERB_REFUSED;
}

static enum verb_exit feed_end(struct feed *feed, enum lattn_status status)
{
    const struct lattn_hello *hello = &feed->hello;
    uint64_t answered = hello->accepted + hello->rejected + hello->duplicates;

    if (feed->shows_progress)
        fprintf(stderr, "\033[K");
    if (feed->complaints > feed->complaints_shown)
        talk(feed->client.verb, NULL, "%llu more errors like these",
             (unsigned long long)(feed->complaints - feed->complaints_shown));
    if (feed->input.error != 0)
        talk(feed->client.verb, "standard input", "%s", strerror(feed->input.error));
    if (status == LATTN_OK && !feed->hello_refused)
        return summary_print(feed);
    if (status != LATTN_OK)
        (void)client_refuse(&feed->client, status); /* always VERB_REFUSED */
    talk(feed->client.verb, feed->client.address, "%llu of %llu pairs were acknowledged",
         (unsigned long long)answered, (unsigned long long)feed->sent);
    return VERB_REFUSED;
}

enum verb_exit feed_run(int argc, char **argv)
{
    struct feed_wish wish = {.from = "ndjson"};
    enum options_outcome outcome = wish_read(argc, argv, &wish);
    struct feed feed = {.shows_progress = isatty(STDERR_FILENO)};
    enum lattn_status status;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    code = client_open(&feed.client, argv[0], wish.address);
    if (code != VERB_DONE)
        return code;
    reader_init(&feed.input, STDIN_FILENO, READER_LINE_BYTES_MAX);
    status = producer_choose(&feed, wish.producer);
    if (status == LATTN_OK && wish.window > 0)
        status = feed_events_init(&feed, (int32_t)wish.window);
    if (status == LATTN_OK)
        status = feed_all(&feed);
    code = feed_end(&feed, status);
    feed_events_done(&feed);
    lattn_named_done(&feed.named);
    lattn_text_done(&feed.line);
    numbers_done(&feed.numbers);
    line_map_done(&feed.map);
    reader_done(&feed.input);
    client_close(&feed.client);
    return code;
}
