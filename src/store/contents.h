#ifndef STORE_CONTENTS_H
#define STORE_CONTENTS_H

#include <lattn/status.h>

#include "store/volume.h"

#include <stdint.h>

/* A checkpoint is kept until two newer ones are whole. */
enum { CONTENTS_CHECKPOINTS = 2 };

/*
 * What a store holds, on the whole; it is the head of its volume.
 *
 * position     of the last record that was written
 * checkpoints  the whole ones, newest first; serial is 1, 2, 3 ... as they were begun
 */
struct contents {
    uint64_t position;
    uint32_t count;
    struct contents_checkpoint {
        uint64_t position;
        uint64_t bytes;
        uint32_t serial;
    } checkpoints[CONTENTS_CHECKPOINTS];
};

void contents_write(const struct contents *contents, struct volume_head *ret_head);

/* Returns LATTN_OK, or LATTN_DAMAGED where they contradict themselves. */
enum lattn_status contents_read(const struct volume_head *head, struct contents *ret_contents,
                                struct lattn_complaint *complaint);

/* Put a new checkpoint first; the last one may fall out. */
void contents_add(struct contents *contents, const struct contents_checkpoint *checkpoint);

/* The position behind which records are needed: that of the oldest checkpoint, or 0. */
uint64_t contents_oldest(const struct contents *contents);

/* Does a checkpoint have this serial number? */
int contents_has(const struct contents *contents, uint64_t serial);

#endif
