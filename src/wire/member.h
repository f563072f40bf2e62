#ifndef WIRE_MEMBER_H
#define WIRE_MEMBER_H

#include "wire/scan.h"
#include "wire/writer.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Objects that are a struct on our side: one table of members says how to write it and how to read
 * it back, so the two cannot disagree. On the wire the members stand in the table's order.
 */
enum member_kind {
    MEMBER_NULL,          /* always null, never read: does not apply */
    MEMBER_VERSION,       /* LATTN_VERSION, never read */
    MEMBER_FLAG,          /* int32_t as true or false */
    MEMBER_INT32,         /* not negative; `none` is null */
    MEMBER_INT64,         /* the same of int64_t */
    MEMBER_COUNT,         /* uint64_t */
    MEMBER_MAYBE,         /* struct member_maybe */
    MEMBER_NUMBER,        /* double; null where it is not finite, read as NaN */
    MEMBER_TEXT,          /* char[size] */
    MEMBER_REMARK,        /* char[size] as far as it fits; "" is null */
    MEMBER_VERDICT,       /* enum lattn_verdict as its text */
    MEMBER_ENGINE,        /* enum lattn_engine as its word */
    MEMBER_DECOMPOSITION, /* enum lattn_decomposition as its text, or null */
    MEMBER_CERTIFIED,     /* enum lattn_certified as true, false or null */
    MEMBER_ROW,           /* struct member_row */
    MEMBER_ROW_ALWAYS,    /* the same; without numbers it is empty, not null */
    MEMBER_INDICES,       /* struct member_indices */
    MEMBER_PLACE,         /* struct scan: where the value stands, to come back to; never written */
    MEMBER_AGGREGATE,     /* const struct lattn_aggregate *, NULL as null; never read */
    MEMBER_OBJECT, /* an object of the members in `inner`, whose offsets count from the same start
                    */
    MEMBER_OBJECT_MAYBE, /* the same; null where the int32_t here is 0 */
    MEMBER_LIST /* objects of the members in `inner`, whose offsets count from the start of each;
                   `size` bytes each, `none` at most, behind the uint64_t here that counts them */
};

struct member {
    const char *word;
    enum member_kind kind;
    size_t offset;
    int64_t none;
    size_t size;
    const struct member *inner; /* ended by a member without word */
};

/* A count that may be null. */
struct member_maybe {
    uint64_t count;
    int32_t has;
};

/* Numbers of which NaN is null; without numbers it is null itself. Owned where it was read. */
struct member_row {
    double *numbers;
    int32_t count;
};

struct member_indices {
    int32_t *numbers;
    size_t count;
};

/* Write an object with the members of the struct at `from`. */
void member_write(struct writer *writer, const struct member *members, const void *from);

/* The same members behind those of an object that is open. */
void member_write_more(struct writer *writer, const struct member *members, const void *from);

/*
 * Take an object into the struct at ret_to. Members that are null or missing get their null value:
 * 0, `none`, NaN, "", no numbers or a place of NULL; other fields are passed over, as a later
 * version may send more.
 *
 * On LATTN_OK rows and indices are given to the caller (memory_release); on refusal nothing is
 * owned. Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_RANGE, LATTN_NOT_FINITE, LATTN_NAME or
 * LATTN_NO_MEMORY.
 */
enum lattn_status member_read(struct scan *scan, const char *name, const struct member *members,
                              void *ret_to);

/* Has a row m numbers, if it has any? */
int member_row_fits(const struct member_row *row, int32_t m);

/* Release the rows and indices of a struct that was read. */
void member_done(const struct member *members, void *of);

#endif
