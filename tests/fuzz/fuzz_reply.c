/*
 * Lines of a daemon as a client reads them: all of the readers on each, and the text passed on.
 */
#include <lattn/wire.h>

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void read_parts(const struct lattn_reply *reply)
{
    struct lattn_state_of_service state;
    struct lattn_prediction prediction;
    struct lattn_named named;
    struct lattn_hello hello;
    struct lattn_domain domain;
    struct lattn_design design;
    struct lattn_model *model;
    struct lattn_checkpoint checkpoint;
    struct lattn_image image;
    struct lattn_text bytes;
    uint64_t part;
    int32_t *order;
    size_t count;
    int32_t m;

    if (lattn_reply_status(reply, &state) == LATTN_OK)
        lattn_report_done(&state.report);
    if (lattn_reply_prediction(reply, &prediction, &m) == LATTN_OK)
        lattn_prediction_done(&prediction);
    if (lattn_reply_named(reply, &named) == LATTN_OK)
        lattn_named_done(&named);
    (void)lattn_reply_hello(reply, &hello);
    (void)lattn_reply_domain(reply, &domain);
    if (lattn_reply_suggestion(reply, &order, &count) == LATTN_OK)
        free(order);
    if (lattn_reply_design(reply, &design) == LATTN_OK)
        lattn_design_done(&design);
    (void)lattn_reply_checkpoint(reply, &checkpoint);
    (void)lattn_reply_image(reply, &image);
    lattn_text_init(&bytes);
    if (lattn_reply_part(reply, &part, &bytes) != LATTN_OK)
        require(bytes.length == 0);
    lattn_text_done(&bytes);
    if (lattn_reply_model(reply, &model) == LATTN_OK)
        lattn_model_close(&model);
}

/* Indenting changes white space only. */
static void require_same_indented(const struct lattn_reply *reply)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    struct lattn_text compact;
    struct lattn_text indented;
    json_t *a;
    json_t *b;

    lattn_text_init(&compact);
    lattn_text_init(&indented);
    require(lattn_reply_text(reply, 0, &compact) == LATTN_OK);
    require(lattn_reply_text(reply, 1, &indented) == LATTN_OK);
    a = json_loadb(compact.data, compact.length, flags, NULL);
    b = json_loadb(indented.data, indented.length, flags, NULL);
    require((a == NULL) == (b == NULL));
    require(a == NULL || json_equal(a, b));
    json_decref(a);
    json_decref(b);
    lattn_text_done(&compact);
    lattn_text_done(&indented);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size);
    struct lattn_reply reply;
    struct lattn_complaint complaint;

    if (size > 0)
        memcpy(text, data, size);
    if (lattn_reply_read(text, size, LATTN_FORMAT_JSON, &reply, &complaint) == LATTN_OK) {
        if (reply.kind != LATTN_REPLY_ERROR) {
            read_parts(&reply);
            require_same_indented(&reply);
        }
        lattn_reply_done(&reply);
    }
    free(text);
    return 0;
}
