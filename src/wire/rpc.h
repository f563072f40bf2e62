#ifndef WIRE_RPC_H
#define WIRE_RPC_H

#include "wire/message.h"

#include <lattn/limits.h>

/*
 * The array around every message of MessagePack-RPC:
 *
 *     request        [0, id, method, params]
 *     response       [1, id, error, result]
 *     notification   [2, method, params]
 *
 * Source: github.com/msgpack-rpc/msgpack-rpc, spec.md.
 */
enum rpc_type { RPC_REQUEST = 0, RPC_RESPONSE = 1, RPC_NOTIFICATION = 2 };

/*
 * id              decimal digits; "" in a notification, and for nil in a response
 * method          a string, or bin of old writers
 * params          before the value; `at` is NULL where there is none
 * error, result   before the values
 */
struct rpc {
    enum rpc_type type;
    char id[LATTN_ID_MAX];
    struct message_value method;
    struct message params;
    struct message error;
    struct message result;
};

/*
 * Take the parts of a whole frame.
 *
 * Returns LATTN_OK, LATTN_SYNTAX or LATTN_FIELD. What stands in params, error and result is not
 * looked at, but is a value each, nested at most as deep as LATTN_DEPTH_MAX allows.
 */
enum lattn_status rpc_read(const char *bytes, size_t length, struct rpc *ret_rpc,
                           struct lattn_complaint *complaint);

/*
 * Stand at the map that params are: one alone, or in an array of one.
 *
 * ret_map  out  `at` is NULL where there is none: no params, nil or an empty array
 */
enum lattn_status rpc_params(const struct rpc *rpc, struct message *ret_map,
                             struct lattn_complaint *complaint);

#endif
