#include "serve/quantity.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *word;
    uint64_t factor;
};

static const struct unit time_units[] = {
    {"ms", UINT64_C(1000000)},
    {"s", UINT64_C(1000000000)},
    {"m", UINT64_C(60000000000)},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"", 1},
    {"K", UINT64_C(1) << 10},
    {"M", UINT64_C(1) << 20},
    {"G", UINT64_C(1) << 30},
    {"T", UINT64_C(1) << 40},
    {NULL, 0},
};

/* Digits at the start of the text; strtoull alone would take signs and spaces. */
static enum lattn_status leading_count(const char *text, uint64_t *ret_count, const char **ret_rest)
{
    char *rest;
    unsigned long long count;

    if (!isdigit((unsigned char)text[0]))
        return LATTN_SYNTAX;
    errno = 0;
    count = strtoull(text, &rest, 10);
    if (errno == ERANGE)
        return LATTN_RANGE;
    *ret_count = count;
    *ret_rest = rest;
    return LATTN_OK;
}

static enum lattn_status count_with_unit(const char *text, const struct unit *units,
                                         uint64_t *ret_value)
{
    uint64_t count;
    const char *rest;
    enum lattn_status status = leading_count(text, &count, &rest);

    if (status != LATTN_OK)
        return status;
    for (; units->word != NULL; units++) {
        if (strcmp(rest, units->word) == 0)
            return __builtin_mul_overflow(count, units->factor, ret_value) ? LATTN_RANGE : LATTN_OK;
    }
    return LATTN_SYNTAX;
}

enum lattn_status quantity_count(const char *text, uint64_t *ret_count)
{
    static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
    uint64_t count;
    enum lattn_status status = count_with_unit(text, no_units, &count);

    if (status == LATTN_OK)
        *ret_count = count;
    return status;
}

enum lattn_status quantity_time(const char *text, uint64_t *ret_ns)
{
    uint64_t ns;
    enum lattn_status status = count_with_unit(text, time_units, &ns);

    if (status == LATTN_OK)
        *ret_ns = ns;
    return status;
}

enum lattn_status quantity_size(const char *text, size_t *ret_bytes)
{
    uint64_t bytes;
    enum lattn_status status = count_with_unit(text, size_units, &bytes);

    if (status == LATTN_OK && bytes > PTRDIFF_MAX)
        return LATTN_RANGE;
    if (status == LATTN_OK)
        *ret_bytes = bytes;
    return status;
}

enum lattn_status quantity_real(const char *text, double *ret_real)
{
    char *rest;
    double real;

    if (text[0] == '\0' || isspace((unsigned char)text[0]))
        return LATTN_SYNTAX;
    real = strtod(text, &rest);
    if (*rest != '\0')
        return LATTN_SYNTAX;
    if (!isfinite(real))
        return LATTN_RANGE;
    *ret_real = real;
    return LATTN_OK;
}

uint64_t quantity_variable(const char *name)
{
    const char *text = getenv(name);
    uint64_t count = 0;

    return text != NULL && quantity_count(text, &count) == LATTN_OK ? count : 0;
}
