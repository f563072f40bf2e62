#include "talk.h"

#include "progress.h"

#include <stdarg.h>
#include <stdio.h>

void talk(const char *verb, const char *object, const char *format, ...)
{
    char reason[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    progress_hide();
    fprintf(stderr, "lattn%s%s: %s%s%s\n", verb != NULL ? " " : "", verb != NULL ? verb : "",
            object != NULL ? object : "", object != NULL ? ": " : "", reason);
}
