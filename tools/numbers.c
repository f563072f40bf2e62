#include "numbers.h"

#include <stdlib.h>

enum lattn_status numbers_reserve(struct numbers *numbers, size_t line_length)
{
    /* What lattn_line_read asks for: a number and what separates it take two bytes. */
    size_t need = line_length / 2 + 2;
    double *data;

    if (need <= numbers->capacity)
        return LATTN_OK;
    need += need / 4;
    data = malloc(need * sizeof *data);
    if (data == NULL)
        return LATTN_NO_MEMORY;
    free(numbers->data);
    numbers->data = data;
    numbers->capacity = need;
    return LATTN_OK;
}

void numbers_done(struct numbers *numbers)
{
    free(numbers->data);
    *numbers = (struct numbers){0};
}
