#ifndef SUPPORT_LEAKS_H
#define SUPPORT_LEAKS_H

/* How much was leaked so far; without a sanitizer to see it, nothing. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#define leaks() __lsan_do_recoverable_leak_check()
#else
#define leaks() 0
#endif

#endif
