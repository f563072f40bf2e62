/*
 * The library has its connections in an epoll of its own. That is watched by the loop, as is the
 * time at which the library wants to look at them without being asked. We accept, so that several
 * sockets lead to one library, and so that we decide who has to go when there are too many.
 *
 * Nothing of ours calls into the library from one of its callbacks but what it allows there; the
 * rest is done in the next turn (http_stir).
 */
#include "monitor/http_parts.h"

#include "base/memory.h"
#include "monitor/page.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MS_PER_S = 1000,
    /*
     * How long the head of a request is waited for, from the beginning of its connection or the
     * end of the request before: twice the usual interval of scrapes, so that they keep theirs.
     */
    WAIT_MS = 30000,
    /* After accepting has failed, as for want of descriptors. */
    RETRY_MS = 100,
    /* Connections accepted from a socket in one round of the loop. */
    ARRIVALS_ENOUGH = 16,
    LOG_TEXT_MAX = 256
};

/* ---- the library in the loop ---- */

static void turn_came(uv_timer_t *timer);

void http_stir(struct http *http)
{
    (void)uv_timer_start(&http->turn, turn_came, 0, 0); /* fails only if closing */
}

static void turn_take(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;

    (void)uv_timer_stop(&http->turn);
    (void)MHD_run(http->daemon); /* refuses only modes that are not ours */
    if (uv_is_active((uv_handle_t *)&http->turn))
        return;
    if (http->is_finishing && http->guests_count == 0 && !http->is_emptied) {
        http->is_emptied = 1;
        http->settings.owner.emptied(http->settings.owner.arg);
    } else if (MHD_get_timeout(http->daemon, &ms) == MHD_YES) {
        (void)uv_timer_start(&http->turn, turn_came, ms, 0);
    }
}

static void turn_came(uv_timer_t *timer)
{
    turn_take(timer->data);
}

static void connections_moved(uv_poll_t *poll, int error, int events)
{
    (void)error;
    (void)events;
    turn_take(poll->data);
}

static void library_said(void *arg, const char *format, va_list values)
{
    struct http *http = arg;
    char text[LOG_TEXT_MAX];

    vsnprintf(text, sizeof text, format, values);
    text[strcspn(text, "\n")] = '\0';
    http->settings.owner.log(http->settings.owner.arg, text);
}

/* ---- guests ---- */

static void patience_set(struct http *http);

static void waited_remove(struct http_guest *guest)
{
    struct http *http = guest->http;

    if (!guest->is_waited)
        return;
    guest->is_waited = 0;
    if (guest->older != NULL)
        guest->older->newer = guest->newer;
    else
        http->oldest_waited = guest->newer;
    if (guest->newer != NULL)
        guest->newer->older = guest->older;
    else
        http->newest_waited = guest->older;
    guest->older = NULL;
    guest->newer = NULL;
}

/* The library finds its connection at its end, and closes it. */
static void guest_dismiss(struct http_guest *guest)
{
    waited_remove(guest);
    (void)shutdown(guest->descriptor, SHUT_RDWR); /* refused, it has ended by itself */
}

void http_await(struct http_guest *guest)
{
    struct http *http = guest->http;

    waited_remove(guest);
    if (http->is_finishing && !guest->is_owed) {
        guest_dismiss(guest);
        return;
    }
    guest->since_ms = uv_now(http->loop);
    guest->is_waited = 1;
    guest->older = http->newest_waited;
    if (guest->older != NULL)
        guest->older->newer = guest;
    else
        http->oldest_waited = guest;
    http->newest_waited = guest;
    if (!uv_is_active((uv_handle_t *)&http->patience))
        patience_set(http);
}

void http_welcome(struct http_guest *guest)
{
    waited_remove(guest);
    guest->is_owed = 0;
}

static void doors_open(struct http *http);

static void patience_over(uv_timer_t *timer)
{
    struct http *http = timer->data;
    uint64_t now_ms = uv_now(http->loop);

    doors_open(http);
    while (http->oldest_waited != NULL && http->oldest_waited->since_ms + WAIT_MS <= now_ms)
        guest_dismiss(http->oldest_waited);
    patience_set(http);
}

/* It runs while somebody is waited for, and looks for the first who is late. */
static void patience_set(struct http *http)
{
    uint64_t late_ms;
    uint64_t now_ms = uv_now(http->loop);

    if (http->oldest_waited == NULL)
        return;
    late_ms = http->oldest_waited->since_ms + WAIT_MS;
    (void)uv_timer_start(&http->patience, patience_over, late_ms > now_ms ? late_ms - now_ms : 0,
                         0);
}

/* ---- connections begin and end ---- */

