#ifndef SERVE_SUBSCRIPTION_H
#define SERVE_SUBSCRIPTION_H

#include <lattn/wire.h>

#include "serve/chunk.h"
#include "serve/publish.h"

#include <stdint.h>

/* What a client asked for with subscribe, and the bulletin it was sent last. */
struct subscription {
    int is_on;
    enum lattn_topic what;
    uint64_t every_ms;
    uint64_t sent_ms;
    uint64_t sent_number;
};

/*
 * Begin with what the chunk's last request of the kind asked for; its answers are on their way.
 * Returns 1 where there was one, else 0.
 */
int subscription_begin(struct subscription *subscription, const struct chunk *chunk);

/* Is this bulletin one it wants? NULL is none. */
int subscription_wants(const struct subscription *subscription, const struct bulletin *bulletin);

/* Milliseconds until it may be sent one. */
uint64_t subscription_wait(const struct subscription *subscription, uint64_t now_ms);

/* Write the message of what it asked for of the bulletin. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status subscription_write(const struct subscription *subscription,
                                     const struct bulletin *bulletin, enum lattn_format format,
                                     struct lattn_text *text);

/* It was sent. */
void subscription_sent(struct subscription *subscription, const struct bulletin *bulletin,
                       uint64_t now_ms);

#endif
