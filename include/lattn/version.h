#ifndef LATTN_VERSION_H
#define LATTN_VERSION_H

#define LATTN_VERSION "0.1.0"

/* Marks the functions that the library exports; everything else is hidden. */
#define LATTN_API __attribute__((visibility("default")))

#endif
