#include "store/checksum.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LENGTH = 2000 };

static void bytes_fill(unsigned char *bytes)
{
    for (int i = 0; i < LENGTH; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 256);
}

Test(checksum, is_that_of_its_definition)
{
    /* As `xxhsum -H3` prints them. */
    cr_expect_eq(checksum_of("", 0, 0), UINT64_C(0x2d06800538d394c2));
    cr_expect_eq(checksum_of("a", 1, 0), UINT64_C(0xe6c632b61e964e1f));
}

Test(checksum, does_not_depend_on_where_bytes_are_cut)
{
    unsigned char bytes[LENGTH];

    bytes_fill(bytes);
    for (size_t cut = 1; cut < LENGTH; cut += 37) {
        struct checksum checksum;

        checksum_init(&checksum, 5);
        for (size_t at = 0; at < LENGTH; at += cut)
            checksum_add(&checksum, bytes + at, LENGTH - at < cut ? LENGTH - at : cut);
        cr_expect_eq(checksum_end(&checksum), checksum_of(bytes, LENGTH, 5), "cut %zu", cut);
    }
}

Test(checksum, differs_for_every_bit_and_every_seed)
{
    unsigned char bytes[LENGTH];
    uint64_t sum;

    bytes_fill(bytes);
    sum = checksum_of(bytes, LENGTH, 0);
    for (size_t bit = 0; bit < 8 * LENGTH; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        cr_expect_neq(checksum_of(bytes, LENGTH, 0), sum, "bit %zu", bit);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (uint64_t seed = 1; seed < 1000; seed++)
        cr_expect_neq(checksum_of(bytes, LENGTH, seed), sum, "seed %zu", (size_t)seed);
}
