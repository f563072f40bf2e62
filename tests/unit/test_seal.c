#include "store/seal.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LENGTH = 40, TABLE = 1, KEY = 77 };

static unsigned char bytes[LENGTH + SEAL_BYTES];

static void set_up(void)
{
    for (int i = 0; i < LENGTH; i++)
        bytes[i] = (unsigned char)(3 * i);
    seal_set(TABLE, KEY, bytes, LENGTH);
}

TestSuite(seal, .init = set_up);

Test(seal, holds_for_what_it_was_set_on)
{
    cr_assert(seal_holds(TABLE, KEY, bytes, sizeof bytes));
}

Test(seal, is_broken_by_any_bit)
{
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        cr_assert_not(seal_holds(TABLE, KEY, bytes, sizeof bytes));
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

Test(seal, is_of_one_place_and_length)
{
    cr_assert_not(seal_holds(TABLE + 1, KEY, bytes, sizeof bytes));
    cr_assert_not(seal_holds(TABLE, KEY + 1, bytes, sizeof bytes));
    for (size_t length = 0; length < sizeof bytes; length++)
        cr_assert_not(seal_holds(TABLE, KEY, bytes, length));
}

/* Stores that exist must go on being read. */
Test(seal, is_the_same_for_ever)
{
    static const unsigned char golden[SEAL_BYTES] = {0x6c, 0xb5, 0x7c, 0xdb,
                                                     0xa5, 0x27, 0x92, 0x9c};

    cr_assert_eq(memcmp(bytes + LENGTH, golden, SEAL_BYTES), 0);
}
