#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include <stddef.h>
#include <stdint.h>

/*
 * What every stored value ends with: a checksum of its bytes and of the place where they belong, so
 * that a value that changed, and one that strayed, are noticed.
 */
enum { SEAL_BYTES = 8 };

/* Write the seal of length bytes behind them. */
void seal_set(unsigned table, uint64_t key, unsigned char *bytes, size_t length);

/* Do length bytes, the seal among them, bear the seal of this place? */
int seal_holds(unsigned table, uint64_t key, const unsigned char *bytes, size_t length);

#endif
