#ifndef NUMBERS_H
#define NUMBERS_H

#include <lattn/status.h>

#include <stddef.h>

/* Room for the numbers of a message that is to be read; grows to the largest. Zeroed is empty. */
struct numbers {
    double *data;
    size_t capacity;
};

/* Make room for so many numbers. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status numbers_reserve(struct numbers *numbers, size_t count);

/* Make room for those of any line of so many bytes, as lattn_line_read asks for it. */
enum lattn_status numbers_reserve_line(struct numbers *numbers, size_t line_length);

/* Release the room. */
void numbers_done(struct numbers *numbers);

#endif
