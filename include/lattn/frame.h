#ifndef LATTN_FRAME_H
#define LATTN_FRAME_H

#include <lattn/limits.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

LATTN_BEGIN

/*
 * Where one MessagePack value of a stream ends. Bytes may come in pieces; each is looked at once,
 * and nothing is allocated, whatever sizes the bytes claim.
 *
 * bytes_max  in; a value that cannot end within so many bytes is refused as soon as it says so
 * at         bytes looked at; once the value is whole, its length
 * numbers    an upper bound of the numbers in it, those in `bin` payloads included
 * depth      containers that are open, and how many values each of them still lacks
 */
struct lattn_frame {
    size_t bytes_max;
    size_t at;
    size_t numbers;
    uint64_t lacking[LATTN_DEPTH_MAX];
    int32_t depth;
    int32_t begun;
};

/* Stand before the next value. */
LATTN_API void lattn_frame_init(struct lattn_frame *frame, size_t bytes_max);

/*
 * Look at what has come.
 *
 * bytes   in  from the first byte of the value; what was there at the last call is there still
 * length  in  bytes that are there now; may reach beyond the value
 *
 * Returns LATTN_OK: the value is whole; LATTN_MORE: it is not yet; LATTN_TOO_BIG: it claims more
 * than bytes_max; LATTN_SYNTAX: it is no MessagePack, or nested deeper than LATTN_DEPTH_MAX. After
 * a refusal nobody knows where the next value begins.
 */
LATTN_API enum lattn_status lattn_frame_scan(struct lattn_frame *frame, const char *bytes,
                                             size_t length, struct lattn_complaint *complaint);

/*
 * The message id of a MessagePack-RPC request, as far as its bytes are there.
 *
 * ret_id  out  decimal digits; "" where there is none
 *
 * Returns LATTN_OK, or LATTN_FIELD where the bytes do not begin a request with an id.
 */
LATTN_API enum lattn_status lattn_frame_id(const char *bytes, size_t length,
                                           char ret_id[LATTN_ID_MAX]);

LATTN_END

#endif
