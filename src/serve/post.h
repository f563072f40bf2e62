#ifndef SERVE_POST_H
#define SERVE_POST_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/peer.h"
#include "serve/traffic.h"

#include <stddef.h>

/*
 * The body of a request by HTTP, on its way to the learner: lines of pairs or of inputs, served by
 * a session as those of any other client are, and one answer when all of them have theirs. On the
 * loop's thread.
 *
 *     pairs   {"accepted", "rejected", "duplicates", "durable"[, "error": of the first refused]}
 *     inputs  for each line what predict answers, or {"error"}
 *
 * Code 200 if nothing was refused, or what fits the first refusal; what was not refused is learned
 * all the same.
 */
struct post;

enum post_purpose { POST_LEARN, POST_PREDICT };

enum {
    /* Bodies under way: what they take is bounded by it, see footprint.h. */
    POSTS_MAX = 16,
    /* What a long message of a socket has to bring at least: the pace that is asked of a body. */
    POST_PACE_BYTES = 64 << 10,
    /* Bytes of one's answers: whoever asks for more than that at once should use a socket. */
    POST_ANSWERS_MAX = 1 << 20
};

/*
 * more    the post wants bytes again
 * answer  the last call: a code of HTTP and the answer's body, which is given; is_lines: it is
 *         several lines of JSON, else one
 */
struct post_calls {
    void (*more)(void *arg);
    void (*answer)(void *arg, int code, int is_lines, struct lattn_text *body);
};

/*
 * Begin. Where all places are taken the slowest body that is waited for makes place, if it is
 * slower than POST_PACE_BYTES in the time that a message may take (traffic's message_timeout_ms):
 * what came of it is learned, and it is answered with LATTN_TIMEOUT.
 *
 * is_durable  in  what is learned is on disk when it is answered
 * calls       in  kept, with arg, until answer was called or the post is closed
 *
 * Returns LATTN_OK; LATTN_BUSY: too many others are under way, none of them slow; LATTN_CLOSED: the
 * daemon is stopping; LATTN_NO_MEMORY.
 */
enum lattn_status post_open(struct post **ret_post, struct traffic *traffic,
                            enum post_purpose purpose, int is_durable, const struct peer *peer,
                            const struct post_calls *calls, void *arg);

/* Does it want bytes? Else they must wait until it asks for more. */
int post_wants(const struct post *post);

/* Bytes of the body, borrowed; of a post that wants some. */
void post_bring(struct post *post, const char *bytes, size_t length);

/* The body is whole. The answer comes later. */
void post_end(struct post *post);

/* Let it go, answered or not: what was brought is learned. Accepts a pointer to NULL. */
void post_close(struct post **post);

#endif
