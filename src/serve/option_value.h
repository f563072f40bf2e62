#ifndef SERVE_OPTION_VALUE_H
#define SERVE_OPTION_VALUE_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Values that several options take. Each returns LATTN_OK, or LATTN_SYNTAX, LATTN_RANGE or
 * LATTN_FIELD with the complaint and the result untouched.
 *
 * size       a whole number, 1 .. size_max
 * flag       true or false
 * time       "250ms", above 0; timeout: one that the loop's clock can tell, 1 ms .. a day
 * bytes      "64K"
 * directory, file  a name, borrowed
 */
enum lattn_status option_value_size(const char *value, int32_t size_max, int32_t *ret_size,
                                    struct lattn_complaint *complaint);
enum lattn_status option_value_flag(const char *value, int *ret_flag,
                                    struct lattn_complaint *complaint);
enum lattn_status option_value_time(const char *value, uint64_t *ret_ns,
                                    struct lattn_complaint *complaint);
enum lattn_status option_value_timeout(const char *value, uint64_t *ret_ns,
                                       struct lattn_complaint *complaint);
enum lattn_status option_value_bytes(const char *value, size_t *ret_bytes,
                                     struct lattn_complaint *complaint);
enum lattn_status option_value_directory(const char *value, const char **ret_directory,
                                         struct lattn_complaint *complaint);
enum lattn_status option_value_file(const char *value, const char **ret_path,
                                    struct lattn_complaint *complaint);

#endif
