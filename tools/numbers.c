#include "numbers.h"

#include <stdlib.h>

enum lattn_status numbers_reserve(struct numbers *numbers, size_t count)
{
    size_t capacity = count + count / 4;
    double *data;

    if (count <= numbers->capacity)
        return LATTN_OK;
    data = malloc(capacity * sizeof *data);
    if (data == NULL)
        return LATTN_NO_MEMORY;
    free(numbers->data);
    numbers->data = data;
    numbers->capacity = capacity;
    return LATTN_OK;
}

enum lattn_status numbers_reserve_line(struct numbers *numbers, size_t line_length)
{
    /* A number and what separates it take two bytes. */
    return numbers_reserve(numbers, line_length / 2 + 2);
}

void numbers_done(struct numbers *numbers)
{
    free(numbers->data);
    *numbers = (struct numbers){0};
}
