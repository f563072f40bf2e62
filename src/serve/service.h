#ifndef SERVE_SERVICE_H
#define SERVE_SERVICE_H

#include <lattn/certificate.h>

#include "serve/notify.h"

#include <stdint.h>
#include <uv.h>

/* A state in one line fits. */
enum { SERVICE_TEXT_MAX = 128 };

/*
 * The daemon as a service of systemd, or of another manager that speaks its protocol: it says that
 * it is ready, what it knows, that it is alive, and how long its end will take. Where nobody wants
 * to know all of it does nothing, and no timer runs.
 *
 * is_alive     called on the loop, whose own life is that it calls
 * watchdog_ms  between two signs of life; 0: there is no timer for them
 * said         the last state that was told
 */
struct service {
    struct notify notify;
    uv_timer_t watchdog;
    uint64_t watchdog_ms;
    int (*is_alive)(void *arg);
    void *arg;
    char said[SERVICE_TEXT_MAX];
};

/*
 * Look who wants to know, and say that the daemon is starting. A variable that makes no sense is
 * logged.
 *
 * service  out  in the caller's storage, until the loop has closed its timer
 */
void service_init(struct service *service, int (*is_alive)(void *arg), void *arg);

/* Every address listens: clients may come. Signs of life are given from now on, from this loop. */
void service_ready(struct service *service, uv_loop_t *loop);

/* What an emission found out. */
void service_report(struct service *service, const struct lattn_certificate *certificate);

/* The end was asked for and will take no longer than this. */
void service_stopping(struct service *service, uint64_t most_ns);

/* Say nothing more, and close the timer; accepts one that is zero or done. */
void service_done(struct service *service);

#endif
