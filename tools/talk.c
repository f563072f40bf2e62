#include "talk.h"

#include "progress.h"

#include <stdarg.h>
#include <stdlib.h>

/* Those of ASCII, and those of UTF-8 from 0x80 to 0x9f, which are c2 80 to c2 9f. */
static int is_control(const unsigned char *at)
{
    return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0);
}

void talk_print(FILE *file, const char *words)
{
    for (const unsigned char *at = (const unsigned char *)words; *at != 0; at++) {
        int is_two = is_control(at) && *at == 0xc2;

        (void)fputc(is_control(at) ? '?' : *at, file); /* of an error the stream tells later */
        at += is_two;
    }
}

static void line_print(FILE *file, const char *verb, const char *object, const char *reason)
{
    fprintf(file, "lattn%s%s: ", verb != NULL ? " " : "", verb != NULL ? verb : "");
    if (object != NULL) {
        talk_print(file, object);
        (void)fputs(": ", file);
    }
    talk_print(file, reason);
    (void)fputc('\n', file);
}

/* One write, so that no line of another process is mixed with it; in pieces without memory. */
void talk(const char *verb, const char *object, const char *format, ...)
{
    char reason[1024];
    char *line = NULL;
    size_t length;
    FILE *file = open_memstream(&line, &length);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    progress_hide();
    line_print(file != NULL ? file : stderr, verb, object, reason);
    if (file != NULL && fclose(file) == 0)
        (void)fwrite(line, 1, length, stderr); /* nobody is left to be told of a failure */
    free(line);
}
