#include "support/site.h"

#include "base/complaint.h"
#include "base/memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_NS UINT64_C(10000000000)

/* ---- the owner ---- */

static int asks_token(void *arg)
{
    return ((struct site *)arg)->token != NULL;
}

static int admits(void *arg, const char *token, size_t length)
{
    const struct site *site = arg;

    return strlen(site->token) == length && memcmp(site->token, token, length) == 0;
}

static void refuse(void *arg, int descriptor, const char *why)
{
    struct site *site = arg;

    cr_assert_geq(descriptor, 0);
    cr_assert_not_null(why);
    site->refused++;
}

static int is_alive(void *arg)
{
    return !((struct site *)arg)->is_dead;
}

static enum lattn_status unready(void *arg, struct lattn_complaint *complaint)
{
    const struct site *site = arg;

    return site->unready == LATTN_OK ? LATTN_OK : complain(complaint, site->unready, "not today");
}

static enum lattn_status write_status(void *arg, struct lattn_text *text)
{
    const struct site *site = arg;

    return site->status == NULL ? LATTN_NO_DATA
                                : lattn_text_add(text, site->status, strlen(site->status));
}

static void measure(void *arg, struct metrics *ret_metrics)
{
    (void)arg;
    *ret_metrics = (struct metrics){.report = NULL};
}

static void say(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

static void watched(void *arg, int is_watched)
{
    ((struct site *)arg)->is_watched = is_watched;
}

static void emptied(void *arg)
{
    ((struct site *)arg)->emptied++;
}

/* ---- who takes what is posted ---- */

static void *begin(void *arg, struct http_body *body)
{
    struct site *site = arg;

    site->begun++;
    site->body = body;
    if (site->is_shut)
        http_body_refuse(body, 503, LATTN_CLOSED, "it is shut");
    return site;
}

static size_t take(void *taking, const char *bytes, size_t length)
{
    struct site *site = taking;
    size_t taken = length < site->room ? length : site->room;

    if (lattn_text_add(&site->taken, bytes, taken) != LATTN_OK)
        return length; /* lost: whoever lets allocations fail does not look at it */
    site->room -= taken;
    return taken;
}

static void end(void *taking)
{
    struct site *site = taking;
    struct lattn_text text;

    site->ends++;
    lattn_text_init(&text);
    if (site->answer == NULL)
        return;
    (void)lattn_text_add(&text, site->answer, strlen(site->answer)); /* then it is empty */
    http_body_answer(site->body, 200, "application/json", &text);
}

static void gone(void *taking)
{
    struct site *site = taking;

    site->gone++;
    site->body = NULL;
}

/* ---- opening and closing ---- */

static int socket_open(struct site *site)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    cr_assert_eq(bind(descriptor, (struct sockaddr *)&address, length), 0);
    cr_assert_eq(listen(descriptor, 512), 0);
    cr_assert_eq(getsockname(descriptor, (struct sockaddr *)&address, &length), 0);
    site->port = ntohs(address.sin_port);
    return descriptor;
}

enum lattn_status site_open(struct site *site)
{
    int descriptor = socket_open(site);
    const struct http_taker taker = {begin, take, end, gone, site};
    const struct http_settings settings = {
        .sockets = &descriptor,
        .sockets_count = 1,
        .name = "lab.example",
        .patience_ms = 60000,
        .owner =
            {
                .asks_token = asks_token,
                .admits = admits,
                .refuse = refuse,
                .is_alive = is_alive,
                .unready = unready,
                .write_status = write_status,
                .measure = measure,
                .log = say,
                .watched = watched,
                .emptied = emptied,
                .arg = site,
            },
        .learn = taker,
    };

    lattn_text_init(&site->taken);
    cr_assert_eq(uv_loop_init(&site->loop), 0);
    return http_open(&site->http, &site->loop, &settings);
}

void site_close(struct site *site)
{
    http_close(&site->http);
    cr_assert_eq(uv_run(&site->loop, UV_RUN_DEFAULT), 0);
    cr_assert_eq(uv_loop_close(&site->loop), 0);
    lattn_text_done(&site->taken);
}

void site_turn(struct site *site)
{
    for (int i = 0; i < 8; i++)
        (void)uv_run(&site->loop, UV_RUN_NOWAIT);
}

/* ---- emissions: not of memory that fails ---- */

struct papers {
    struct site *site;
    struct lattn_text status;
    struct lattn_text spectrum;
    struct lattn_text model;
};

static void papers_release(void *arg)
{
    struct papers *papers = arg;

    papers->site->released++;
    free(papers->status.data);
    free(papers->model.data);
    free(papers);
}

void site_publish(struct site *site, uint64_t number, const char *status, const char *model)
{
    struct papers *papers = calloc(1, sizeof *papers);
    const struct http_emission emission = {
        .number = number,
        .status = &papers->status,
        .spectrum = &papers->spectrum,
        .model = &papers->model,
        .safetensors = &papers->model,
        .release = papers_release,
        .arg = papers,
    };

    papers->site = site;
    papers->status = (struct lattn_text){.data = strdup(status), .length = strlen(status)};
    papers->model = (struct lattn_text){.data = strdup(model), .length = strlen(model)};
    http_publish(site->http, &emission);
}

/* ---- clients ---- */

int site_connect(struct site *site)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)site->port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(fcntl(client, F_SETFL, O_NONBLOCK), 0);
    return client;
}

void site_send(int client, const char *text)
{
    size_t length = strlen(text);

    cr_assert_eq(send(client, text, length, MSG_NOSIGNAL), (ssize_t)length);
}

int site_await(struct site *site, int client, const char *text, char ret_text[SITE_TEXT_MAX])
{
    size_t length = strlen(ret_text);
    uint64_t end_ns = uv_hrtime() + PATIENCE_NS;

    while (uv_hrtime() < end_ns && (text == NULL || strstr(ret_text, text) == NULL)) {
        ssize_t count;

        site_turn(site);
        count = recv(client, ret_text + length, SITE_TEXT_MAX - 1 - length, 0);
        if (count == 0 || (count < 0 && errno != EAGAIN))
            return text == NULL;
        length += count > 0 ? (size_t)count : 0;
        ret_text[length] = '\0';
    }
    return text != NULL && strstr(ret_text, text) != NULL;
}

const char *site_ask(struct site *site, const char *request)
{
    static char answer[SITE_TEXT_MAX];
    int client = site_connect(site);

    answer[0] = '\0';
    site_send(client, request);
    if (!site_await(site, client, NULL, answer))
        answer[0] = '\0';
    close(client);
    return answer;
}

int site_code(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}
