#ifndef SUPPORT_LEARN_FRAME_H
#define SUPPORT_LEARN_FRAME_H

#include <lattn/batch.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Frames that carry pairs, packed by msgpack-c: [0, id, "learn", {"z", "y", ...}].
 */
enum { LEARN_FRAME_BYTES_MAX = 1 << 20 };

/*
 * id        a negative one makes it a notification, [2, "learn", ...]
 * item      the first of `count` items, as lattn_item_member finds them; dense tokens
 * count     0: one item that is no batch; else a batch, even of one
 * producer  NULL: neither producer nor seq
 */
struct learn_frame {
    int64_t id;
    struct lattn_item item;
    size_t count;
    const char *producer;
    uint64_t seq;
};

/* Returns the length; z and y are tensors of <f8. */
size_t learn_frame_pack(const struct learn_frame *frame, char ret_bytes[LEARN_FRAME_BYTES_MAX]);

#endif
