#ifndef SERVE_QUANTITY_H
#define SERVE_QUANTITY_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Numbers as people type them on a command line.
 *
 * quantity_count  "4096"                          a whole number
 * quantity_time   "250ms", "5s", "2m"             to nanoseconds; the unit is not optional
 * quantity_size   "4096", "64K", "16M", "2G"      to bytes; K is 1024
 * quantity_real   "0.999", "1e-6"                 finite
 *
 * Nothing may follow or precede the number. Each returns LATTN_OK; LATTN_SYNTAX where the text is
 * no such number, LATTN_RANGE where it does not fit into the result.
 */
enum lattn_status quantity_count(const char *text, uint64_t *ret_count);
enum lattn_status quantity_time(const char *text, uint64_t *ret_ns);
enum lattn_status quantity_size(const char *text, size_t *ret_bytes);
enum lattn_status quantity_real(const char *text, double *ret_real);

/* A whole number in the environment; 0 where there is none, or no such variable. */
uint64_t quantity_variable(const char *name);

#endif
