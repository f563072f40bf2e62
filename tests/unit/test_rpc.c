#include "wire/rpc.h"

#include "support/packed.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Read a copy that ends where the frame ends, and keep it for the cursors into it. */
static enum lattn_status read_bytes(const char *bytes, size_t length, char **ret_copy,
                                    struct rpc *ret_rpc, struct lattn_complaint *complaint)
{
    *ret_copy = malloc(length + 1);
    memcpy(*ret_copy, bytes, length);
    return rpc_read(*ret_copy, length, ret_rpc, complaint);
}

static struct rpc read_frame(const char *frame, char **ret_copy)
{
    struct packed bytes = packed_of(frame);
    struct lattn_complaint complaint = {0};
    struct rpc rpc;

    cr_assert_eq(read_bytes(bytes.data, bytes.length, ret_copy, &rpc, &complaint), LATTN_OK,
                 "%s: %s", frame, complaint.text);
    packed_done(&bytes);
    return rpc;
}

static uint64_t count_at(struct message message)
{
    struct message_value value;

    cr_assert_eq(message_next(&message, &value), LATTN_OK);
    return value.kind == MESSAGE_NULL ? 0 : value.count;
}

Test(rpc, takes_the_parts_of_each_message)
{
    char *copy;
    struct rpc rpc = read_frame("[0, 7, 'status', {'a': 1}]", &copy);

    cr_assert_eq(rpc.type, RPC_REQUEST);
    cr_assert_str_eq(rpc.id, "7");
    cr_assert(message_is(&rpc.method, "status"));
    cr_assert_eq(count_at(rpc.params), 1);
    free(copy);
    rpc = read_frame("[1, 8, [1, 2, 3], 5]", &copy);
    cr_assert_eq(rpc.type, RPC_RESPONSE);
    cr_assert_str_eq(rpc.id, "8");
    cr_assert_eq(count_at(rpc.error), 3);
    cr_assert_eq(count_at(rpc.result), 5);
    free(copy);
    rpc = read_frame("[1, null, null, 5]", &copy);
    cr_assert_str_eq(rpc.id, "");
    free(copy);
    rpc = read_frame("[2, 'emit', {}]", &copy);
    cr_assert_eq(rpc.type, RPC_NOTIFICATION);
    cr_assert_str_eq(rpc.id, "");
    cr_assert_eq(count_at(rpc.params), 0);
    free(copy);
}

Test(rpc, ids_have_64_bits)
{
    static const char frame[] = "\x93\x00\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1m";
    struct rpc rpc;

    cr_assert_eq(rpc_read(frame, sizeof frame - 1, &rpc, NULL), LATTN_OK);
    cr_assert_str_eq(rpc.id, "18446744073709551615");
}

