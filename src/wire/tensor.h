#ifndef WIRE_TENSOR_H
#define WIRE_TENSOR_H

#include "wire/message.h"

enum { TENSOR_RANK_MAX = 3 };

/*
 * Numbers along up to three axes, the last one fastest: a number, nested arrays of numbers, or a
 * map {"shape": [...], "dtype": "<f8" | "<f4", "data": bin}.
 *
 * name     in   what complaints call it
 * units    in   what is counted along the axes, the last three
 * shape    out  `rank` axes of it, as they were told
 * is_f4    out  told with the precision of a float32
 * numbers  out  written as far as they were read; as many as the product of the shape
 * bytes    out  the payload of a map, `length` of them, borrowed; NULL for nested arrays
 */
struct tensor {
    const char *name;
    const char *const *units;
    double *numbers;
    int32_t rank;
    uint64_t shape[TENSOR_RANK_MAX];
    int32_t is_f4;
    const char *bytes;
    size_t length;
};

/* The product of the shape. */
size_t tensor_count(const struct tensor *tensor);

/*
 * Take the numbers.
 *
 * The tensor's numbers have room for one per value that the message has here, and one per 4 bytes
 * of bin.
 *
 * Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_SHAPE (rows differ in width, or the bin is not
 * as long as the shape says), LATTN_RANGE (a map whose shape has a 0 behind its first axis, which
 * could be as long as it likes then) or LATTN_NOT_FINITE.
 */
enum lattn_status tensor_read(struct message *message, struct tensor *tensor,
                              struct lattn_complaint *complaint);

/*
 * Find the shape, of a map also the bytes, which are all there. The cursor is then behind a map,
 * but before nested arrays, whose shape is that of their first elements. Returns as tensor_read.
 */
enum lattn_status tensor_measure(struct message *message, struct tensor *tensor,
                                 struct lattn_complaint *complaint);

/* Rank and shape of what may be refused; rank -1 where it tells none. */
void tensor_find_shape(struct message message, struct tensor *tensor);

#endif
