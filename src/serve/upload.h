#ifndef SERVE_UPLOAD_H
#define SERVE_UPLOAD_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include <stdint.h>

/*
 * A state on its way, part by part, from the worker of one shard. Zeroed it is none.
 *
 * told      by whom, and what it said with the first part; without data
 * next      the part to come
 * ticket    of the one that is whole and being judged, or was last; status and complaint are its
 *           outcome once has_ended
 * heard_ns  when its last part came
 */
struct upload {
    struct lattn_offer told;
    struct lattn_text bytes;
    uint64_t next;
    uint64_t heard_ns;
    uint64_t ticket;
    int is_whole;
    int has_ended;
    enum lattn_status status;
    struct lattn_complaint complaint;
};

/*
 * Add a part; the first begins a new one in the place of what there was.
 *
 * bytes_max  of the whole; 0: no limit
 *
 * Returns LATTN_OK: it is whole; LATTN_MORE: parts are missing; LATTN_GAP: it is not the next part;
 * LATTN_RANGE: the parts are more than was said; LATTN_BUSY: one is being judged;
 * LATTN_MEMORY_LIMIT, LATTN_NO_MEMORY. On refusal what came of it is dropped, unless it is judged.
 */
enum lattn_status upload_add(struct upload *upload, const struct lattn_offer *offer, uint64_t part,
                             size_t bytes_max, uint64_t now_ns, struct lattn_complaint *complaint);

/* Drop the bytes; what became of the last one is remembered. */
void upload_drop(struct upload *upload);

#endif
