/*
 * Pairs as NDJSON. Each line is passed on as it is, with our producer and number spliced in behind
 * its opening brace unless it carries its own. Only lines that read as pairs take a number: the
 * daemon cannot see the number of a line it cannot read, and would miss it.
 *
 * A pair may also stand in the params of the method "learn", behind a second brace. It is sent as
 * the pair that was read.
 */
#include "feed.h"

#include <stdio.h>
#include <string.h>

/* A pair has no object in it; a brace in its id does no harm. */
static int is_nested(const char *text, size_t opening, size_t length)
{
    return memchr(text + opening, '{', length - opening) != NULL;
}

/* Send the line with our number in it. */
static enum lattn_status line_number(struct feed *feed, const char *text, size_t length,
                                     const struct lattn_item *item)
{
    size_t opening = strspn(text, " \t\r") + 1;
    char fields[LATTN_PRODUCER_MAX + 64];

    if (is_nested(text, opening, length))
        return client_pair(&feed->client, item, feed->producer, feed->seq + 1);
    snprintf(fields, sizeof fields, "\"producer\": \"%s\", \"seq\": %llu, ", feed->producer,
             (unsigned long long)feed->seq + 1);
    return client_add_with(&feed->client, text, length, opening, fields);
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
        status = line_number(feed, text, length, &line.item);
    else
        status = client_add(&feed->client, text, length);
    return feed_note(feed, status, 1, is_numbered);
}
