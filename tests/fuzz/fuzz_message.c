/*
 * Frames of MessagePack-RPC other than pairs. What is accepted is MessagePack to msgpack-c too; a
 * request is the same after writing and reading in either format, and a reply is kept as JSON that
 * jansson reads.
 */
#include <lattn/frame.h>
#include <lattn/wire.h>

#include <jansson.h>
#include <msgpack.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void require_whole(const char *bytes, size_t size)
{
    msgpack_unpacked unpacked;
    size_t at = 0;

    msgpack_unpacked_init(&unpacked);
    require(msgpack_unpack_next(&unpacked, bytes, size, &at) == MSGPACK_UNPACK_SUCCESS);
    require(at == size);
    msgpack_unpacked_destroy(&unpacked);
}

/* Through this format the request comes back as the same line. */
static void require_same(const struct lattn_request *request, enum lattn_format format,
                         const struct lattn_text *line)
{
    struct lattn_complaint complaint;
    struct lattn_request read;
    struct lattn_text text;
    struct lattn_text again;

    lattn_text_init(&text);
    lattn_text_init(&again);
    require(lattn_write_request(&text, format, request) == LATTN_OK);
    require(lattn_request_read(text.data, text.length, format, &read, &complaint) == LATTN_OK);
    require(lattn_write_request(&again, LATTN_FORMAT_JSON, &read) == LATTN_OK);
    require(strcmp(again.data, line->data) == 0);
    lattn_request_done(&read);
    lattn_text_done(&text);
    lattn_text_done(&again);
}

static void read_request(const char *bytes, size_t size)
{
    struct lattn_complaint complaint;
    struct lattn_request request;
    struct lattn_text line;
    char id[LATTN_ID_MAX];
    enum lattn_status status =
        lattn_request_read(bytes, size, LATTN_FORMAT_MSGPACK, &request, &complaint);

    (void)lattn_frame_id(bytes, size, id);
    require(strcmp(request.id, id) == 0);
    if (status != LATTN_OK)
        return;
    require_whole(bytes, size);
    lattn_text_init(&line);
    require(lattn_write_request(&line, LATTN_FORMAT_JSON, &request) == LATTN_OK);
    require_same(&request, LATTN_FORMAT_JSON, &line);
    require_same(&request, LATTN_FORMAT_MSGPACK, &line);
    lattn_text_done(&line);
    lattn_request_done(&request);
}

static void read_reply(const char *bytes, size_t size)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    struct lattn_complaint complaint;
    struct lattn_reply reply;
    struct lattn_text text;
    json_error_t error;
    json_t *json;

    if (lattn_reply_read(bytes, size, LATTN_FORMAT_MSGPACK, &reply, &complaint) != LATTN_OK)
        return;
    require_whole(bytes, size);
    if (reply.kind != LATTN_REPLY_ERROR) {
        lattn_text_init(&text);
        require(lattn_reply_text(&reply, 0, &text) == LATTN_OK);
        /* Ours is eight bytes at most for each of theirs, and what is added once. */
        require(text.length <= 8 * size + 64);
        json = json_loadb(text.data, text.length, flags, &error);
        /* jansson cannot hold such a key. */
        require(json != NULL || json_error_code(&error) == json_error_null_byte_in_key);
        json_decref(json);
        lattn_text_done(&text);
    }
    lattn_reply_done(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size);

    if (size > 0)
        memcpy(bytes, data, size);
    read_request(bytes, size);
    read_reply(bytes, size);
    free(bytes);
    return 0;
}
