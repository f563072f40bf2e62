#ifndef STORE_CHECKSUM_H
#define STORE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * XXH3 of 64 bits: against rot and torn writes, not against malice. The seed binds bytes to their
 * place: the same bytes under another seed have another sum.
 */
enum { CHECKSUM_STATE_BYTES = 576 };

struct checksum {
    _Alignas(64) unsigned char state[CHECKSUM_STATE_BYTES];
};

/* The sum of bytes that come in pieces, wherever they are cut. */
void checksum_init(struct checksum *checksum, uint64_t seed);
void checksum_add(struct checksum *checksum, const void *bytes, size_t length);
uint64_t checksum_end(const struct checksum *checksum);

/* The sum of bytes that lie together. */
uint64_t checksum_of(const void *bytes, size_t length, uint64_t seed);

#endif
