/*
 * Maps of pairs as MessagePack. Each is passed on as it is, with our producer and number as two
 * more entries unless it carries its own. Only maps that read as pairs take numbers, one for each
 * pair.
 */
#include "feed.h"

enum lattn_status feed_message(struct feed *feed, char *bytes, size_t length)
{
    struct lattn_message read = {.count = 1};
    enum lattn_status status = numbers_reserve(&feed->numbers, feed->input.frame_numbers);
    int is_numbered;
    size_t used;

    if (status != LATTN_OK)
        return status;
    status = lattn_learn_read(bytes, length, feed->numbers.data, &used, &read, NULL);
    is_numbered = status == LATTN_OK && read.producer[0] == '\0' && !read.has_seq;
    status = client_learn(&feed->client, bytes, length, is_numbered ? feed->producer : NULL,
                          feed->seq + 1);
    if (status == LATTN_FIELD)
        return feed_header(feed, bytes, length, "it is no map of pairs");
    return feed_note(feed, status, read.count, is_numbered);
}