static void guest_came(struct http_guest *guest, struct MHD_Connection *connection)
{
    const struct http_owner *owner = &guest->http->settings.owner;

    guest->connection = connection;
    guest->http->guests_count++;
    http_await(guest);
    if (owner->secure == NULL)
        return;
    guest->secured = owner->secure(
        owner->arg,
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
    if (guest->secured == NULL)
        guest_dismiss(guest);
}

static void guest_left(struct http_guest *guest)
{
    struct http *http = guest->http;
    const struct http_owner *owner = &http->settings.owner;

    waited_remove(guest);
    if (guest->secured != NULL)
        owner->unsecure(owner->arg, guest->secured, guest->descriptor);
    memory_release(guest);
    http->guests_count--;
    doors_open(http);
}

static void connection_changed(void *cls, struct MHD_Connection *connection, void **guest,
                               enum MHD_ConnectionNotificationCode what)
{
    struct http *http = cls;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *guest = http->arriving;
        http->arriving = NULL;
        guest_came(*guest, connection);
    } else {
        guest_left(*guest);
    }
}

/* The descriptor is given. */
static void guest_add(struct http *http, int descriptor, const struct sockaddr_storage *address,
                      socklen_t length)
{
    http->arriving = memory_zeroed(1, sizeof *http->arriving);
    if (http->arriving == NULL) {
        close(descriptor);
        return;
    }
    http->arriving->http = http;
    http->arriving->descriptor = descriptor;
    /* Refused it has closed the descriptor, and has told us nothing; why, it has logged. */
    if (MHD_add_connection(http->daemon, descriptor, (const struct sockaddr *)address, length) !=
        MHD_YES)
        memory_release(http->arriving);
    http->arriving = NULL;
}

/* ---- doors ---- */

static void door_came(uv_poll_t *poll, int error, int events);

static void doors_open(struct http *http)
{
    if (http->doors_are_open || http->is_finishing)
        return;
    http->doors_are_open = 1;
    for (size_t i = 0; i < http->doors_count; i++)
        (void)uv_poll_start(&http->doors[i].poll, UV_READABLE, door_came); /* fails if closing */
}

static void doors_shut(struct http *http)
{
    http->doors_are_open = 0;
    for (size_t i = 0; i < http->doors_count; i++)
        (void)uv_poll_stop(&http->doors[i].poll);
}

/* Whoever has been waited for longest goes; the doors open again when somebody has left. */
static void place_make(struct http *http)
{
    doors_shut(http);
    if (http->oldest_waited != NULL)
        guest_dismiss(http->oldest_waited);
}

/* Is there somebody else to be let in? */
static int guest_accept(struct http *http, int door)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int descriptor;

    if (http->guests_count >= HTTP_CONNECTIONS_MAX) {
        place_make(http);
        return 0;
    }
    descriptor = accept4(door, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
        guest_add(http, descriptor, &address, length);
        return 1;
    }
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        doors_shut(http);
        (void)uv_timer_start(&http->patience, patience_over, RETRY_MS, 0);
    }
    return 0;
}

static void door_came(uv_poll_t *poll, int error, int events)
{
    const struct http_door *door = poll->data;
    int count = 0;

    (void)error;
    (void)events;
    while (count < ARRIVALS_ENOUGH && guest_accept(door->http, door->descriptor))
        count++;
    http_stir(door->http);
}

/* ---- emissions ---- */

static enum lattn_status event_add(struct http *http, const struct http_emission *emission)
{
    struct lattn_text text;
    enum lattn_status status;

    lattn_text_init(&text);
    status = http_stream_write(http, emission, &text);
    if (status == LATTN_OK)
        status = ring_add(&http->ring, emission->number, &text);
    lattn_text_done(&text);
    return status;
}

void http_publish(struct http *http, const struct http_emission *emission)
{
    struct http_edition *edition = memory_zeroed(1, sizeof *edition);

    if (edition == NULL || event_add(http, emission) != LATTN_OK) {
        http->settings.owner.log(http->settings.owner.arg, "no memory for an emission");
        memory_release(edition);
        emission->release(emission->arg);
        return;
    }
    *edition = (struct http_edition){.http = http, .emission = *emission, .holders = 1};
    http->editions_count++;
    http_reply_let_go(&http->edition);
    http->edition = edition;
    http_stream_wake(http);
}

/* ---- opening ---- */

static void start_write(char start[HTTP_START_MAX])
{
    uint64_t number;

    /* Any number will do that another start is unlikely to have. */
    if (uv_random(NULL, NULL, &number, sizeof number, 0, NULL) != 0)
        number = uv_hrtime();
    snprintf(start, HTTP_START_MAX, "%016" PRIx64, number);
}

/* FNV-1a, 64 bits. */
static uint64_t page_number(void)
{
    uint64_t number = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < page_html_length; i++)
        number = (number ^ page_html[i]) * UINT64_C(0x100000001b3);
    return number;
}

static unsigned daemon_patience_s(const struct http_settings *settings)
{
    uint64_t s = (settings->patience_ms + MS_PER_S - 1) / MS_PER_S;

    return s < 1 ? 1 : s > UINT32_MAX ? UINT32_MAX : (unsigned)s;
}

static enum lattn_status daemon_start(struct http *http)
{
    const struct http_settings *settings = &http->settings;
    int is_encrypted = settings->owner.secure != NULL;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS_MAX, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, daemon_patience_s(settings), NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_CONNECTION_BYTES, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
                     MHD_USE_ERROR_LOG | (is_encrypted ? MHD_USE_TLS : 0);

