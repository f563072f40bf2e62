#ifndef SERVE_FRAMES_H
#define SERVE_FRAMES_H

#include <lattn/frame.h>
#include <lattn/status.h>

#include "serve/buffer.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Cuts the bytes of one client into frames of MessagePack.
 *
 * bytes_max  the longest frame accepted
 * number     frames begun so far
 * is_lost    one was refused: nobody knows where the next begins, and what comes is dropped
 */
struct frames {
    struct lattn_frame frame; /* the one under way */
    size_t bytes_max;
    uint64_t number;
    int is_lost;
};

void frames_init(struct frames *frames, size_t bytes_max);

/*
 * Take the next whole frame out of the buffer.
 *
 * Returns LATTN_OK; LATTN_MORE: no whole frame is here; LATTN_TOO_BIG or LATTN_SYNTAX, once: the
 * frame is refused and the stream is lost. The letter then has the bytes of the frame that are
 * here, so that an answer can bear its id.
 */
enum lattn_status frames_next(struct frames *frames, struct buffer *buffer,
                              struct letter *ret_letter, struct lattn_complaint *complaint);

/* Take what is here of the frame under way, as one that is refused: the stream is lost. */
void frames_abandon(struct frames *frames, struct buffer *buffer, struct letter *ret_letter);

/* After the end of the bytes: LATTN_MORE, or LATTN_SYNTAX where they end within a frame. */
enum lattn_status frames_last(struct frames *frames, struct buffer *buffer,
                              struct letter *ret_letter, struct lattn_complaint *complaint);

#endif
