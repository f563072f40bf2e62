/*
 * Frames of MessagePack, one question at a time. The socket does not block, so that every wait has
 * an end: its time, or courier_stop.
 */
#include "serve/courier.h"

#include <lattn/address.h>
#include <lattn/frame.h>
#include <lattn/secret.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/drop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    /* Whoever answers may be reading a large state, or be adding up others. */
    WAIT_MS_MAX = 30000,
    CONNECT_MS_MAX = 5000,
    STEP_MS = 100,
    READ_BYTES = 16 << 10,
    PART_BYTES_MAX = 1 << 20,
    PART_BYTES_MIN = 4 << 10,
    /* Answers are short; an error has 256 bytes of words. */
    ANSWER_BYTES_MAX = 64 << 10
};

static const char directory_scheme[] = "dir:";

/*
 * descriptor  -1: not connected
 * part_bytes  of an image, by what the peer takes in one message
 * answers     bytes that came and were not taken
 */
struct courier {
    struct courier_settings settings;
    int descriptor;
    size_t part_bytes;
    uint64_t questions;
    struct lattn_text answers;
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
    if (status != LATTN_OK)
        return status;
    if (read.kind != LATTN_ADDRESS_UNIX && read.kind != LATTN_ADDRESS_TCP)
        return complain(complaint, LATTN_ADDRESS,
                        "one pushes to unix:PATH, tcp:HOST:PORT or dir:PATH");
    return LATTN_OK;
}

enum lattn_status courier_open(struct courier **ret_courier,
                               const struct courier_settings *settings)
{
    struct courier *courier = memory_zeroed(1, sizeof *courier);

    if (courier == NULL)
        return LATTN_NO_MEMORY;
    courier->settings = *settings;
    courier->descriptor = -1;
    lattn_text_init(&courier->answers);
    *ret_courier = courier;
    return LATTN_OK;
}

static void connection_drop(struct courier *courier)
{
    if (courier->descriptor >= 0)
        (void)close(courier->descriptor); /* what mattered was answered */
    courier->descriptor = -1;
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

int courier_is_connected(const struct courier *courier)
{
    return courier->is_connected;
}

/* ---- waiting ---- */

/* Returns LATTN_OK when the socket is ready, LATTN_TIMEOUT or LATTN_CLOSED. */
static enum lattn_status ready_await(const struct courier *courier, int descriptor, short events,
                                     int ms_max, struct lattn_complaint *complaint)
{
    struct pollfd polled = {.fd = descriptor, .events = events};

    for (int waited = 0; waited < ms_max; waited += STEP_MS) {
        if (atomic_load(&courier->is_stopped))
            return complain(complaint, LATTN_CLOSED, "the daemon is stopping");
        if (poll(&polled, 1, STEP_MS) > 0)
            return LATTN_OK;
    }
    return complain(complaint, LATTN_TIMEOUT, "no answer within %d s", ms_max / 1000);
}

/* ---- connecting ---- */

static enum lattn_status socket_connect(struct courier *courier, int family,
                                        const struct sockaddr *address, socklen_t length,
                                        struct lattn_complaint *complaint)
{
    int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    enum lattn_status status = LATTN_OK;
    int error = 0;
    socklen_t size = sizeof error;

    if (descriptor < 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "%s", strerror(errno));
    if (connect(descriptor, address, length) != 0)
        error = errno;
    if (error == EINPROGRESS) {
        status = ready_await(courier, descriptor, POLLOUT, CONNECT_MS_MAX, complaint);
        if (status == LATTN_OK)
            (void)getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error,
                             &size); /* a socket of ours */
    }
    if (status == LATTN_OK && error != 0)
        status = complain(complaint, LATTN_CLOSED, "%s", strerror(error));
    if (status != LATTN_OK)
        (void)close(descriptor); /* nothing was sent */
    else
        courier->descriptor = descriptor;
    return status;
}

static enum lattn_status unix_connect(struct courier *courier, const struct lattn_address *address,
                                      struct lattn_complaint *complaint)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};

    static_assert(sizeof place.sun_path >= sizeof address->path, "a path that was read fits");
    memcpy(place.sun_path, address->path, sizeof address->path);
    return socket_connect(courier, AF_UNIX, (const struct sockaddr *)&place, sizeof place,
                          complaint);
}

static enum lattn_status tcp_connect(struct courier *courier, const struct lattn_address *address,
                                     struct lattn_complaint *complaint)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *places;
    enum lattn_status status = LATTN_CLOSED;
    char port[8];
    int fault;

    (void)snprintf(port, sizeof port, "%u", address->port);
    fault = getaddrinfo(address->host, port, &hints, &places);
    if (fault != 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "%s",
                        fault == EAI_SYSTEM ? strerror(errno) : gai_strerror(fault));
    for (const struct addrinfo *place = places; place != NULL && status != LATTN_OK;
         place = place->ai_next)
        status =
            socket_connect(courier, place->ai_family, place->ai_addr, place->ai_addrlen, complaint);
    freeaddrinfo(places);
    return status;
}

