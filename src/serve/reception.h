#ifndef SERVE_RECEPTION_H
#define SERVE_RECEPTION_H

#include "monitor/http.h"
#include "serve/post.h"
#include "serve/traffic.h"

/* Where bodies that come by HTTP become posts: those of one path, which has one purpose. */
struct reception {
    struct traffic *traffic;
    enum post_purpose purpose;
    int is_durable;
};

/* traffic: kept. is_durable: as for post_open. */
void reception_init(struct reception *reception, struct traffic *traffic, enum post_purpose purpose,
                    int is_durable);

/* For http_settings; the reception is kept. */
struct http_taker reception_taker(struct reception *reception);

#endif
