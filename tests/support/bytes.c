#include "support/bytes.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

void bytes_done(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

struct bytes bytes_copy(const struct bytes *bytes)
{
    struct bytes copy = {.length = bytes->length, .room = bytes->length};

    copy.data = malloc(bytes->length + 1);
    memcpy(copy.data, bytes->data, bytes->length);
    return copy;
}

static int is_failing(struct bytes *bytes)
{
    return ++bytes->calls == bytes->fail_at;
}

enum lattn_status bytes_sink(void *arg, const void *data, size_t length)
{
    struct bytes *bytes = arg;

    cr_assert_leq(length, 64 << 10, "pieces are small");
    if (is_failing(bytes))
        return LATTN_INPUT_OUTPUT;
    if (bytes->length + length > bytes->room) {
        bytes->room = 2 * (bytes->length + length);
        bytes->data = realloc(bytes->data, bytes->room);
    }
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
    return LATTN_OK;
}

enum lattn_status bytes_source(void *arg, void *ret_data, size_t length)
{
    struct bytes *bytes = arg;

    cr_assert_leq(length, bytes->length - bytes->at, "more is asked for than was promised");
    if (is_failing(bytes))
        return LATTN_INPUT_OUTPUT;
    memcpy(ret_data, bytes->data + bytes->at, length);
    bytes->at += length;
    return LATTN_OK;
}

struct bytes bytes_of_learner(const struct lattn_learner *learner)
{
    struct bytes bytes = {0};

    cr_assert_eq(lattn_learner_save(learner, bytes_sink, &bytes), LATTN_OK);
    cr_assert_eq(bytes.length, lattn_learner_saved_bytes(learner));
    return bytes;
}

enum lattn_status bytes_load(struct bytes *bytes, struct lattn_learner **ret_learner,
                             struct lattn_complaint *complaint)
{
    bytes->at = 0;
    bytes->calls = 0;
    return lattn_learner_load(ret_learner, bytes_source, bytes, bytes->length, complaint);
}

struct lattn_learner *learner_of_bytes(struct bytes *bytes)
{
    struct lattn_complaint complaint = {""};
    struct lattn_learner *learner = NULL;

    cr_assert_eq(bytes_load(bytes, &learner, &complaint), LATTN_OK, "%s", complaint.text);
    return learner;
}
