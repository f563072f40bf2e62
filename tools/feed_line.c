/*
 * Pairs as NDJSON. Each line is passed on as it is, with our producer and number spliced in behind
 * its opening brace unless it carries its own. Only lines that read as pairs take a number: the
 * daemon cannot see the number of a line it cannot read, and would miss it.
 */
#include "feed.h"

#include <stdio.h>
#include <string.h>

/* From here on a line may be larger than the daemon takes. */
enum { LONG_LINE_BYTES = 256 << 10 };

static enum lattn_status line_number(struct feed *feed, const char *text, size_t length)
{
    size_t opening = strspn(text, " \t\r") + 1;
    char fields[LATTN_PRODUCER_MAX + 64];
    enum lattn_status status;

    snprintf(fields, sizeof fields, "\"producer\": \"%s\", \"seq\": %llu, ", feed->producer,
             (unsigned long long)feed->seq + 1);
    feed->scratch.length = 0;
    status = lattn_text_add(&feed->scratch, text, opening);
    if (status == LATTN_OK)
        status = lattn_text_add(&feed->scratch, fields, strlen(fields));
    if (status == LATTN_OK)
        status = lattn_text_add(&feed->scratch, text + opening, length - opening);
    if (status == LATTN_OK)
        status = client_add(&feed->client, feed->scratch.data, feed->scratch.length);
    if (status == LATTN_OK)
        feed->seq++;
    return status;
}

/*
 * A line above the daemon's limit is refused unread, its number with it, and every later pair would
 * be one too high. So after a long line we ask which number came last.
 */
static enum lattn_status number_agree(struct feed *feed)
{
    enum lattn_status status = feed_settle(feed);

    if (status == LATTN_OK && feed->hello.has_last_seq && feed->hello.last_seq < feed->seq)
        feed->seq = feed->hello.last_seq;
    return status;
}

enum lattn_status feed_line(struct feed *feed, char *text, size_t length)
{
    struct lattn_message line = {0};
    enum lattn_status status = numbers_reserve_line(&feed->numbers, length);
    int is_numbered;
    size_t used;

    if (status != LATTN_OK)
        return status;
    status = lattn_line_read(text, length, feed->numbers.data, &used, &line, NULL);
    if (status == LATTN_OK && line.kind == LATTN_MESSAGE_REQUEST)
        return feed_header(feed, text, length, "it is a request, only pairs are fed");
    is_numbered = status == LATTN_OK && line.producer[0] == '\0' && !line.has_seq;
    if (is_numbered)
        status = line_number(feed, text, length);
    else
        status = client_add(&feed->client, text, length);
    if (status == LATTN_OK)
        status = feed_note_sent(feed, 1);
    if (status == LATTN_OK && is_numbered && length >= LONG_LINE_BYTES)
        status = number_agree(feed);
    return status;
}
