#ifndef BASE_BATCH_H
#define BASE_BATCH_H

#include <lattn/batch.h>
#include <lattn/status.h>

/* The largest magnitudes in an item. */
struct batch_extent {
    double z; /* 1 for tokens of ones */
    double y; /* 0 without labels */
};

/* lattn_item_check, with what it sees on its way; ret_extent is set where it returns LATTN_OK. */
enum lattn_status batch_check(const struct lattn_item *item, struct batch_extent *ret_extent,
                              struct lattn_complaint *complaint);

#endif
