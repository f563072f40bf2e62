/*
 * Names before the pairs, as gen writes them: a request that goes to a daemon without coordinates.
 * One that has some keeps what it has; the pairs go there where sizes and names are the same.
 */
#include "feed.h"

#include "names.h"

#include <stdio.h>
#include <string.h>

/* Blocks count coordinates as the pairs do, without the bias that the daemon adds in front. */
static void blocks_shift(struct lattn_request *request, int32_t by)
{
    for (size_t i = 0; i < request->blocks_count; i++)
        request->blocks[i].start += by;
}

static enum lattn_status names_give(struct feed *feed, struct lattn_request *request)
{
    char reason[sizeof feed->naming_complaint.text + 32];
    enum lattn_status status;

    blocks_shift(request, feed->hello.bias ? 1 : 0);
    status = feed_name(feed, request);
    feed->header_is_named = status == LATTN_OK;
    if (status == LATTN_OK &&
        !feed_named_in_order(feed, (int32_t)request->append_count, (int32_t)request->outputs_count))
        feed_stop(feed, "the daemon was given other names at the same time");
    if (status != LATTN_NAME)
        return status;
    snprintf(reason, sizeof reason, "no names: %s", feed->naming_complaint.text);
    feed_stop(feed, reason);
    return LATTN_OK;
}

/* Says where a name differs from the model's, which may have none. */
static int name_fits(struct feed *feed, const char *what, size_t place, const char *name,
                     const char *known)
{
    char reason[3 * LATTN_NAME_MAX];

    if (known[0] == '\0' || strcmp(name, known) == 0)
        return 1;
    snprintf(reason, sizeof reason, "%s %zu is called \"%s\", the daemon's is \"%s\"", what, place,
             name, known);
    feed_stop(feed, reason);
    return 0;
}

static int names_fit(struct feed *feed, const struct lattn_request *request,
                     const struct lattn_model *model)
{
    for (size_t i = 0; i < request->append_count; i++)
        if (!name_fits(feed, "coordinate", i, request->append[i],
                       names_coordinate(model, (int32_t)i + model->bias)))
            return 0;
    for (size_t i = 0; i < request->outputs_count; i++)
        if (!name_fits(feed, "output", i, request->outputs[i], names_output(model, (int32_t)i)))
            return 0;
    return 1;
}

/* Are the names those that the daemon has? It tells them once it has learned something. */
static enum lattn_status names_compare(struct feed *feed, const struct lattn_request *request)
{
    struct lattn_model *model;
    enum lattn_status status = feed_model(feed, &model);

    if (status == LATTN_OK && model != NULL)
        (void)names_fit(feed, request, model);
    lattn_model_close(&model);
    return status;
}

static enum lattn_status names_take(struct feed *feed, struct lattn_request *request)
{
    int32_t d = feed->hello.d > 0 ? feed->hello.d - (feed->hello.bias ? 1 : 0) : 0;
    int32_t m = feed->hello.m;
    char reason[128];

    if (feed->sent > 0) {
        feed_refuse(feed, "names stand before the pairs");
        return LATTN_OK;
    }
    if (d == 0 && m == 0)
        return names_give(feed, request);
    if ((size_t)d == request->append_count && (size_t)m == request->outputs_count)
        return names_compare(feed, request);
    snprintf(reason, sizeof reason,
             "it names %zu coordinates and %zu outputs, the daemon has %d and %d",
             request->append_count, request->outputs_count, d, m);
    feed_stop(feed, reason);
    return LATTN_OK;
}

enum lattn_status feed_header(struct feed *feed, const char *text, size_t length,
                              const char *otherwise)
{
    struct lattn_complaint complaint = {""};
    struct lattn_request request;
    enum lattn_status status =
        lattn_request_read(text, length, feed->source->format, &request, &complaint);
    int is_line = feed->source->format == LATTN_FORMAT_JSON;

    if (status == LATTN_NO_MEMORY)
        return status;
    if (status != LATTN_OK) {
        feed_refuse(feed, is_line && complaint.text[0] != '\0' ? complaint.text : otherwise);
        return LATTN_OK;
    }
    if (request.method == LATTN_METHOD_NAME) {
        feed->header.length = 0;
        status = lattn_text_add(&feed->header, text, length);
        if (status == LATTN_OK)
            status = names_take(feed, &request);
    } else {
        feed_refuse(feed, otherwise);
    }
    lattn_request_done(&request);
    return status;
}

/* Names that the daemon granted keep their places; one that knows none is given them again. */
enum lattn_status feed_header_again(struct feed *feed)
{
    struct lattn_request request;
    enum lattn_status status;

    if (feed->header.length == 0 ||
        (!feed->header_is_named && (feed->hello.d != 0 || feed->hello.m != 0)))
        return LATTN_OK;
    status = lattn_request_read(feed->header.data, feed->header.length, feed->source->format,
                                &request, NULL);
    if (status != LATTN_OK)
        return status;
    status = names_give(feed, &request);
    lattn_request_done(&request);
    return status == LATTN_OK && feed->stopped ? feed_renamed(feed) : status;
}
