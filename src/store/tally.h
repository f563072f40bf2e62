#ifndef STORE_TALLY_H
#define STORE_TALLY_H

#include <stdint.h>

/*
 * Items as sent: of one connection, or of all.
 *
 * unkept  refused because they could not be kept, by this process: not on the disk
 */
struct tally {
    uint64_t accepted;
    uint64_t rejected;
    uint64_t duplicates;
    uint64_t unkept;
};

#endif
