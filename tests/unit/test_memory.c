#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

static int is_aligned(const void *memory)
{
    return (uintptr_t)memory % MEMORY_ALIGNMENT == 0;
}

/* Allocate; returns whether it worked, and releases. */
static int allocates(void)
{
    void *memory = memory_raw(1, 8);
    int works = memory != NULL;

    memory_release(memory);
    return works;
}

Test(memory, fills_rows_up_to_whole_lines)
{
    const size_t lines[][2] = {{0, 0}, {1, 8}, {8, 8}, {9, 16}, {127, 128}};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_expect_eq(memory_lines((int32_t)lines[i][0]), lines[i][1]);
}

Test(memory, is_aligned_and_zeroed_at_every_size)
{
    for (size_t size = 0; size < 300; size++) {
        unsigned char *memory = memory_zeroed(size, 1);

        cr_assert_not_null(memory);
        cr_expect(is_aligned(memory));
        for (size_t i = 0; i < size; i++)
            cr_assert_eq(memory[i], 0);
        memset(memory, 0xff, size);
        memory_release(memory);
    }
}

Test(memory, gives_a_pointer_for_nothing)
{
    void *none = memory_raw(0, 8);
    void *nothing = memory_zeroed(8, 0);

    cr_expect_not_null(none);
    cr_expect_not_null(nothing);
    memory_release(none);
    memory_release(nothing);
    memory_release(NULL);
}

Test(memory, refuses_products_beyond_size_t)
{
    size_t product = 7;

    cr_expect_eq(memory_product(SIZE_MAX / 2 + 1, 2, &product), LATTN_NO_MEMORY);
    cr_expect_eq(product, 7);
    cr_expect_eq(memory_product(SIZE_MAX, 1, &product), LATTN_OK);
    cr_expect_eq(product, SIZE_MAX);
    cr_expect_null(memory_raw(SIZE_MAX / 2 + 1, 2));
    cr_expect_null(memory_zeroed((size_t)1 << 33, (size_t)1 << 33));
    cr_expect_null(memory_raw(PTRDIFF_MAX, 1));
}

Test(memory, fails_once_at_the_kth_allocation)
{
    for (uint64_t k = 1; k <= 4; k++) {
        memory_fail(k, 0);
        for (uint64_t i = 1; i <= 6; i++)
            cr_expect_eq(allocates(), i != k);
        cr_expect(memory_failed());
    }
}

Test(memory, fails_from_the_kth_allocation_on)
{
    memory_fail(3, 1);
    for (int i = 1; i <= 6; i++)
        cr_expect_eq(allocates(), i < 3);
    cr_expect(memory_failed());
    memory_fail(0, 0);
    cr_expect(allocates());
    cr_expect_not(memory_failed());
}

Test(memory, reports_no_failure_that_did_not_happen)
{
    memory_fail(2, 0);
    cr_expect(allocates());
    cr_expect_not(memory_failed());
    memory_fail(0, 0);
}
