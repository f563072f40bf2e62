/*
 * Frames of MessagePack, one question at a time. Every wait has an end: its time, or courier_stop.
 */
#include "serve/courier.h"

#include <lattn/frame.h>
#include <lattn/link.h>
#include <lattn/secret.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/drop.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
    /* Whoever answers may be reading a large state, or be adding up others. */
    WAIT_MS_MAX = 30000,
    READ_BYTES = 16 << 10,
    PART_BYTES_MAX = 1 << 20,
    PART_BYTES_MIN = 4 << 10,
    /* Answers are short; an error has 256 bytes of words. */
    ANSWER_BYTES_MAX = 64 << 10
};

static const char directory_scheme[] = "dir:";

/*
 * link        NULL: not connected
 * part_bytes  of an image, by what the peer takes in one message
 * answers     bytes that came and were not taken
 * left        the state that was left in the directory
 */
struct courier {
    struct courier_settings settings;
    struct lattn_link *link;
    size_t part_bytes;
    uint64_t questions;
    struct lattn_text answers;
    struct drop_mark left;
    atomic_int is_stopped;
    int is_connected;
};

static int goes_to_directory(const struct courier *courier)
{
    return strncmp(courier->settings.address, directory_scheme, sizeof directory_scheme - 1) == 0;
}

/* ---- opening and closing ---- */

enum lattn_status courier_check(const char *address, struct lattn_complaint *complaint)
{
    struct lattn_address read;
    enum lattn_status status;

    if (strncmp(address, directory_scheme, sizeof directory_scheme - 1) == 0)
        return address[sizeof directory_scheme - 1] != '\0'
                   ? LATTN_OK
                   : complain(complaint, LATTN_ADDRESS, "dir: names no directory");
    status = lattn_address_read(address, &read, complaint);
    if (status == LATTN_OK && read.kind != LATTN_ADDRESS_UNIX && read.kind != LATTN_ADDRESS_TCP &&
        read.kind != LATTN_ADDRESS_TLS)
        return complain(complaint, LATTN_ADDRESS,
                        "one pushes to unix:PATH, tcp:HOST:PORT, tls:HOST:PORT or dir:PATH");
    return status;
}

enum lattn_status courier_open(struct courier **ret_courier,
                               const struct courier_settings *settings)
{
    struct courier *courier = memory_zeroed(1, sizeof *courier);

    if (courier == NULL)
        return LATTN_NO_MEMORY;
    courier->settings = *settings;
    lattn_text_init(&courier->answers);
    *ret_courier = courier;
    return LATTN_OK;
}

static void connection_drop(struct courier *courier)
{
    lattn_link_close(&courier->link);
    courier->is_connected = 0;
    lattn_text_done(&courier->answers);
}

void courier_close(struct courier **courier)
{
    if (*courier == NULL)
        return;
    connection_drop(*courier);
    memory_release(*courier);
    *courier = NULL;
}

void courier_stop(struct courier *courier)
{
    atomic_store(&courier->is_stopped, 1);
}

static int is_stopped(void *arg)
{
    struct courier *courier = arg;

    return atomic_load(&courier->is_stopped);
}

int courier_is_connected(const struct courier *courier)
{
    return courier->is_connected;
}

/* ---- questions ---- */

static enum lattn_status ready_await(const struct courier *courier, int is_writing,
                                     struct lattn_complaint *complaint)
{
    switch (lattn_link_await(courier->link, is_writing, WAIT_MS_MAX)) {
    case LATTN_OK:
        return LATTN_OK;
    case LATTN_CLOSED:
        return complain(complaint, LATTN_CLOSED, "the daemon is stopping");
    default:
        return complain(complaint, LATTN_TIMEOUT, "no answer within %d s", WAIT_MS_MAX / 1000);
    }
}

/* Why nothing comes or goes any more: in words of the other side, where it said so. */
static enum lattn_status break_tell(const struct courier *courier, const char *why,
                                    struct lattn_complaint *complaint)
{
    const char *reason = lattn_link_reason(courier->link);

    return complain(complaint, LATTN_CLOSED, "%s", reason != NULL ? reason : why);
}

static enum lattn_status bytes_send(struct courier *courier, const char *bytes, size_t length,
                                    struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && length > 0) {
        ssize_t sent = lattn_link_write(courier->link, bytes, length);

        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            status = ready_await(courier, 1, complaint);
        } else if (sent < 0 && errno != EINTR) {
            status = break_tell(courier, strerror(errno), complaint);
        }
    }
    return status;
}

static enum lattn_status bytes_await(struct courier *courier, struct lattn_complaint *complaint)
{
    char bytes[READ_BYTES];
    enum lattn_status status = ready_await(courier, 0, complaint);
    ssize_t got;