Test(rpc, params_are_one_map_or_none)
{
    static const struct {
        const char *frame;
        int is_map;
    } cases[] = {
        {"[0, 1, 'm']", 0},       {"[0, 1, 'm', null]", 0},     {"[0, 1, 'm', []]", 0},
        {"[0, 1, 'm', {}]", 1},   {"[0, 1, 'm', {'a': 1}]", 1}, {"[0, 1, 'm', [{'a': 1}]]", 1},
        {"[0, 1, 'm', [{}]]", 1}, {"[2, 'm', [{'a': 1}]]", 1},  {"[2, 'm']", 0},
        {"[2, 'm', []]", 0},      {"[0, 1, 'm', [null]]", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *copy;
        struct rpc rpc = read_frame(cases[i].frame, &copy);
        struct message_value value;
        struct message map;

        cr_assert_eq(rpc_params(&rpc, &map, NULL), LATTN_OK, "%s", cases[i].frame);
        cr_assert_eq(map.at != NULL, cases[i].is_map, "%s", cases[i].frame);
        if (map.at != NULL) {
            cr_assert_eq(message_next(&map, &value), LATTN_OK);
            cr_assert_eq(value.kind, MESSAGE_MAP, "%s", cases[i].frame);
        }
        free(copy);
    }
}

static void assert_params_refused(const char *frame, const char *said)
{
    char *copy;
    struct rpc rpc = read_frame(frame, &copy);
    struct lattn_complaint complaint;
    struct message map;

    cr_assert_eq(rpc_params(&rpc, &map, &complaint), LATTN_FIELD, "%s", frame);
    cr_assert_str_eq(complaint.text, said, "%s: %s", frame, complaint.text);
    free(copy);
}

Test(rpc, refuses_other_params)
{
    assert_params_refused("[0, 1, 'm', 5]", "params is 5, a map is expected");
    assert_params_refused("[0, 1, 'm', [5]]", "params is 5, a map is expected");
    assert_params_refused("[0, 1, 'm', [[]]]", "params is an array, a map is expected");
    assert_params_refused("[0, 1, 'm', [{}, {}]]", "params is an array of 2, one map is expected");
}

static void assert_refused(const char *frame, enum lattn_status status, const char *said)
{
    struct packed bytes = packed_of(frame);
    struct lattn_complaint complaint = {0};
    struct rpc rpc;
    char *copy;

    cr_assert_eq(read_bytes(bytes.data, bytes.length, &copy, &rpc, &complaint), status, "%s: %s",
                 frame, complaint.text);
    cr_assert_str_eq(complaint.text, said, "%s: %s", frame, complaint.text);
    free(copy);
    packed_done(&bytes);
}

Test(rpc, says_what_is_wrong_with_a_message)
{
    assert_refused("{}", LATTN_FIELD, "the message is a map, an array is expected");
    assert_refused("[3, 1, 'm', {}]", LATTN_FIELD,
                   "the type of the message is 3, 0, 1 or 2 is expected");
    assert_refused("['0', 1, 'm', {}]", LATTN_FIELD,
                   "the type of the message is \"0\", 0, 1 or 2 is expected");
    assert_refused("[0, -1, 'm', {}]", LATTN_FIELD,
                   "id is -1, a whole number that is not negative is expected");
    assert_refused("[0, null, 'm', {}]", LATTN_FIELD,
                   "id is nil, a whole number that is not negative is expected");
    assert_refused("[0, 1, 5, {}]", LATTN_FIELD, "method is 5, a string is expected");
    assert_refused("[0, 1]", LATTN_FIELD,
                   "the message has 2 parts, [0, id, method, params] is expected");
    assert_refused("[0, 1, 'm', {}, 5]", LATTN_FIELD,
                   "the message has 5 parts, [0, id, method, params] is expected");
    assert_refused("[1, 1, null]", LATTN_FIELD,
                   "the message has 3 parts, [1, id, error, result] is expected");
    assert_refused("[2]", LATTN_FIELD, "the message has 1 parts, [2, method, params] is expected");
    assert_refused("[2, 'm', {}, {}]", LATTN_FIELD,
                   "the message has 4 parts, [2, method, params] is expected");
    assert_refused("[0]", LATTN_FIELD,
                   "the message has 1 parts, [0, id, method, params] is expected");
    assert_refused("[]", LATTN_FIELD, "the message has no parts");
}

Test(rpc, wants_the_frame_whole_and_nothing_else)
{
    struct packed whole = packed_of("[0, 300, 'status', {'a': [1, 2]}]");
    struct lattn_complaint complaint;
    struct rpc rpc;
    char *copy;

    for (size_t length = 0; length < whole.length; length++) {
        cr_assert_eq(read_bytes(whole.data, length, &copy, &rpc, &complaint), LATTN_SYNTAX);
        cr_assert(strncmp(complaint.text, "the frame is cut off after ", 27) == 0, "%s",
                  complaint.text);
        free(copy);
    }
    packed_done(&whole);
    cr_assert_eq(rpc_read("\x93\x02\xa1m\x80\x01\x02", 7, &rpc, &complaint), LATTN_SYNTAX);
    cr_assert_str_eq(complaint.text, "2 bytes stand behind the message");
    cr_assert_eq(rpc_read("\x93\x02\xa1m\xc1", 5, &rpc, &complaint), LATTN_SYNTAX);
}
