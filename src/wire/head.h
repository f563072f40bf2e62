#ifndef WIRE_HEAD_H
#define WIRE_HEAD_H

#include "wire/message.h"

/*
 * The head of a MessagePack value: its first byte, and the big-endian number that may stand behind
 * it (README.md has the table of first bytes).
 *
 * kind    a whole number is MESSAGE_COUNT or MESSAGE_NEGATIVE by the sign that its type allows
 * size    bytes of the head, 1 to 9; a scalar is nothing but its head
 * number  array: values that follow; map: pairs that follow; string, bin, extension: bytes that
 *         follow; whole number: sign-extended; float: its bits; flag: 0 or 1
 */
struct head {
    enum message_kind kind;
    uint32_t size;
    uint64_t number;
};

/* Returns LATTN_OK, LATTN_MORE where it is longer than length, LATTN_SYNTAX where it is none. */
enum lattn_status head_read(const char *bytes, size_t length, struct head *ret_head);

#endif
