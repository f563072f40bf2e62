/*
 * Signs of life come four times in the time after which the manager gives up. Each says that the
 * learner thread has come round since the one before, so a step of it may take three quarters of
 * that time, wherever it begins; half as many signs would allow it half of the time.
 */
#include "serve/service.h"

#include "serve/log.h"
#include "serve/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { US_PER_MS = 1000, NS_PER_US = 1000, SIGNS_PER_TIMEOUT = 4 };

/* The end of the process itself, and a log that holds it up. */
#define STOP_MARGIN_US UINT64_C(5000000)

/* Between two signs; 0: nobody waits for them. */
static uint64_t sign_interval_ms(void)
{
    uint64_t process = quantity_variable("WATCHDOG_PID");
    uint64_t timeout_us = quantity_variable("WATCHDOG_USEC");
    uint64_t ms = timeout_us / (SIGNS_PER_TIMEOUT * US_PER_MS);

    /* Who started us may have been the one that is watched. */
    if (timeout_us == 0 || (process != 0 && process != (uint64_t)getpid()))
        return 0;
    return ms > 0 ? ms : 1;
}

static void life_show(uv_timer_t *timer)
{
    struct service *service = timer->data;

    if (service->is_alive(service->arg))
        (void)notify_send(&service->notify, "WATCHDOG=1", NOTIFY_MAY); /* soon there is another */
}

void service_init(struct service *service, int (*is_alive)(void *arg), void *arg)
{
    struct lattn_complaint complaint = {""};

    *service = (struct service){.is_alive = is_alive, .arg = arg};
    if (notify_init(&service->notify, &complaint) != LATTN_OK)
        log_event(LOG_LEVEL_WARN, "the service manager cannot be told",
                  LOG_FIELDS(log_text("NOTIFY_SOCKET", complaint.text)));
    (void)notify_send(&service->notify, "STATUS=starting", NOTIFY_MAY); /* nobody waits for it */
}

void service_ready(struct service *service, uv_loop_t *loop)
{
    if (service->notify.length == 0)
        return;
    if (notify_send(&service->notify, "READY=1\nSTATUS=listening", NOTIFY_MUST) != LATTN_OK)
        log_event(LOG_LEVEL_WARN, "the service manager cannot be told",
                  LOG_FIELDS(log_text("error", "it does not take the message")));
    service->watchdog_ms = sign_interval_ms();
    if (service->watchdog_ms == 0)
        return;
    (void)uv_timer_init(loop, &service->watchdog); /* cannot fail, nor can its start */
    service->watchdog.data = service;
    (void)uv_timer_start(&service->watchdog, life_show, service->watchdog_ms, service->watchdog_ms);
}

static void text_write(char text[SERVICE_TEXT_MAX], const struct lattn_certificate *certificate)
{
    const char *verdict = lattn_verdict_text(certificate->verdict);

    if (certificate->verdict == LATTN_IDENTIFYING)
        snprintf(text, SERVICE_TEXT_MAX, "STATUS=%s since pair %" PRId64 ", %" PRIu64 " pairs",
                 verdict, certificate->identifying_since, certificate->pairs);
    else
        snprintf(text, SERVICE_TEXT_MAX,
                 "STATUS=%s, rank %" PRId64 " of %" PRId64 ", %" PRIu64 " pairs", verdict,
                 certificate->rank, certificate->p, certificate->pairs);
}

void service_report(struct service *service, const struct lattn_certificate *certificate)
{
    char text[SERVICE_TEXT_MAX];

    text_write(text, certificate);
    if (strcmp(text, service->said) == 0)
        return;
    memcpy(service->said, text, sizeof text);
    (void)notify_send(&service->notify, text, NOTIFY_MAY); /* the next one says more */
}

void service_stopping(struct service *service, uint64_t most_ns)
{
    char text[SERVICE_TEXT_MAX];

    snprintf(text, sizeof text, "STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=%" PRIu64,
             most_ns / NS_PER_US + STOP_MARGIN_US);
    (void)notify_send(&service->notify, text, NOTIFY_MUST); /* untold, it waits its own time */
}

void service_done(struct service *service)
{
    if (service->watchdog_ms > 0)
        uv_close((uv_handle_t *)&service->watchdog, NULL);
    service->watchdog_ms = 0;
    notify_done(&service->notify);
}
