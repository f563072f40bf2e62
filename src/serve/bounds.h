#ifndef SERVE_BOUNDS_H
#define SERVE_BOUNDS_H

/* What the daemon holds at most, beside the state and the message at hand; --explain prints it. */
enum {
    /* Back-pressure: nobody is read from above the first, until the second is reached. */
    QUEUE_BYTES_HIGH = 4 << 20,
    QUEUE_BYTES_LOW = 1 << 20,
    /* Messages of one client that may be on their way: so what their answers take is bounded. */
    MESSAGES_AWAY_MAX = 4096,
    /* Requests of one client that may be on their way: an answer can be a model of megabytes. */
    REQUESTS_AWAY_MAX = 16,
    /* A client that leaves so many bytes of answers unread is not read from. */
    OUTPUT_BYTES_ENOUGH = 1 << 20,
    /* Connections of an address that may wait to be accepted; the system may allow fewer. */
    BACKLOG_MAX = 512
};

#endif