/* ---- questions ---- */

static enum lattn_status bytes_send(struct courier *courier, const char *bytes, size_t length,
                                    struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && length > 0) {
        ssize_t sent = send(courier->descriptor, bytes, length, MSG_NOSIGNAL);

        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            status = ready_await(courier, courier->descriptor, POLLOUT, WAIT_MS_MAX, complaint);
        } else if (sent < 0 && errno != EINTR) {
            status = complain(complaint, LATTN_CLOSED, "%s", strerror(errno));
        }
    }
    return status;
}

/* Read until a whole answer is there; ret_length says how long it is. */
static enum lattn_status answer_await(struct courier *courier, size_t *ret_length,
                                      struct lattn_complaint *complaint)
{
    struct lattn_frame frame;
    enum lattn_status status;

    lattn_frame_init(&frame, ANSWER_BYTES_MAX);
    while ((status = lattn_frame_scan(&frame, courier->answers.data, courier->answers.length,
                                      complaint)) == LATTN_MORE) {
        char bytes[READ_BYTES];
        ssize_t got;

        status = ready_await(courier, courier->descriptor, POLLIN, WAIT_MS_MAX, complaint);
        if (status != LATTN_OK)
            return status;
        got = recv(courier->descriptor, bytes, sizeof bytes, 0);
        if (got == 0)
            return complain(complaint, LATTN_CLOSED, "it hung up");
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return complain(complaint, LATTN_CLOSED, "%s", strerror(errno));
        if (got > 0 && lattn_text_add(&courier->answers, bytes, (size_t)got) != LATTN_OK)
            return LATTN_NO_MEMORY;
    }
    *ret_length = frame.at;
    return status == LATTN_OK ? status
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
    size_t length = 0;
    enum lattn_status status;

    lattn_text_init(&question);
    (void)snprintf(request->id, sizeof request->id, "%ju", (uintmax_t)++courier->questions);
    status = lattn_write_request(&question, LATTN_FORMAT_MSGPACK, request);
    if (status == LATTN_OK)
        status = bytes_send(courier, question.data, question.length, complaint);
    lattn_text_done(&question);
    if (status == LATTN_OK)
        status = answer_await(courier, &length, complaint);
    if (status == LATTN_OK)
        status = lattn_reply_read(courier->answers.data, length, LATTN_FORMAT_MSGPACK, ret_reply,
                                  complaint);
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
    struct lattn_secret secret = {0};
    struct lattn_reply reply;
    const char *token;
    size_t length;
    size_t at = 0;
    enum lattn_status status = lattn_secret_read(courier->settings.token_file, &secret, complaint);

    if (status == LATTN_OK)
        status = lattn_secret_token(&secret, &at, &token, &length, complaint);
    if (status == LATTN_MORE)
        status = complain(complaint, LATTN_FIELD, "there is no token in the file of --push-token");
    if (status == LATTN_OK) {
        memcpy(request.token, token, length);
        status = question_put(courier, &request, &reply, complaint);
    }
    if (status == LATTN_OK)
        lattn_reply_done(&reply);
    lattn_request_done(&request);
    lattn_secret_done(&secret);
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
    struct lattn_address address;
    enum lattn_status status = LATTN_OK;

    if (courier->descriptor >= 0)
        return LATTN_OK;
    status = lattn_address_read(courier->settings.address, &address, complaint);
    if (status == LATTN_OK)
        status = address.kind == LATTN_ADDRESS_UNIX ? unix_connect(courier, &address, complaint)
                                                    : tcp_connect(courier, &address, complaint);
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

static enum lattn_status file_greet(const struct courier *courier, const struct lattn_offer *offer,
                                    int *ret_whole, struct lattn_complaint *complaint)
{
    char path[PATH_MAX];
    enum lattn_status status = file_path(courier, offer, path, complaint);

    if (status == LATTN_OK)
        status = drop_touch(path, complaint);
    *ret_whole = status == LATTN_OK;
    return status == LATTN_NO_DATA ? LATTN_OK : status;
}

static enum lattn_status file_carry(const struct courier *courier, const struct lattn_offer *offer,
                                    const char *bytes, size_t length,
                                    struct lattn_complaint *complaint)
{
    char path[PATH_MAX];
    enum lattn_status status = file_path(courier, offer, path, complaint);

    return status == LATTN_OK ? drop_put(path, bytes, length, complaint) : status;
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
