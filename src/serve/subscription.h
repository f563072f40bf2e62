#ifndef SERVE_SUBSCRIPTION_H
#define SERVE_SUBSCRIPTION_H

#include <lattn/wire.h>

#include "serve/publish.h"

#include <stdint.h>

/* What a client asked for with subscribe, and the bulletin it was sent last. */
struct subscription {
    int is_on;
    int with_model;
    uint64_t every_ms;
    uint64_t sent_ms;
    uint64_t sent_number;
};

/* Begin with what a request asks for, with the next bulletin there is. */
void subscription_begin(struct subscription *subscription, const struct lattn_request *request);

/* Is this bulletin one it wants? NULL is none. */
int subscription_wants(const struct subscription *subscription, const struct bulletin *bulletin);

/* Milliseconds until it may be sent one. */
uint64_t subscription_wait(const struct subscription *subscription, uint64_t now_ms);

/* The part of the bulletin that it asked for; borrowed. */
const struct lattn_text *subscription_text(const struct subscription *subscription,
                                           const struct bulletin *bulletin,
                                           enum lattn_format format);

/* It was sent. */
void subscription_sent(struct subscription *subscription, const struct bulletin *bulletin,
                       uint64_t now_ms);

#endif
