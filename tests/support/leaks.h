#ifndef SUPPORT_LEAKS_H
#define SUPPORT_LEAKS_H

#include "support/sanitized.h"

/* How much was leaked so far; without a sanitizer to see it, nothing. */
#if IS_SANITIZED
#include <sanitizer/lsan_interface.h>
#define leaks() __lsan_do_recoverable_leak_check()
#else
#define leaks() 0
#endif

#endif