    if (status != LATTN_OK)
        return status;
    got = lattn_link_read(courier->link, bytes, sizeof bytes);
    if (got == 0)
        return break_tell(courier, "it hung up", complaint);
    if (got < 0 && errno != EAGAIN && errno != EINTR)
        return break_tell(courier, strerror(errno), complaint);
    return got > 0 ? lattn_text_add(&courier->answers, bytes, (size_t)got) : LATTN_OK;
}

/* Who turns everybody away says so in a line, before it has seen what we speak. */
static int is_line(const struct lattn_text *answers)
{
    return answers->length > 0 && answers->data[0] == '{';
}

/* Is a whole answer there? ret_length says how long it is. */
static enum lattn_status answer_scan(const struct lattn_text *answers, size_t *ret_length)
{
    struct lattn_frame frame;
    const char *end;
    enum lattn_status status;

    if (is_line(answers)) {
        end = memchr(answers->data, '\n', answers->length);
        *ret_length = end == NULL ? 0 : (size_t)(end - answers->data);
        if (end != NULL)
            return LATTN_OK;
        return answers->length < ANSWER_BYTES_MAX ? LATTN_MORE : LATTN_TOO_BIG;
    }
    lattn_frame_init(&frame, ANSWER_BYTES_MAX);
    status = lattn_frame_scan(&frame, answers->data, answers->length, NULL);
    *ret_length = frame.at;
    return status;
}

/* Read until a whole answer is there. */
static enum lattn_status answer_await(struct courier *courier, struct lattn_reply *ret_reply,
                                      struct lattn_complaint *complaint)
{
    const struct lattn_text *answers = &courier->answers;
    enum lattn_status status;
    size_t length;

    while ((status = answer_scan(answers, &length)) == LATTN_MORE) {
        status = bytes_await(courier, complaint);
        if (status != LATTN_OK)
            return status;
    }
    if (status == LATTN_OK)
        status = lattn_reply_read(answers->data, length,
                                  is_line(answers) ? LATTN_FORMAT_JSON : LATTN_FORMAT_MSGPACK,
                                  ret_reply, NULL);
    return status == LATTN_OK || status == LATTN_NO_MEMORY
               ? status
               : complain(complaint, LATTN_CLOSED, "what answers is not lattnd");
}

/* In the words of whoever refused. */
static enum lattn_status reply_judge(const struct lattn_reply *reply,
                                     struct lattn_complaint *complaint)
{
    if (reply->kind != LATTN_REPLY_ERROR)
        return LATTN_OK;
    return complain(complaint, LATTN_REFUSED, "%.250s", reply->message);
}

/* Ask, and take the answer; the reply is given with LATTN_OK. */
static enum lattn_status question_put(struct courier *courier, struct lattn_request *request,
                                      struct lattn_reply *ret_reply,
                                      struct lattn_complaint *complaint)
{
    struct lattn_text question;
    enum lattn_status status;

    lattn_text_init(&question);
    (void)snprintf(request->id, sizeof request->id, "%ju", (uintmax_t)++courier->questions);
    status = lattn_write_request(&question, LATTN_FORMAT_MSGPACK, request);
    if (status == LATTN_OK)
        status = bytes_send(courier, question.data, question.length, complaint);
    if (request->method == LATTN_METHOD_AUTH && question.data != NULL)
        explicit_bzero(question.data, question.capacity);
    lattn_text_done(&question);
    if (status == LATTN_OK)
        status = answer_await(courier, ret_reply, complaint);
    lattn_text_done(&courier->answers); /* one answer at a time */
    if (status != LATTN_OK) {
        connection_drop(courier);
        return status;
    }
    courier->is_connected = 1;
    status = reply_judge(ret_reply, complaint);
    if (status != LATTN_OK)
        lattn_reply_done(ret_reply);
    return status;
}

/* ---- letting oneself in ---- */

static enum lattn_status token_show(struct courier *courier, struct lattn_complaint *complaint)
{
    struct lattn_request request = {.method = LATTN_METHOD_AUTH};
    struct lattn_reply reply;
    enum lattn_status status = lattn_link_guard(courier->link, complaint);

    if (status == LATTN_OK)
        status = lattn_secret_first(courier->settings.token_file, request.token, complaint);
    if (status == LATTN_OK)
        status = question_put(courier, &request, &reply, complaint);
    if (status == LATTN_OK)
        lattn_reply_done(&reply);
    lattn_request_done(&request);
    return status;
}

/* How much it takes at once. */
static enum lattn_status peer_ask(struct courier *courier, struct lattn_complaint *complaint)
{
    struct lattn_request request = {.method = LATTN_METHOD_HELLO};
    struct lattn_reply reply;
    struct lattn_hello hello;
    enum lattn_status status = question_put(courier, &request, &reply, complaint);

    if (status != LATTN_OK)
        return status;
    status = lattn_reply_hello(&reply, &hello);
    lattn_reply_done(&reply);
    if (status != LATTN_OK)
        return complain(complaint, status, "what answers is not lattnd");
    courier->part_bytes = hello.frame_bytes_max / 2;
    if (courier->part_bytes > PART_BYTES_MAX)
        courier->part_bytes = PART_BYTES_MAX;
    if (courier->part_bytes < PART_BYTES_MIN)
        courier->part_bytes = PART_BYTES_MIN;
    return LATTN_OK;
}