    http->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, http_visit_go_on, http, MHD_OPTION_EXTERNAL_LOGGER,
                         library_said, http, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, http,
                         MHD_OPTION_NOTIFY_COMPLETED, http_visit_ended, http, MHD_OPTION_ARRAY,
                         options, is_encrypted ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END,
                         settings->owner.retrieve, MHD_OPTION_END);
    return http->daemon != NULL ? LATTN_OK : LATTN_INPUT_OUTPUT;
}

/* None of these can fail. */
static void timers_add(struct http *http)
{
    uv_timer_t *const timers[] = {&http->turn, &http->patience, &http->pulse};

    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        (void)uv_timer_init(http->loop, timers[i]);
        timers[i]->data = http;
        http->handles_open++;
    }
}

static enum lattn_status connections_watch(struct http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (uv_poll_init(http->loop, &http->poll, info->epoll_fd) != 0)
        return LATTN_INPUT_OUTPUT;
    http->poll.data = http;
    http->handles_open++;
    http->is_polling = 1;
    return uv_poll_start(&http->poll, UV_READABLE, connections_moved) == 0 ? LATTN_OK
                                                                           : LATTN_INPUT_OUTPUT;
}

/* The descriptor is given. */
static enum lattn_status door_add(struct http *http, int descriptor)
{
    struct http_door *door = &http->doors[http->doors_count];

    if (uv_poll_init(http->loop, &door->poll, descriptor) != 0) {
        close(descriptor);
        return LATTN_INPUT_OUTPUT;
    }
    door->poll.data = door;
    door->http = http;
    door->descriptor = descriptor;
    http->handles_open++;
    http->doors_count++;
    return LATTN_OK;
}

static enum lattn_status doors_add(struct http *http, const struct http_settings *settings)
{
    enum lattn_status status = LATTN_OK;

    assert(settings->sockets_count <= HTTP_SOCKETS_MAX);
    for (size_t i = 0; i < settings->sockets_count; i++) {
        enum lattn_status one = door_add(http, settings->sockets[i]);

        status = status == LATTN_OK ? one : status;
    }
    http->settings.sockets = NULL;
    return status;
}

enum lattn_status http_open(struct http **ret_http, uv_loop_t *loop,
                            const struct http_settings *settings)
{
    struct http *http = memory_zeroed(1, sizeof *http);
    enum lattn_status status;

    if (http == NULL) {
        for (size_t i = 0; i < settings->sockets_count; i++)
            close(settings->sockets[i]);
        return LATTN_NO_MEMORY;
    }
    http->settings = *settings;
    http->self = (struct inquiry_self){settings->name, settings->owner.secure != NULL};
    http->loop = loop;
    start_write(http->start);
    http->page = page_number();
    timers_add(http);
    status = doors_add(http, settings);
    if (status == LATTN_OK)
        status = daemon_start(http);
    if (status == LATTN_OK)
        status = connections_watch(http);
    if (status != LATTN_OK) {
        http_close(&http);
        return status;
    }
    doors_open(http);
    *ret_http = http;
    return LATTN_OK;
}

/* ---- closing ---- */

static void handle_closed(uv_handle_t *handle)
{
    struct http *http = handle->data;

    if (--http->handles_open == 0)
        memory_release(http);
}

static void doors_close(struct http *http)
{
    for (size_t i = 0; i < http->doors_count; i++) {
        http->doors[i].poll.data = http;
        uv_close((uv_handle_t *)&http->doors[i].poll, handle_closed);
        close(http->doors[i].descriptor);
    }
    http->doors_count = 0;
    http->doors_are_open = 0;
}

void http_finish(struct http *http)
{
    if (http->is_finishing)
        return;
    http->is_finishing = 1;
    doors_close(http);
    for (struct http_guest *guest = http->oldest_waited, *next; guest != NULL; guest = next) {
        next = guest->newer;
        if (!guest->is_owed)
            guest_dismiss(guest);
    }
    http_stream_wake(http);
}

/* The library wants none of its connections suspended when it is stopped. */
static void daemon_stop(struct http *http)
{
    if (http->daemon == NULL)
        return;
    http_stream_wake(http);
    http_body_release_all(http);
    MHD_stop_daemon(http->daemon);
    http->daemon = NULL;
}

void http_close(struct http **http)
{
    struct http *old = *http;

    if (old == NULL)
        return;
    *http = NULL;
    old->is_finishing = 1;
    doors_close(old);
    uv_close((uv_handle_t *)&old->turn, handle_closed);
    uv_close((uv_handle_t *)&old->patience, handle_closed);
    uv_close((uv_handle_t *)&old->pulse, handle_closed);
    if (old->is_polling)
        uv_close((uv_handle_t *)&old->poll, handle_closed);
    daemon_stop(old);
    http_reply_let_go(&old->edition);
    ring_done(&old->ring);
}
