#include "store/snapshot.h"

#include "base/memory.h"
#include "core/learner.h"
#include "support/sharing.h"

#include <criterion/criterion.h>
#include <string.h>

Test(snapshot, is_read_back_to_the_same_state)
{
    struct state state = sharing_state(&(struct sharing){SHARING_A, 1, 2, .pairs = 5, .lost = 2});
    struct state read = {0};
    struct lattn_complaint complaint = {""};
    char *bytes, *again;

    cr_assert_eq(snapshot_make(&state, &bytes), LATTN_OK);
    cr_assert_eq(snapshot_read(bytes, state_bytes(&state), &read, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_expect_str_eq(read.origin.worker, SHARING_A);
    cr_expect_eq(arrivals_total(read.arrivals).lost, 2);
    cr_assert_eq(snapshot_make(&read, &again), LATTN_OK);
    cr_assert_eq(state_bytes(&read), state_bytes(&state));
    cr_expect_eq(memcmp(bytes, again, state_bytes(&state)), 0);
    memory_release(again);
    memory_release(bytes);
    state_done(&read);
    state_done(&state);
}

Test(snapshot, is_refused_where_a_byte_is_missing_or_wrong)
{
    struct state state = sharing_state(&(struct sharing){SHARING_A, 1, 2, .pairs = 5});
    struct state read = {0};
    struct lattn_complaint complaint;
    uint64_t length = state_bytes(&state);
    char *bytes;

    cr_assert_eq(snapshot_make(&state, &bytes), LATTN_OK);
    for (uint64_t left = 0; left < length; left += 7)
        cr_expect_lt(snapshot_read(bytes, left, &read, &complaint), LATTN_OK, "%d", (int)left);
    for (uint64_t at = 0; at < length; at += 5) {
        bytes[at] ^= 0x10;
        cr_expect_lt(snapshot_read(bytes, length, &read, &complaint), LATTN_OK, "%d", (int)at);
        bytes[at] ^= 0x10;
    }
    cr_expect_null(read.learner);
    memory_release(bytes);
    state_done(&state);
}