static enum lattn_status connection_need(struct courier *courier, struct lattn_complaint *complaint)
{
    const struct lattn_link_settings way = {
        .address = courier->settings.address,
        .ca_file = courier->settings.ca_file,
        .is_over = is_stopped,
        .arg = courier,
    };
    enum lattn_status status;

    if (courier->link != NULL)
        return LATTN_OK;
    courier->is_connected = 0;
    status = lattn_link_open(&courier->link, &way, complaint);
    if (status == LATTN_OK && courier->settings.token_file != NULL)
        status = token_show(courier, complaint);
    if (status == LATTN_OK)
        status = peer_ask(courier, complaint);
    if (status != LATTN_OK)
        connection_drop(courier);
    return status;
}

/* ---- offers ---- */

static enum lattn_status offer_put(struct courier *courier, struct lattn_request *request,
                                   int *ret_whole, struct lattn_complaint *complaint)
{
    struct lattn_taken taken;
    struct lattn_reply reply;
    enum lattn_status status = question_put(courier, request, &reply, complaint);

    if (status != LATTN_OK)
        return status;
    status = lattn_reply_taken(&reply, &taken);
    lattn_reply_done(&reply);
    if (status != LATTN_OK)
        return complain(complaint, status, "what answers takes no offers");
    *ret_whole = taken.whole;
    return LATTN_OK;
}

static enum lattn_status file_path(const struct courier *courier, const struct lattn_offer *offer,
                                   char ret_path[PATH_MAX], struct lattn_complaint *complaint)
{
    const char *directory = courier->settings.address + sizeof directory_scheme - 1;
    enum lattn_status status = drop_path(directory, offer->shard, offer->shards, ret_path);

    return status == LATTN_OK ? status
                              : complain(complaint, status, "%.100s...: too long", directory);
}

static enum lattn_status file_greet(struct courier *courier, const struct lattn_offer *offer,
                                    int *ret_whole, struct lattn_complaint *complaint)
{
    char path[PATH_MAX];
    enum lattn_status status = file_path(courier, offer, path, complaint);

    if (status == LATTN_OK)
        status = drop_touch(path, &courier->left, complaint);
    *ret_whole = status == LATTN_OK;
    return status == LATTN_NO_DATA ? LATTN_OK : status;
}

static enum lattn_status file_carry(struct courier *courier, const struct lattn_offer *offer,
                                    const char *bytes, size_t length,
                                    struct lattn_complaint *complaint)
{
    char path[PATH_MAX];
    enum lattn_status status = file_path(courier, offer, path, complaint);

    if (status != LATTN_OK)
        return status;
    if (courier->left.size == 0)
        drop_sweep(path);
    return drop_put(path, bytes, length, &courier->left, complaint);
}

static enum lattn_status parts_carry(struct courier *courier, const struct lattn_offer *offer,
                                     const char *bytes, size_t length,
                                     struct lattn_complaint *complaint)
{
    size_t size = courier->part_bytes;
    struct lattn_request request = {.method = LATTN_METHOD_OFFER, .offer = *offer};
    enum lattn_status status = LATTN_OK;
    int whole = 0;

    request.offer.bytes = length;
    request.offer.parts = (length + size - 1) / size;
    for (; status == LATTN_OK && request.part < request.offer.parts; request.part++) {
        size_t at = request.part * size;

        request.offer.data.data = (char *)bytes + at; /* only read */
        request.offer.data.length = length - at < size ? length - at : size;
        status = offer_put(courier, &request, &whole, complaint);
    }
    if (status == LATTN_OK && !whole)
        return complain(complaint, LATTN_REFUSED, "the state was not taken");
    return status;
}

enum lattn_status courier_greet(struct courier *courier, const struct lattn_offer *offer,
                                int *ret_whole, struct lattn_complaint *complaint)
{
    struct lattn_request request = {.method = LATTN_METHOD_OFFER, .offer = *offer};
    enum lattn_status status;

    if (goes_to_directory(courier)) {
        status = file_greet(courier, offer, ret_whole, complaint);
        courier->is_connected = status == LATTN_OK;
        return status;
    }
    status = connection_need(courier, complaint);
    return status == LATTN_OK ? offer_put(courier, &request, ret_whole, complaint) : status;
}

enum lattn_status courier_carry(struct courier *courier, const struct lattn_offer *offer,
                                const char *bytes, size_t length, struct lattn_complaint *complaint)
{
    enum lattn_status status;

    if (goes_to_directory(courier)) {
        status = file_carry(courier, offer, bytes, length, complaint);
        courier->is_connected = status == LATTN_OK;
        return status;
    }
    status = connection_need(courier, complaint);
    return status == LATTN_OK ? parts_carry(courier, offer, bytes, length, complaint) : status;
}
