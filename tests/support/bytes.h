#ifndef SUPPORT_BYTES_H
#define SUPPORT_BYTES_H

#include <lattn/state.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes in memory, as sink and as source. Of zeros it is empty.
 *
 * at     the next byte that is read
 * calls  pieces so far; call number fail_at (from 1) fails with LATTN_INPUT_OUTPUT, 0: none
 */
struct bytes {
    unsigned char *data;
    size_t length;
    size_t room;
    size_t at;
    uint64_t calls;
    uint64_t fail_at;
};

void bytes_done(struct bytes *bytes);
struct bytes bytes_copy(const struct bytes *bytes);

/* As lattn_sink_fn and lattn_source_fn; to ask for more than there is fails the test. */
enum lattn_status bytes_sink(void *bytes, const void *data, size_t length);
enum lattn_status bytes_source(void *bytes, void *ret_data, size_t length);

/* Save and load; what must succeed is asserted. */
struct bytes bytes_of_learner(const struct lattn_learner *learner);
struct lattn_learner *learner_of_bytes(struct bytes *bytes);

/* The same of bytes that need not be sound. */
enum lattn_status bytes_load(struct bytes *bytes, struct lattn_learner **ret_learner,
                             struct lattn_complaint *complaint);

#endif
