#ifndef LATTN_VERSION_H
#define LATTN_VERSION_H

#define LATTN_VERSION "0.1.0"

/* Marks the functions that the library exports; everything else is hidden. */
#define LATTN_API __attribute__((visibility("default")))

/* Around declarations, so that C++ finds the functions of a C library. */
#ifdef __cplusplus
#define LATTN_BEGIN extern "C" {
#define LATTN_END }
#else
#define LATTN_BEGIN
#define LATTN_END
#endif

#endif
