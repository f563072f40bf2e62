/*
 * What several options take: a value is right, or it is said what is wrong with it.
 */
#include "serve/option_value.h"

#include "base/complaint.h"
#include "serve/quantity.h"

#include <string.h>

/* Below, the loop's clock cannot tell; a day is as good as for ever. */
#define TIMEOUT_NS_MIN UINT64_C(1000000)
#define TIMEOUT_NS_MAX UINT64_C(86400000000000)

enum lattn_status option_value_size(const char *value, int32_t size_max, int32_t *ret_size,
                                    struct lattn_complaint *complaint)
{
    uint64_t size;
    enum lattn_status status = quantity_count(value, &size);

    if (status == LATTN_SYNTAX)
        return complain(complaint, status, "not a whole number");
    if (status != LATTN_OK || size < 1 || size > (uint64_t)size_max)
        return complain(complaint, LATTN_RANGE, "outside 1..%d", size_max);
    *ret_size = (int32_t)size;
    return LATTN_OK;
}

enum lattn_status option_value_flag(const char *value, int *ret_flag,
                                    struct lattn_complaint *complaint)
{
    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return complain(complaint, LATTN_FIELD, "neither true nor false");
    *ret_flag = value[0] == 't';
    return LATTN_OK;
}

enum lattn_status option_value_directory(const char *value, const char **ret_directory,
                                         struct lattn_complaint *complaint)
{
    if (value[0] == '\0')
        return complain(complaint, LATTN_FIELD, "names no directory");
    *ret_directory = value;
    return LATTN_OK;
}

enum lattn_status option_value_time(const char *value, uint64_t *ret_ns,
                                    struct lattn_complaint *complaint)
{
    uint64_t ns;
    enum lattn_status status = quantity_time(value, &ns);

    if (status != LATTN_OK)
        return complain(complaint, status, "not a time (250ms, 5s, 2m)");
    if (ns == 0)
        return complain(complaint, LATTN_RANGE, "must be above 0");
    *ret_ns = ns;
    return LATTN_OK;
}

enum lattn_status option_value_bytes(const char *value, size_t *ret_bytes,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = quantity_size(value, ret_bytes);

    if (status != LATTN_OK)
        return complain(complaint, status, "not a size (4096, 64K, 16M, 2G)");
    return LATTN_OK;
}

enum lattn_status option_value_file(const char *value, const char **ret_path,
                                    struct lattn_complaint *complaint)
{
    if (value[0] == '\0')
        return complain(complaint, LATTN_FIELD, "names no file");
    *ret_path = value;
    return LATTN_OK;
}

enum lattn_status option_value_timeout(const char *value, uint64_t *ret_ns,
                                       struct lattn_complaint *complaint)
{
    uint64_t ns = 0;

    if (quantity_time(value, &ns) != LATTN_OK)
        return complain(complaint, LATTN_SYNTAX, "not a time (250ms, 5s, 2m)");
    if (ns < TIMEOUT_NS_MIN || ns > TIMEOUT_NS_MAX)
        return complain(complaint, LATTN_RANGE, "outside 1ms..1440m");
    *ret_ns = ns;
    return LATTN_OK;
}
