#include "store/seal.h"

#include "store/checksum.h"

#include <endian.h>
#include <string.h>

static uint64_t seal_of(unsigned table, uint64_t key, const unsigned char *bytes, size_t length)
{
    uint64_t place[2] = {htole64(table), htole64(key)};

    return htole64(checksum_of(bytes, length, checksum_of(place, sizeof place, 0)));
}

void seal_set(unsigned table, uint64_t key, unsigned char *bytes, size_t length)
{
    uint64_t seal = seal_of(table, key, bytes, length);

    memcpy(bytes + length, &seal, sizeof seal);
}

int seal_holds(unsigned table, uint64_t key, const unsigned char *bytes, size_t length)
{
    uint64_t seal;

    if (length < sizeof seal)
        return 0;
    length -= sizeof seal;
    memcpy(&seal, bytes + length, sizeof seal);
    return seal == seal_of(table, key, bytes, length);
}
